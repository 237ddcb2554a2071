import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

from holle_tf.catalogue import MODELS
from holle_tf.evaluate.predictor import Predictor
from holle_tf.modes import all_modes as modes
from holle_tf.runs import evaluation
from holle_tf.runs.data import open_data
from holle_tf.runs.evaluation import cosines_of, ensure_scores
from holle_tf.runs.identity import default_run_path, distill_options, run_identity, run_terms
from holle_tf.runs.prediction import ChatPredictor, predict_file
from holle_tf.runs.run_folder import RunFolder
from holle_tf.runs.run_on_data import Reading
from holle_tf.training import distillation as distilling
from holle_tf.training.distillation import find_or_train_teachers, student_alone, with_recipe
from holle_tf.training.train import ensure_run
from pipelines.dataset import make_dataset
from pipelines.errors import UserError
from pipelines.example_from_texts import example_from_chat
from pipelines.records import read_examples


@pytest.fixture
def run(tiny, prepared):
    return ensure_run(replace(tiny(seed=20), recipe="add_train"), prepared)


def test_distill_trains_the_teacher_first_and_shows_all_side_by_side(
    tiny, tmp_path, monkeypatch, capsys, logged
):
    config = tiny("teacher=qanet", "training.sam.epochs=1", seed=21, runs_dir=str(tmp_path))
    modes.distill_mode(config, None, None)
    printed = capsys.readouterr().out
    assert any("training it first" in line for line in logged.messages)
    assert any(f"teacher: {tmp_path}" in line for line in logged.messages)
    assert not any("--setup=ld" in line for line in logged.messages)
    for row in ("random span", "tfidf sentence", "SAM alone", "SAM from qanet", "qanet (teacher)"):
        assert row in printed
    last = json.loads(printed.splitlines()[-1])
    student = RunFolder(modes.Path(last["student"]))
    assert student.result()["scores"]["test"]["f1"] == last["scores"][1]["f1"]
    for picture in ("training.png", "prediction.png"):
        assert (student.path / "figures" / picture).read_bytes().startswith(b"\x89PNG")
    logged.clear()
    monkeypatch.setattr(modes, "draw_pictures", lambda *arguments: [])  # they are there
    for_long = replace(config, distill=replace(config.distill, long_teacher="windows"))
    modes.distill_mode(for_long, None, None)
    assert any("long_teacher=windows is for --setup=ld" in line for line in logged.messages)
    assert any("trained before" in line for line in logged.messages)
    assert not any("epoch" in line for line in logged.messages)


def test_train_refuses_a_recipe_that_needs_a_teacher_and_distill_one_that_has_none(tiny):
    with pytest.raises(UserError, match="--mode=distill"):
        modes.train_mode(tiny(recipe="add"), None)
    with pytest.raises(UserError, match="--mode=train"):
        modes.distill_mode(tiny("teacher=qanet", recipe="add_train"), None, None)


def test_a_term_that_is_off_is_said_before_teachers_are_trained(tiny, logged):
    config = tiny("recipes={soft: {terms: [labels, teacher, conicity]}}", recipe="soft", teacher="qanet")
    with pytest.raises(UserError, match="'conicity' is off.*distill.conicity_weight=1"):
        modes.distill_mode(config, None, None)
    assert logged.messages == []


def test_a_given_teacher_without_a_vector_is_said_before_a_student_is_trained(tiny, trained, monkeypatch):
    teacher = trained("qanet")
    config = tiny("distill.matching_weight=0.1", recipe="add", seed=91)
    monkeypatch.setattr(modes, "ensure_run", lambda *args, **kwargs: pytest.fail("something was trained"))
    with pytest.raises(UserError, match="--teacher=bidaf, short documents"):
        modes.distill_mode(config, None, [str(teacher.path)])


def test_scoring_takes_the_batch_size_that_is_given_now(tiny, prepared, run, monkeypatch):
    sizes = []
    original = evaluation.make_dataset

    def watched(*args, batch_size, **kwargs):
        sizes.append(batch_size)
        return original(*args, batch_size=batch_size, **kwargs)

    monkeypatch.setattr(evaluation, "make_dataset", watched)
    evaluation.evaluate_run(Reading(run, prepared, tiny("evaluation.batch_size=3")), "dev")
    assert sizes == [3]


def test_weights_of_a_student_change_neither_its_teacher_nor_the_student_beside_it(tiny, prepared):
    weighted = tiny("distill.labels_weight=0.5", "distill.conicity_weight=0.3", recipe="add", teacher="qanet")
    plain = tiny(recipe="add", teacher="qanet")
    paths = [default_run_path(student_alone(config), prepared, []) for config in (weighted, plain)]
    assert paths[0] == paths[1]
    assert run_terms(student_alone(weighted)) == ("labels",)
    assert default_run_path(replace(weighted, recipe="add_train"), prepared, []) != paths[0]
    assert distill_options(replace(weighted, model="qanet")).labels_weight == 1.0
    assert distill_options(weighted).labels_weight == 0.5


def test_a_recipe_decides_the_interaction(tiny):
    assert with_recipe(tiny(recipe="mul_train"), "").sam.interaction == "mul"
    assert with_recipe(tiny("sam.interaction=mul"), "_train").recipe == "mul_train"


def test_evaluate_prints_baselines_and_ends_in_json(tiny, run, capsys):
    modes.evaluate_mode(tiny(), str(run.path), "dev")
    printed = capsys.readouterr().out
    assert "span popularity" in printed
    last = json.loads(printed.splitlines()[-1])
    assert last["f1"] == run.result()["scores"]["dev"]["f1"]
    assert set(last["conicity"]) == {"prober_vector", "responder_vector"}
    assert f"conicity of prober_vector: {last['conicity']['prober_vector']:.3f}" in printed
    assert (run.path / "predictions.dev.jsonl").exists()


def test_evaluating_on_other_data_than_those_of_the_training_is_an_error(tiny, run, tmp_path):
    other = open_data(tiny("demo.train_examples=8"))
    from holle_tf.runs.evaluation import evaluate_run

    with pytest.raises(UserError, match="other data"):
        evaluate_run(Reading(run, other, tiny()), "test")
    with pytest.raises(UserError, match="other data"):
        modes.distill_mode(tiny("demo.train_examples=8"), None, [str(run.path)])


def test_a_student_is_not_evaluated_on_another_kind_of_documents_than_its_own(tiny, run):
    with pytest.raises(UserError, match="--setup=ld.*what it was trained on .sd."):
        modes.evaluate_mode(tiny("data.setup=ld"), str(run.path), "test")


def test_a_run_decodes_as_it_was_trained(tiny, run):
    for mode, more in ((modes.evaluate_mode, ["test"]), (modes.predict_mode, [None])):
        with pytest.raises(UserError, match="max_span=10: .* at most 64 words"):
            mode(tiny("evaluation.max_span=10"), str(run.path), *more)


def test_a_teacher_without_a_vector_to_match_is_said_before_it_is_trained(tiny, logged):
    for more, teacher in (([], "qanet"), (["data.setup=ld"], "bidaf")):
        config = tiny("distill.matching_weight=0.1", *more, recipe="add", teacher=teacher)
        logged.clear()
        with pytest.raises(UserError, match="--teacher=bidaf, short documents"):
            modes.distill_mode(config, None, None)
        assert logged.messages == []


def test_baselines_stand_beside_every_run(tiny, prepared, run, tmp_path, capsys):
    (tmp_path / "data").symlink_to(prepared.folder.parent)
    shutil.copytree(run.path, tmp_path / prepared.folder.name / run.path.name)
    modes.baselines_mode(tiny(runs_dir=str(tmp_path)), "test")
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"random span", run.path.name} <= {row["name"] for row in rows}


def test_a_chat_from_a_file_gives_spans_cut_from_its_document(tiny, run, tmp_path, capsys):
    document = "The  film — a “gem” — cost $2.8 million. I loved the ending;\tit was café-sad."
    file = tmp_path / "chat.json"
    file.write_text(json.dumps({"document": document, "chat": ["Hi", "Hello", "What did it cost?"]}))
    found = predict_file(run, str(file))
    listed = predict_file(run, str(file), tiny("evaluation.n_best=2"))["n_best"]
    assert [one["text"] for one in listed] == [one["text"] for one in found["n_best"][:2]]
    assert found["prediction"] in document
    scores = [span["score"] for span in found["n_best"]]
    assert scores == sorted(scores, reverse=True) and 0 < sum(scores) <= 1.0 + 1e-5
    assert len({(span["start_char"], span["end_char"]) for span in found["n_best"]}) == len(scores)
    for span in found["n_best"]:
        assert document[span["start_char"] : span["end_char"]] == span["text"]
    assert "What did it cost?" in capsys.readouterr().out


def test_a_chat_can_have_a_very_long_document_and_no_history(run):
    predictor = ChatPredictor(run)
    chat = {"document": "word " * 20_000 + "end.", "chat": ["what?"]}
    spans = predictor.spans(example_from_chat(chat, predictor.config.data))
    assert spans and all(0 <= start < end <= len(chat["document"]) for start, end, _ in spans)


@pytest.mark.parametrize(
    ("content", "said"), [("{", "JSON"), ("{}", "document"), ('{"document": "a b"}', "query")]
)
def test_a_broken_chat_is_reported_with_its_file(run, tmp_path, content, said):
    file = tmp_path / "broken.json"
    file.write_text(content)
    with pytest.raises(UserError, match="broken.json") as caught:
        predict_file(run, str(file))
    assert said in str(caught.value)
    with pytest.raises(UserError, match="missing.json"):
        predict_file(run, str(tmp_path / "missing.json"))


def test_asking_interactively_answers_each_query(tiny, run, monkeypatch, capsys):
    said = iter(["What happens?", "And then?", ""])
    monkeypatch.setattr("rich.console.Console.input", lambda self, *args, **kwargs: next(said))
    modes.predict_mode(tiny(), str(run.path), None)
    printed = capsys.readouterr().out
    assert "What happens?" in printed and "And then?" in printed


def test_prepare_says_where_the_records_are(tiny, prepared, capsys):
    modes.prepare_mode(tiny(), None)
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["fingerprint"] == prepared.fingerprint and said["train"] == 48


@pytest.mark.parametrize(
    ("recipe", "teacher", "message"),
    [
        ("add_both", "qanet", "learns from several teachers, 1 given"),
        ("add", "bidaf,qanet", "learns from one teacher, 2 given"),
        ("add_both", "", "--teacher=bidaf,qanet"),
    ],
)
def test_a_recipe_is_told_from_how_many_teachers_it_learns(tiny, recipe, teacher, message):
    with pytest.raises(UserError, match=message):
        modes.distill_mode(tiny(recipe=recipe, teacher=teacher), None, None)


def test_recipes_are_listed_with_a_sentence(tiny, capsys):
    modes.recipes_mode(tiny())
    lines = capsys.readouterr().out
    assert "add_topk" in lines and "mul_ensemble" in lines and "equation (2)" in lines


def test_a_recipe_of_ones_own_is_listed_with_its_options_unless_a_term_is_off(tiny, capsys):
    recipes_of = "recipes.hot={terms: [labels, conicity], options: {%s: 0.5}}"
    modes.recipes_mode(tiny(recipes_of % "conicity_weight"))
    assert "labels + conicity (conicity_weight: 0.5)" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UserError, match="--recipe=hot: its term 'conicity' is off.*conicity_weight: 1"):
        modes.recipes_mode(tiny(recipes_of % "labels_weight"))
    own = with_recipe(tiny(recipes_of % "conicity_weight", recipe="hot"), "_train")
    assert own.distill.conicity_weight == 0.5 and run_terms(own) == ("labels", "conicity")


def test_teachers_of_one_kind_are_runs_of_different_seeds(tiny, prepared, tmp_path, monkeypatch):
    trained = []

    def finished(config, prepared, **options):
        trained.append(config.seed)
        run = RunFolder(default_run_path(config, prepared, []))
        run.create(config, prepared, run_identity(config, prepared, []))
        run.write_result({})
        return run

    monkeypatch.setattr(distilling, "ensure_run", finished)
    config = tiny("teacher=bidaf,qanet,bidaf", seed=5, runs_dir=str(tmp_path))

    def seeds(config):
        runs = find_or_train_teachers(config, prepared, None)
        return [(run.config().model, run.config().seed) for run in runs]

    assert seeds(config) == [("bidaf", 5), ("qanet", 5), ("bidaf", 6)]
    assert trained == [5, 5, 6]
    # What is there is taken, each once.
    assert seeds(replace(config, seed=6)) == [("bidaf", 6), ("qanet", 5), ("bidaf", 5)]
    assert seeds(replace(config, seed=4, teacher="bidaf,bidaf,bidaf")) == [
        ("bidaf", 5), ("bidaf", 6), ("bidaf", 4),
    ]  # fmt: skip
    assert trained == [5, 5, 6, 4]
    monkeypatch.setattr(Reading, "check", lambda self: None)  # of weights, which are not there
    one = str(next(tmp_path.glob("*/bidaf-seed5-*")))
    with pytest.raises(UserError, match="bidaf-seed5.* is there twice"):
        find_or_train_teachers(config, prepared, [one, one])


def test_beam_options_without_beam_name_what_to_install(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "pipelines.beam_preparation", None)  # as if it could not be imported
    with pytest.raises(UserError, match="pip install .*sh install.sh beam"):
        modes.prepare_mode(tiny(), "--runner=DirectRunner")


def test_evaluate_scores_against_all_references_of_a_file(tiny, run, prepared, tmp_path, capsys):
    ids = [example.example_id for example in read_examples(prepared, "test")]
    file = tmp_path / "more.json"
    file.write_text(json.dumps({ids[0]: {"spans": ["a film", 1998]}, "ts_999_0": {"spans": ["x"]}}))
    modes.evaluate_mode(tiny(), str(run.path), "test", str(file))
    printed = capsys.readouterr().out
    assert "1 examples have further references, 11 have none; 1 ids" in printed
    assert "all their references" in printed
    found = json.loads(printed.splitlines()[-1])["multi_reference"]
    assert found["multi"]["f1"] >= found["single"]["f1"]
    with pytest.raises(UserError, match="none.json"):
        modes.evaluate_mode(tiny(), str(run.path), "test", str(tmp_path / "none.json"))


def test_an_evaluation_leaves_the_cosines_that_conicity_is_the_mean_of(tiny, run, prepared):
    reading = Reading(run, prepared, tiny())
    ensure_scores(reading, "test")
    cosines = cosines_of(reading, "test")
    chats = [example.chat_id for example in read_examples(prepared, "test")]
    assert set(cosines) == {"prober_vector", "responder_vector"}
    result = run.result()
    conicity = result.pop("conicity")
    run.write_result(result)  # as by a process that was killed between the two, before they were one
    ensure_scores(reading, "test")
    assert run.result()["conicity"]["test"] == conicity["test"]
    for name, values in cosines.items():
        means = [np.mean(values[[c == chat for c in chats]]) for chat in set(chats) if chats.count(chat) > 1]
        assert np.mean(means) == pytest.approx(reading.conicity("test")[name]["value"], abs=1e-5)
        assert np.isnan(values).sum() == sum(chats.count(chat) == 1 for chat in chats)
    inputs = MODELS["sam"].inputs
    one = make_dataset(prepared, "test", inputs=inputs, batch_size=4, texts=True, limit=1)
    alone = Predictor(run.load_model(), max_span=9).predict(one)
    assert alone.conicity == alone.cosines == {}, "no number where no conversation has two examples"
