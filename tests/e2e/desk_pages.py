"""Every page of the desk with an example address: made from the table of permissions, so that none is forgotten."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyotp
from playwright.sync_api import Browser, Page, ViewportSize

from desk.console.firm_pages import FILES
from desk.console.permissions import RULES
from tests.conftest import ROOT
from tests.e2e.desk_scene import PASSWORD, WITH_CODE, Scene, login_of

# Addresses that show no page of their own: what the page reads by itself, and downloads.
NO_PAGES = {
    "/desk",
    "/desk/static",
    "/desk/events",
    "/desk/notifications/bell",
    "/desk/attachments/{public_id}",
    "/desk/settings/audit.csv",
    "/desk/analytics.csv",
    "/desk/analytics/chart.csv",
    "/desk/analytics/pareto.csv",
    "/desk/analytics/times.csv",
    "/desk/analytics/recovery.csv",
    "/desk/analytics/plotly.js",
    "/desk/analytics/report/{month}.{kind}",
}
# What stands for an address with parts in braces, or shows more than its bare self: name and address of each picture.
EXAMPLES: dict[str, Callable[[Scene], dict[str, str]]] = {
    "/desk/": lambda scene: {
        "queue": "/desk/",
        "queue-open": "/desk/?list=open",
        "queue-approvals": "/desk/?list=approvals",
    },
    "/desk/conversations/{public_id}": lambda scene: {
        f"case-{who}": f"/desk/conversations/{scene.conversations[who]}" for who in ("taken", "above", "waiting")
    },
    "/desk/conversations/{public_id}/macros/{macro}": lambda scene: {
        "case-macro": f"/desk/conversations/{scene.conversations['taken']}/macros/{scene.macro}"
    },
    "/desk/settings/users/{login}": lambda scene: {"settings-user": "/desk/settings/users/ben"},
    "/desk/settings/macros/{public_id}": lambda scene: {"settings-macro": f"/desk/settings/macros/{scene.macro}"},
    "/desk/settings/replies/{public_id}": lambda scene: {"settings-reply": f"/desk/settings/replies/{scene.reply}"},
    "/desk/settings/firm/{page}": lambda scene: {
        f"settings-firm-{page}": f"/desk/settings/firm/{page}"
        for page, file in FILES.items()
        if (ROOT / "data" / "firm" / file).exists()
    },
    "/desk/improvement/{number}": lambda scene: {"improvement-one": f"/desk/improvement/{scene.improvement}"},
    "/desk/improvement/{number}/telling": lambda scene: {
        "improvement-telling": f"/desk/improvement/{scene.improvement}/telling"
    },
    "/desk/incidents/{public_id}": lambda scene: {"incident": f"/desk/incidents/{scene.incident}"},
    "/desk/customers/{public_id}/rights": lambda scene: {"rights": f"/desk/customers/{scene.customer}/rights"},
    "/desk/complaints/{number}/recorded": lambda scene: {
        "complaint-recorded": f"/desk/complaints/{scene.recorded}/recorded"
    },
}


@dataclass(frozen=True)
class DeskPage:
    """A page of the desk.

    Attributes:
        name: of its picture.
        path: its address in the scene, or where the way to it begins.
        roles: that may see it; empty for whoever is not signed in.
        way: what leads from ``path`` to a page that only follows a form.
    """

    name: str
    path: str
    roles: frozenset[str]
    way: Callable[[Page, Scene], None] | None = None


def _log_in(page: Page, scene: Scene) -> None:
    page.fill("#login", WITH_CODE)
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("#code")


def _make_token(page: Page, scene: Scene) -> None:
    page.fill("#name", f"shop {uuid.uuid4().hex[:4]}")
    page.check("input[name=scopes] >> nth=0")
    page.click("form.form button.primary")
    page.wait_for_selector("#token")


def _reset_password(page: Page, scene: Scene) -> None:
    page.locator("form[action$='/password']").locator("xpath=..").locator("summary").click()
    page.click("form[action$='/password'] button.primary")
    page.wait_for_selector("#once")


def _set_up(page: Page, scene: Scene) -> None:
    page.fill("#password", PASSWORD)
    page.click("form[action$='/begin'] button.primary")
    page.wait_for_selector("#code")


def _see_recovery_codes(page: Page, scene: Scene) -> None:
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("form[action$='/confirm'] button.primary")
    page.wait_for_selector(".codes")


_QUALITY, _ADMINISTRATOR = frozenset({"quality"}), frozenset({"administrator"})
# The pages that follow a form, after those that stand by themselves. Only quality sets a second factor up here.
_AFTER_A_FORM = (
    DeskPage("login-code", "/desk/login", frozenset(), _log_in),
    DeskPage("settings-token-made", "/desk/settings/tokens", _ADMINISTRATOR, _make_token),
    DeskPage("settings-user-password", "/desk/settings/users/newcomer", _ADMINISTRATOR, _reset_password),
    DeskPage("account-second-factor-begun", "/desk/account/second-factor", frozenset({"quality"}), _set_up),
    DeskPage("account-recovery-codes", "/desk/account/second-factor", _QUALITY, _see_recovery_codes),
)


def pages(scene: Scene) -> list[DeskPage]:
    """All pages, in the order of the table.

    Raises:
        KeyError: a page's address has parts for which no example is given here.
    """
    found = []
    for (method, path), rule in RULES.items():
        if method != "GET" or path in NO_PAGES or path == "/desk/login/code":
            continue
        name = path.removeprefix("/desk").strip("/").replace("/", "-")
        examples = EXAMPLES[path](scene) if path in EXAMPLES or "{" in path else {name: path}
        found += [DeskPage(named, example, rule.roles) for named, example in examples.items()]
    assert all(re.fullmatch(r"[a-z-]+", page.name) for page in found)
    return [*found, *_AFTER_A_FORM]


class Browsers:
    """Opens pages, each seen by whoever may see it and reads one language; a browser for each person.

    Each person stays in one tab: to Chromium a new one is a new window, which takes longer than most pages.
    """

    def __init__(self, scene: Scene, browser: Browser, language: str, size: ViewportSize) -> None:
        self._scene = scene
        self._browser = browser
        self._language = language
        self._size = size
        self._tabs: dict[str | None, Page] = {}

    @contextmanager
    def open(self, shown: DeskPage) -> Iterator[Page]:
        """The page.

        Raises:
            AssertionError: it is not there.
        """
        login = login_of(shown.roles, self._language) if shown.roles else None
        if login not in self._tabs:
            self._tabs[login] = self._scene.browser(self._browser, login, self._size, self._language).new_page()
        page = self._tabs[login]
        response = page.goto(self._scene.service.base + shown.path)
        assert response is not None and response.status == 200, (shown.name, login, response and response.status)
        if shown.way is not None:
            shown.way(page, self._scene)
        yield page
        # Whoever looked may have narrowed it.
        page.set_viewport_size(self._size)

    def close(self) -> None:
        for page in self._tabs.values():
            page.context.close()
