"""Presence, routing and passing on, on the pages."""

import asyncio
import html

from actions.routing import present_staff
from actions.staff.presence import go_on_duty
from actions.timers import TimerKind
from desk.console.pages import read_words
from desk.workers.presence import sweep
from recovery.routing import UNASSIGNED, RoutingReason
from store.database import Database
from store.settings import Settings
from store.tables import Staff
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open
from tests.desk.turning import fires


def on_duty(database: Database, *people: Staff, **more: object) -> None:
    with database.begin() as work:
        for person in people:
            found = work.session.get_one(Staff, person.id)
            go_on_duty(work, found)
            for key, value in more.items():
                setattr(found, key, value)
        work.commit()


def there(desk: Desk) -> list[str]:
    with desk.database.reading() as work:
        return [staff.login for staff in present_staff(work, desk.firm)]


async def test_the_switch_is_on_every_page_and_leads_back_to_it(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    page = await alice.read("/desk/conversations")
    assert 'role="switch" aria-checked="false"' in page and "Off duty" in page
    response = await alice.post("/desk/presence", on_duty="yes", next="/desk/conversations")
    assert (response.status, response.headers["Location"]) == (303, "/desk/conversations")
    assert there(desk) == ["alice"]
    assert 'role="switch" aria-checked="true"' in await alice.read("/desk/")
    await alice.post("/desk/presence", on_duty="no", next="https://evil.example/")
    assert there(desk) == []


async def test_the_switch_answers_scripts_and_refuses_nonsense(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    response = await alice.post("/desk/presence", headers={"Accept": "application/json"}, on_duty="yes")
    assert (response.status, await response.json()) == (200, {"on_duty": True})
    assert (await alice.post("/desk/presence", on_duty="perhaps")).status == 400
    elsewhere = await alice.post("/desk/presence", on_duty="yes", next="https://evil.example/")
    assert elsewhere.headers["Location"] == "/desk/"


async def test_quality_has_no_switch(browser: Open) -> None:
    quinn = await browser("quinn")
    assert "/desk/presence" not in await quinn.read("/desk/")


async def test_logging_out_ends_the_duty(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    await alice.post("/desk/presence", on_duty="yes")
    await alice.post("/desk/logout")
    assert there(desk) == []


async def test_a_browser_left_alone_ends_the_duty_and_working_does_not(
    browser: Open, desk: Desk, clock: Clock, people: dict[str, Staff]
) -> None:
    alice, amy = await browser("alice"), await browser("amy")
    for person in (alice, amy):
        await person.post("/desk/presence", on_duty="yes")
    for _ in range(3):
        clock.advance(minutes=25)
        await alice.read("/desk/")
        # An open page that only looks again by itself is no sign of life.
        await amy.get("/desk/", headers={"X-Amends-Background": "1"})
    assert await sweep(desk.database, desk.firm) == 1
    assert there(desk) == ["alice"]
    assert 'aria-checked="false"' in await amy.read("/desk/")


async def test_to_whom_it_was_given_and_why_is_shown(browser: Open, desk: Desk, people: dict[str, Staff]) -> None:
    on_duty(desk.database, people["alice"], skills=["product_quality"], departments=["after_sales"])
    public_id = desk.waits()
    page = html.unescape(await (await browser("alice")).read(f"/desk/conversations/{public_id}"))
    assert "This conversation was given to you: skilled in what failed." in page
    page = html.unescape(await (await browser("bob")).read(f"/desk/conversations/{public_id}"))
    assert "Alice was given this conversation and has not taken it yet" in page
    assert f"/desk/conversations/{public_id}/take" in page


async def test_who_waits_for_somebody_is_counted_where_nobody_waits_for_anybody(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    on_duty(desk.database, people["alice"], skills=["product_quality"], departments=["after_sales"])
    bob = await browser("bob")
    assert "Nobody is waiting." in await bob.read("/desk/?list=unassigned")
    desk.waits()
    page = await bob.read("/desk/?list=unassigned")
    assert "The one who waits has been given to a colleague." in page and "Nobody is waiting." not in page


async def test_one_of_another_department_is_told_why_they_cannot_take_it(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    on_duty(desk.database, people["alice"], departments=["after_sales"])
    on_duty(desk.database, people["amy"], departments=["sales"])
    public_id = desk.waits()
    amy = await browser("amy")
    page = html.unescape(await amy.read(f"/desk/conversations/{public_id}"))
    assert f"/desk/conversations/{public_id}/take" not in page and "Only After-sales" in page
    response = await amy.post(f"/desk/conversations/{public_id}/take")
    assert response.status == 409
    assert "was given to Alice" in html.unescape(await response.text())


async def test_where_nobody_was_given_it_its_line_is_shown(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    page = html.unescape(await (await browser("alice")).read(f"/desk/conversations/{public_id}"))
    assert "The customer is waiting in the line of After-sales." in page


async def test_alice_passes_her_conversation_to_amy_with_a_note(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    on_duty(desk.database, people["alice"], people["amy"])
    public_id = desk.waits()
    alice = await browser("alice")
    path = f"/desk/conversations/{public_id}"
    await alice.post(f"{path}/take")
    page = html.unescape(await alice.read(path))
    assert "Amy · 0 of 10 · Customer service" in page and "colleague:alice" not in page
    assert "colleague:quinn" not in page and "colleague:carol" not in page
    response = await alice.post(f"{path}/transfer", to="colleague:amy", note="Knows kettles")
    assert (response.status, response.headers["Location"]) == (303, path)
    assert desk.conversation().taken_by_id == people["amy"].id
    assert desk.case().owner_id == people["amy"].id
    assert "transfer-form" not in await alice.read(path)
    assert "transfer-form" in await (await browser("amy")).read(path)


async def test_a_supervisor_passes_on_what_others_have(browser: Open, desk: Desk, people: dict[str, Staff]) -> None:
    public_id = desk.waits()
    alice, bob = await browser("alice"), await browser("bob")
    path = f"/desk/conversations/{public_id}"
    await alice.post(f"{path}/take")
    assert "transfer-form" in await bob.read(path)
    assert (await bob.post(f"{path}/transfer", to="department:sales")).status == 303
    assert (desk.conversation().control, desk.conversation().department) == ("queued", "sales")


async def test_a_refused_transfer_keeps_what_was_written(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    path = f"/desk/conversations/{public_id}"
    await alice.post(f"{path}/take")
    for to, words in (
        ("", "choose to whom"),
        ("colleague:quinn", "There is no such colleague"),
        ("department:weather", "There is no such department"),
    ):
        response = await alice.post(f"{path}/transfer", to=to, note="look at the third photo")
        page = html.unescape(await response.text())
        assert response.status == 422 and words in page
        assert "look at the third photo</textarea>" in page
    assert desk.conversation().control == "staff"


async def test_of_two_transfers_at_once_one_wins_and_the_other_is_told_who_has_it(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    on_duty(desk.database, people["amy"], people["bob"])
    public_id = desk.waits()
    alice = await browser("alice")
    path = f"/desk/conversations/{public_id}"
    with desk.database.begin() as work:
        conversation = desk.conversation()
        work.session.merge(conversation).assigned_to_id = None
        work.commit()
    await alice.post(f"{path}/take")
    first, second = await asyncio.gather(
        alice.post(f"{path}/transfer", to="colleague:amy"), alice.post(f"{path}/transfer", to="colleague:bob")
    )
    assert sorted((first.status, second.status)) == [303, 409]
    winner = "Amy" if first.status == 303 else "Bob"
    loser = second if first.status == 303 else first
    assert f"now {winner} has it" in html.unescape(await loser.text())


def test_both_languages_say_why_somebody_was_given_a_conversation() -> None:
    words = read_words()
    reasons = set(RoutingReason) - UNASSIGNED
    assert [reason for reason in reasons if not words.has(f"routed.{reason}")] == []
    assert words.has("reason.transferred") and words.has("fact.call_back")


async def test_the_confirmation_of_a_call_back_is_no_answer_to_integrators(
    browser: Open, desk: Desk, settings: Settings
) -> None:
    """Design.md section 3: 200 and ``[]`` while queued; what is said by itself is read at ``…/messages``."""
    desk.waits()
    someone = await browser()
    headers = {"Authorization": f"Bearer {settings.secret('api_token')}"}
    message = {"sender": "wang", "message": "13800138000"}
    response = await someone.client.post("/webhooks/rest/webhook", json=message, headers=headers)
    assert (response.status, await response.json()) == (200, [])
    fires(desk.database, desk.firm, TimerKind.CALL_BACK_WANTED)
    found = await someone.client.get("/api/v1/conversations/rest:wang/messages", headers=headers)
    assert "13800138000" in (await found.json())["messages"][-1]["text"]
    state = await (await someone.client.get("/api/v1/conversations/rest:wang", headers=headers)).json()
    assert state["control"] == "queued"
