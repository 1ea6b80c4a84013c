"""Every route × every role, from the table itself; forged requests; the headers."""

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.firm import Firm
from desk.accounts import ROLES
from desk.app import Parts, make_app
from desk.console.permissions import RULES, RouteWithoutRule, check_rules, desk_routes
from store.database import Database
from store.settings import Settings
from tests.desk.console.conftest import PEOPLE, Desk, Open

_LOGIN_OF = {role: login for login, (_, role) in PEOPLE.items() if login != "carol"}


def _address(path: str) -> str:
    """A route's path with something in it that is not there."""
    return re.sub(r"\{\w+\}", "0", path) + ("/desk.css" if path.endswith("/static") else "")


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_reaches_what_the_table_says_and_nothing_else(browser: Open, role: str) -> None:
    person = await browser(_LOGIN_OF[role])
    token = person.csrf
    for (method, path), rule in RULES.items():
        if path in ("/desk/logout", "/desk/events"):
            continue  # the one ends the session, the other never ends
        person.csrf = token
        ask = person.get if method == "GET" else person.post
        response = await ask(_address(path))
        allowed = rule.public or role in rule.roles
        assert (response.status != 403) == allowed, (method, path, response.status)
    await person.read("/desk/password")  # still signed in: no answer was that of an ended session


async def test_who_is_not_signed_in_reaches_only_what_is_public(browser: Open) -> None:
    for (method, path), rule in RULES.items():
        stranger = await browser()
        await stranger.get("/desk/login")
        response = await (stranger.get if method == "GET" else stranger.post)(_address(path))
        sent_to_log_in = response.headers.get("Location", "").startswith("/desk/login?next=")
        told_to = response.status == 401 and not path.startswith("/desk/login")  # there it means a wrong password
        assert (sent_to_log_in or told_to) == (not rule.public), (method, path, response.status)


def test_quality_only_reads_and_improves_and_an_administrator_grants_no_money() -> None:
    own_account = {"/desk/logout", "/desk/password", "/desk/language", "/desk/login"}
    own_pages = ("/desk/views", "/desk/notifications", "/desk/account")
    for (method, path), rule in RULES.items():
        # What quality sees it may say to colleagues; a note does nothing else.
        note = path == "/desk/conversations/{public_id}/notes"
        # What the firm improves is theirs; writing to customers about it is not.
        improves = path.startswith("/desk/improvement/") and "/telling/" not in path
        if method == "POST" and path not in own_account and not path.startswith(own_pages) and not note:
            assert ("quality" in rule.roles) == improves, path
        if "/offers/" in path:
            assert "administrator" not in rule.roles, path


async def test_a_route_without_a_rule_stops_the_start(
    settings: Settings, sqlite_database: Database, firm: Firm
) -> None:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))

    async def page(_: web.Request) -> web.Response:
        return web.Response()

    app.router.add_get("/desk/forgotten", page)
    with pytest.raises(RouteWithoutRule, match="GET /desk/forgotten"):
        await TestServer(app).start_server()


async def test_routes_and_rules_match(server: TestServer) -> None:
    check_rules(server.app)
    assert set(desk_routes(server.app)) == set(RULES)


async def test_a_form_without_our_token_does_nothing(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice, amy = await browser("alice"), await browser("amy")
    path = f"/desk/conversations/{public_id}/take"
    for token in ("", "0" * 64, amy.csrf):
        assert (await alice.post(path, csrf=token)).status == 403
    assert desk.conversation().control == "queued"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_another_site_cannot_send_our_forms(browser: Open, desk: Desk, headers: dict[str, str]) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    assert (await alice.post(f"/desk/conversations/{public_id}/take", headers=headers)).status == 403
    assert desk.conversation().control == "queued"


async def test_our_own_page_can(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    url = alice.client.make_url("")
    headers = {"Origin": f"http://{url.host}:{url.port}", "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": alice.csrf}
    response = await alice.post(f"/desk/conversations/{public_id}/take", headers=headers, csrf="")
    assert response.status == 303


@pytest.mark.parametrize("path", ["/desk/login", "/desk/", "/desk/static/desk.css", "/desk/nothing-here"])
async def test_every_answer_forbids_foreign_code_and_framing(browser: Open, path: str) -> None:
    response = await (await browser("alice")).get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_wrong_address_and_a_body_too_large_get_plain_pages(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    missing = await alice.get("/desk/conversations/none")
    assert missing.status == 404 and "There is no such page" in await missing.text()
    large = await alice.post(f"/desk/conversations/{desk.waits()}/answer", text="x" * 70_000)
    assert large.status == 413
    assert (await alice.get("/desk/offers/1/approve")).status == 405
    assert (await alice.post("/desk/offers/99999999999999999999/approve")).status == 404
