"""Photograph the page for the docs: docs/page.png at a desk's width, docs/page-phone.png at a phone's.

    pip install -e '.[dev]' && python tools/page_pictures.py

It needs Chromium (/usr/bin/chromium, or CHROMIUM=...).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from arguments import make_parser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

DOCS = Path(__file__).parents[1] / "docs"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK: "ViewportSize" = {"width": 1120, "height": 930}
PHONE: "ViewportSize" = {"width": 390, "height": 1108}
# what writes the poem that each shows
POEMS = {
    "page.png": {"prompt": "月", "form": "七絕", "seed": 8},
    "page-phone.png": {"prompt": "红", "form": "五律", "seed": 4},
}


def photograph(
    browser: "Browser", address: str, name: str, *, size: "ViewportSize", locale: str, marked: bool
) -> None:
    """Open an address that shows a poem, wait until it stands, and save the picture."""
    context = browser.new_context(viewport=size, locale=locale, color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".poem")
    if marked:
        page.click(".tones")
    page.evaluate("document.fonts.ready")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.screenshot(path=DOCS / name)
    context.close()


def main() -> None:
    """Serve the released model, take both pictures, and note what they show in docs/pictures.json."""
    from playwright.sync_api import sync_playwright

    nowhere = tempfile.mkdtemp()  # a workspace without runs
    command = [sys.executable, "-m", "poetgen", "serve", "--port", "0", "--home", nowhere]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as playwright,
    ):
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            desk, phone = (f"{address}?{urlencode(poem)}" for poem in POEMS.values())
            photograph(browser, desk, "page.png", size=DESK, locale="en-US", marked=True)
            photograph(browser, phone, "page-phone.png", size=PHONE, locale="zh-CN", marked=False)
        finally:
            browser.close()
            server.kill()
    subprocess.run([sys.executable, str(DOCS.parent / "tools" / "draw_pictures.py"), *POEMS], check=True)


if __name__ == "__main__":
    make_parser(__doc__).parse_args()
    main()
