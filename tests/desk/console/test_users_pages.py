"""The settings page of users, as Ada sees it."""

import re

import pytest
from sqlalchemy import select

from store.database import Database
from store.tables import Conversation, Staff
from tests.desk.console.conftest import PASSWORD, Desk, Open

USERS = "/desk/settings/users"
NEW = "/desk/settings/new-user"
DAN = {"login": "dan", "name": "Dan", "role": "agent", "capacity": "5", "language": "en"}


def person(database: Database, login: str) -> Staff:
    with database.reading() as work:
        return work.session.scalars(select(Staff).where(Staff.login == login)).one()


async def form_of(ada: object, login: str) -> dict[str, str]:
    """What the page of a person sends when nothing is changed but what the test says."""
    page = await ada.read(f"{USERS}/{login}")  # type: ignore[attr-defined]
    version = re.search(r'name="version" value="(\w+)"', page)
    assert version
    return {"version": version[1], "name": login.title(), "role": "agent", "capacity": "10"}


async def test_everybody_is_listed_with_what_routing_goes_by(browser: Open) -> None:
    page = await (await browser("ada")).read(USERS)
    for words in ("Alice", "supervisor", "Deactivated (1)", "Carol", "0 / 10", "signed in"):
        assert words in page


async def test_one_is_found_by_name_and_nobody_is_said_so(browser: Open) -> None:
    ada = await browser("ada")
    page = await ada.read(f"{USERS}?q=ALI")
    assert "Alice" in page and "Quinn" not in page
    assert "Nobody is called that" in await ada.read(f"{USERS}?q=%25_")


async def test_ada_adds_dan_who_chooses_his_own_password(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    await ada.read(NEW)
    made = await ada.post(NEW, **DAN, departments="after_sales", skills="delivery", languages="zh")
    once = re.search(r"<dd><code>([\w-]{16})</code></dd>", await made.text())
    assert made.status == 200 and once
    dan = person(sqlite_database, "dan")
    assert (dan.departments, dan.skills, dan.languages, dan.capacity) == (["after_sales"], ["delivery"], ["zh"], 5)
    assert once[1] not in await ada.read(USERS) and "has a one-time password" in await ada.read(USERS)
    browser_of_dan = await browser()
    assert (await browser_of_dan.log_in("dan", once[1])).status == 303
    assert (await browser_of_dan.get("/desk/")).headers["Location"] == "/desk/password"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"login": "ALICE"}, "already"),
        ({"login": "d n"}, "nothing else"),
        ({"name": " "}, "1 to 100 characters"),
        ({"role": "king"}, "no such role"),
        ({"capacity": "many"}, "between 0 and 99"),
        ({"capacity": "100"}, "between 0 and 99"),
    ],
)
async def test_a_mistake_is_told_and_what_was_typed_stays(
    browser: Open, sqlite_database: Database, change: dict[str, str], words: str
) -> None:
    ada = await browser("ada")
    await ada.read(NEW)
    answer = await ada.post(NEW, **{**DAN, "name": "Dan Typed", **change}, skills="delivery")
    page = await answer.text()
    assert answer.status == 422 and words in page
    assert 'value="delivery" checked' in page
    if "name" not in change:
        assert 'value="Dan Typed"' in page
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Staff).where(Staff.login == "dan")).first() is None


async def test_a_new_role_counts_at_once(browser: Open) -> None:
    ada, alice = await browser("ada"), await browser("alice")
    assert (await alice.get(USERS)).status == 403
    form = await form_of(ada, "alice")
    assert (await ada.post(f"{USERS}/alice", **{**form, "role": "administrator"})).status == 303
    assert (await alice.get(USERS)).status == 200


async def test_two_who_change_one_person_do_not_undo_each_other(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    first, second = await form_of(ada, "alice"), await form_of(ada, "alice")
    assert (await ada.post(f"{USERS}/alice", **{**first, "role": "supervisor"})).status == 303
    late = await ada.post(f"{USERS}/alice", **{**second, "capacity": "3"})
    assert late.status == 422 and "Somebody else has changed this person" in await late.text()
    assert (person(sqlite_database, "alice").role, person(sqlite_database, "alice").capacity) == ("supervisor", 10)


async def test_the_last_administrator_is_not_demoted(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    answer = await ada.post(f"{USERS}/ada", **{**await form_of(ada, "ada"), "role": "agent"})
    assert answer.status == 422 and "last active administrator" in await answer.text()
    assert person(sqlite_database, "ada").role == "administrator"


async def test_deactivating_signs_out_at_once_and_can_be_taken_back(browser: Open) -> None:
    ada, alice = await browser("ada"), await browser("alice")
    assert (await ada.post(f"{USERS}/alice/deactivate")).status == 303
    assert (await alice.get("/desk/")).status == 303
    assert (await (await browser()).log_in("alice")).status == 401
    assert (await ada.post(f"{USERS}/alice/reactivate")).status == 303
    assert (await (await browser()).log_in("alice")).status == 303


async def test_the_administrator_is_told_of_conversations_left_behind(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    public_id = desk.waits()
    alice, ada = await browser("alice"), await browser("ada")
    assert (await alice.post(f"/desk/conversations/{public_id}/take")).status == 303
    assert "Conversations now with them: 1" in await ada.read(f"{USERS}/alice")
    await ada.post(f"{USERS}/alice/deactivate")
    assert "Conversations still with this person: 1" in await ada.read(f"{USERS}/alice")
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Conversation.taken_by_id)).one() is not None


async def test_nobody_deactivates_themselves(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    answer = await ada.post(f"{USERS}/ada/deactivate")
    assert answer.status == 422 and "your own account" in await answer.text()
    assert person(sqlite_database, "ada").active


async def test_a_new_one_time_password_unlocks_and_signs_out(browser: Open) -> None:
    alice, ada, guesser = await browser("alice"), await browser("ada"), await browser()
    for n in range(5):
        await guesser.log_in("alice", f"guess {n}")
    assert "locked for now" in await ada.read(USERS)
    answer = await ada.post(f"{USERS}/alice/password")
    once = re.search(r"<dd><code>([\w-]{16})</code></dd>", await answer.text())
    assert once
    assert (await alice.get("/desk/")).status == 303
    assert (await (await browser()).log_in("alice", PASSWORD)).status == 401
    assert (await (await browser()).log_in("alice", once[1])).status == 303


async def test_signing_somebody_out_everywhere(browser: Open) -> None:
    ada, one, other = await browser("ada"), await browser("alice"), await browser("alice")
    assert (await ada.post(f"{USERS}/alice/sessions")).status == 303
    assert [(await person.get("/desk/")).status for person in (one, other)] == [303, 303]


async def test_who_has_given_a_password_and_no_code_is_not_signed_in(browser: Open, sqlite_database: Database) -> None:
    await browser("alice")
    ada = await browser("ada")
    assert "1 browser signed in" in await ada.read(f"{USERS}/alice")
    with sqlite_database.begin() as work:
        alice = work.session.scalars(select(Staff).where(Staff.login == "alice")).one()
        alice.totp_secret, alice.totp_confirmed_at = "x", work.now
        work.commit()
    assert "not signed in" in await ada.read(f"{USERS}/alice")


async def test_what_is_not_there_is_not_found(browser: Open) -> None:
    ada = await browser("ada")
    for deed in ("", "/password", "/second-factor", "/sessions", "/deactivate", "/reactivate"):
        assert (await ada.post(f"{USERS}/nobody{deed}", name="x", role="agent", capacity="1")).status == 404


async def test_a_name_is_text_whatever_it_holds(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    form = await form_of(ada, "alice")
    await ada.post(f"{USERS}/alice", **{**form, "name": "<script>alert(1)</script>\0"})
    for path in (USERS, f"{USERS}/alice"):
        assert "<script>alert" not in await ada.read(path)


@pytest.mark.parametrize(
    ("login", "seen"),
    [
        ("ada", {"users", "tokens", "audit"}),
        ("quinn", {"audit"}),
        ("alice", set()),
    ],
)
async def test_the_index_shows_the_pages_a_role_may_see(browser: Open, login: str, seen: set[str]) -> None:
    page = await (await browser(login)).read("/desk/settings/")
    links = {name for name in ("users", "tokens", "audit") if f'href="/desk/settings/{name}"' in page}
    assert links == seen and 'href="/desk/account"' in page
