"""The parts of tensorflow-addons that we use, and the only module that imports it.

tensorflow-addons is at its end of life and does not import on TensorFlow 2.16 or later; leaving it is a
change of this file alone.
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # TFA announces its end of life at every import
    from tensorflow_addons.layers import StochasticDepth

__all__ = ["StochasticDepth"]
