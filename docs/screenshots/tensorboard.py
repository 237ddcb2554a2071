"""Pictures of TensorBoard for docs/tensorboard.md, made with Debian's Chromium.

    python docs/screenshots/tensorboard.py [--logdir=runs] [--out=docs/images]

Starts TensorBoard by itself. Needs requirements-browser.txt and Chromium (``apt-get install chromium``), and
runs to show: ``python -m holle_tf.main --mode=distill --teacher=qanet`` makes some.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from absl import app, flags
from browser import CHROMIUM_FLAGS
from playwright.sync_api import sync_playwright

_LOGDIR = flags.DEFINE_string("logdir", "runs", "folder of runs")
_OUT = flags.DEFINE_string("out", "docs/images", "folder of the pictures")
_CHROMIUM = flags.DEFINE_string("chromium", "/usr/bin/chromium", "the browser")
_SECONDS = flags.DEFINE_integer("seconds", 12, "given to each page for drawing")
_ONLY = flags.DEFINE_list("only", [], "names of the pictures; empty = all")

# Name of the picture: address of the page, and height.
PICTURES = {
    "scalars": ("/?tagFilter=%5E(train%2F%7Cgradient%7Cdev%2Ff1%7Cconicity)#timeseries", 1500),
    "images": ("/?tagFilter=curves#timeseries", 900),
    "histograms": ("/?tagFilter=cosine_to_mean#timeseries", 700),
    "text": ("/#text", 900),
    "hparams": ("/#hparams", 620),
}
# Columns of the table that are switched off and on.
HIDDEN = ["batch_size", "dropout", "distill.labels_weight"]
SHOWN = ["recipe", "teacher", "seed"]


@contextmanager
def tensorboard(logdir: str) -> Iterator[str]:
    """The address of a TensorBoard that serves ``logdir`` meanwhile."""
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={logdir}", "--port=0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://\S+:\d+", line)))
        finally:
            process.terminate()


def main(_: list[str]) -> None:
    with tensorboard(_LOGDIR.value) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM.value, args=CHROMIUM_FLAGS)
        for name in _ONLY.value or PICTURES:
            where, height = PICTURES[name]
            page = browser.new_page(viewport={"width": 1400, "height": height})
            page.goto(address.rstrip("/") + where)
            page.wait_for_timeout(500 * _SECONDS.value)
            for column in HIDDEN + SHOWN if name == "hparams" else []:
                page.locator("paper-checkbox", has_text=column).first.click()
            settings = page.locator("button", has_text="Settings")
            if where.endswith("timeseries") and settings.count():
                settings.first.click()  # the panel is open at first, and takes a quarter of the width
            page.wait_for_timeout(500 * _SECONDS.value)
            path = Path(_OUT.value) / f"tensorboard-{name}.png"
            page.screenshot(path=path)
            print(path, flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    app.run(main)
