"""A few steps on one device, and on two that share every batch; prints the results as JSON.

A process of its own, because logical devices can only be created before TensorFlow computes anything.
"""

import functools
import json
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parents[2]))

from holle_tf.catalogue import BidafConfig, SamConfig
from holle_tf.distill.distiller import Distiller, online_teacher
from holle_tf.distill.hallucination import with_hallucinations
from holle_tf.distill.shares import shares
from holle_tf.models.bidaf import build_bidaf
from holle_tf.models.sam import build_sam
from holle_tf.options.distill import DistillConfig

DEVICES = 2
ROWS, BATCH = 7, 6  # the second batch has one row, and nothing for one of the devices
REORDERED = 0.4  # of 6: 3 rows, shares of 1 and 2
WORDS = 30
VECTORS = np.random.default_rng(0).normal(size=(WORDS, 8)).astype(np.float32)
OPTIONS = DistillConfig(conicity_weight=0.7, matching_weight=0.3, hallucinated_share=REORDERED)
CASES = {
    "terms": (
        ["labels", "teacher", "hallucinated", "conicity", "matching"],
        OPTIONS,
        {"l2": 0.01, "clip_norm": 0.5},
        "",
    ),
    "gradient": (
        ["labels", "gradient"],
        replace(OPTIONS, gradient_share=0.4, gradient_mode="projection", second_order="differences"),
        {},
        "",
    ),
    "controls": (["labels", "smoothed", "shuffled"], OPTIONS, {}, ""),
    "float16": (["labels"], OPTIONS, {"clip_norm": 0.5, "ema_decay": 0.9}, "mixed_float16"),
}
SMALL = SamConfig(units=4, layers=1, inner_units=4, dropout=0.0)
STEPS, EPOCHS = 2, 2


def examples():
    rng = np.random.default_rng(1)
    parts = [rng.integers(1, WORDS, (ROWS, 4)) for _ in range(3)]
    names = ("query", "prober_history", "responder_history")
    real = np.arange(16) < rng.integers(9, 17, (ROWS, 1))
    features = {
        "document": np.where(real, rng.integers(1, WORDS, (ROWS, 16)), 0),
        **dict(zip(names, parts)),
        "question": np.concatenate(parts, axis=1),
        "document_chars": rng.integers(1, 6, (ROWS, 16, 4)),
        "question_chars": rng.integers(1, 6, (ROWS, 12, 4)),
    }
    labels = {"start": rng.integers(0, 4, ROWS), "end": rng.integers(4, 9, ROWS)}
    return [{name: value.astype(np.int32) for name, value in part.items()} for part in (features, labels)]


@functools.cache
def fixed_batches():
    """The same batches for both trainings and every epoch; hallucinated examples would be drawn anew."""
    batches = tf.data.Dataset.from_tensor_slices(tuple(examples())).batch(BATCH)
    batches = with_hallucinations(batches, REORDERED, seed=0)
    drawn = list(batches)
    fixed = tf.data.Dataset.from_generator(lambda: iter(drawn), output_signature=batches.element_spec)
    return fixed.apply(tf.data.experimental.assert_cardinality(len(drawn)))


def train(case, strategy):
    terms, options, settings, policy = CASES[case]
    tf.keras.utils.set_random_seed(0)
    with strategy.scope() if strategy else nullcontext():
        if "matching" in terms:
            teacher = build_bidaf(BidafConfig(units=4, char_filters=4, modelling_layers=1), VECTORS, 6)
        else:
            teacher = build_sam(SMALL, VECTORS)
        tf.keras.mixed_precision.set_global_policy(policy or "float32")
        student = build_sam(SMALL, VECTORS)
        tf.keras.mixed_precision.set_global_policy("float32")
        distiller = Distiller(student, terms, [online_teacher(teacher)], options, **settings)
        optimizer = tf.keras.optimizers.SGD(0.1)
        if policy:
            optimizer = tf.keras.mixed_precision.LossScaleOptimizer(optimizer)
        distiller.compile(optimizer=optimizer)
    before = flat(student.trainable_variables)
    batches = fixed_batches()
    if strategy is None:
        history = distiller.fit(batches, epochs=EPOCHS, verbose=0).history
    else:
        distributed = strategy.distribute_datasets_from_function(
            lambda context: shares(batches, DEVICES, range(DEVICES)).repeat()
        )
        history = distiller.fit(distributed, epochs=EPOCHS, steps_per_epoch=STEPS, verbose=0).history
    averages = distiller.average.shadows if distiller.average else []
    return {
        "losses": history["loss"],
        "before": before,
        "weights": flat(student.trainable_variables),
        "averages": flat(averages),
    }


def flat(variables):
    return [float(x) for variable in variables for x in np.ravel(tf.convert_to_tensor(variable))]


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * DEVICES)
    names = sys.argv[1:] or list(CASES)
    strategy = tf.distribute.MirroredStrategy([f"/cpu:{i}" for i in range(DEVICES)])
    strategies = {"single": None, "several": strategy}
    found = {case: {name: train(case, by) for name, by in strategies.items()} for case in names}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
