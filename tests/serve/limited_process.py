"""Serves a model whose answers are known, with few open files: ``python limited_process.py FILES SECONDS``.

It prints its port. SECONDS is how long it waits for its clients, also when it stops.
"""

import resource
import runpy
import sys
from pathlib import Path

from holle_tf.options.serve import ServeConfig
from holle_tf.serve.app import create_app
from holle_tf.serve.server import listen, run_server

if __name__ == "__main__":
    files, seconds = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    model = runpy.run_path(str(Path(__file__).with_name("conftest.py")))["FirstWord"]()
    options = ServeConfig(port=0, header_seconds=seconds, body_seconds=seconds, shutdown_seconds=seconds)
    with listen(options) as bound:
        app = create_app({"sam": model}, options)
        bound.listen()
        print(bound.getsockname()[1], flush=True)
        run_server(app, bound, options)
