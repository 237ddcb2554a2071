"""python examples/python_tensorflow.py RUN/export/savedmodel/1 examples/chat.json   (needs tensorflow)"""

import json
import sys

import tensorflow as tf

folder, chat = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
predict = tf.saved_model.load(folder).signatures["serving_default"]
found = predict(**{name: tf.constant([text]) for name, text in chat.items()})

start, end = int(found["start_char"][0]), int(found["end_char"][0])
assert found["span"][0].numpy().decode() == chat["document"][start:end]
print(json.dumps({"span": chat["document"][start:end], "start_char": start, "end_char": end,
                  "score": float(found["score"][0])}))  # fmt: skip
