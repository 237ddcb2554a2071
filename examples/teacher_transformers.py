"""Fine-tune a Hugging Face encoder as a reader, and write its scores as a teacher of holle_tf.

    python -m holle_tf.main --mode=prepare ... --write_examples=EXAMPLES
    python examples/teacher_transformers.py --examples=EXAMPLES --encoder=FOLDER --work=WORK --scores=FILE

It needs examples/requirements-transformers.txt and nothing else of this project. The same command goes on
after an interruption. docs/teachers.md describes the files that it reads and writes.
"""

import argparse
import contextlib
import gzip
import json
import os
import random
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

QUESTION_WORDS = 60  # of the histories and the query together, the last ones
SAVE_SECONDS = 300  # from one checkpoint to the next
GROUP = 64  # batches among which examples are sorted by length


def read_examples(folder, split):
    """The examples of a split, as ``--write_examples`` wrote them."""
    with gzip.open(Path(folder) / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def question_of(example):
    """What was said before, then the query."""
    said = [example["prober_history"], example["responder_history"], example["query"]]
    return " ".join(" ".join(said).split()[-QUESTION_WORDS:])


class Windows:
    """Examples as windows of sub-words, several of a document that is longer than one.

    Attributes:
        rows: one for each window: (index of the example, what the model reads, offsets of the sub-words).
    """

    def __init__(self, tokenizer, examples, length, stride):
        self.tokenizer, self.examples, self.rows = tokenizer, examples, []
        for first in range(0, len(examples), 256):
            part = examples[first : first + 256]
            found = tokenizer(
                [question_of(example) for example in part],
                [example["document"] for example in part],
                truncation="only_second",
                max_length=length,
                stride=stride,
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
            )
            for i, place in enumerate(found["overflow_to_sample_mapping"]):
                document = part[place]["document"]
                within = np.array([part_of == 1 for part_of in found.sequence_ids(i)])
                offsets = np.array(found["offset_mapping"][i], np.int32)  # (sub-words, 2)
                offsets[~within] = 0
                for word in np.flatnonzero(
                    within
                ):  # some tokenizers count the space before a word as its own
                    start, end = offsets[word]
                    text = document[start:end]
                    offsets[word] = (
                        start + len(text) - len(text.lstrip()),
                        end - len(text) + len(text.rstrip()),
                    )
                offsets[offsets[:, 0] >= offsets[:, 1]] = 0
                inputs = {name: found[name][i] for name in tokenizer.model_input_names if name in found}
                self.rows.append((first + place, inputs, offsets))

    def labels(self, row):
        """First and last sub-word of the answer; 0, outside the document, if it is elsewhere or not there."""
        place, _, offsets = self.rows[row]
        answer = self.examples[place]["answer"]
        inside = (offsets[:, 1] > answer["start"]) & (offsets[:, 0] < answer["end"])
        real = offsets[:, 1] > offsets[:, 0]
        words = np.flatnonzero(inside & real)
        before, after = offsets[real][0, 0], offsets[real][-1, 1]
        if not len(words) or before > answer["start"] or after < answer["end"]:
            return 0, 0
        return int(words[0]), int(words[-1])

    def batch(self, rows):
        """What the model reads of some windows, padded to the longest of them."""
        inputs = [self.rows[row][1] for row in rows]
        return self.tokenizer.pad(
            inputs, pad_to_multiple_of=16, return_tensors="pt"
        )  # few shapes, less memory

    def batches(self, size, seed=None):
        """Lists of windows of similar length: in another order for each seed, or the longest first."""
        order = list(range(len(self.rows)))

        def length(row):
            return len(self.rows[row][2])

        if seed is None:
            order.sort(key=length, reverse=True)
        else:
            random.Random(seed).shuffle(order)
            groups = [order[i : i + GROUP * size] for i in range(0, len(order), GROUP * size)]
            order = [row for group in groups for row in sorted(group, key=length)]
        found = [order[i : i + size] for i in range(0, len(order), size)]
        if seed is not None:
            random.Random(seed).shuffle(found)
        return found


def save(path, content):
    """Write a checkpoint that is whole or not there."""
    torch.save(content, f"{path}.tmp")
    os.replace(f"{path}.tmp", path)


def train(model, windows, options, precision):
    """Train for ``--minutes`` in all or ``--epochs``, the shorter; goes on from the last checkpoint."""
    path = Path(options.work) / "checkpoint.pt"
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=0.01)
    step, before = 0, 0.0  # seconds that earlier calls trained
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, before = state["step"], state["seconds"]
        print(f"going on after step {step}, {before / 60:.1f} minutes", flush=True)
    steps_of_epoch = len(windows.batches(options.batch_size))
    total, begun, first = steps_of_epoch * options.epochs, time.monotonic(), step
    saved = shown = begun
    losses, order = [], None
    model.train()

    def checkpoint(seconds):
        save(path, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step,
                    "seconds": seconds})  # fmt: skip

    while step < total:
        spent = before + time.monotonic() - begun
        progress = max(step / total, spent / max(60 * options.minutes, 1e-9))
        if progress >= 1:
            break
        epoch, place = divmod(step, steps_of_epoch)
        if order is None or place == 0:
            order = windows.batches(options.batch_size, seed=options.seed + epoch)
        # It rises over the first twentieth and falls to 0 at the end, of the steps or of the time.
        share = min(progress / 0.05 + 0.02, (1 - progress) / 0.95, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = options.learning_rate * share
        with precision():
            outputs = model(**windows.batch(order[place]))
        labels = torch.tensor([windows.labels(row) for row in order[place]])  # (batch, 2)
        loss = sum(
            torch.nn.functional.cross_entropy(logits.float(), labels[:, edge])
            for edge, logits in enumerate((outputs.start_logits, outputs.end_logits))
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses = [*losses[-199:], float(loss.detach())]
        step += 1
        now = time.monotonic()
        if now - shown > options.show_seconds:
            left = (now - begun) / (step - first) * (steps_of_epoch - step % steps_of_epoch) / 60
            done = f"{step / steps_of_epoch:.2f} epochs, {(before + now - begun) / 60:.1f} minutes"
            print(f"step {step} of {total}, {done}, loss {np.mean(losses):.3f},", end=" ")
            print(f"{left:.0f} minutes to the end of this epoch", flush=True)
            shown = now
        if now - saved > SAVE_SECONDS:
            checkpoint(before + now - begun)
            saved = now
    spent = before + time.monotonic() - begun
    checkpoint(spent)
    print(f"trained: {step} steps, {step / steps_of_epoch:.2f} epochs, {spent / 60:.1f} minutes", flush=True)


def scores_of(model, windows, batch_size, precision):
    """Yields the examples in order: (example, (start and end scores by offset, those of no answer)).

    Scores are logits. Probabilities add up to 1 in every window, so one without the answer would count as
    much as the one that has it. Where two windows overlap, the higher score counts. No answer has the scores
    of the window in which it is least likely: one window is enough for an answer.
    """
    found = [({}, {}) for _ in windows.examples]
    nothing = [(np.inf, np.inf)] * len(windows.examples)
    rows_left = np.bincount([row[0] for row in windows.rows], minlength=len(windows.examples))
    model.eval()
    for rows in windows.batches(batch_size):
        with torch.inference_mode(), precision():
            outputs = model(**windows.batch(rows))
        edges = [logits.float().numpy() for logits in (outputs.start_logits, outputs.end_logits)]
        for i, row in enumerate(rows):
            place, _, offsets = windows.rows[row]
            nothing[place] = min(nothing[place], tuple(float(edge[i, 0]) for edge in edges), key=sum)
            for word in np.flatnonzero(offsets[:, 1] > offsets[:, 0]):
                for edge, scores in enumerate(found[place]):
                    offset, score = int(offsets[word, edge]), float(edges[edge][i, word])
                    scores[offset] = max(score, scores.get(offset, score))
            rows_left[place] -= 1
    assert not rows_left.any()
    return zip(windows.examples, zip(found, nothing))


def write_scores(path, scores, split, best):
    """A line for each example, in the format of holle_tf's docs/teachers.md."""
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        for example, (edges, nothing) in scores:
            line = {name: example[name] for name in ("example_id", "document_sha256")}
            line["split"] = split
            line["start_null"], line["end_null"] = (round(score, 4) for score in nothing)
            for edge, by_offset in zip(("start", "end"), edges):
                kept = sorted(by_offset, key=by_offset.get, reverse=True)[: best or None]
                line[f"{edge}_offsets"] = sorted(kept)
                line[f"{edge}_scores"] = [round(by_offset[offset], 4) for offset in sorted(kept)]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    os.replace(f"{path}.tmp", path)


def join(path, header, parts):
    """One file of the header and the lines of all splits; .gz if the name says so."""
    with contextlib.ExitStack() as closed_after:
        file = closed_after.enter_context(open(f"{path}.tmp", "wb"))
        if str(path).endswith(".gz"):  # without a time: the same scores give the same bytes
            file = closed_after.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        file.write(json.dumps(header).encode() + b"\n")
        for part in parts:
            with open(part, "rb") as lines:
                file.writelines(lines)
    os.replace(f"{path}.tmp", path)


def accuracy(path, examples):
    """Share of labelled examples whose best start and best end are those of the answer, or of no answer.

    None if no example has a label, as in a pool.
    """
    right = total = 0
    with open(path, encoding="utf-8") as lines:
        for line, example in zip(map(json.loads, lines), examples):
            if example["answer"] is not None:
                best = [
                    line[f"{edge}_offsets"][int(np.argmax(line[f"{edge}_scores"]))]
                    for edge in ("start", "end")
                ]
                gold = [example["answer"]["start"], example["answer"]["end"]]
                if not example["answer"]["text"]:
                    best = [line[f"{edge}_null"] > max(line[f"{edge}_scores"]) for edge in ("start", "end")]
                    gold = [True, True]
                right += best == gold
                total += 1
    return right / total if total else None


def parse_arguments(arguments=None):
    """The flags; their help is the reference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", required=True, help="folder that --write_examples wrote")
    parser.add_argument("--encoder", required=True, help="folder of a model, or its name on the hub")
    parser.add_argument("--work", required=True, help="folder for checkpoints and the fine-tuned model")
    parser.add_argument("--scores", required=True, help="file to write: .jsonl or .jsonl.gz")
    parser.add_argument("--minutes", type=float, default=60, help="of training, all calls together")
    parser.add_argument("--epochs", type=int, default=3, help="most epochs")
    parser.add_argument("--splits", default="train,dev,test", help="to score; pool is another one")
    parser.add_argument("--best", type=int, default=0, help="scores of each end that are written; 0 = all")
    parser.add_argument("--learning_rate", type=float, default=1e-4)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--length", type=int, default=384, help="sub-words that the model reads at once")
    parser.add_argument(
        "--stride", type=int, default=128, help="sub-words that two windows of a document share"
    )
    parser.add_argument("--bfloat16", action="store_true", help="faster where the CPU or GPU has it")
    parser.add_argument("--threads", type=int, default=0, help="0 = as torch chooses")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show_seconds", type=float, default=60)
    return parser.parse_args(arguments)


def main(arguments=None):
    """Train, unless that is done, and score each split, unless that is done."""
    options = parse_arguments(arguments)
    work = Path(options.work)
    for folder in (work, Path(options.scores).parent):  # before hours of work
        folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)
    plain = contextlib.nullcontext
    precision = (lambda: torch.autocast("cpu", torch.bfloat16)) if options.bfloat16 else plain
    tuned = work / "model"
    ready = tuned.exists()
    tokenizer = AutoTokenizer.from_pretrained(tuned if ready else options.encoder, use_fast=True)
    model = AutoModelForQuestionAnswering.from_pretrained(tuned if ready else options.encoder)
    if not ready:
        examples = [e for e in read_examples(options.examples, "train") if e["answer"] is not None]
        windows = Windows(tokenizer, examples, options.length, options.stride)
        print(f"{len(examples)} questions, {len(windows.rows)} windows", flush=True)
        train(model, windows, options, precision)
        model.save_pretrained(f"{tuned}.tmp")
        tokenizer.save_pretrained(f"{tuned}.tmp")
        os.replace(f"{tuned}.tmp", tuned)
    parts = []
    for split in options.splits.split(","):
        parts.append(work / f"scores-{split}.jsonl")
        examples = read_examples(options.examples, split)
        if not parts[-1].exists():
            windows = Windows(tokenizer, examples, options.length, options.stride)
            scores = scores_of(model, windows, 2 * options.batch_size, precision)
            write_scores(parts[-1], scores, split, options.best)
        share = accuracy(parts[-1], examples)
        said = f"{len(examples)} scored" if share is None else f"both ends right {100 * share:.1f} %"
        print(f"{split}: {said}", flush=True)
    parameters = sum(weights.numel() for weights in model.parameters())
    name = Path(options.encoder).name
    header = {
        "format": "span_scores",
        "version": 1,
        "values": "logits",
        "teacher": name,
        "parameters": parameters,
    }
    join(options.scores, header, parts)
    print(f"wrote {options.scores}")


if __name__ == "__main__":
    main()
