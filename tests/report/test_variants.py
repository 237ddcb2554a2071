"""The variants: every row of the paper's tables and every recipe of the student has a run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from holle_tf import paper
from holle_tf.config import Config
from holle_tf.config_sources import load_config
from holle_tf.distill.recipes import CONTROLS, RECIPES, recipe
from holle_tf.options.distill import DistillConfig, RecipeConfig
from holle_tf.report.rows import all_variants, chosen_rows, comparisons, planned_runs
from holle_tf.report.runs import Runs
from holle_tf.report.variants import COMPARISONS, ROWS, VARIANTS, Variant, label_of, source_of
from holle_tf.runs.data import open_data
from holle_tf.runs.identity import run_terms
from pipelines.errors import UserError

KEYS = [variant.key for variant in VARIANTS]


def test_every_number_of_the_paper_has_a_row():
    assert {number.key for number in paper.F1} <= set(ROWS)
    assert {source_of(row, Config()) for row in ROWS} == set(KEYS)
    assert len(set(KEYS)) == len(KEYS)


def test_labels_are_the_papers():
    for number in paper.F1:
        assert label_of(number.key).split(" from ")[0] == number.label


def test_every_kind_of_objective_is_trained():
    trained = {variant.name for variant in VARIANTS}
    assert {name for name in RECIPES if name.startswith("add")} | {"mul_train", "mul"} <= trained
    assert {name for name in CONTROLS if name.startswith("add")} | {"mul_twice"} <= trained


def test_every_distilled_headline_row_is_compared_with_its_controls():
    compared = {pair[:2] for pair in COMPARISONS}
    distilled = [variant for variant in VARIANTS if variant.headline and variant.recipe.teachers]
    for variant in distilled:
        if not variant.recipe.controls:
            for control in ("add_twice", "add_smoothed/qanet"):
                assert (variant.key, f"{variant.setup}/{control}") in compared
    assert {variant.recipe.controls for variant in distilled} == {"", "add"}
    assert {("sd/add_shuffled/qanet", "sd/add_train"), ("ld/mul/bidaf", "ld/mul_twice")} <= compared
    assert label_of("sd/add_twice") == "SAM-add-twice"
    assert label_of("ld/add_smoothed/qanet") == "SAM-add-smoothed from QANeT"


def test_a_control_has_the_terms_that_are_added_to_what_it_controls():
    config = load_config([], ["distill.conicity_weight=0.5"])
    twice, plain = (VARIANTS[KEYS.index(key)].config(config, 0) for key in ("sd/add_twice", "sd/add/qanet"))
    assert run_terms(twice) == ("labels", "conicity") and "conicity" in run_terms(plain)
    assert (twice.recipe, twice.sam.interaction, twice.teacher) == ("add_twice", "add", "")
    assert twice.distill == replace(config.distill, labels_weight=2.0)


def test_a_variant_has_as_many_teachers_as_its_recipe_wants():
    for variant in VARIANTS:
        if variant.model == "sam":
            assert min(len(variant.teachers), 2) == recipe(variant.name).teachers


def test_teachers_come_before_their_students():
    for place, variant in enumerate(VARIANTS):
        for kind in variant.teachers:
            assert KEYS.index(f"sd/{kind}") < place


def test_what_is_compared_has_rows_on_the_same_documents():
    for first, second, _ in COMPARISONS:
        assert first in ROWS and second in ROWS
        assert first[:2] == second[:2]


def test_every_variant_is_planned_once_before_further_seeds_of_the_headline():
    runs = planned_runs(Config(seed=5))
    assert [run.variant for run in runs[: len(VARIANTS)]] == list(VARIANTS)
    later = runs[len(VARIANTS) :]
    assert {run.seed for run in later} == {6, 7}
    assert all(run.variant.headline for run in later)
    assert len(runs) == len(VARIANTS) + 2 * sum(variant.headline for variant in VARIANTS)


def test_chosen_rows_are_planned_with_the_teachers_that_they_need():
    config = load_config(assignments=["report.only=[ld/add_topk/*, sd/mul_train]"])
    keys = {run.variant.key for run in planned_runs(config)}
    assert keys == {"ld/add_topk/qanet", "ld/add_topk/bidaf", "sd/mul_train", "sd/qanet", "sd/bidaf"}
    assert sum(run.variant.key == "sd/mul_train" for run in planned_runs(config)) == 3
    assert chosen_rows(load_config(assignments=["report.only=[ld/qanet]"])) == ["ld/qanet"]
    assert [run.variant.key for run in planned_runs(load_config(assignments=["report.only=[ld/qanet]"]))] == [
        "sd/qanet"
    ]
    assert chosen_rows(Config()) == list(ROWS)


@pytest.mark.parametrize("how", ["windows", "whole"])
def test_other_teachers_of_long_documents_are_planned_before_their_students(how):
    teacher = {"windows": "windows/qanet", "whole": "ld/qanet"}[how]
    only = [f"distill.long_teacher={how}", "report.only=[ld/add_topk/qanet, ld/qanet, sd/add/qanet]"]
    keys = [run.variant.key for run in planned_runs(load_config(assignments=only)) if run.seed == 0]
    assert set(keys) == {teacher, "ld/add_topk/qanet", "sd/qanet", "sd/add/qanet"}
    assert keys.index(teacher) < keys.index("ld/add_topk/qanet")
    config = load_config(assignments=only[:1])
    assert source_of("ld/qanet", config) == teacher and source_of("sd/qanet", config) == "sd/qanet"


def test_a_pattern_that_fits_no_row_names_the_rows():
    with pytest.raises(UserError, match="'sd/nothing'.*sd/mul_train, .*ld/qanet"):
        planned_runs(load_config(assignments=["report.only=[sd/mul_train, sd/nothing]"]))


@pytest.mark.parametrize(
    ("key", "recipe_name", "interaction", "teacher", "setup"),
    [
        ("ld/add_topk/qanet", "add_topk", "add", "qanet", "ld"),
        ("sd/mul/bidaf", "mul", "mul", "bidaf", "sd"),
        ("sd/add_both/bidaf+qanet", "add_both", "add", "bidaf,qanet", "sd"),
    ],
)
def test_a_variant_configures_its_run(key, recipe_name, interaction, teacher, setup):
    config = VARIANTS[KEYS.index(key)].config(Config(), 3)
    assert (config.model, config.recipe, config.teacher) == ("sam", recipe_name, teacher)
    assert (config.sam.interaction, config.data.setup, config.seed) == (interaction, setup, 3)


def test_only_an_online_teacher_changes_the_cost_of_a_student():
    cost = {variant.key: variant.cost for variant in VARIANTS}
    assert cost["sd/add_topk/qanet"] == cost["sd/add_train"] == cost["sd/add_both/bidaf+qanet"]
    assert (
        len({cost[f"sd/{name}"] for name in ("add_train", "add_aug/qanet", "add_grad/qanet", "mul_train")})
        == 4
    )
    assert cost["sd/add_aug/qanet"] != cost["sd/add_aug/bidaf"] != cost["ld/add_aug/bidaf"]


OWN = [
    "recipes.hot.terms=[labels, topk]",
    "recipes.hot.interaction=mul",
    "recipes.off.terms=[teacher, conicity]",
    "recipes.two={terms: [labels, topk], teachers: 2}",
]


def test_added_rows_are_trained_like_the_headline_and_compared_with_the_plainest():
    rows = "report.rows=[sd/hot/qanet, ld/add_both/qanet+bidaf, sd/mul_topk/bidaf]"
    config = load_config(assignments=[*OWN, rows])
    added = ["sd/hot/qanet", "sd/mul_topk/bidaf", "ld/two/bidaf+qanet"]  # without the row of the paper
    with pytest.raises(UserError, match="'ld/add_both/qanet.bidaf': the report has this row anyway"):
        planned_runs(config)
    config = load_config(assignments=[*OWN, f"report.rows={added}".replace("'", "")])
    assert [variant.key for variant in all_variants(config)][-3:] == added == chosen_rows(config)[-3:]
    planned = [run for run in planned_runs(config) if run.variant.key in added]
    assert [run.seed for run in planned] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    found = [pair[:2] for pair in comparisons(config)]
    assert found[-len(COMPARISONS) :] == [pair[:2] for pair in COMPARISONS]
    assert found[: -len(COMPARISONS)] == [
        ("sd/hot/qanet", "sd/mul_train"),
        ("sd/hot/qanet", "sd/mul/qanet"),
        ("sd/hot/qanet", "sd/mul_twice"),
        ("sd/mul_topk/bidaf", "sd/mul_train"),
        ("sd/mul_topk/bidaf", "sd/mul/bidaf"),
        ("sd/mul_topk/bidaf", "sd/mul_twice"),
        ("ld/two/bidaf+qanet", "ld/add_train"),
        ("ld/two/bidaf+qanet", "ld/add_both/bidaf+qanet"),
    ]
    variant = planned[0].variant
    own = variant.config(config, 0)
    assert (own.sam.interaction, run_terms(own)) == ("mul", ("labels", "topk"))
    assert variant.cost == ("sd", "mul") and variant.label == "SAM-hot from QANeT"


def test_the_papers_rows_on_the_labels_alone_stay_so_whatever_terms_are_added():
    config = load_config([], ["distill.conicity_weight=0.5", "distill.labels_weight=2"])
    alone, plain = (VARIANTS[KEYS.index(key)].config(config, 0) for key in ("ld/mul_train", "ld/mul/qanet"))
    assert run_terms(alone) == ("labels",) and alone.distill.labels_weight == 1
    assert run_terms(plain) == ("labels", "teacher", "conicity") and plain.distill.labels_weight == 2
    assert alone == VARIANTS[KEYS.index("ld/mul_train")].config(load_config(), 0)


def test_options_of_a_recipe_hold_for_its_rows_only():
    hot = "recipes.hot={terms: [labels, topk, conicity], options: {temperature: 3, conicity_weight: 0.5}}"
    config = load_config(assignments=[hot, "report.rows=[sd/hot/qanet]", "distill.teacher_weight=0.5"])
    configs = {variant.key: variant.config(config, 0) for variant in all_variants(config)}
    own = configs.pop("sd/hot/qanet")
    assert (own.distill.temperature, own.distill.conicity_weight, own.distill.teacher_weight) == (3, 0.5, 0.5)
    twice = {
        configs.pop(f"{setup}/{name}_twice").distill for setup in ("sd", "ld") for name in ("add", "mul")
    }
    assert twice == {replace(config.distill, labels_weight=2.0)}
    assert {other.distill for other in configs.values()} == {config.distill}
    assert config.distill == DistillConfig(teacher_weight=0.5)
    measured = [
        Variant("sd", "slow", ("qanet",), own=recipe("slow", {"slow": given})).cost
        for given in (
            RecipeConfig(terms=["teacher", "gradient"]),
            RecipeConfig(terms=["teacher", "gradient"], options={"gradient_share": 0.25}),
        )
    ]
    assert measured[0] != measured[1]


def test_a_student_of_two_runs_of_a_kind_waits_for_both():
    config = load_config(assignments=["seed=4", "report.rows=[sd/add_both/bidaf+bidaf]"])
    config = replace(config, report=replace(config.report, only=["sd/add_both/bidaf+bidaf", "sd/bidaf"]))
    names = [run.name for run in planned_runs(config)]
    row = "sd/add_both/bidaf+bidaf"
    assert names == ["sd/bidaf, seed 4", "sd/bidaf, seed 5", *(f"{row}, seed {seed}" for seed in (4, 5, 6))]
    runs = Runs(config)
    first, second, student = planned_runs(config)[:3]
    assert runs.rows_of(first) == ["sd/bidaf"] and runs.rows_of(second) == []
    assert runs.teachers(student.variant) == [first, second]
    seconds = ("sd/add_train", "sd/add/bidaf")
    assert [pair[:2] for pair in comparisons(config)[:2]] == [(row, second) for second in seconds]


def test_a_row_with_folds_stands_beside_the_same_row_without():
    given = "recipes.add_folds={terms: [labels, teacher], options: {folds: 3}}"
    rows = "report.rows=[ld/add_folds/qanet, sd/add_two/bidaf+qanet]"
    two = "recipes.add_two={terms: [labels, teacher], teachers: 2, options: {folds: 2}}"
    only = "report.only=[ld/add_folds/qanet, ld/add/qanet]"
    config = load_config(assignments=[given, two, rows, only])
    planned = [run.name for run in planned_runs(config) if run.seed == 0]
    folds = [f"sd/qanet-without-{i}of3, seed 0" for i in (1, 2, 3)]
    assert planned == [*folds, "sd/qanet, seed 0", "ld/add/qanet, seed 0", "ld/add_folds/qanet, seed 0"]
    runs = Runs(config)
    student = next(run for run in planned_runs(config) if run.variant.name == "add_folds")
    teachers = runs.teachers(student.variant)
    assert [run.name for run in teachers] == folds
    assert [runs.rows_of(run) for run in teachers] == [[], [], []]
    assert [run.variant.config(config, 0).fold for run in teachers] == ["1/3", "2/3", "3/3"]
    assert {run.variant.cost for run in teachers} == {("sd", "qanet", "without 1/3")}
    assert student.variant.config(config, 0).fold == ""
    assert ("ld/add_folds/qanet", "ld/add/qanet") in [pair[:2] for pair in comparisons(config)]
    several = next(variant for variant in all_variants(config) if variant.name == "add_two")
    assert [run.name for run in runs.teachers(several)] == [
        f"sd/{kind}-without-{i}of2, seed 0" for kind in ("bidaf", "qanet") for i in (1, 2)
    ]


def test_folds_for_all_rows_replace_the_teachers_of_all_students():
    config = load_config(assignments=["distill.folds=2", "report.only=[sd/add/qanet]"])
    names = [run.variant.key for run in planned_runs(config) if run.seed == 0]
    assert names == ["sd/qanet-without-1of2", "sd/qanet-without-2of2", "sd/add/qanet"]


def test_the_rows_of_the_page_are_valid(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "report.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "mine.yaml").write_text(example)
    (only,) = re.findall(r"mine.yaml \\\n +--set '(report.only=.*?)'", page)
    config = load_config([tmp_path / "mine.yaml"], [only])
    keys = ["sd/add_train", "sd/qanet", "sd/add/qanet", "sd/add_hot_topk/qanet"]
    assert [run.variant.key for run in planned_runs(config) if run.seed == 0] == keys
    compared = [pair.second for pair in comparisons(config) if pair.first == "sd/add_hot_topk/qanet"]
    assert compared == ["sd/add_train", "sd/add/qanet", "sd/add_twice"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("sd", "is written like sd/add_topk/qanet"),
        ("windows/hot/qanet", "is written like sd/add_topk/qanet"),
        ("sd/hott/qanet", "did you mean 'hot'"),
        ("sd/hot", "hot has one teacher; write sd/hot/qanet"),
        ("sd/add_train/qanet", "add_train has no teacher"),
        ("sd/mul_both/qanet", "mul_both has two teachers; write sd/mul_both/bidaf+qanet"),
        ("sd/hot/sam", "teachers are"),
        ("sd/hot/", "teachers are"),
        ("sd/add_topk/qanet", "has this row anyway"),
        ("sd/off/qanet", "'conicity' is off"),
    ],
)
def test_a_wrong_row_is_an_error_that_names_it(row, said):
    with pytest.raises(UserError, match=f"^report.rows: '{row}'.*{said}".replace("+", "[+]")):
        planned_runs(load_config(assignments=[*OWN, f"report.rows=[{row}]"]))


def test_a_row_can_learn_from_a_file_of_scores(tmp_path):
    row, control = (
        f"sd/sam_match:{name}/scores:{tmp_path}/mini.jsonl.gz" for name in ("add", "add_smoothed")
    )
    config = load_config([], [f"report.rows=[{row},{control},sd/sam_match:add_train]"])
    variants = {variant.key: variant for variant in all_variants(config)}
    variant = variants["sd/sam_match:add/scores:mini.jsonl.gz"]
    assert variant.config(config, 0).teacher == f"scores:{tmp_path}/mini.jsonl.gz"
    assert variant.label == "SAM-match-add from mini"
    compared = {pair[:2] for pair in comparisons(config)}
    assert (variant.key, "sd/sam_match:add_smoothed/scores:mini.jsonl.gz") in compared
    assert (variant.key, "sd/sam_match:add_train") in compared
    assert ("sd/scores:mini.jsonl.gz", variant.key) in compared
    assert label_of("sd/scores:mini.jsonl.gz") == "mini"
    only = load_config([], [f"report.rows=[{row}]", "report.only=['sd/sam_match:*']"])
    assert [run.variant.key for run in planned_runs(only)] == [variant.key] * len(planned_runs(only))


def test_rows_of_files_with_the_same_name_are_refused(tmp_path):
    rows = ",".join(f"sd/add_topk/scores:{tmp_path}/{folder}/s.jsonl" for folder in "ab")
    with pytest.raises(UserError, match="two rows are called sd/add_topk/scores:s.jsonl"):
        all_variants(load_config([], [f"report.rows=[{rows}]"]))


def test_a_row_of_a_run_and_a_file_has_both_as_teachers_in_their_order(load, tmp_path):
    file = tmp_path / "s.jsonl"
    file.write_text('{"format": "span_scores", "version": 1, "values": "logits"}\n')
    config = load(**{"report.rows": [f"sd/add_both/qanet+scores:{file}"]})
    open_data(config)
    runs = Runs(config)
    (key,) = (variant.key for variant in all_variants(config) if variant.own)
    identity = runs.identity(next(run for run in runs.planned if run.variant.key == key))
    assert identity["teacher"][0]["model"] == "qanet" and "scores" in identity["teacher"][1]
