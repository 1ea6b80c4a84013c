"""Take a picture of every page of the desk, wide (1440 px, in English) and narrow (390 px, in Chinese).

usage: python -m scripts.screens MODEL [FOLDER]

MODEL is the trained Rasa model; FOLDER (default ``docs/screens``) receives ``<page>.1440.png`` and ``<page>.390.png``.
The pages are those of the table of permissions; what they show was played on a throwaway service.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.e2e.desk_pages import Browsers, pages
from tests.e2e.desk_scene import NARROW, WIDE, set_scene
from tests.e2e.service import ROOT, running

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# Lists and clocks settle for a moment.
_SETTLE_MS = 600
_COLOURS = 128


def main(arguments: list[str]) -> int:
    """Take them; 2 where the command line is wrong."""
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if arguments[1:] else ROOT / "docs" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or "/usr/bin/chromium"
    with (
        tempfile.TemporaryDirectory() as state,
        running(Path(state), arguments[0]) as service,
        sync_playwright() as playwright,
    ):
        scene = set_scene(service)
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        kept = set()
        for size, language in ((WIDE, "en"), (NARROW, "zh")):
            browsers = Browsers(scene, browser, language, size)
            for shown in pages(scene):
                with browsers.open(shown) as page:
                    page.wait_for_timeout(_SETTLE_MS)
                    path = folder / f"{shown.name}.{size['width']}.png"
                    _keep(page.screenshot(full_page=size is NARROW), path)
                    kept.add(path)
                    print(path)
            browsers.close()
        browser.close()
    for path in set(folder.glob("*.png")) - kept:
        path.unlink()
    return 0


def _keep(picture: bytes, path: Path) -> None:
    """Write a picture in few colours: pages have few, and the pictures are made often."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
