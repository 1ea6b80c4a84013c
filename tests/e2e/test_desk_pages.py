"""Every page of the desk in a real browser, wide and narrow: it is accessible, and fits the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.e2e.desk_pages import Browsers, pages
from tests.e2e.desk_scene import NARROW, WIDE, Scene, set_scene
from tests.e2e.service import Service
from tests.e2e.test_browser import browser

__all__ = ["browser"]

# The firm's files share one page: of a list, and of named values.
_FIRM_PAGES = {"settings-firm-taxonomy", "settings-firm-service-levels"}


@pytest.fixture(scope="module")
def scene(desk_service: Service) -> Scene:
    """After the stories: whoever is at this desk would be given their customers."""
    return set_scene(desk_service)


# Colours are the same at every width, and to measure them takes most of the time.
_WIDTHS = ((WIDE, True), (NARROW, False))
_VIOLATIONS = "options => axe.run(options).then(found => found.violations)"


def test_every_page_is_accessible_and_fits(scene: Scene, browser: Browser) -> None:
    script, wrong = Axe().axe_script, []
    # A page is loaded once and narrowed: loading takes longer than looking. Every other one is read in Chinese, but for
    # those that follow a form: one person fills in several.
    readers = [Browsers(scene, browser, language, WIDE) for language in ("en", "zh")]
    shown_here = [
        page for page in pages(scene) if not page.name.startswith("settings-firm-") or page.name in _FIRM_PAGES
    ]
    for number, shown in enumerate(shown_here):
        with readers[0 if shown.way else number % 2].open(shown) as page:
            page.evaluate(script)
            for size, colours in _WIDTHS:
                page.set_viewport_size(size)
                rules = {"color-contrast": {"enabled": colours}}
                found = page.evaluate(_VIOLATIONS, {"resultTypes": ["violations"], "rules": rules})
                name = f"{shown.name} at {size['width']}"
                wrong += [
                    f"{name}: {each['id']} ({each['impact']}): {each['help']}: {each['nodes'][0]['html'][:200]}"
                    for each in found
                    if each["impact"] in ("serious", "critical")
                ]
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    wrong.append(f"{name}: wider than the screen")
    for reader in readers:
        reader.close()
    assert "\n".join(wrong) == ""
