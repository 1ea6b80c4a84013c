"""Take a picture of every page of the desk, wide (1440 px, in English) and narrow (390 px, in Chinese).

usage: python -m scripts.screens MODEL HISTORY [FOLDER [PAGE …]]

MODEL is the trained Rasa model; HISTORY a database that ``analytics simulate`` wrote, such as that of ``make demo``,
which is copied: the pages of quality and improvement show it. FOLDER (default ``docs/screens``) receives
``<page>.1440.png`` and ``<page>.390.png``, of every PAGE that is named, or else of all. The pages are those of the
table of permissions; what the others show was played on a throwaway service, beside a simulated WeChat.
"""

import io
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from analytics.reporting.printing import find_browser
from tests.e2e.desk_pages import Browsers, DeskPage, pages
from tests.e2e.desk_scene import NARROW, WIDE, Scene, look_back, set_scene
from tests.e2e.service import ROOT, Service, running
from tests.wechat_simulator.setting_up import settings_for, simulator

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# Lists and clocks settle for a moment.
_SETTLE_MS = 600
_COLOURS = 128


def main(arguments: list[str]) -> int:
    """Take them; 2 where the command line is wrong."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    model, history = arguments[0], Path(arguments[1])
    folder = Path(arguments[2]) if arguments[2:] else ROOT / "docs" / "screens"
    wanted = set(arguments[3:])
    folder.mkdir(parents=True, exist_ok=True)
    chromium = find_browser()
    if chromium is None:
        print("Chromium is missing: scripts/install_system_packages.sh installs it", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as today,
        tempfile.TemporaryDirectory() as long_ago,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        found = simulator()
        with (
            found.running(),
            running(Path(today), model, **settings_for(found, Path(today), ROOT / "data" / "firm")) as service,
        ):
            found.called_by(service.base)
            scene = set_scene(service)
            kept = _take(scene, browser, folder, [page for page in pages(scene) if not looks_back(page)], wanted)
        with looking_back(history, Path(long_ago), model) as service:
            scene = look_back(scene, service)
            kept |= _take(scene, browser, folder, [page for page in pages(scene) if looks_back(page)], wanted)
        browser.close()
    if not wanted:
        for path in set(folder.glob("*.png")) - kept:
            path.unlink()
    return 0


@contextmanager
def looking_back(history: Path, folder: Path, model: str) -> Iterator[Service]:
    """A service on a copy of a store that has a history."""
    (folder / "var").mkdir()
    with (
        closing(sqlite3.connect(f"file:{history}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(folder / "var" / "amends.db")) as copy,
    ):
        source.backup(copy)
    with running(folder, model) as service:
        yield service


def looks_back(page: DeskPage) -> bool:
    return page.path.startswith(("/desk/analytics", "/desk/improvement"))


def _take(scene: Scene, browser: Browser, folder: Path, shown_pages: list[DeskPage], wanted: set[str]) -> set[Path]:
    kept = set()
    for size, language in ((WIDE, "en"), (NARROW, "zh")):
        browsers = Browsers(scene, browser, language, size)
        for shown in (page for page in shown_pages if not wanted or page.name in wanted):
            with browsers.open(shown) as page:
                page.wait_for_timeout(_SETTLE_MS)
                path = folder / f"{shown.name}.{size['width']}.png"
                keep(page.screenshot(full_page=size is NARROW), path)
                kept.add(path)
                print(path, flush=True)
        browsers.close()
    return kept


def keep(picture: bytes, path: Path) -> None:
    """Write a picture in few colours: pages have few, and the pictures are made often."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
