"""Pictures of the page for docs/serving.md, made with Debian's Chromium.

    python -m holle_tf.main --mode=serve --export_dir=STUDENT/export/onnx --run_dir=TEACHER &
    python docs/screenshots/serve.py [--address=http://127.0.0.1:8501] [--out=docs/images]

Needs requirements-browser.txt, and Chromium (``apt-get install chromium``). The service has to offer
documents, so serve a run whose prepared data are there. The pictures show how long the models took: make them
on a machine that does nothing else.
"""

from __future__ import annotations

from pathlib import Path

from absl import app, flags
from browser import CHROMIUM_FLAGS
from playwright.sync_api import Page, sync_playwright

_ADDRESS = flags.DEFINE_string("address", "http://127.0.0.1:8501", "where the service is")
_OUT = flags.DEFINE_string("out", "docs/images", "folder of the pictures")
_CHROMIUM = flags.DEFINE_string("chromium", "/usr/bin/chromium", "the browser")
_DOCUMENT = flags.DEFINE_integer("document", 0, "which of the offered documents")
# Name of the picture: width and height, colours, and whether it is the whole page.
PICTURES = {
    "serve": (1280, 900, "light", True),
    "serve-phone": (390, 844, "light", False),
}
FOLLOW_UP = "And what did the critics say about it?"


def talk(page: Page, address: str) -> None:
    """Ask the suggested question about a document, and another one, and wait for all models."""
    page.goto(address)
    page.locator("#sample").select_option(index=_DOCUMENT.value)
    models = page.locator(".answer").count()
    page.locator("#suggestion").click()
    page.locator("#turns p").nth(models).wait_for()
    page.locator("#turn").fill(FOLLOW_UP)
    page.locator("#turn").press("Enter")
    page.locator("#turns p").nth(2 * models + 1).wait_for()


def main(_: list[str]) -> None:
    out = Path(_OUT.value)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM.value, args=CHROMIUM_FLAGS)
        for name, (width, height, colours, whole) in PICTURES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=colours, device_scale_factor=1.5
            )
            page = context.new_page()
            talk(page, _ADDRESS.value)
            if not whole:
                page.locator(".chat").scroll_into_view_if_needed()
            page.screenshot(path=out / f"{name}.png", full_page=whole)
            print(out / f"{name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    app.run(main)
