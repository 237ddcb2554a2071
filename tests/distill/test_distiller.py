import numpy as np
import pytest
import tensorflow as tf

from holle_tf.catalogue import BidafConfig, QanetConfig
from holle_tf.distill.distiller import Distiller, cached_teacher, online_teacher
from holle_tf.distill.losses import label_cross_entropy, teacher_divergence
from holle_tf.distill.optimizers import make_optimizer
from holle_tf.models.bidaf import build_bidaf
from holle_tf.models.layers.bidirectional import recurrent_implementation
from holle_tf.models.qanet import build_qanet
from holle_tf.options.distill import DistillConfig
from holle_tf.options.training import TrainingConfig
from tests.distill.small_student import FEATURES, LABELS, VECTORS, compiled, small_student


def test_loss_is_equation_one_on_a_batch():
    student, teacher = small_student(0), small_student(1)
    distiller = compiled(Distiller(student, ["labels", "teacher"], [online_teacher(teacher)]))
    logs = distiller.evaluate(tf.data.Dataset.from_tensors((FEATURES, LABELS)), verbose=0, return_dict=True)
    own, other = student(FEATURES), teacher(FEATURES)
    mask = own["document_mask"]
    labels = sum(label_cross_entropy(own[f"{e}_logits"], LABELS[e], mask) for e in ("start", "end"))
    kl = sum(teacher_divergence(own[f"{e}_logits"], other[f"{e}_logits"], mask) for e in ("start", "end"))
    assert logs["labels"] == pytest.approx(np.mean(labels), rel=1e-5)
    assert logs["teacher"] == pytest.approx(np.mean(kl), rel=1e-5)
    assert logs["loss"] == pytest.approx(np.mean(labels) + np.mean(kl), rel=1e-5)


def test_weights_of_terms_multiply_them_in_the_loss_but_not_in_the_log():
    student = small_student()
    batches = tf.data.Dataset.from_tensors((FEATURES, LABELS))
    plain = compiled(Distiller(student, ["labels"])).evaluate(batches, verbose=0, return_dict=True)
    third = compiled(Distiller(student, ["labels"], options=DistillConfig(labels_weight=0.3))).evaluate(
        batches, verbose=0, return_dict=True
    )
    assert third["labels"] == pytest.approx(plain["labels"])
    assert third["loss"] == pytest.approx(0.3 * plain["loss"])


def test_means_weigh_every_example_alike_whatever_its_batch():
    student = small_student()
    whole = tf.data.Dataset.from_tensors((FEATURES, LABELS))
    uneven = whole.unbatch().batch(4)
    found = [
        compiled(Distiller(student, ["labels"])).evaluate(batches, verbose=0, return_dict=True)["loss"]
        for batches in (whole, uneven)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_training_lowers_the_loss_and_leaves_teacher_and_word_vectors_alone():
    student, teacher = small_student(0), small_student(1)
    before = [v.numpy() for v in teacher.variables]
    matrix = student.get_layer("word_embedding").matrix.numpy()
    distiller = Distiller(student, ["labels", "teacher"], [online_teacher(teacher)])
    distiller.compile(optimizer=tf.keras.optimizers.Adam(0.01))
    batches = tf.data.Dataset.from_tensors((FEATURES, LABELS)).repeat(20)
    losses = distiller.fit(batches, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 0.5
    for old, variable in zip(before, teacher.variables):
        np.testing.assert_array_equal(old, variable)
    np.testing.assert_array_equal(matrix, student.get_layer("word_embedding").matrix)


def test_teacher_is_not_in_a_checkpoint_of_the_distiller(tmp_path):
    distiller = compiled(Distiller(small_student(0), ["teacher"], [online_teacher(small_student(1))]))
    student_size = sum(int(np.prod(v.shape)) for v in distiller.student.variables)
    path = tf.train.Checkpoint(model=distiller).save(str(tmp_path / "c"))
    total = sum(int(np.prod(shape)) for _, shape in tf.train.list_variables(path))
    assert total < 1.5 * student_size  # the optimiser and the means of the losses, not a second model


def test_cached_logits_give_the_loss_of_the_teacher_on_line():
    student, teacher = small_student(0), small_student(1)
    outputs = teacher(FEATURES)
    cached = {**LABELS, **{f"qanet_{e}_logits": outputs[f"{e}_logits"].numpy() for e in ("start", "end")}}
    batches = tf.data.Dataset.from_tensors((FEATURES, cached))
    found = [
        compiled(Distiller(student, ["teacher"], [source])).evaluate(batches, verbose=0, return_dict=True)
        for source in (online_teacher(teacher), cached_teacher("qanet"))
    ]
    assert found[0]["teacher"] == pytest.approx(found[1]["teacher"], rel=1e-5)


def test_l2_shrinks_kernels_but_is_no_part_of_the_reported_loss():
    batches = tf.data.Dataset.from_tensors((FEATURES, LABELS))
    students = {l2: small_student() for l2 in (0.0, 1.0)}
    losses = {}
    for l2, student in students.items():
        distiller = compiled(Distiller(student, ["labels"], l2=l2))
        losses[l2] = distiller.train_on_batch(*next(iter(batches)), return_dict=True)["loss"]
    assert losses[0.0] == pytest.approx(losses[1.0])
    norms = {
        l2: sum(np.sum(v.numpy() ** 2) for v in s.trainable_variables if v.shape.rank > 1)
        for l2, s in students.items()
    }
    assert norms[1.0] < 0.95 * norms[0.0]


def test_l2_is_of_every_kernel_but_the_word_vectors():
    config = QanetConfig(units=8, heads=2, encoder_convs=1, model_blocks=1)
    student = build_qanet(config, VECTORS, 7, trainable_embeddings=True)
    penalised = {v.name for v in Distiller(student, ["labels"], l2=1.0).penalised}
    kernels = {v.name for v in student.trainable_variables if v.shape.rank > 1}
    assert {name for name in kernels - penalised} == {"word_embedding/matrix:0"}


def test_gradients_are_clipped_to_the_global_norm():
    student = small_student()
    before = [v.numpy() for v in student.trainable_variables]
    distiller = Distiller(student, ["labels"], clip_norm=1e-3)
    distiller.compile(optimizer=tf.keras.optimizers.SGD(1.0))
    distiller.train_on_batch(FEATURES, LABELS)
    moved = sum(np.sum((v.numpy() - old) ** 2) for v, old in zip(student.trainable_variables, before))
    assert np.sqrt(moved) == pytest.approx(1e-3, rel=1e-2)


def test_averaged_weights_are_those_of_the_average_and_only_inside_the_context():
    distiller = compiled(Distiller(small_student(), ["labels"], ema_decay=0.9))
    first = distiller.student.trainable_variables[0].numpy()
    distiller.train_on_batch(FEATURES, LABELS)
    trained = distiller.student.trainable_variables[0].numpy()
    with distiller.averaged_weights():
        inside = distiller.student.trainable_variables[0].numpy()
    decay = 2.0 / 11.0
    np.testing.assert_allclose(inside, decay * first + (1 - decay) * trained, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(distiller.student.trainable_variables[0], trained)


def test_jit_compiled_step_computes_the_same():
    found = []
    for jit in (False, True):
        with recurrent_implementation("keras" if jit else "compiled"):
            student = small_student()
        distiller = compiled(Distiller(student, ["labels"], jit=jit))
        logs = distiller.train_on_batch(FEATURES, LABELS, return_dict=True)
        found.append((logs["loss"], distiller.student.trainable_variables[-1].numpy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-4)


def test_float16_loss_scaling_trains():
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        student = small_student()
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")
    distiller = Distiller(student, ["labels"])
    distiller.compile(optimizer=make_optimizer(TrainingConfig(mixed_precision="float16"), 10))
    before = student.trainable_variables[-1].numpy()
    logs = distiller.train_on_batch(FEATURES, LABELS, return_dict=True)
    assert np.isfinite(logs["loss"])
    assert np.abs(student.trainable_variables[-1].numpy() - before).max() > 0


@pytest.mark.parametrize("terms", [["labls"], ["teacher"]])
def test_unknown_terms_and_missing_teachers_are_errors(terms):
    with pytest.raises(ValueError, match="labls|need a teacher"):
        Distiller(small_student(), terms)


def _bidaf():
    tf.keras.utils.set_random_seed(5)
    return build_bidaf(BidafConfig(units=3, char_dim=4, char_filters=4), VECTORS, 7)


def _with_question():
    question = np.concatenate(
        [FEATURES["query"][:, :5], FEATURES["prober_history"], FEATURES["responder_history"]], 1
    )
    texts = {**FEATURES, "question": question}
    return {
        **texts,
        **{
            f"{name}_chars": texts[name][..., None] % 7 + [[[0, 0, 0, 0]]]
            for name in ("document", "question")
        },
    }


def test_matching_trains_a_projection_that_is_not_the_students():
    student, features = small_student(), _with_question()
    parameters = len(student.trainable_variables)
    distiller = Distiller(
        student, ["labels", "matching"], [online_teacher(_bidaf())], DistillConfig(matching_weight=1.0)
    )
    distiller.compile(optimizer=tf.keras.optimizers.Adam(0.01))
    batches = tf.data.Dataset.from_tensors((features, LABELS)).repeat(20)
    found = distiller.fit(batches, epochs=3, verbose=0).history["matching"]
    assert found[-1] < 0.5 * found[0]
    assert len(student.trainable_variables) == parameters
    assert not any("projection" in v.name for v in student.variables)


def test_a_teacher_without_a_vector_cannot_be_matched():
    with pytest.raises(ValueError, match="query_to_context"):
        Distiller(small_student(), ["matching"], [online_teacher(small_student(1))])


def test_gradient_norms_are_those_of_each_weighted_term_alone():
    student, teacher = small_student(0), small_student(1)
    options = DistillConfig(teacher_weight=0.5)
    distiller = compiled(Distiller(student, ["labels", "teacher"], [online_teacher(teacher)], options))
    found = distiller.gradient_norms(FEATURES, LABELS)
    for term, weight in (("labels", 1.0), ("teacher", 0.5)):
        with tf.GradientTape() as tape:
            own, other = student(FEATURES), teacher(FEATURES)
            mask = own["document_mask"]
            losses = {
                "labels": [label_cross_entropy(own[f"{e}_logits"], LABELS[e], mask) for e in LABELS],
                "teacher": [
                    teacher_divergence(own[f"{e}_logits"], other[f"{e}_logits"], mask) for e in LABELS
                ],
            }
            value = weight * tf.reduce_mean(tf.add_n(losses[term]))
        gradients = tape.gradient(value, student.trainable_variables)
        squares = sum(np.sum(tf.convert_to_tensor(g).numpy() ** 2) for g in gradients if g is not None)
        assert found[term].numpy() == pytest.approx(np.sqrt(squares), rel=1e-4)
