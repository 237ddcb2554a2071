"""The report from beginning to end on some of its runs: one of each code path."""

import csv
import json
import shutil
from dataclasses import replace

import pytest

from holle_tf.evaluate.references import read_references
from holle_tf.report import costs, mode, runs
from holle_tf.report.collecting import collect
from holle_tf.report.costs import measure_costs
from holle_tf.report.mode import Request, report_mode
from holle_tf.workflow.data import open_data
from pipelines.errors import UserError
from pipelines.records import read_examples

# A teacher, a student alone, one distilled on long documents. How the other objectives train is tested with
# the distiller; that each has its run, in test_variants.py.
SOME = ("sd/qanet", "ld/mul_train", "ld/add_topk/qanet")
COSTS = {
    "inference": {"sd": {m: {"seconds": s, "memory_mb": 100.0 * s, "examples": 16} for m, s in
                         (("sam", 2.0), ("bidaf", 9.0), ("qanet", 5.0))}},
    "training": {"sam": {"seconds_per_epoch": 4.0, "parameters": 1234, "memory_mb": 1.0, "examples": 32}},
}  # fmt: skip


@pytest.fixture
def some_runs(monkeypatch):
    """Only ``SOME`` of the runs; costs are given and not measured, and the folder of calls returned."""
    calls = []
    all_runs = runs.planned_runs
    monkeypatch.setattr(
        runs, "planned_runs", lambda config: [run for run in all_runs(config) if run.variant.key in SOME]
    )

    def benchmark(config, setups, log):
        calls.append(setups)
        return COSTS

    monkeypatch.setattr(costs, "run_benchmark", benchmark)
    return calls


def _last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_report_runs_what_is_missing_survives_a_failure_and_goes_on(
    load, runs_dir, some_runs, monkeypatch, tmp_path, capsys
):
    config = load()
    ids = [example.example_id for example in read_examples(open_data(config, lambda line: None), "test")]
    file = tmp_path / "more.json"
    file.write_text(json.dumps({ids[0]: {"spans": ["a film", 7]}, "ts_999_0": {"spans": ["?"]}}))
    request = Request("smoke", multi_reference=str(file))
    said = []

    def ensure(self, run):
        if run.variant.key == "ld/add_topk/qanet":
            raise RuntimeError("the <machine> stumbled")
        return original(self, run)

    original = runs.Runs.ensure
    monkeypatch.setattr(runs.Runs, "ensure", ensure)
    assert report_mode(load, request, said.append) == 1
    monkeypatch.setattr(runs.Runs, "ensure", original)
    folder = runs_dir / "report-smoke"
    page = (folder / "index.html").read_text()
    assert "the &lt;machine&gt; stumbled" in page and '<td class="missing">failed' in page
    assert _last_json(capsys)["failed"] == ["ld/add_topk/qanet, seed 0"]

    # Of a run whose process died while it scored, nothing is wrong once it has scores.
    carry_out = mode.carry_out

    def dying(*given):
        carry_out(*given)
        given[4][f"{SOME[0]}, seed 0"] = "it died"

    monkeypatch.setattr(mode, "carry_out", dying)
    said.clear()
    assert report_mode(load, request, said.append) == 0
    monkeypatch.setattr(mode, "carry_out", carry_out)
    assert [line for line in said if line.startswith("== run")] and "1 of 1: ld/add_topk" in " ".join(said)
    last = _last_json(capsys)
    assert last["finished"] == len(SOME) and last["failed"] == []
    assert len(some_runs) == 1, "costs are measured once"
    _check(folder, ids)

    _check_kept(load, folder, tmp_path / "elsewhere", file, capsys)

    # A third time nothing is trained, nor measured for the plan.
    monkeypatch.setattr(runs.Runs, "ensure", None)
    assert report_mode(load, Request("smoke", plan_only=True), said.append) == 0
    printed = capsys.readouterr().out
    assert "3 finished, 0 to train" in printed


def _check(folder, ids):
    report = json.loads((folder / "report.json").read_text())
    tables = {table["name"]: table for table in report["paper_tables"]}
    assert list(tables) == [f"table-{n}" for n in (1, 2, 3, 4, 5, 6)]
    with open(folder / "scores.csv") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert set(rows) == {*SOME, "ld/qanet"}
    # Tables, CSV and JSON tell one story.
    cells = {row[0]["text"]: row for row in tables["table-3"]["rows"]}
    assert cells["SAM-add-topk"][3]["text"] == f"{float(rows['ld/add_topk/qanet']['f1']):.1f}"
    assert cells["SAM-add-topk"][4]["text"] == "37.73" and cells["SAM-add-topk"][1]["text"] == "not run yet"
    long = {row[0]["text"]: row for row in tables["table-2"]["rows"]}["QANeT"]
    assert long[1]["text"] == f"{float(rows['ld/qanet']['f1']):.1f}" and long[4]["text"] == "47.67"
    assert rows["ld/mul_train"]["multi_reference_examples"] == "1"
    assert float(rows["ld/mul_train"]["multi_f1"]) >= float(rows["ld/mul_train"]["single_f1"])
    assert "1 spans are numbers" in report["references"]
    compared = {(one["first"], one["second"]): one for one in report["differences"]}
    found = compared["ld/add_topk/qanet", "ld/mul_train"]
    expected = float(rows["ld/add_topk/qanet"]["f1"]) - float(rows["ld/mul_train"]["f1"])
    assert (
        found["mean"] == pytest.approx(expected, abs=1e-6) and found["low"] <= found["mean"] <= found["high"]
    )
    assert set(report) >= {"command", "machine", "versions", "date"}
    page, text = (folder / "index.html").read_text(), (folder / "report.md").read_text()
    assert "http://" not in page and "https://" not in page, "nothing is fetched from elsewhere"
    for table in tables.values():
        assert table["title"] in page and f"### {table['title']}" in text
    for figure in report["figures"].values():
        assert (folder / "figures" / figure["file"]).read_bytes().startswith(b"\x89PNG")
        assert f"](figures/{figure['file']})" in text
    assert {"length-sd", "source-ld", "conicity-ld", "training-ld", "differences-ld"} <= set(
        report["figures"]
    )
    assert report["examples"]["shown"] and all(
        one["example_id"] in ids for one in report["examples"]["shown"]
    )
    # A markdown table is one only if every line has as many cells.
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if line.startswith("|") and lines[place - 1].startswith("|"):
            assert line.replace("\\|", "").count("|") == lines[place - 1].replace("\\|", "").count("|"), line


def _check_kept(load, report, elsewhere, file, capsys):
    """Elsewhere, with nothing but the outcomes, the report is the same, and what is missing is trained."""
    capsys.readouterr()
    outcomes = elsewhere / "kept.json"
    elsewhere.mkdir()
    shutil.copyfile(report / "outcomes.json", outcomes)

    def go_on(*names):
        return load(*names, **{"runs_dir": elsewhere, "report.kept": [str(outcomes)]})

    def scored(config, references):
        found = runs.Runs(config, lambda line: None)
        row = collect(found, found.states(), {}, references)["ld/mul_train"]
        return [one.multi for one in row.outcomes]

    same = read_references(file)
    (multi,) = scored(go_on(), same)
    assert multi["examples"] == 1
    assert scored(go_on(), replace(same, spans={})) == scored(go_on(), None) == [None]

    def of(load):
        found = runs.Runs(load(), lambda line: None).states()
        return {run.variant.key: state for run, state in found.items()}

    def states():
        return {key: state.status for key, state in of(go_on).items()}

    assert report_mode(go_on, Request("smoke", existing=True), lambda line: None) == 0
    assert _last_json(capsys)["finished"] == len(SOME)
    found, other = (
        json.loads((folder / "report.json").read_text()) for folder in (report, elsewhere / "report-smoke")
    )
    for name in ("difference_tables", "score_tables", "training_time", "missing"):
        assert found[name] == other[name], name
    assert found["paper_tables"][1:4] == other["paper_tables"][1:4]
    assert set(found["figures"]) == set(other["figures"])
    assert not found["kept"] and other["kept"][0].startswith("4 on ") and other["examples"] == {}
    # Kept again they are as they were, also where they were made.
    assert (elsewhere / "report-smoke" / "outcomes.json").read_text() == outcomes.read_text()

    assert report_mode(go_on, Request("smoke", plan_only=True), lambda line: None) == 0
    assert "3 runs: 0 finished, 3 kept, 0 to train" in capsys.readouterr().out
    entries = json.loads(outcomes.read_text())["outcomes"]
    outcomes.write_text(json.dumps({"outcomes": [one for one in entries if one["row"] != SOME[2]]}))
    assert states() == {SOME[0]: "missing", SOME[1]: "kept", SOME[2]: "missing"}
    outcomes.write_text(json.dumps({"outcomes": [one for one in entries if one["row"] != "ld/qanet"]}))
    assert states() == {SOME[0]: "missing", SOME[1]: "kept", SOME[2]: "kept"}
    # A teacher that is trained again is seen to get on.
    teacher, again = (of(there)[SOME[0]].run for there in (load, go_on))
    shutil.copytree(teacher.path, again.path, ignore=shutil.ignore_patterns("result.json"))
    outcomes.write_text(json.dumps({"outcomes": entries}))
    assert of(go_on)[SOME[0]][:2] == ("kept", len(teacher.epochs())) != ("kept", 0)
    outcomes.write_text(json.dumps({"outcomes": [{**one, "digest": "of another"} for one in entries]}))
    assert states() == {SOME[0]: "begun", SOME[1]: "missing", SOME[2]: "missing"}


def test_the_full_size_needs_data(load):
    with pytest.raises(UserError, match="--data_dir"):
        report_mode(load, Request("full"), lambda line: None)


def test_a_broken_file_of_references_stops_before_anything_is_run(load, tmp_path):
    with pytest.raises(UserError, match="--multi_reference"):
        report_mode(load, Request("smoke", multi_reference=str(tmp_path / "none.json")), lambda line: None)


def test_costs_are_measured_anew_when_a_model_changes_and_only_then(load, some_runs, tmp_path):
    from dataclasses import replace

    def measured(config, setups, existing=False, folder=tmp_path):
        return measure_costs(config, setups, folder, lambda line: None, existing)

    config, both = load(), ["sd", "ld"]
    assert [measured(config, both) for _ in range(2)] == [COSTS, COSTS]
    assert len(some_runs) == 1
    longer = replace(config.training, sam=replace(config.training.sam, epochs=99, patience=7))
    assert measured(replace(config, training=longer), both, existing=True) == COSTS, "a step is the same"
    larger = replace(config.training, sam=replace(config.training.sam, batch_size=3))
    assert measured(replace(config, training=larger), both, existing=True) is None
    changed = replace(config, sam=replace(config.sam, units=4))
    assert measured(changed, both, existing=True) is None
    assert measured(changed, both) == COSTS and len(some_runs) == 2
    measured(changed, ["sd"])
    measured(config, both)
    assert len(some_runs) == 2, "what is kept has more than the one, and is kept of the other"
    for setups in (["sd"], ["sd"], both):
        measured(config, setups, folder=tmp_path / "elsewhere")
    assert some_runs[2:] == [["sd"], both]


def test_broken_costs_cost_no_run(load, tmp_path):
    (tmp_path / "costs.json").write_text('{"key": ')
    with pytest.raises(
        UserError, match="costs.json: cannot be read; remove this file, and it is measured again"
    ):
        measure_costs(load(), ["sd"], tmp_path, lambda line: None, existing=True)
