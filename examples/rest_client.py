r"""python examples/rest_client.py http://localhost:8501/v1/models/student examples/chat.json

Any server with TensorFlow Serving's REST interface, for example

    tensorflow_model_server --rest_api_port=8501 --model_name=student \
        --model_base_path=/PATH/RUN/export/savedmodel
"""

import json
import sys
import urllib.request

url, chat = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
body = json.dumps({"instances": [chat]}).encode()
request = urllib.request.Request(f"{url}:predict", body, {"Content-Type": "application/json"})
with urllib.request.urlopen(request) as answer:
    found = json.load(answer)["predictions"][0]
print(json.dumps({name: found[name] for name in ("span", "start_char", "end_char", "score")}))
