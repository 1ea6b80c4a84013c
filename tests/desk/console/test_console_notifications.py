"""The bell, the list, how one is reached, and the settings page: what each shows, to whom, and what it changes."""

import asyncio
import html
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientTimeout, web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.staff.talking import take
from desk.app import Parts, make_app
from store.database import Database
from store.settings import load_settings
from store.tables import AuditEntry, Conversation, Notification, NotificationDelivery, NotificationEvent, Staff
from tests.conftest import ROOT, Clock
from tests.desk.console.conftest import Desk, Open
from tests.desk.notifying.conftest import SECRET, WebTwin, firm_with
from tests.desk.turning import hears


def tell(
    database: Database, who: Staff, kind: str = "mentioned", public_id: str | None = None, **details: object
) -> str:
    """Somebody is told something; gives the notification's public id."""
    with database.begin() as work:
        about = work.session.scalars(select(Conversation).where(Conversation.public_id == public_id)).first()
        notify(work, [who.id], NotificationKind(kind), about, None, dict(details))
        found = work.session.scalars(select(Notification.public_id).order_by(Notification.id.desc())).first()
        work.commit()
        assert found is not None
        return found


def unread(database: Database, who: Staff) -> int:
    with database.reading() as work:
        statement = select(Notification).where(Notification.staff_id == who.id, Notification.read_at.is_(None))
        return len(work.session.scalars(statement).all())


def in_order(page: str, *words: str) -> bool:
    places = [page.find(word) for word in words]
    return -1 not in places and places == sorted(places)


# --- bell and list ----------------------------------------------------------------------------------------------------


async def test_an_empty_list_says_so_and_the_bell_is_silent(browser: Open) -> None:
    page = await (await browser("alice")).read("/desk/notifications")
    assert "All quiet." in page and 'aria-label="Notifications"' in page and "Kept for 90 days." in page
    assert "Mark all read" not in page


async def test_the_list_tells_today_and_earlier_unread_first(
    browser: Open, desk: Desk, sqlite_database: Database, people: dict[str, Staff], clock: Clock
) -> None:
    old = tell(sqlite_database, people["alice"], "taken_back")
    clock.advance(days=1)
    alice = await browser("alice")
    tell(sqlite_database, people["alice"], "overdue", desk.waits())
    read = tell(sqlite_database, people["alice"], "consulted")
    await alice.post(f"/desk/notifications/{read}/read")
    page = await alice.read("/desk/notifications")
    assert in_order(page, "Today", "Overdue", "Your department is asked", "Earlier", "A conversation was taken back")
    assert desk.case().number in page and f"/{old}/read" in page and f"/{read}/unread" in page
    assert 'aria-label="Notifications, ' in page


async def test_opening_the_conversation_marks_what_was_told_about_it(
    browser: Open, desk: Desk, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    public_id = desk.waits()
    tell(sqlite_database, people["quinn"], "mentioned", public_id, by="bob")
    tell(sqlite_database, people["quinn"], "consulted")
    quinn = await browser("quinn")
    page = await quinn.read("/desk/notifications")
    assert f'href="/desk/conversations/{public_id}?case={desk.case().number}"' in page and "by Bob" in page
    background = {"X-Amends-Background": "1"}
    await quinn.get(f"/desk/conversations/{public_id}", headers=background)
    assert unread(sqlite_database, people["quinn"]) == 2, "a page nobody looks at reads nothing"
    await quinn.get(f"/desk/conversations/{public_id}", headers={**background, "X-Amends-Visible": "1"})
    assert unread(sqlite_database, people["quinn"]) == 1


async def test_all_read_goes_no_further_than_what_was_shown(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    alice = await browser("alice")
    tell(sqlite_database, people["alice"])
    tell(sqlite_database, people["amy"])
    page = await alice.read("/desk/notifications")
    latest = re.search(r'name="latest" value="(\d+)"', page)
    assert latest is not None
    tell(sqlite_database, people["alice"], "overdue")
    response = await alice.post("/desk/notifications/read", latest=latest[1])
    assert response.status == 303
    assert unread(sqlite_database, people["alice"]) == 1 and unread(sqlite_database, people["amy"]) == 1
    assert (await alice.post("/desk/notifications/read", latest="all")).status == 400


async def test_all_read_leaves_what_was_too_old_to_be_shown(
    browser: Open, sqlite_database: Database, people: dict[str, Staff], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("actions.staff.notifications", "desk.console.told"):
        monkeypatch.setattr(f"{module}.UNREAD_AT_MOST", 2)
    for kind in ("taken_back", "mentioned", "consulted"):
        tell(sqlite_database, people["alice"], kind)
    alice = await browser("alice")
    page = await alice.read("/desk/notifications")
    assert "taken back" not in page
    latest = re.search(r'name="latest" value="(\d+)"', page)
    assert latest is not None
    await alice.post("/desk/notifications/read", latest=latest[1])
    assert unread(sqlite_database, people["alice"]) == 1
    assert "A conversation was taken back" in await alice.read("/desk/notifications")


async def test_nobody_marks_what_others_were_told(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    theirs = tell(sqlite_database, people["amy"])
    alice = await browser("alice")
    assert (await alice.post(f"/desk/notifications/{theirs}/read")).status == 404
    assert unread(sqlite_database, people["amy"]) == 1


async def test_the_bell_rings_live_for_whom_it_concerns(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    alice = await browser("alice")
    page = await alice.read("/desk/password")
    now = re.search(r'data-now="([\d.]+)"', page)
    assert now is not None
    async with alice.client.get("/desk/events", timeout=ClientTimeout(total=None, sock_read=10)) as stream:

        async def next_bell() -> str:
            name = ""
            while True:
                line = (await stream.content.readline()).decode().strip()
                if line.startswith("event:"):
                    name = line.partition(":")[2].strip()
                elif line.startswith("data:") and name == "bell":
                    return line.partition(":")[2].strip()

        assert await asyncio.wait_for(next_bell(), 10) == "0"
        await asyncio.to_thread(tell, sqlite_database, people["amy"])
        await asyncio.to_thread(tell, sqlite_database, people["alice"], "overdue")
        assert (await asyncio.wait_for(next_bell(), 10)).startswith("1-")
    found = await (await alice.get(f"/desk/notifications/bell?since={now[1]}")).json()
    assert found["unread"] == 1 and [news["title"] for news in found["latest"]] == ["Overdue"]
    assert (await alice.get("/desk/notifications/bell?since=nonsense")).status == 200


async def test_a_customer_who_writes_is_told_to_who_has_the_conversation(
    browser: Open, desk: Desk, sqlite_database: Database, people: dict[str, Staff], firm: Firm
) -> None:
    public_id = desk.waits()
    with sqlite_database.begin() as work:
        take(work, firm, work.session.get_one(Staff, people["alice"].id), desk.conversation().id)
        work.commit()
    for text in ("在吗", "喂"):
        hears(sqlite_database, text, key=text)
    page = await (await browser("alice")).read("/desk/notifications")
    assert page.count("The customer wrote") == 1 and "2 times" in page and public_id in page
    assert unread(sqlite_database, people["amy"]) == 0 or "在吗" not in page
    assert "在吗" not in page


async def test_an_approval_that_is_wanted_is_told_to_the_lowest_who_may(
    desk: Desk, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    desk.wants_refund(1500)
    with sqlite_database.reading() as work:
        statement = select(Notification.staff_id).where(Notification.kind == "approval_wanted")
        assert list(work.session.scalars(statement)) == [people["bob"].id]


# --- how one is reached -----------------------------------------------------------------------------------------------


async def test_one_says_how_to_be_reached_and_it_stays(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    alice = await browser("alice")
    path = "/desk/account/notifications"
    page = await alice.read(path)
    assert "no e-mail yet" in page and "written to at any hour" in page
    wish = {"email": "alice@shop.example", "ways": "email", "begin": "21:00", "end": "08:00", "digest": "60"}
    assert (await alice.post(path, **wish)).headers["Location"] == f"{path}?saved"
    with sqlite_database.reading() as work:
        kept = work.session.get_one(Staff, people["alice"].id).notify
        entries = list(work.session.scalars(select(AuditEntry).where(AuditEntry.action == "set_notifications")))
    assert kept == {"email": "alice@shop.example", "ways": ["email"], "quiet": ["21:00", "08:00"], "digest": 60}
    assert "alice@shop.example" not in str([(entry.subject, entry.details) for entry in entries]) and len(entries) == 1
    page = await alice.read(f"{path}?saved")
    assert 'value="alice@shop.example"' in page and 'value="21:00"' in page and "Saved." in page
    await alice.post(path, email="", begin="", end="", digest="0")
    assert 'value="email" checked' not in await alice.read(path)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"email": "alice@shop.example\nBcc: x@y.example"}, "no e-mail address"),
        ({"email": "alice@"}, "no e-mail address"),
        ({"email": "", "ways": "email"}, "untick"),
        ({"begin": "22:00"}, "beginning and an end"),
        ({"begin": "07:00", "end": "07:00"}, "beginning and an end"),
        ({"begin": "25:00", "end": "07:00"}, "beginning and an end"),
        ({"digest": "7"}, "one of the spans"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_stays_in_the_form(
    browser: Open, sqlite_database: Database, people: dict[str, Staff], wish: dict[str, str], words: str
) -> None:
    alice = await browser("alice")
    whole = {"email": "a@b.example", "begin": "", "end": "", "digest": "30", **wish}
    response = await alice.post("/desk/account/notifications", **whole)
    page = html.unescape(await response.text())
    assert response.status == 422 and words in page and f'value="{whole["begin"]}"' in page
    with sqlite_database.reading() as work:
        assert work.session.get_one(Staff, people["alice"].id).notify == {}


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def outside() -> AsyncIterator[WebTwin]:
    twin, app = WebTwin(), web.Application()
    app.router.add_route("*", "/{tail:.*}", twin.take)
    async with TestServer(app) as server:
        twin.address = str(server.make_url("")).rstrip("/")
        yield twin


@pytest.fixture
def wired(outside: WebTwin, firm: Firm, sqlite_database: Database, settings: object) -> web.Application:
    """A desk with a robot, a webhook, and a robot without an address."""
    targets = f"group={outside.address}/group erp={outside.address}/erp erp.secret={SECRET} lost={outside.address}/lost"
    environment = {
        "AMENDS_VAR": str(settings.var),  # type: ignore[attr-defined]
        "AMENDS_FIRM": str(ROOT / "data" / "firm"),
        "AMENDS_NOTIFICATION_TARGETS": targets,
    }
    robots = [{"key": "group", "kinds": ["overdue"], "departments": ["sales"]}, {"key": "nowhere"}]
    file = firm_with(firm, robots=robots, webhooks=[{"key": "erp"}])
    return make_app(load_settings(environment), Parts(database=sqlite_database, firm=file, workers=False))


@pytest.fixture
async def server(wired: web.Application) -> AsyncIterator[TestServer]:
    async with TestServer(wired) as found:
        yield found


async def test_the_settings_page_shows_which_ways_are_open_and_no_secret(browser: Open, outside: WebTwin) -> None:
    page = html.unescape(await (await browser("bob")).read("/desk/settings/notifications"))
    assert "no address (or a webhook no secret) under nowhere" in page and "does not name: lost" in page
    assert outside.address not in page and SECRET not in page
    assert "Send a test" not in page, "that is the administrator's"
    assert (await (await browser("alice")).get("/desk/settings/notifications")).status == 403


@pytest.mark.parametrize(("way", "key"), [("robot", "group"), ("webhook", "erp")])
async def test_an_administrator_sends_a_test(
    browser: Open, outside: WebTwin, sqlite_database: Database, way: str, key: str
) -> None:
    ada = await browser("ada")
    response = await ada.post("/desk/settings/notifications/test", way=way, key=key)
    assert response.status == 200 and "The test was accepted" in await response.text()
    assert len(outside.at(f"/{key}")) == 1
    outside.answers[f"/{key}"] = web.Response(status=403)
    response = await ada.post("/desk/settings/notifications/test", way=way, key=key)
    assert response.status == 502 and "HTTP 403" in await response.text()
    with sqlite_database.reading() as work:
        entries = work.session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "test_notification"))
        assert list(entries) == [f"{way}:{key}"] * 2


@pytest.mark.parametrize(
    ("way", "key", "status"),
    [("robot", "unknown", 404), ("smoke", "group", 404), ("email", "", 422), ("robot", "nowhere", 422)],
)
async def test_a_test_goes_nowhere_but_where_the_settings_say(
    browser: Open, outside: WebTwin, way: str, key: str, status: int
) -> None:
    ada = await browser("ada")
    assert (await ada.post("/desk/settings/notifications/test", way=way, key=key)).status == status
    assert outside.got == []


async def test_what_failed_is_shown_and_sent_again_or_let_go(browser: Open, sqlite_database: Database) -> None:
    with sqlite_database.begin() as work:
        for target in ("group", "group", "nowhere"):
            event = NotificationEvent(kind="overdue", at=work.now, planned_at=work.now)
            work.session.add(event)
            work.session.flush()
            work.session.add(
                NotificationDelivery(
                    event_id=event.id,
                    way="robot",
                    target=target,
                    kind="overdue",
                    state="failed",
                    error="errcode 93000",
                    attempts=1,
                    next_attempt_at=work.now,
                    created_at=work.now,
                )
            )
        work.commit()
    ada, path = await browser("ada"), "/desk/settings/notifications"
    page = await ada.read(path)
    assert "errcode 93000" in page and "2 messages" in page
    assert (await (await browser("bob")).post(f"{path}/again", way="robot", target="group")).status == 403
    assert (await ada.post(f"{path}/again", way="robot", target="group")).status == 303
    assert (await ada.post(f"{path}/again", way="robot", target="group")).status == 409
    assert (await ada.post(f"{path}/again", way="robot", target="gr\0up")).status == 404
    assert (await ada.post(f"{path}/let-go", way="robot", target="nowhere")).status == 303
    with sqlite_database.reading() as work:
        states = work.session.scalars(select(NotificationDelivery.state).order_by(NotificationDelivery.id))
        assert list(states) == ["pending", "pending", "dropped"]
    assert "Everything was delivered" in await ada.read(path)
