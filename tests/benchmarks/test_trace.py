import time

import tensorflow as tf

from benchmarks.trace import kind_of, trace


def test_core_time_is_that_of_operations_each_once():
    left = tf.random.normal([600, 600])

    @tf.function
    def step():
        return tf.reduce_sum(tf.tanh(left @ left))

    step()
    began = time.perf_counter()
    found = trace(step, 3)
    whole = 1e3 * (time.perf_counter() - began) / 3
    assert not {"Process", "Run"} & set(found), "they contain the others"
    products = sum(spent for name, spent in found.items() if kind_of(name) == "matrix products")
    # One after the other, so that together they take no longer than the step.
    assert 0 < products < sum(found.values()) < whole


def test_kinds_are_by_the_first_name_that_fits():
    kinds = {"PyFunc": "recurrences", "BatchMatMulV2": "products of a batch of matrices"}
    kinds |= {"_MklMatMul": "matrix products", "TanhGrad": "elementwise"}
    assert {operation: kind_of(operation) for operation in kinds} == kinds
