"""python examples/python_tflite.py RUN/export/tflite examples/chat.json   (tensorflow or tflite_runtime)"""

import json
import re
import sys
import zlib

import numpy as np
import tensorflow as tf

folder, chat = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
rules = json.load(open(f"{folder}/tokenizer.json", encoding="utf-8"))
numbers = {word: i for i, word in enumerate(open(f"{folder}/vocab.txt", encoding="utf-8").read().split("\n"))}
quotes = str.maketrans(rules["replace_in_words"])
words = {name: list(re.finditer(rules["pattern"], text)) for name, text in chat.items()}
for name, most in rules["last_words"].items():
    words[name] = words[name][-most:]
forms = {name: [word.group().lower().translate(quotes) for word in found] for name, found in words.items()}
inputs = {name: [numbers.get(form, rules["unknown_id"]) for form in found] for name, found in forms.items()}
if "keys" in rules:  # of a student with match features
    keys = rules["keys"]

    def crc(text):
        return zlib.crc32(text.encode()[: keys["bytes"]])

    def key(form):
        stem = crc(form[: keys["stem_characters"]]) % (1 << keys["stem_bits"])
        return max(stem << keys["word_bits"] | crc(form) >> (32 - keys["word_bits"]), 1)

    inputs.update({f"{name}_keys": list(map(key, found)) for name, found in forms.items()})
null = rules.get("null")  # of a student that can say that there is no answer: the first position says so
shift = 1 if null else 0
if null:
    for name in inputs.keys() & {"document", "document_keys"}:
        inputs[name].insert(0, null["key" if name.endswith("keys") else "id"])

signature = tf.lite.Interpreter(f"{folder}/model.tflite").get_signature_runner()
# One text at a time; a text without words is one padding id.
found = signature(
    **{name: np.array([row or [rules["padding_id"]]], np.int32) for name, row in inputs.items()}
)
start, end = found["start_probabilities"], found["end_probabilities"]
n = start.shape[1]
score, first, last = max((float(start[0, i] * end[0, j]), i, j) for i in range(shift, n)
                         for j in range(i, min(i + rules["max_span"], n)))  # fmt: skip
place = words["document"][first - shift].start(), words["document"][last - shift].end()
nothing = float(start[0, 0]) * float(end[0, 0])
if null and nothing / (nothing + score) > null["threshold"]:
    score, place = nothing, (0, 0)  # no passage answers this
print(json.dumps({"span": chat["document"][slice(*place)], "start_char": place[0], "end_char": place[1],
                  "score": score}))  # fmt: skip
