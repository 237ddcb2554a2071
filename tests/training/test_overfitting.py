"""Each model can learn what it is shown: 32 examples to more than 95 F1."""

import pytest
import tensorflow as tf

from holle_tf.catalogue import MODELS
from holle_tf.config_sources import load_config
from holle_tf.distill.distiller import Distiller
from holle_tf.evaluate.predictor import Predictor
from holle_tf.runs.data import open_data
from holle_tf.runs.run_folder import build_model
from pipelines.dataset import make_dataset

SMALLER = {  # sizes that keep each test under a minute on one core; the layers are those of the defaults
    "sam": ["sam.dropout=0"],
    "sam:mul": ["sam.dropout=0", "sam.interaction=mul"],
    "sam_match": ["sam_match.dropout=0"],
    "bidaf": ["bidaf.units=32", "bidaf.char_filters=32", "bidaf.dropout=0"],
    "qanet": ["qanet.units=32", "qanet.heads=2", "qanet.char_dim=16", "qanet.model_blocks=1",
              "qanet.dropout=0", "qanet.word_dropout=0", "qanet.char_dropout=0", "qanet.survival=1"],
}  # fmt: skip


@pytest.mark.parametrize("variant", SMALLER)
def test_thirty_two_examples_are_learned_by_heart(variant, tmp_path):
    model_name = variant.split(":")[0]
    corpus = [
        "demo.train_examples=32",
        "demo.dev_examples=4",
        "demo.test_examples=4",
        "demo.document_words=50",
    ]
    config = load_config((), [*corpus, *SMALLER[variant]], {"runs_dir": str(tmp_path), "model": model_name})
    data = open_data(config)
    tf.keras.utils.set_random_seed(0)
    model = build_model(config, data.embeddings, len(data.chars))
    inputs = MODELS[model_name].inputs
    batches = make_dataset(data, "train", inputs=inputs, batch_size=32, static_shapes=True)
    distiller = Distiller(model, ["labels"])
    distiller.compile(optimizer=tf.keras.optimizers.Adam(3e-3))
    predictor = Predictor(model, max_span=64)
    scored = make_dataset(data, "train", inputs=inputs, batch_size=32, texts=True)
    for _ in range(8):
        distiller.fit(batches.repeat(40), verbose=0)
        f1 = predictor.predict(scored).f1
        if f1 > 95:
            break
    assert f1 > 95
