import pytest
import tensorflow as tf

from holle_tf.distill import term_registry
from holle_tf.distill.recipes import CONTROLS, RECIPES, SHIPPED, all_recipes, recipe
from holle_tf.distill.terms import TERMS, Batch, check_cached_positions, needs, register_term
from holle_tf.options.distill import DistillConfig, RecipeConfig
from pipelines.errors import UserError


def test_every_recipe_names_known_terms_and_its_own_interaction():
    for name, variant in SHIPPED.items():
        assert variant.name == name
        assert set(variant.terms) <= set(TERMS)
        assert name.startswith(variant.interaction)
        assert ("teacher" in needs(variant.terms)) == (variant.teachers > 0)


def test_the_sixteen_variants_of_the_paper_are_there():
    kinds = ("train", "teach", "", "topk", "aug", "grad", "both", "ensemble")
    assert set(RECIPES) == {f"{i}_{kind}".rstrip("_") for i in ("add", "mul") for kind in kinds}


def test_controls_are_named_after_the_recipes_that_they_control_and_are_not_among_them():
    assert not set(CONTROLS) & set(RECIPES)
    assert set(CONTROLS) == {
        f"{i}_{kind}" for i in ("add", "mul") for kind in ("twice", "smoothed", "shuffled")
    }
    assert {name: control.controls for name, control in CONTROLS.items()} == {
        name: name[:3] for name in CONTROLS
    }
    assert not any(recipe.controls or recipe.runs_as for recipe in RECIPES.values())
    assert recipe("mul_twice").over(DistillConfig()) == DistillConfig(labels_weight=2.0)


def test_an_unknown_recipe_is_an_error_that_names_the_nearest():
    with pytest.raises(UserError, match="add_train"):
        recipe("add_trian")
    with pytest.raises(UserError, match="recipes.hott.terms: empty.*did you mean recipes.hot[?]"):
        recipe("hot", {"hot": RecipeConfig(terms=["labels"]), "hott": RecipeConfig(options={"top_k": 2})})


def test_two_terms_cannot_share_a_name():
    with pytest.raises(ValueError, match="labels"):
        register_term("labels", "labels_weight")(lambda batch: None)


def test_a_term_sees_the_options_that_it_declares_and_has_a_value_for_each_example(monkeypatch):
    monkeypatch.setattr(term_registry, "TERMS", dict(TERMS))
    batch = Batch({}, [], {}, {}, None, None, [], [], DistillConfig(temperature=3.0, top_k=7), None)

    def temperatures(batch):
        return tf.fill([4], batch.options.temperature)

    register_term("declared", "labels_weight", ["temperature"])(temperatures)
    assert term_registry.value_of("declared", batch).numpy().tolist() == [3.0] * 4
    register_term("undeclared", "labels_weight", ["top_k"])(temperatures)
    with pytest.raises(ValueError, match="'undeclared' reads the option 'temperature'; list it"):
        term_registry.value_of("undeclared", batch)
    register_term("scalar", "labels_weight")(lambda batch: tf.reduce_mean([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"'scalar' returns \(\); expected one value for each example"):
        term_registry.value_of("scalar", batch)
    with pytest.raises(ValueError, match=r"options are a list, as \['top_k'\]"):
        register_term("place", "labels_weight", "top_k")(temperatures)


def test_a_term_that_needs_labels_is_zero_without_them_and_any_other_cannot_read_them(monkeypatch):
    monkeypatch.setattr(term_registry, "TERMS", dict(TERMS))
    labels = {"start": tf.constant([2, -1]), "end": tf.constant([3, -1]), "more": tf.constant([7, 8])}
    batch = Batch({}, [], labels, {}, None, None, [], [], DistillConfig(), None)
    mixed = batch._replace(labelled=tf.constant([True, False]))

    def last_word(batch):
        return tf.cast(batch.labels["end"] + 1, tf.float32)

    register_term("declared", "labels_weight", needs=["labels"])(last_word)
    assert term_registry.value_of("declared", mixed).numpy().tolist() == [4.0, 0.0]
    register_term("undeclared", "labels_weight")(last_word)
    assert term_registry.value_of("undeclared", batch).numpy().tolist() == [4.0, 0.0], "-1 + 1"
    with pytest.raises(UserError, match=r"'undeclared' reads labels.*needs=\["):
        term_registry.value_of("undeclared", mixed)
    register_term("else", "labels_weight")(lambda batch: tf.cast(batch.labels["more"], tf.float32))
    assert term_registry.value_of("else", mixed).numpy().tolist() == [7.0, 8.0]


def test_a_term_whose_option_is_missing_says_where_it_belongs():
    with pytest.raises(ValueError, match="'place': no option 'place_weight'.*options/distill.py"):
        register_term("place", "place_weight")(lambda batch: None)
    assert "place" not in TERMS


def test_a_term_that_needs_something_unknown_or_a_projection(monkeypatch):
    with pytest.raises(ValueError, match="needs .'techer'.; it can need teacher, reader"):
        register_term("place", "labels_weight", needs=["techer"])(lambda batch: None)
    monkeypatch.setattr(term_registry, "TERMS", dict(TERMS))
    register_term("place", "labels_weight", needs=["projection"])(lambda batch: None)
    assert term_registry.needs(["place"]) == {"projection", "reader"} and term_registry.want_teachers(
        ["place"]
    )
    assert not term_registry.want_teachers(["labels", "conicity"])


def test_a_recipe_of_ones_own_stands_beside_the_papers():
    own = {"hot": RecipeConfig(interaction="mul", terms=["labels", "topk"])}
    found = recipe("hot", own)
    assert (found.interaction, found.terms, found.teachers) == ("mul", ("labels", "topk"), 1)
    assert list(all_recipes(own)) == [*SHIPPED, "hot"]
    assert recipe("alone", {"alone": RecipeConfig(terms=["labels", "conicity"])}).teachers == 0
    assert recipe("two", {"two": RecipeConfig(terms=["teacher"], teachers=2)}).teachers == 2


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("mine", {"terms": ["labls"]}, "did you mean 'labels'"),
        ("mine", {}, "empty"),
        ("mine", {"terms": ["labels"], "interaction": "max"}, "add, mul"),
        ("mine", {"terms": ["labels"], "teachers": 1}, "teachers=1"),
        ("add", {"terms": ["labels"]}, "not a new name"),
        ("add_twice", {"terms": ["labels"]}, "not a new name"),
        (
            "mine",
            {"terms": ["labels"], "options": {"top_k": 3}},
            "no.* option 'top_k'; they have labels_weight",
        ),
        ("a/b", {"terms": ["labels"]}, "not a name of letters"),
    ],
)
def test_a_wrong_recipe_is_an_error_that_names_it(name, given, said):
    with pytest.raises(UserError, match=f"recipes.{name}.*{said}"):
        recipe("add", {name: RecipeConfig(**given)})


def test_a_recipe_with_a_teacher_can_have_folds_of_its_own():
    found = recipe("out", {"out": RecipeConfig(terms=["labels", "topk"], options={"folds": 4})})
    assert found.over(DistillConfig()).folds == 4
    with pytest.raises(UserError, match="no.* option 'folds'"):
        recipe("out", {"out": RecipeConfig(terms=["labels"], options={"folds": 4})})


def test_a_cache_of_the_best_positions_serves_only_terms_that_look_at_no_more():
    check_cached_positions(["labels", "topk"], DistillConfig(top_k=20, cache_top_k=20))
    check_cached_positions(["labels", "teacher"], DistillConfig(cache_top_k=0))
    check_cached_positions(["teacher"], DistillConfig(cache_top_k=5, cache_teacher=False))
    with pytest.raises(UserError, match="best 50 positions"):
        check_cached_positions(["labels", "topk"], DistillConfig(top_k=50, cache_top_k=20))
    # What reads the teacher anew does not look at what is cached.
    check_cached_positions(["labels", "gradient", "matching"], DistillConfig(cache_top_k=20))
    for name in ("teacher", "smoothed", "shuffled"):
        with pytest.raises(UserError, match=f"'{name}' looks at all"):
            check_cached_positions(["labels", name], DistillConfig(cache_top_k=20))
