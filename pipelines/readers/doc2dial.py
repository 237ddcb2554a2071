"""The format of doc2dial and MultiDoc2Dial (Feng et al., 2020, 2021): dialogs grounded in spans of documents.

The gold answer of a user's turn is the text that the agent's next turn is grounded in: from the first of its
spans to the last one, as the subtask of doc2dial has it. ``response`` is what the agent says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import AbstractSet, Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from pipelines.errors import UserError
from pipelines.example import UNANSWERED, UNLABELLED
from pipelines.json_records import iterate_records
from pipelines.json_values import as_offset, as_text
from pipelines.options import DOC2DIAL
from pipelines.readers import dialogs
from pipelines.readers.dialogs import Answer, listed
from pipelines.span_search import find_span
from pipelines.split_files import find_split_files, json_files
from pipelines.utterances import Turn, alternating

TITLE = "doc2dial"
USER, AGENT = "user", "agent"
DOMAINS = ("ssa", "va", "dmv", "studentaid")
NO_DOCUMENT = "the document is not in the file of documents"
NOT_LISTED = "'references' is not a list"
NO_SPAN = "no grounding span is in the document"
LOST_SPAN = "a grounding span is not in the document, left out"
SEVERAL = "grounded in several documents, of which the first is used"
APART = "grounding spans are apart, joined with the text between them"


def files_of_split(data_dir: Path, split: str) -> List[Path]:
    """The file of documents, ``doc2dial_doc.json``, then that of the dialogs, ``doc2dial_dial_train.json``.

    Raises:
        MissingSplit: there are no dialogs.
    """
    dialogs_of_split = find_split_files(data_dir, split, dialogs.REMEDY)
    documents = [file for file in json_files(data_dir) if _words(file) & {"doc", "docs", "documents"}]
    return [*(file for file in documents if file not in dialogs_of_split), *dialogs_of_split]


class Document(NamedTuple):
    """A document, and its spans by id: their text, and the character where each begins."""

    text: str
    title: str
    spans: Mapping[str, Tuple[str, Optional[int]]]


def turns_of_files(files: Sequence[Path], split: str) -> Iterator[Mapping[str, Any]]:
    """The user's turns of each dialog, in order, with what was said before; see ``dialogs.turn``.

    Raises:
        UserError: a file cannot be read or is not nested as those of doc2dial are.
    """
    del split
    documents: Dict[str, Document] = {}
    for file in files:
        for content in iterate_records(file):
            if isinstance(content, Mapping) and "doc_data" in content:
                documents.update(_documents(content["doc_data"], f"{file}"))
                continue
            if not documents:
                raise UserError(
                    f"{file}: no file of documents; put doc2dial_doc.json or the like into the same folder"
                )
            for domain, dialog, where in _dialogs(content, file):
                yield from _turns(dialog, domain, documents, where)


def _documents(domains: Any, where: str) -> Iterator[Tuple[str, Document]]:
    for of_domain in _values(domains, f"{where}, doc_data"):
        for document in _values(of_domain, f"{where}, doc_data"):
            document = document if isinstance(document, Mapping) else {}
            spans = document.get("spans")
            places = {
                as_text(key): (as_text(span.get("text_sp")), as_offset(span.get("start_sp")))
                for key, span in (spans.items() if isinstance(spans, Mapping) else ())
                if isinstance(span, Mapping)
            }
            text, name = as_text(document.get("doc_text")), as_text(document.get("doc_id"))
            yield name, Document(text, as_text(document.get("title")) or name, places)


def _dialogs(content: Any, file: Path) -> Iterator[Tuple[str, Mapping[str, Any], str]]:
    """Domain and dialog; doc2dial groups the dialogs of a domain by document, MultiDoc2Dial does not."""
    domains = content.get("dial_data") if isinstance(content, Mapping) else None
    if not isinstance(domains, Mapping):
        raise _not_nested(f"{file}", "dial_data")
    for domain, of_domain in domains.items():
        groups = [of_domain] if isinstance(of_domain, list) else _values(of_domain, f"{file}, {domain}")
        for group in groups:
            for number, dialog in enumerate(listed({domain: group}, domain, f"{file}", TITLE)):
                yield domain, dialog, f"{file}, {domain}, dialog {number + 1}"


def _turns(
    dialog: Mapping[str, Any], domain: str, documents: Mapping[str, Document], where: str
) -> Iterator[Mapping[str, Any]]:
    turns = [each if isinstance(each, Mapping) else {} for each in listed(dialog, "turns", where, TITLE)]
    said = [Turn(as_text(each.get("role")), as_text(each.get("utterance"))) for each in turns]
    name, known = as_text(dialog.get("dial_id")), as_text(dialog.get("doc_id"))
    for place, asked in enumerate(turns):
        following = turns[place + 1] if place + 1 < len(turns) else None
        if said[place].speaker != USER or (following is not None and said[place + 1].speaker == USER):
            continue  # what a user says in several turns is answered after the last of them
        references = following.get("references") if following is not None else None
        if isinstance(references, list):
            references = [each for each in references if isinstance(each, Mapping)]
        if isinstance(references, list) and references:
            known = as_text(references[0].get("doc_id")) or known
        document = documents.get(known)
        found = _grounding(references, known, document)
        before = alternating(said[:place])
        if place and said[place - 1].speaker == USER:
            before.append("")  # the agent said nothing in between
        yield dialogs.turn(
            id=f"{name}_{as_text(asked.get('turn_id')) or place + 1}" if name else "",
            document=document.text if document else None,
            question=asked.get("utterance"),
            dialog=name,
            title=document.title if document else "",
            history=tuple(before),
            answer=found.answer,
            missing=found.missing,
            response=said[place + 1].text if following is not None else "",
            source=domain if domain in DOMAINS else "unknown",
            repairs=found.repairs,
        )


class _Grounding(NamedTuple):
    answer: Optional[Answer] = None
    missing: str = ""
    repairs: Tuple[str, ...] = ()


def _grounding(references: Any, doc_id: str, document: Optional[Document]) -> _Grounding:
    if references is None:
        return _Grounding(missing=UNLABELLED)
    if not isinstance(references, list):
        return _Grounding(missing=NOT_LISTED)
    if not references:
        return _Grounding(missing=UNANSWERED)
    if document is None:
        return _Grounding(missing=NO_DOCUMENT)
    repairs, places = [], []
    for reference in references:
        if (as_text(reference.get("doc_id")) or doc_id) != doc_id:
            repairs.append(SEVERAL)
            continue
        key = as_text(reference.get("sp_id")) or as_text(reference.get("id_sp"))
        text, start = document.spans.get(key, ("", None))
        place = find_span(document.text, text, start)
        if place is None:
            repairs.append(LOST_SPAN)
            continue
        repairs += place.repairs
        places.append((place.start, place.end))
    if not places:
        return _Grounding(missing=NO_SPAN)
    start, end = min(places)[0], max(end for _, end in places)
    reached = start
    for first, stop in sorted(places):
        if document.text[reached:first].strip():
            repairs.append(APART)
        reached = max(reached, stop)
    return _Grounding(Answer(document.text[start:end], start), "", tuple(dict.fromkeys(repairs)))


def _values(content: Any, where: str) -> List[Any]:
    if not isinstance(content, Mapping):
        raise _not_nested(where, "")
    return list(content.values())


def _not_nested(where: str, key: str) -> UserError:
    return UserError(
        f"{where}: no object{f' {key!r}' if key else ''}, which the format of {TITLE} has there; correct the"
        " file, or choose another format by --set data.schema=NAME"
    )


def _words(file: Path) -> Set[str]:
    return set(re.split(r"[^a-z0-9]+", file.name.lower()))


def recognises(keys: AbstractSet[str]) -> bool:
    """See ``Reader.recognises``."""
    return "dial_data" in keys


READER = dialogs.dialog_reader(
    name=DOC2DIAL,
    title=TITLE,
    files=files_of_split,
    records=turns_of_files,
    recognises=recognises,
    sources=DOMAINS,
)
