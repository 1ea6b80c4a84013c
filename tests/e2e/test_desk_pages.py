"""Every page of the desk in a real browser, wide and narrow: it is accessible, and fits the screen."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ViewportSize

from tests.e2e.desk_pages import Browsers, pages
from tests.e2e.desk_scene import NARROW, WIDE, Scene, set_scene
from tests.e2e.service import running
from tests.e2e.test_browser import browser

__all__ = ["browser"]

# The firm's files share one page: of a list, and of named values.
_FIRM_PAGES = {"settings-firm-taxonomy", "settings-firm-service-levels"}


@pytest.fixture(scope="module")
def scene(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On a service of its own: whoever is at this desk would be given the customers of other tests."""
    with running(tmp_path_factory.mktemp("desk"), model) as service:
        yield set_scene(service)


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (NARROW, "zh")], ids=["wide", "narrow"])
def test_every_page_is_accessible_and_fits(scene: Scene, browser: Browser, size: ViewportSize, language: str) -> None:
    axe, wrong = Axe(), []
    browsers = Browsers(scene, browser, language, size)
    for shown in pages(scene):
        if shown.name.startswith("settings-firm-") and shown.name not in _FIRM_PAGES:
            continue
        with browsers.open(shown) as page:
            # Colours are the same at every width, and to measure them takes most of the time.
            rules = {"color-contrast": {"enabled": size is WIDE}}
            found = axe.run(page, options={"resultTypes": ["violations"], "rules": rules}).response["violations"]
            wrong += [
                f"{shown.name}: {each['id']} ({each['impact']}): {each['help']}: {each['nodes'][0]['html'][:200]}"
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{shown.name}: wider than the screen")
    browsers.close()
    assert "\n".join(wrong) == ""
