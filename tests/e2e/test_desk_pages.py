"""Every page of the desk in a real browser, wide and narrow: it is accessible, and fits the screen."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ViewportSize

from tests.e2e.desk_pages import pages
from tests.e2e.desk_scene import NARROW, WIDE, Scene, login_of, set_scene
from tests.e2e.service import Service
from tests.e2e.test_browser import browser

__all__ = ["browser"]


@pytest.fixture(scope="module")
def scene(service: Service) -> Iterator[Scene]:
    yield set_scene(service)


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (NARROW, "zh")], ids=["wide", "narrow"])
def test_every_page_is_accessible_and_fits(scene: Scene, browser: Browser, size: ViewportSize, language: str) -> None:
    axe, wrong = Axe(), []
    contexts: dict[str, BrowserContext] = {}
    for shown in pages(scene):
        login = login_of(shown.roles, language)
        if login not in contexts:
            contexts[login] = scene.browser(browser, login, size)
        page = contexts[login].new_page()
        response = page.goto(scene.service.base + shown.path)
        assert response is not None and response.status == 200, (shown, response and response.status)
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        wrong += [
            f"{shown.name}: {each['id']} ({each['impact']}): {each['help']}: {each['nodes'][0]['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wrong.append(f"{shown.name}: wider than the screen")
        page.close()
    for context in contexts.values():
        context.close()
    assert "\n".join(wrong) == ""
