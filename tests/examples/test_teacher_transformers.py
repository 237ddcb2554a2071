"""The example that fine-tunes a transformer, with a tiny random model. It needs torch and transformers."""

import contextlib
import gzip
import hashlib
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SCRIPT = Path(__file__).parents[2] / "examples" / "teacher_transformers.py"
WORDS = "who wrote the play ? it was written by ann in may . then bob read un ##til night".split()


@pytest.fixture(scope="module")
def example():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("teacher_transformers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A folder with a random BERT of two layers and a vocabulary of words."""
    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(words), max_position_embeddings=64, **sizes)
    transformers.BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder as ``--write_examples`` makes it; one document is longer than a window."""
    folder = tmp_path_factory.mktemp("examples")
    for split, count in (("train", 12), ("dev", 3), ("test", 3)):
        with gzip.open(folder / f"{split}.jsonl.gz", "wt") as file:
            for i in range(count):
                document = (
                    "it was written by ann in may. " * (1 + 5 * (i == 0)) + "Then bob read until night."
                )
                start = document.index("ann")
                file.write(json.dumps({
                    "example_id": f"{split}{i}", "split": split, "document": document,
                    "document_sha256": hashlib.sha256(document.encode()).hexdigest(),
                    "query": "who wrote the play?", "prober_history": "", "responder_history": "",
                    "answer": {"text": "ann", "start": start, "end": start + 3},
                }) + "\n")  # fmt: skip
    return folder


def flags(data, encoder, tmp_path, *more):
    return [f"--examples={data}", f"--encoder={encoder}", f"--work={tmp_path / 'work'}",
            f"--scores={tmp_path / 'scores.jsonl.gz'}", "--length=32", "--stride=12", "--batch_size=4",
            "--threads=1", "--learning_rate=0.01", *more]  # fmt: skip


def read(tmp_path):
    with gzip.open(tmp_path / "scores.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def test_the_file_scores_every_character_where_a_sub_word_begins_or_ends(example, encoder, data, tmp_path):
    example.main(flags(data, encoder, tmp_path, "--epochs=1"))
    header, *lines = read(tmp_path)
    assert header["format"] == "span_scores" and header["version"] == 1 and header["values"] == "logits"
    assert [line["example_id"] for line in lines[:12]] == [f"train{i}" for i in range(12)] and len(
        lines
    ) == 18
    of_data = [json.loads(line) for line in gzip.open(data / "train.jsonl.gz", "rt")]
    for line, given in zip(lines, of_data):
        document = given["document"]
        assert line["document_sha256"] == given["document_sha256"] and line["split"] == "train"
        places = [i for i, (a, b) in enumerate(zip(" " + document, document)) if a in " " and b not in " "]
        assert set(places) <= set(line["start_offsets"])  # every word, of all windows
        assert all(document[offset] != " " for offset in line["start_offsets"])
        assert all(document[offset - 1] != " " for offset in line["end_offsets"])
        assert line["start_offsets"] == sorted(set(line["start_offsets"]))
        assert np.isfinite(line["start_scores"] + line["end_scores"]).all()


def test_windows_are_compared_by_logits(example, encoder, data):
    """A model that is sure of every word in windows with "night", the last word of the long document."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    night = tokenizer.convert_tokens_to_ids("night")

    class Sure(torch.nn.Module):
        def forward(self, input_ids, **_):
            sure = (input_ids == night).any(dim=1, keepdim=True)
            logits = torch.where(sure, 5.0, 1.0).expand(input_ids.shape)
            return SimpleNamespace(start_logits=logits, end_logits=logits)

    windows = example.Windows(tokenizer, example.read_examples(data, "dev"), 32, 12)
    (given, ((starts, ends), nothing)), *_ = example.scores_of(Sure(), windows, 4, contextlib.nullcontext)
    assert starts[0] == 1 and starts[given["document"].index("Then")] == 5
    assert ends[len("it")] == 1 and ends[len(given["document"])] == 5
    assert nothing == (1, 1), "of the window in which no answer is least likely"


def test_it_learns_that_there_is_no_answer(example, encoder, data, tmp_path, capsys):
    """Half of the documents lack the answer; no answer has the scores of the window with the least."""
    folder = tmp_path / "without"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        with (
            gzip.open(data / f"{split}.jsonl.gz", "rt") as lines,
            gzip.open(folder / f"{split}.jsonl.gz", "wt") as file,
        ):
            for i, given in enumerate(map(json.loads, lines)):
                if i % 2:
                    document = given["document"].replace("ann", "bob")
                    sha = hashlib.sha256(document.encode()).hexdigest()
                    given.update(document=document, document_sha256=sha)
                    given["answer"] = {"text": "", "start": 0, "end": 0}
                file.write(json.dumps(given) + "\n")
    example.main(flags(folder, encoder, tmp_path, "--epochs=60"))
    assert "test: both ends right 100.0 %" in capsys.readouterr().out
    for line in read(tmp_path)[1:]:
        best = max(line["start_scores"])
        assert (line["start_null"] > best) == (int(line["example_id"][-1]) % 2 == 1)


def test_it_learns_where_the_answer_is(example, encoder, data, tmp_path):
    example.main(flags(data, encoder, tmp_path, "--epochs=60", "--best=3"))
    example.main(flags(data, encoder, tmp_path, f"--scores={tmp_path}/new/folder/scores.jsonl"))
    assert (tmp_path / "new" / "folder" / "scores.jsonl").stat().st_size
    for line in read(tmp_path)[1:]:
        assert len(line["start_scores"]) == 3
    scores, examples = tmp_path / "work" / "scores-dev.jsonl", example.read_examples(data, "dev")
    assert example.accuracy(scores, examples) == 1
    assert example.accuracy(scores, [{**given, "answer": None} for given in examples]) is None


def test_an_interrupted_training_goes_on(example, encoder, data, tmp_path, monkeypatch, capsys):
    more = flags(data, encoder, tmp_path, "--epochs=2")
    monkeypatch.setattr(example, "SAVE_SECONDS", -1)
    saved = example.save

    def stop(path, content):
        saved(path, content)
        if content["step"] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(example, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            example.main(more)
    example.main(more)
    said = capsys.readouterr().out
    assert "going on after step 3" in said and "trained: 8 steps, 2.00 epochs" in said
    first = (tmp_path / "scores.jsonl.gz").read_bytes()
    example.main(more)  # nothing is left to do
    assert "trained" not in capsys.readouterr().out and (tmp_path / "scores.jsonl.gz").read_bytes() == first


def test_minutes_bound_the_training(example, encoder, data, tmp_path, capsys):
    example.main(flags(data, encoder, tmp_path, "--minutes=0"))
    assert "trained: 0 steps" in capsys.readouterr().out and len(read(tmp_path)) == 19
