"""A report with a row for every recipe: each is trained, scored, written and kept."""

import csv
import json
import re
import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from holle_tf.distill.terms import TERMS
from holle_tf.evaluate.references import read_references
from holle_tf.modes import report as mode
from holle_tf.modes.report import report_mode
from holle_tf.report import runs
from holle_tf.runs.data import open_data
from pipelines.records import read_examples

# The rows that are made: every recipe, teacher and control is among them. All rows would take twice as long.
TEACHERS = ("sd/qanet", "sd/bidaf", "ld/qanet", "ld/bidaf")  # those of ld are those of sd, in chunks
STUDENTS = (
    "sd/add_train",
    "sd/add_teach/qanet",
    "sd/add_grad/qanet",
    "ld/mul_train",
    "ld/mul/qanet",
    "ld/add_topk/qanet",
    "ld/add_twice",
    "ld/add_smoothed/qanet",
    "ld/add_shuffled/qanet",
    "ld/add_aug/qanet",
    "ld/add_both/bidaf+qanet",
    "ld/add_ensemble/bidaf+qanet",
)
ROWS = (*TEACHERS, *STUDENTS)
RUNS = len(STUDENTS) + 2  # two of the teachers

# Rows that are checked in detail: a teacher, a student on the labels alone, and a distilled student.
SOME = ("sd/qanet", "ld/mul_train", "ld/add_topk/qanet")

# The terms of each recipe in the paper (section 3) and of each control, by its name without the interaction.
TERMS_OF = {
    "train": {"labels"},
    "teach": {"teacher"},
    "": {"labels", "teacher"},
    "topk": {"labels", "topk"},
    "aug": {"labels", "teacher", "hallucinated"},
    "grad": {"labels", "teacher", "gradient"},
    "both": {"labels", "teacher"},
    "ensemble": {"labels", "ensemble"},
    "twice": {"labels"},
    "smoothed": {"labels", "smoothed"},
    "shuffled": {"labels", "shuffled"},
}


def _last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_the_report_runs_what_is_missing_survives_a_failure_and_goes_on(
    load, runs_dir, given_costs, monkeypatch, tmp_path, capsys, logged
):
    load = partial(load, **{"report.only": list(ROWS)})
    config = load()
    ids = [example.example_id for example in read_examples(open_data(config), "test")]
    file = tmp_path / "more.json"
    file.write_text(json.dumps({ids[0]: {"spans": ["a film", 7]}, "ts_999_0": {"spans": ["?"]}}))
    request = {"size": "smoke", "multi_reference": str(file)}

    def ensure(self, run):
        if run.variant.key == "ld/add_topk/qanet":
            raise RuntimeError("the <machine> stumbled")
        return original(self, run)

    original = runs.Runs.ensure
    monkeypatch.setattr(runs.Runs, "ensure", ensure)
    assert report_mode(load, **request) == 1
    monkeypatch.setattr(runs.Runs, "ensure", original)
    folder = runs_dir / "report-smoke"
    page = (folder / "index.html").read_text()
    assert "the &lt;machine&gt; stumbled" in page and '<td class="missing">failed' in page
    assert _last_json(capsys)["failed"] == ["ld/add_topk/qanet, seed 0"]

    # A run whose process died while it was scored has not failed once it has scores.
    train_missing_runs = mode.train_missing_runs

    def dying(*given):
        train_missing_runs(*given)
        given[4][f"{SOME[0]}, seed 0"] = "it died"

    monkeypatch.setattr(mode, "train_missing_runs", dying)
    logged.clear()
    assert report_mode(load, **request) == 0
    monkeypatch.setattr(mode, "train_missing_runs", train_missing_runs)
    said = logged.messages
    assert [line for line in said if line.startswith("== run")] and "1 of 1: ld/add_topk" in " ".join(said)
    last = _last_json(capsys)
    assert last["finished"] == RUNS and last["failed"] == []
    assert len(given_costs[1]) == 1, "costs are measured once"
    _check_trained(config)
    _check(folder, ids)

    _check_kept(load, folder, tmp_path / "elsewhere", file, capsys)

    # The third time, nothing is trained or measured for the plan.
    monkeypatch.setattr(runs.Runs, "ensure", None)
    assert report_mode(load, "smoke", plan=True) == 0
    printed = capsys.readouterr().out
    assert f"{RUNS} finished, 0 to train" in printed


def _check_trained(config):
    """Every run minimised the terms of its recipe, and teachers add no parameters to a student."""
    recipes, parameters = set(), {}
    for run, state in runs.Runs(config).states().items():
        (line,) = state.run.epochs()
        if run.variant.model != "sam":
            continue
        interaction, _, name = run.variant.name.partition("_")
        terms, options = TERMS_OF[name], run.variant.config(config, run.seed).distill
        assert terms == set(TERMS) & set(line), run.name
        assert all(np.isfinite(line[term]) and line[term] > 0 for term in terms), run.name
        weighted = sum(getattr(options, TERMS[term].weight) * line[term] for term in terms)
        assert line["loss"] == pytest.approx(weighted, rel=1e-3), run.name
        result = state.run.result()
        assert result["teacher"] == (",".join(run.variant.teachers) or None)
        recipes.add(name)
        parameters.setdefault(interaction, set()).add(result["parameters"])
    assert recipes == set(TERMS_OF) and all(len(found) == 1 for found in parameters.values())


def _check(folder, ids):
    report = json.loads((folder / "report.json").read_text())
    tables = {table["name"]: table for table in report["paper_tables"]}
    assert list(tables) == [f"table-{n}" for n in (1, 2, 3, 4, 5, 6)]
    with open(folder / "scores.csv") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(ROWS)
    assert all(0 <= float(row["f1"]) <= 100 for row in rows.values())
    missing = [cell["text"] for table in tables.values() for row in table["rows"] for cell in row]
    assert "left out" in missing and not {"not run yet", "failed"} & set(missing)
    # Tables, CSV and JSON agree.
    cells = {row[0]["text"]: row for row in tables["table-3"]["rows"]}
    assert cells["SAM-add-topk"][3]["text"] == f"{float(rows['ld/add_topk/qanet']['f1']):.1f}"
    assert cells["SAM-add-topk"][4]["text"] == "37.73"
    assert cells["SAM-add-topk"][1]["text"] == "left out"
    twice, shuffled = (cells[f"SAM-add-{name}"] for name in ("twice", "shuffled"))
    assert twice[1]["text"] == twice[3]["text"] == f"{float(rows['ld/add_twice']['f1']):.1f}"
    assert shuffled[1]["text"] == "" and shuffled[4]["text"] == "-"
    assert [line.split(",")[0] for line in report["headline"]] == [
        f"SAM-add-topk from QANeT minus {other}" for other in ("SAM-add-twice", "SAM-mul-train")
    ]
    long = {row[0]["text"]: row for row in tables["table-2"]["rows"]}["QANeT"]
    assert long[1]["text"] == f"{float(rows['ld/qanet']['f1']):.1f}" and long[4]["text"] == "47.67"
    assert rows["ld/mul_train"]["multi_reference_examples"] == "1"
    assert float(rows["ld/mul_train"]["multi_f1"]) >= float(rows["ld/mul_train"]["single_f1"])
    assert "1 spans are numbers" in report["references"]
    compared = {(pair["first"], pair["second"]): pair for pair in report["differences"]}
    found = compared["ld/add_topk/qanet", "ld/mul_train"]
    expected = float(rows["ld/add_topk/qanet"]["f1"]) - float(rows["ld/mul_train"]["f1"])
    assert (
        found["mean"] == pytest.approx(expected, abs=1e-6) and found["low"] <= found["mean"] <= found["high"]
    )
    assert set(report) >= {"command", "machine", "versions", "date"}
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    assert "http://" not in page and "https://" not in page, "the page loads nothing from the network"
    for table in tables.values():
        assert table["title"] in page and f"### {table['title']}" in text
    for figure in report["figures"].values():
        assert (folder / "figures" / figure["file"]).read_bytes().startswith(b"\x89PNG")
        assert f"](figures/{figure['file']})" in text
    assert {"length-sd", "source-ld", "conicity-ld", "training-ld", "differences-ld"} <= set(
        report["figures"]
    )
    assert report["examples"]["shown"] and all(
        example["example_id"] in ids for example in report["examples"]["shown"]
    )
    # Every line of a Markdown table has the same number of cells.
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line.startswith("|") and lines[place - 1].startswith("|"):
            assert line.replace("\\|", "").count("|") == lines[place - 1].replace("\\|", "").count("|"), line


def _same_up_to_last_digit(found, other):
    """Kept scores are rounded, so the last digit may differ."""
    number = re.compile(r"\d+(?:\.(\d+))?")
    texts = [json.dumps(report) for report in (found, other)]
    assert number.sub("0", texts[0]) == number.sub("0", texts[1])
    for a, b in zip(*(number.finditer(text) for text in texts)):
        unit = 10.0 ** -len(a[1] or "")
        assert a[0] == b[0] or a[1] and float(a[0]) == pytest.approx(float(b[0]), abs=1.01 * unit)


def _check_kept(load, report, elsewhere, file, capsys):
    """In another folder the outcomes alone give the same report, and missing runs count as missing."""
    capsys.readouterr()
    outcomes = elsewhere / "kept.json"
    elsewhere.mkdir()
    shutil.copyfile(report / "outcomes.json", outcomes)

    def go_on(*names):
        return load(*names, **{"runs_dir": elsewhere, "report.kept": [str(outcomes)]})

    def scored(config, references):
        found = runs.Runs(config)
        row = runs.collect_rows(found, found.states(), {}, references)["ld/mul_train"]
        return [outcome.multi for outcome in row.outcomes]

    same = read_references(file)
    (multi,) = scored(go_on(), same)
    assert multi["examples"] == 1
    assert scored(go_on(), replace(same, spans={})) == scored(go_on(), None) == [None]

    def of(load):
        found = runs.Runs(load()).states()
        return {run.variant.key: state for run, state in found.items() if run.variant.key in SOME}

    def states():
        return {key: state.status for key, state in of(go_on).items()}

    assert report_mode(go_on, "smoke", existing=True) == 0
    assert _last_json(capsys)["finished"] == RUNS
    found, other = (
        json.loads((folder / "report.json").read_text()) for folder in (report, elsewhere / "report-smoke")
    )
    for name in ("difference_tables", "score_tables", "training_time", "missing"):
        _same_up_to_last_digit(found[name], other[name])
    _same_up_to_last_digit(found["paper_tables"][1:4], other["paper_tables"][1:4])
    assert set(found["figures"]) == set(other["figures"])
    assert not found["kept"] and other["kept"][0].startswith(f"{len(ROWS)} on ") and other["examples"] == {}
    # Written again, kept outcomes are unchanged, including where they were made.
    assert (elsewhere / "report-smoke" / "outcomes.json").read_text() == outcomes.read_text()

    assert report_mode(go_on, "smoke", plan=True) == 0
    assert f"{RUNS} runs: 0 finished, {RUNS} kept, 0 to train" in capsys.readouterr().out
    entries = json.loads(outcomes.read_text())["outcomes"]
    outcomes.write_text(json.dumps({"outcomes": [entry for entry in entries if entry["row"] != SOME[2]]}))
    assert states() == {SOME[0]: "missing", SOME[1]: "kept", SOME[2]: "missing"}
    outcomes.write_text(json.dumps({"outcomes": [entry for entry in entries if entry["row"] != "ld/qanet"]}))
    assert states() == {SOME[0]: "missing", SOME[1]: "kept", SOME[2]: "kept"}
    # The epochs of a teacher that is trained again are counted.
    teacher, again = (of(there)[SOME[0]].run for there in (load, go_on))
    shutil.copytree(teacher.path, again.path, ignore=shutil.ignore_patterns("result.json"))
    outcomes.write_text(json.dumps({"outcomes": entries}))
    assert of(go_on)[SOME[0]][:2] == ("kept", len(teacher.epochs())) != ("kept", 0)
    outcomes.write_text(json.dumps({"outcomes": [{**entry, "digest": "of another"} for entry in entries]}))
    assert states() == {SOME[0]: "begun", SOME[1]: "missing", SOME[2]: "missing"}
