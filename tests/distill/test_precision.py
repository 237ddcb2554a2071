import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import MODELS, SamConfig
from holle_tf.config_sources import load_config
from holle_tf.distill.distiller import Distiller, online_teacher
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.distill.precision import POLICIES, computing_in_float32, resolve_precision
from holle_tf.evaluate.predictor import Predictor
from holle_tf.models.sam import build_sam
from holle_tf.options.training import TrainingConfig
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import build_model
from pipelines.dataset import make_dataset

RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(30, 8)).astype(np.float32)
FEATURES = {
    name: RNG.integers(2, 30, (3, width)).astype(np.int32)
    for name, width in (("document", 12), ("query", 4), ("prober_history", 4), ("responder_history", 4))
}
FEATURES["question"] = np.concatenate([FEATURES[n] for n in list(FEATURES)[1:]], axis=1)
LABELS = {"start": np.array([0, 3, 5], np.int32), "end": np.array([2, 3, 9], np.int32)}


def _sam(policy, seed=0, layers=2):
    tf.keras.utils.set_random_seed(seed)
    tf.keras.mixed_precision.set_global_policy(policy)
    try:
        return build_sam(SamConfig(units=4, layers=layers, inner_units=4, dropout=0.0), VECTORS)
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_auto_takes_bfloat16_for_a_teacher_where_the_cpu_has_it(tmp_path, flag):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags : fpu avx2 {flag} fma\n")
    assert resolve_precision("auto", "qanet", cpuinfo) == "bfloat16"
    assert resolve_precision("auto", "bidaf", cpuinfo) == "bfloat16"
    assert resolve_precision("auto", "sam", cpuinfo) == "none"


def test_auto_takes_float32_where_bfloat16_would_be_emulated(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    assert resolve_precision("auto", "qanet", cpuinfo) == "none"  # no such file, as on a Mac
    cpuinfo.write_text("flags : fpu avx2 avx512f fma\n")
    assert resolve_precision("auto", "qanet", cpuinfo) == "none"


@pytest.mark.parametrize("wanted", list(POLICIES))
def test_what_is_asked_for_is_done(wanted):
    assert resolve_precision(wanted, "qanet") == wanted


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_model_computes_in_float32_where_it_has_to_and_only_there(policy):
    plain, mixed = _sam("float32"), _sam(policy)
    texts = {name: FEATURES[name] for name in plain.input}
    exact, before = plain(texts)["start_logits"], mixed(texts)["start_logits"]
    with computing_in_float32(mixed):
        np.testing.assert_allclose(mixed(texts)["start_logits"], exact, rtol=1e-5, atol=1e-6)
    assert np.abs(before - exact).max() > 1e-5
    np.testing.assert_array_equal(mixed(texts)["start_logits"], before)


def test_the_sobolev_term_of_a_float16_student_is_that_of_float32():
    teacher = _sam("float32", seed=1, layers=1)
    batches = tf.data.Dataset.from_tensors((FEATURES, LABELS))
    found, logits = [], []
    for policy in ("float32", "mixed_float16"):
        student = _sam(policy, layers=1)
        distiller = Distiller(student, ["labels", "teacher", "gradient"], [online_teacher(teacher)])
        distiller.compile(optimizer="sgd")
        found.append(distiller.evaluate(batches, verbose=0, return_dict=True))
        logits.append(student({name: FEATURES[name] for name in student.input})["start_logits"])
    exact, half = found
    assert exact["gradient"] > 1e-3
    assert half["gradient"] == pytest.approx(exact["gradient"], rel=1e-4)
    assert np.abs(logits[0] - logits[1]).max() > 1e-5  # the rest is in float16


def test_a_step_whose_float16_gradients_overflow_is_left_out_and_the_scale_lowered():
    student = _sam("mixed_float16")
    distiller = Distiller(student, ["labels"], clip_norm=5.0)
    scaled = tf.keras.mixed_precision.LossScaleOptimizer
    optimizer = scaled(tf.keras.optimizers.Adam(0.01), initial_scale=2.0**100)
    distiller.compile(optimizer=optimizer)
    before = [v.numpy() for v in student.trainable_variables]
    distiller.train_on_batch(FEATURES, LABELS)
    for old, new in zip(before, student.trainable_variables):
        np.testing.assert_array_equal(old, new)
    assert float(optimizer.loss_scale) == 2.0**99


def test_all_number_formats_learn_the_same(tmp_path):
    """Sixteen examples of the demo corpus by heart; float16 is emulated on a CPU, so the model is tiny."""
    corpus = [
        "demo.train_examples=16",
        "demo.dev_examples=2",
        "demo.test_examples=2",
        "demo.document_words=30",
    ]
    small = ["sam.units=16", "sam.layers=1", "sam.inner_units=16", "sam.dropout=0"]
    config = load_config((), [*corpus, *small], {"runs_dir": str(tmp_path)})
    data = open_data(config)
    inputs = MODELS["sam"].inputs
    batches = make_dataset(data, "train", inputs=inputs, batch_size=16, static_shapes=True).repeat(60)
    scored = make_dataset(data, "train", inputs=inputs, batch_size=16, texts=True)
    found = {}
    for precision, policy in POLICIES.items():
        tf.keras.utils.set_random_seed(0)
        tf.keras.mixed_precision.set_global_policy(policy)
        try:
            model = build_model(config, data.embeddings, len(data.chars))
        finally:
            tf.keras.mixed_precision.set_global_policy("float32")
        distiller = Distiller(model, ["labels"])
        distiller.compile(make_optimizer(TrainingConfig(learning_rate=0.01, mixed_precision=precision), 60))
        distiller.fit(batches, verbose=0)
        found[precision] = Predictor(model, max_span=64).predict(scored).f1
    assert min(found.values()) > 80, found
    assert max(found.values()) - min(found.values()) < 10, found
