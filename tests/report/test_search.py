"""Each row at its own best rate and L2 weight: what is planned, chosen, kept and shown."""

import json
import shutil
from dataclasses import replace

import pytest

from holle_tf.config import Config
from holle_tf.config_sources import load_config
from holle_tf.modes.report import report_mode
from holle_tf.report import execution
from holle_tf.report.outcomes import read_outcomes, read_trials, write_outcomes
from holle_tf.report.plan import plan_line, plan_table, searches_line
from holle_tf.report.rows import PlannedRun, Setting, planned_runs
from holle_tf.report.runs import Runs, collect_rows
from holle_tf.report.search import Search, Trial, diverged_rows, kept_trials, search_tables
from holle_tf.report.variants import VARIANTS
from pipelines.errors import UserError

BY_KEY = {variant.key: variant for variant in VARIANTS}
ROW = BY_KEY["sd/add_train"]
ONLY = ["sd/add_train", "sd/add/qanet"]
RATES, WEIGHTS = (0.001, 0.003), (0.001, 0.00001)
SETTINGS = [Setting(rate, weight) for rate in RATES for weight in WEIGHTS]
LATER = PlannedRun(ROW, 1)


def _tried(*f1s):
    """A search with these F1 or faults of each seed."""
    trials = []
    for seed, of_seed in enumerate(f1s):
        for setting, f1 in zip(SETTINGS, of_seed):
            known = f1 if isinstance(f1, float) else None
            lost = f1 if isinstance(f1, str) else ""
            trials.append(Trial(PlannedRun(ROW, seed, setting), f"digest {len(trials)}", known, lost))
    return Search(trials)


@pytest.mark.parametrize(
    ("f1s", "chosen", "fault"),
    [
        ([1.0, 3.0, 3.0, 2.0], 1, ""),
        ([0.0, "diverged", "failed", 0.0], 0, ""),
        ([1.0, None, 3.0, 2.0], None, "3 of 4 settings"),
        ([None] * 4, None, "not run yet"),
        (["diverged"] * 4, None, "diverged"),
        (["diverged"] * 3 + ["failed"], None, "failed"),
    ],
)
def test_the_first_of_the_best_settings_is_chosen_once_all_are_tried_or_lost(f1s, chosen, fault):
    search = _tried(f1s)
    assert search.chosen == (None if chosen is None else SETTINGS[chosen])
    assert search.fault == fault


@pytest.mark.parametrize(
    ("second", "chosen", "fault"),
    [
        ([4.0, 1.0, 2.0, 2.0], 0, ""),
        ([4.0, 2.0, 5.0, 2.0], 2, ""),
        (["diverged", 0.5, "failed", 2.0], 3, ""),
        ([4.0, None, 2.0, None], None, "2 of 4 settings"),
        ([None] * 4, None, "not run yet"),
        (["diverged"] * 3 + ["failed"], None, "failed"),
    ],
)
def test_of_several_seeds_the_mean_counts_and_a_setting_needs_all_of_them(second, chosen, fault):
    search = _tried([1.0, 3.0, 2.0, 2.0], second)
    assert search.chosen == (None if chosen is None else SETTINGS[chosen])
    assert search.fault == fault


def test_the_table_of_several_seeds_shows_the_mean_and_each_seed():
    searches = {"sd/add_train": _tried([1.0, 3.25, 2.0, 2.0], [4.0, 1.0, "diverged", None])}
    (table,) = search_tables(searches)
    (cells,) = table.rows
    assert [cell.text for cell in cells] == [
        "SAM-add-train", "2.50 (1.0, 4.0)", "2.12 (3.2, 1.0)", "diverged", "not run yet"
    ]  # fmt: skip
    assert ", the mean of seeds 0, 1." in table.caption


def test_the_table_marks_the_chosen_setting_and_says_why_there_is_no_number():
    searches = {"sd/add_train": _tried([1.0, 3.25, "diverged", "failed"]), "sd/add": _tried([1.0, None] * 2)}
    (table,) = search_tables(searches)
    assert table.groups == [("", 1), ("rate 0.001", 2), ("rate 0.003", 2)]
    assert table.columns == ["", "L2 0.001", "L2 1e-05", "L2 0.001", "L2 1e-05"]
    first, second = table.rows
    assert [(cell.text, cell.note) for cell in first] == [
        ("SAM-add-train", ""), ("1.00", ""), ("3.25", "chosen"), ("diverged", ""), ("failed", "")
    ]  # fmt: skip
    assert [cell.text for cell in second][2] == "not run yet" and not any(cell.note for cell in second)
    assert diverged_rows(searches) == {}
    assert list(diverged_rows({"sd/add": _tried(["diverged"] * 4)})) == ["sd/add"]
    assert search_tables({}) == []


def test_every_student_is_planned_with_the_same_settings_and_teachers_are_not_tuned():
    plain = Config(seed=5)
    config = replace(plain, report=replace(plain.report, tuned=True))
    runs, before = planned_runs(config), planned_runs(plain)
    assert not any(run.setting for run in before)
    assert list(dict.fromkeys(run._replace(setting=None) for run in runs)) == before
    for variant in VARIANTS:
        first, *later = (
            [run.setting for run in runs if (run.variant, run.seed) == (variant, seed)] for seed in (5, 6, 7)
        )
        assert first == ([None] if variant.name in ("bidaf", "qanet") else SETTINGS)
        assert later == [[None] if variant.headline else []] * 2
    assert runs[0].name == "sd/mul_train, seed 5, rate 0.001, L2 0.001"


@pytest.mark.parametrize("seeds", [2, 4])
def test_a_search_with_several_seeds_is_planned_with_every_setting_of_each(seeds):
    report = replace(Config().report, tuned=True, tuned_seeds=seeds, only=ONLY)
    runs = [run for run in planned_runs(Config(report=report)) if run.variant == ROW]
    tried = [run for run in runs if run.setting]
    assert tried == [PlannedRun(ROW, seed, setting) for seed in range(seeds) for setting in SETTINGS]
    # The row has three seeds; those that the search has are not trained once more.
    assert [run.seed for run in runs if not run.setting] == list(range(seeds, 3))


def test_a_setting_changes_the_rate_and_the_l2_weight_alone(load):
    runs = Runs(load())
    own = PlannedRun(ROW, 0)
    given = own._replace(setting=Setting(0.003, 1e-05))
    training = {**runs.identity(own)["training"], "learning_rate": 0.003, "l2": 1e-05}
    assert runs.identity(given) == {**runs.identity(own), "training": training}
    assert runs.identity(own._replace(setting=Setting(0.003, 0.001))) == runs.identity(own)


@pytest.mark.parametrize("options", ["tuned_rates=[]", "tuned_rates=[0.0]", "tuned_l2=[]", "tuned_l2=[-1.0]"])
def test_settings_that_cannot_be_trained_are_an_error(options):
    with pytest.raises(UserError, match=f"^report.{options}: has to".replace("[", "\\[")):
        load_config(assignments=[f"report.{options}"])


@pytest.fixture
def tuned(load, tmp_path):
    """Function (options) -> ``Runs`` of two rows with two seeds."""

    def make(**options):
        folder = {"runs_dir": tmp_path, "report.tuned": True, "report.only": ONLY, "report.headline_seeds": 2}
        return Runs(load(**{**folder, **{name.replace("__", "."): value for name, value in options.items()}}))

    return make


def _finish(runs, run, f1):
    """Make the folder of a finished run."""
    run = runs.settled(run)
    folder = runs.state(run).run.path
    folder.mkdir(parents=True)
    (folder / "identity.json").write_text(json.dumps(runs.identity(run)))
    (folder / "metrics.jsonl").write_text(
        "".join(json.dumps({"epoch": epoch, "val_f1": f1 - epoch, "seconds": 1}) + "\n" for epoch in range(2))
    )
    (folder / "result.json").write_text(json.dumps({"seconds_per_epoch": 1.0}))


def _trials(*settings):
    return [PlannedRun(ROW, 0, setting) for setting in settings or SETTINGS]


def test_further_seeds_get_their_setting_when_the_search_is_over(tuned):
    runs = tuned()
    for run, f1 in zip(_trials()[:3], (5.0, 7.0, 6.0)):
        _finish(runs, run, f1)
    assert runs.settled(LATER) is None and runs.state(LATER)[:2] == ("missing", 0)
    assert runs.state(LATER).setting == "chosen after the search"
    assert execution.next_run(runs, [LATER], []) is None
    _finish(runs, _trials()[3], 7.0)
    assert runs.settled(LATER) == PlannedRun(ROW, 1, SETTINGS[1])
    assert execution.next_run(runs, [LATER], []) == LATER
    assert runs.state(LATER)[::3] == ("missing", SETTINGS[1].name)
    assert list(runs.runs_on_data("sd/add_train")) == [0], "the chosen trial is the run of the first seed"
    _finish(runs, LATER, 1.0)
    assert runs.state(LATER).done
    found = {seed: on_data.run.identity() for seed, on_data in runs.runs_on_data("sd/add_train").items()}
    assert {seed: identity["training"]["l2"] for seed, identity in found.items()} == {0: 1e-05, 1: 1e-05}


def test_the_plan_shows_settings_and_counts_diverged_runs(tuned):
    runs = tuned()
    folder = runs.state(_trials()[2]).run
    folder.path.mkdir(parents=True)
    (folder.path / "identity.json").write_text(json.dumps(runs.identity(_trials()[2])))
    folder.diverged.write_text("")
    states = runs.states()
    assert plan_line(states, {}, 1).startswith("11 runs: 0 finished, 1 diverged, 10 to train")
    assert searches_line(states).startswith("report.tuned: each row of a student is trained with 4 settings")
    columns = {column.header: list(column.cells) for column in plan_table(states, {}).columns}
    assert columns["setting"][2:5] == [SETTINGS[2].name, SETTINGS[3].name, ""]
    assert columns["setting"][-1] == "chosen after the search" and columns["state"][2] == "diverged"
    plain = tuned(report__tuned=False).states()
    assert searches_line(plain) == "" and plan_table(plain, {}).columns[2].header == "state"


def test_a_failed_trial_loses_its_setting_and_the_row_goes_on(tuned):
    runs = tuned()
    for run in _trials()[:3]:
        _finish(runs, run, 5.0)
    waiting, failed = [LATER], {}
    runs.lost.add(_trials()[3])
    execution._fail_without_setting(runs, waiting, [], failed)
    assert waiting == [LATER] and failed == {}
    assert runs.settled(LATER).setting == SETTINGS[0]
    # The next command tries it again.
    assert not tuned().state(_trials()[3]).done and tuned().settled(LATER) is None


def test_further_seeds_fail_if_every_setting_is_lost(tuned):
    runs = tuned()
    waiting, failed = [_trials()[0], LATER], {}
    runs.lost.update(_trials()[1:])
    execution._fail_without_setting(runs, waiting, [], failed)
    assert len(waiting) == 2, "a trial is still to come"
    runs.lost.update(_trials())
    execution._fail_without_setting(runs, waiting[1:], [], failed)
    assert failed == {"sd/add_train, seed 1": "no setting of its row could be trained"}
    row = collect_rows(runs, runs.states(), failed, None)["sd/add_train"]
    assert row.fault == "failed" and row.outcomes == []


def test_processes_of_trials_write_to_files_of_their_own():
    names = [execution.output_name(run) for run in [*_trials(), LATER, PlannedRun(ROW, 0)]]
    assert len(set(names)) == 6 and names[-1] == "sd-add_train-seed0.txt"


def test_of_a_kept_search_only_the_best_trial_needs_an_outcome(tuned):
    runs = tuned()
    digests = [runs.digest("sd/add_train", run) for run in _trials()]
    runs.kept_trials = dict(zip(digests, (5.0, 7.0, None, 6.0)))
    statuses = [runs.state(run).status for run in _trials()]
    assert statuses == ["kept", "missing", "diverged", "kept"]
    runs.kept[digests[1]] = None  # its presence counts
    assert [runs.state(run).status for run in _trials()] == ["kept", "kept", "diverged", "kept"]
    assert runs.settled(LATER).setting == SETTINGS[1]
    # A trial that is not kept is trained, and may turn out to be the best.
    del runs.kept_trials[digests[3]]
    assert [runs.state(run).status for run in _trials()] == ["kept", "kept", "diverged", "missing"]
    _finish(runs, _trials()[3], 8.0)
    assert runs.settled(LATER).setting == SETTINGS[3]


def test_a_search_that_is_kept_without_all_its_seeds_trains_what_may_be_chosen(tuned):
    runs = tuned(report__tuned_seeds=2)
    digests = [runs.digest("sd/add_train", run) for run in _trials()]
    runs.kept_trials = dict(zip(digests, (5.0, 7.0, None, 6.0)))
    later = [run._replace(seed=1) for run in _trials()]
    # Every setting but the diverged one may turn out to have the best mean.
    assert [runs.state(run).status for run in _trials()] == ["missing", "missing", "diverged", "missing"]
    for run, f1 in zip(later, (9.0, 8.0, 9.0, 1.0)):
        _finish(runs, run, f1)
    assert runs.settled(PlannedRun(ROW, 0)).setting == SETTINGS[1]
    assert [runs.state(run).status for run in _trials()] == ["kept", "missing", "diverged", "kept"]


def test_a_row_with_fewer_seeds_than_its_search_needs_no_outcome_of_the_others(tuned):
    runs = tuned(report__headline_seeds=1, report__tuned_seeds=2)
    tried = [*_trials(), *(run._replace(seed=1) for run in _trials())]
    digests = [runs.digest("sd/add_train", run) for run in tried]
    runs.kept_trials = dict(zip(digests, (5.0, 7.0, 6.0, 6.0, 5.0, 7.0, 9.0, 6.0)))
    chosen = [run for run in tried if run.setting == SETTINGS[2]]
    assert runs.settled(PlannedRun(ROW, 0)) == chosen[0]
    assert {run for run in tried if not runs.state(run).done} == {chosen[0]}
    states = runs.states()
    assert "with 4 settings, 2 seeds each, first" in searches_line(states)
    assert searches_line(states).endswith("the setting of the best mean dev F1")


def test_trials_are_kept_in_the_file_of_outcomes_and_only_if_there_are_any(tmp_path):
    files = [tmp_path / name for name in ("none.json", "some.json", "other.json")]
    write_outcomes(files[0], [], {})
    assert files[0].read_text() == '{"outcomes": [\n\n]}\n'
    f1 = 100 / 3
    for file, found in zip(files[1:], ([f1, "diverged", "failed", None], [1.0, None, None, 2.0])):
        write_outcomes(file, [], {}, kept_trials({"sd/add_train": _tried(found)}))
    kept = read_trials([str(file) for file in files])
    assert kept == {"digest 0": f1, "digest 1": None, "digest 3": 2.0}, "the first file counts, unrounded"
    assert read_outcomes([str(files[1])]) == {}
    files[1].write_text('{"outcomes": [], "trials": [{}]}')
    with pytest.raises(UserError, match="some.json: not a file of outcomes"):
        read_trials([str(files[1])])


def test_a_report_tunes_a_row_and_goes_on_elsewhere_from_what_it_kept(load, tmp_path, given_costs, capsys):
    options = {
        "report.tuned": True, "report.tuned_rates": [1e30, 0.001, 0.003], "report.tuned_l2": [1e-05],
        "report.only": ["sd/add_train"], "report.headline_seeds": 2, "report.costs": False,
        "training.sam.batch_size": 8,
    }  # fmt: skip

    def here(*names):
        return load(*names, runs_dir=tmp_path / "here", **options)

    assert report_mode(here, "smoke") == 0
    runs = Runs(here())
    search = runs.search(runs.variants["sd/add_train"])
    assert [trial.lost for trial in search.trials] == ["diverged", "", ""] and search.chosen
    assert [state.status for state in runs.states().values()] == [
        "diverged",
        "finished",
        "finished",
        "finished",
    ]
    folder = tmp_path / "here" / "report-smoke"
    report = json.loads((folder / "report.json").read_text())
    (cells,) = report["search_tables"][0]["rows"]
    assert [cell["text"] for cell in cells][1] == "diverged"
    assert [cell["note"] for cell in cells].count("chosen") == 1
    assert report["failed"] == {} and report["missing"] == []
    assert 'href="#settings"' in (folder / "index.html").read_text()
    assert "## Learning rate and L2 weight of each row" in (folder / "report.md").read_text()
    (row,) = (row for row in report["score_tables"][0]["rows"] if row[0]["text"] == "SAM-add-train")
    assert "2 seeds" in row[0]["note"]

    kept = tmp_path / "kept.json"
    shutil.copyfile(folder / "outcomes.json", kept)

    def elsewhere(*names):
        return load(*names, runs_dir=tmp_path / "elsewhere", **options, **{"report.kept": [str(kept)]})

    capsys.readouterr()
    assert report_mode(elsewhere, "smoke") == 0
    assert "4 runs: 0 finished, 3 kept, 1 diverged, 0 to train" in capsys.readouterr().out
    again = json.loads((tmp_path / "elsewhere" / "report-smoke" / "report.json").read_text())
    assert again["search_tables"] == report["search_tables"]
    assert (tmp_path / "elsewhere" / "report-smoke" / "outcomes.json").read_text() == kept.read_text()
