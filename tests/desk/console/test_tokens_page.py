"""The settings page of API tokens."""

import re

from store.database import Database
from tests.conftest import Clock
from tests.desk.console.conftest import Open

PAGE = "/desk/settings/tokens"


async def test_a_token_is_shown_once_and_works(browser: Open) -> None:
    ada = await browser("ada")
    assert "There are none yet" in await ada.read(PAGE)
    made = await ada.post(PAGE, name="shop", scopes="cases:read", last_day="")
    found = re.search(r"amends_[\w-]{43}", await made.text())
    assert made.status == 200 and found
    page = await ada.read(PAGE)
    assert found[0] not in page and "shop" in page and "never used" in page
    headers = {"Authorization": f"Bearer {found[0]}"}
    answer = await ada.client.get("/api/v1/cases?identity=rest:nobody", headers=headers)
    assert answer.status != 401
    assert "last used" in await ada.read(PAGE)
    assert (await ada.client.post("/api/v1/orders", headers=headers)).status == 403


async def test_it_is_revoked_and_stays_to_be_seen(browser: Open) -> None:
    ada = await browser("ada")
    await ada.read(PAGE)
    await ada.post(PAGE, name="shop", scopes="cases:read")
    path = re.findall(r"/desk/settings/tokens/[0-9a-f]{32}/revoke", await ada.read(PAGE))[0]
    for _ in range(2):
        assert (await ada.post(path)).status == 303
    page = await ada.read(PAGE)
    assert "Revoked and expired (1)" in page and path not in page
    assert (await ada.post(f"{PAGE}/{'0' * 32}/revoke")).status == 404


async def test_an_expired_one_is_told_apart(browser: Open, clock: Clock, sqlite_database: Database) -> None:
    ada = await browser("ada")
    await ada.read(PAGE)
    await ada.post(PAGE, name="shop", scopes="cases:read", last_day="2026-11-20")
    assert "good until 20 Nov 2026" in await ada.read(PAGE)
    clock.advance(days=3)
    ada = await browser("ada")
    assert "expired after 20 Nov 2026" in await ada.read(PAGE)


async def test_a_mistake_is_told_and_what_was_typed_stays(browser: Open) -> None:
    ada = await browser("ada")
    await ada.read(PAGE)
    no_scope = await ada.post(PAGE, name="shop")
    assert no_scope.status == 422 and "at least one scope" in await no_scope.text()
    assert 'value="shop"' in await no_scope.text()
    for day in ("2020-01-01", "soon", "9999-12-31x", "9999-12-31"):
        wrong = await ada.post(PAGE, name="shop", scopes="cases:read", last_day=day)
        assert wrong.status == 422 and 'value="cases:read" checked' in await wrong.text()
