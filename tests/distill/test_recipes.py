import pytest

from holle_tf.distill.recipes import RECIPES, recipe
from holle_tf.distill.terms import TERMS, needs, term
from pipelines.errors import UserError


def test_every_recipe_names_known_terms_and_its_own_interaction():
    for name, one in RECIPES.items():
        assert one.name == name
        assert set(one.terms) <= set(TERMS)
        assert name.startswith(one.interaction)
        assert ("teacher" in needs(one.terms)) == (one.teachers > 0)


def test_the_sixteen_variants_of_the_paper_are_there():
    kinds = ("train", "teach", "", "topk", "aug", "grad", "both", "ensemble")
    assert set(RECIPES) == {f"{i}_{kind}".rstrip("_") for i in ("add", "mul") for kind in kinds}


def test_an_unknown_recipe_is_an_error_that_names_the_nearest():
    with pytest.raises(UserError, match="add_train"):
        recipe("add_trian")


def test_two_terms_cannot_share_a_name():
    with pytest.raises(ValueError, match="labels"):
        term("labels", "labels_weight")(lambda batch: None)
