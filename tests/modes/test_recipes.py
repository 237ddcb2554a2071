"""``--mode=recipes``: the table of recipes."""

import pytest

from holle_tf.modes.recipes import recipes_mode
from holle_tf.runs.identity import run_terms
from holle_tf.training.distillation import with_recipe
from pipelines.errors import UserError


def test_recipes_are_listed_with_a_sentence(tiny, capsys):
    recipes_mode(tiny())
    lines = capsys.readouterr().out
    assert "add_topk" in lines and "mul_ensemble" in lines and "equation (2)" in lines
    of_paper, controls = lines.split("controls, not in the paper")
    assert "from the paper" in of_paper and "twice" not in of_paper
    assert all(f"{kind}_{name}" in controls for kind in ("add", "mul") for name in ("twice", "shuffled"))
    assert "of your own" not in lines


def test_a_recipe_of_ones_own_is_listed_with_its_options_unless_a_term_is_off(tiny, capsys):
    recipes_of = "recipes.hot={terms: [labels, conicity], options: {%s: 0.5}}"
    recipes_mode(tiny(recipes_of % "conicity_weight"))
    assert "labels + conicity (conicity_weight: 0.5)" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UserError, match="--recipe=hot: its term 'conicity' is off.*conicity_weight: 1"):
        recipes_mode(tiny(recipes_of % "labels_weight"))
    own = with_recipe(tiny(recipes_of % "conicity_weight", recipe="hot"), "_train")
    assert own.distill.conicity_weight == 0.5 and run_terms(own) == ("labels", "conicity")
