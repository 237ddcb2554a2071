import math

import numpy as np
import pytest
import tensorflow as tf

from holle_tf.config import Config
from holle_tf.distill.optimizers import WarmUpDecay, make_optimizer
from holle_tf.options.training import TrainingConfig


def test_warm_up_is_logarithmic_and_ends_at_the_rate():
    rate = WarmUpDecay(1e-3, warmup_steps=1000)
    found = [float(rate(step)) for step in (0, 99, 998, 5000)]
    expected = [1e-3 * math.log(n) / math.log(1001) for n in (2, 101, 1000)] + [1e-3]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_cosine_ends_at_zero():
    rate = WarmUpDecay(1.0, decay_steps=10)
    assert float(rate(0)) > 0.9
    assert float(rate(4)) == pytest.approx(0.5)
    assert float(rate(9)) == pytest.approx(0.0, abs=1e-6)


def test_defaults_are_the_published_optimisers():
    training = Config().training
    sam, qanet, bidaf = (
        make_optimizer(options, 100) for options in (training.sam, training.qanet, training.bidaf)
    )
    assert (sam.beta_1, sam.beta_2) == (0.9, 0.999)
    assert (qanet.beta_1, qanet.beta_2, qanet.epsilon) == (0.8, 0.999, 1e-7)
    assert isinstance(bidaf, tf.keras.optimizers.Adadelta)
    assert (training.qanet.ema_decay, training.bidaf.ema_decay) == (0.9999, 0.999)


def test_float16_scales_the_loss():
    optimizer = make_optimizer(TrainingConfig(mixed_precision="float16"), 10)
    assert isinstance(optimizer, tf.keras.mixed_precision.LossScaleOptimizer)


def test_an_unknown_optimizer_is_an_error():
    with pytest.raises(ValueError, match="sgd"):
        make_optimizer(TrainingConfig(optimizer="sgd"), 10)
