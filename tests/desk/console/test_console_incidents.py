"""The crisis view and the pages of incidents: who sees and does what, and what they are told."""

import io

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.alarms.raising import AlarmKind, raise_alarm
from actions.conversations import Address
from actions.firm import Firm
from actions.incidents.claiming import claim
from actions.incidents.telling import tell
from store.database import Database
from store.tables import Alarm, Incident, IncidentOrder, Order, OrderIdentity, Promise, Staff
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open

pytestmark = pytest.mark.usefixtures("people")

FIELDS = {
    "playbook": "parcels_late",
    "title_zh": "3号仓发出的包裹晚了两天",
    "title_en": "All parcels from depot 3 are two days late",
    "category": "",
    "per_minute": "",
}


def sells(database: Database, *orders: tuple[str, str | None]) -> None:
    with database.begin() as work:
        for number, to in orders:
            work.session.add(
                Order(
                    number=number, placed_at=work.now, total=20_000, currency="CNY", items=[], status="shipped",
                    updated_at=work.now, identities=[OrderIdentity(identity=to)] if to else [],
                )
            )  # fmt: skip
        work.commit()


def the_incident(database: Database) -> Incident:
    with database.reading() as work:
        return work.session.scalars(select(Incident)).one()


def alarm(database: Database, *numbers: str, kind: AlarmKind = AlarmKind.SPIKE) -> Alarm:
    with database.begin() as work:
        details = {
            "count": 9,
            "expected": 1.5,
            "past": [1, 2, 1],
            "hours": 2.0,
            "cases": list(numbers),
            "risks": ["media"],
        }
        assert raise_alarm(work, kind, "spike:delivery", "delivery", details)
        work.commit()
        return work.session.scalars(select(Alarm)).one()


async def test_when_nothing_is_wrong_the_page_calms(browser: Open) -> None:
    bob = await browser("bob")
    page = await bob.read("/desk/crisis")
    assert "All is calm" in page and 'href="/desk/crisis"' in page
    assert "No incident so far" in await bob.read("/desk/incidents")


@pytest.mark.parametrize(
    ("login", "sees", "runs"),
    [("alice", 403, 403), ("bob", 200, 200), ("mei", 200, 200), ("quinn", 200, 403), ("ada", 403, 403)],
)
async def test_who_sees_and_who_runs(
    browser: Open, sqlite_database: Database, login: str, sees: int, runs: int
) -> None:
    found = alarm(sqlite_database)
    person = await browser(login)
    assert (await person.get("/desk/crisis")).status == sees
    assert (await person.get("/desk/incidents")).status == sees
    assert (await person.get("/desk/incidents/new")).status == runs
    taken = await person.post(f"/desk/alarms/{found.public_id}/take")
    assert taken.status == (303 if runs == 200 else 403)


async def test_an_alarm_is_taken_and_closed_with_a_word(browser: Open, sqlite_database: Database, desk: Desk) -> None:
    desk.complains()
    found = alarm(sqlite_database, desk.case().number)
    bob = await browser("bob")
    page = await bob.read("/desk/crisis")
    assert "9 complaints in 2 hours; 1.5 are usual" in page and desk.case().number in page and "nobody is on it" in page
    assert 'class="badge" aria-label="1 open alarm"' in page
    assert (await bob.post(f"/desk/alarms/{found.public_id}/take")).status == 303
    assert "Bob is on it" in await bob.read("/desk/crisis")
    refused = await bob.post(f"/desk/alarms/{found.public_id}/close", note=" ")
    assert refused.status == 422 and "say in a word" in await refused.text()
    await bob.post(f"/desk/alarms/{found.public_id}/close", note="The carrier mended its scales <b>today</b>")
    page = await bob.read("/desk/crisis")
    assert "Alarms closed lately" in page and "scales &lt;b&gt;today" in page and "nobody is on it" not in page
    again = await bob.post(f"/desk/alarms/{found.public_id}/close", note="once more")
    assert again.status == 409 and "closed already" in await again.text()
    assert (await bob.post(f"/desk/alarms/{found.public_id}/take")).status == 409
    assert (await bob.post("/desk/alarms/none/take")).status == 404


async def test_one_click_draws_up_an_incident_from_an_alarm_once(
    browser: Open, sqlite_database: Database, desk: Desk
) -> None:
    sells(sqlite_database, ("A1", "rest:wang"))
    desk.complains(categories=["delivery"], facts={"order_number": "A1"})
    found = alarm(sqlite_database, desk.case().number)
    bob = await browser("bob")
    assert "Prepare an incident (1 order)" in await bob.read("/desk/crisis")
    first = await bob.post(f"/desk/alarms/{found.public_id}/incident")
    second = await bob.post(f"/desk/alarms/{found.public_id}/incident")
    incident = the_incident(sqlite_database)
    assert first.headers["Location"] == second.headers["Location"] == f"/desk/incidents/{incident.public_id}"
    assert "What starting it would do" in await bob.read(first.headers["Location"])


async def test_an_incident_is_drawn_up_started_paused_and_stopped(
    browser: Open, sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    sells(sqlite_database, ("A1", "rest:wang"), ("A2", "rest:li"), ("N1", None))
    bob = await browser("bob")
    form = await bob.read("/desk/incidents/new")
    assert "A batch of parcels is late" in form
    made = await bob.post("/desk/incidents/new", **FIELDS, orders="A1, A2\nN1\nX1\nA1", key="k1")
    page = await made.text()
    # Told once, line by line.
    assert made.status == 200 and "3 lines to look at" in page
    for words in ("line 2:", "belongs to nobody whom we can write to", "is no order we know", "in the list already"):
        assert words in page
    address = f"/desk/incidents/{the_incident(sqlite_database).public_id}"
    page = await bob.read(address)
    assert "2 customers will be told" in page and "¥40" in page
    shown = page.split('name="shown" value="')[1].split('"')[0]
    assert (await bob.post(f"{address}/start", shown="else")).status == 409
    assert (await bob.post(f"{address}/start", shown=shown)).status == 303
    with sqlite_database.begin() as work:
        (first, _) = claim(work, firm)
        tell(work, firm, first)
        work.commit()
    page = await bob.read(address)
    assert "1 of 2 told" in page and "waits" in page and "cannot be reached" in page
    assert "1 of 2 told" in await bob.read("/desk/crisis")
    assert (await bob.post(f"{address}/pause")).status == 303
    assert (await bob.post(f"{address}/resume")).status == 303
    assert (await bob.post(f"{address}/told", order="N1")).status == 303
    assert (await bob.post(f"{address}/stop")).status == 303
    assert (await bob.post(f"{address}/resume")).status == 409
    assert (await bob.post(f"{address}/kept")).status == 303
    with sqlite_database.reading() as work:
        assert {made.state for made in work.session.scalars(select(Promise)) if made.kind == "incident"} == {"kept"}
        rows = {row.order_number: row.state for row in work.session.scalars(select(IncidentOrder))}
    assert rows["N1"] == "by_hand"


async def test_a_list_comes_as_a_file_too_in_the_encoding_of_spreadsheets(
    browser: Open, sqlite_database: Database, server: TestServer
) -> None:
    sells(sqlite_database, ("A1", "rest:wang"), ("A2", "rest:li"))
    bob = await browser("bob")
    await bob.get("/desk/incidents/new")
    form = FormData({"csrf": bob.csrf, **FIELDS, "orders": "", "key": "k2"})
    # Larger than what any other form may send.
    filler = "\n".join(f"Z{number:07d},备注备注" for number in range(4000))
    content = f"订单号,备注\nA1,晚\nA2,晚\n{filler}\n".encode("gb18030")
    form.add_field("file", io.BytesIO(content), filename="orders.csv", content_type="text/csv")
    made = await bob.client.post("/desk/incidents/new", data=form, allow_redirects=False)
    assert made.status == 200, await made.text()
    with sqlite_database.reading() as work:
        rows = {row.order_number: row.state for row in work.session.scalars(select(IncidentOrder))}
    assert (rows["A1"], rows["A2"], len(rows)) == ("waiting", "waiting", 4002)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"orders": ""}, "at least one order number"),
        ({"orders": "A1", "title_en": ""}, "both languages"),
        ({"orders": "A1", "playbook": "other"}, "no such playbook"),
        ({"orders": "A1", "category": "safety"}, "not one of the playbook"),
        ({"orders": "A1", "per_minute": "many"}, "from 1 to 600"),
        ({"orders": "[1,"}, "begins like JSON"),
        ({"orders": " ".join(f"A{number}" for number in range(5001))}, "5000 orders at most"),
    ],
)
async def test_what_will_not_do_is_told_and_what_was_typed_stays(
    browser: Open, sqlite_database: Database, changed: dict[str, str], words: str
) -> None:
    bob = await browser("bob")
    await bob.get("/desk/incidents/new")
    refused = await bob.post("/desk/incidents/new", **{**FIELDS, "key": "k3", **changed})
    page = await refused.text()
    assert refused.status == 422 and words in page and FIELDS["title_zh"] in page
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Incident)).first() is None


async def test_a_draft_is_changed_gets_more_orders_and_is_thrown_away(browser: Open, sqlite_database: Database) -> None:
    sells(sqlite_database, ("A1", "rest:wang"), ("A2", "rest:li"))
    bob = await browser("bob")
    await bob.get("/desk/incidents/new")
    made = await bob.post("/desk/incidents/new", **FIELDS, orders="A1", key="k4")
    address = made.headers["Location"]
    await bob.get(address)
    changed = {**FIELDS, "title_en": "Parcels of depot 4 are late"}
    assert (await bob.post(f"{address}/change", **changed, orders="A2")).status == 303
    page = await bob.read(address)
    assert "Parcels of depot 4 are late" in page and "2 customers will be told" in page
    assert (await bob.post(f"{address}/change", **changed, orders="")).status == 303
    assert (await bob.post(f"{address}/discard")).headers["Location"] == "/desk/incidents"
    assert (await bob.get(address)).status == 404


async def test_whose_customer_is_touched_sees_it_in_the_conversation_and_says_that_they_told_them(
    browser: Open, sqlite_database: Database, firm: Firm, desk: Desk
) -> None:
    public_id = desk.waits()
    sells(sqlite_database, ("A1", "rest:wang"))
    bob, alice = await browser("bob"), await browser("alice")
    await alice.get(f"/desk/conversations/{public_id}")
    await alice.post(f"/desk/conversations/{public_id}/take")
    await bob.get("/desk/incidents/new")
    made = await bob.post("/desk/incidents/new", **FIELDS, orders="A1", key="k5")
    address = made.headers["Location"]
    page = await bob.read(address)
    await bob.post(f"{address}/start", shown=page.split('name="shown" value="')[1].split('"')[0])
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "touched by an incident: All parcels from depot 3" in page and "I told them" in page
    assert "touched by" in await bob.read(f"/desk/conversations/{public_id}")
    # Another agent has no business with it.
    amy = await browser("amy")
    await amy.get(f"/desk/conversations/{public_id}")
    refused = await amy.post(f"{address}/told?conversation={public_id}", order="A1")
    assert refused.status == 403
    done = await alice.post(f"{address}/told?conversation={public_id}", order="A1")
    assert done.headers["Location"] == f"/desk/conversations/{public_id}"
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "They have been told" in page and "I told them" not in page


async def test_threats_to_go_public_stand_on_the_view_until_they_are_settled(
    browser: Open, sqlite_database: Database, desk: Desk, people: dict[str, Staff]
) -> None:
    desk.complains(categories=["delivery"], risk=[{"key": "media", "words": []}, {"key": "legal", "words": []}])
    mei = await browser("mei")
    page = await mei.read("/desk/crisis")
    assert "A customer threatens to go public" in page and "and of going to law" in page
    assert page.count(f"?case={desk.case().number}") == 2
    bell = await mei.read("/desk/notifications")
    assert "An alarm was raised" in bell and 'href="/desk/crisis"' in bell


async def test_the_figures_of_a_day_stand_beside_what_is_usual(browser: Open, desk: Desk, clock: Clock) -> None:
    desk.complains(who=Address("rest", "first"), categories=["delivery"])
    clock.advance(days=7)
    for name in ("second", "third"):
        desk.complains(who=Address("rest", name), categories=["delivery"])
    clock.advance(days=7)
    desk.complains(who=Address("rest", "fourth"), categories=["delivery"])
    clock.advance(hours=1)
    page = await (await browser("quinn")).read("/desk/crisis")
    assert "in the last 1 week" in page
    # One in the last day, against two in the same day of the week before.
    assert 'data-label="Last 24 h">1</td>' in page and 'data-label="Usual">2.0</td>' in page
