"""Notes, questions, labels, customer card, links and facts, as staff use them on the pages; and what customers see."""

import html
import re

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.conversations import Address
from desk.console.watch import conversation_versions
from desk.keys import SETTINGS
from store.database import Database
from store.tables import Case, Consultation, Conversation, Identity, Note, Staff
from tests.conftest import Clock
from tests.desk.console.conftest import WANG, Browser, Desk, Open

LI = Address("web", "li-4711")
JSON = {"Accept": "application/json"}


def question(desk: Desk) -> Consultation:
    with desk.database.reading() as work:
        return work.session.scalars(select(Consultation).order_by(Consultation.id.desc())).first()  # type: ignore[return-value]


async def _page(person: Browser, public_id: str, query: str = "") -> str:
    return html.unescape(await person.read(f"/desk/conversations/{public_id}{query}"))


async def _taken(person: Browser, desk: Desk) -> str:
    public_id = desk.waits()
    assert (await person.post(f"/desk/conversations/{public_id}/take")).status == 303
    return public_id


def works_in(desk: Desk, login: str, *departments: str) -> None:
    with desk.database.begin() as work:
        person = work.session.scalars(select(Staff).where(Staff.login == login)).one()
        person.departments = list(departments)
        work.commit()


def one_customer(desk: Desk) -> None:
    """Wang and Li are found to be one person."""
    with desk.database.begin() as work:
        first, other = (
            work.session.scalars(select(Identity).where(Identity.external_id == one.external_id)).one()
            for one in (WANG, LI)
        )
        for case in work.session.scalars(select(Case).where(Case.customer_id == other.customer_id)):
            case.customer_id = first.customer_id
        other.customer_id = first.customer_id
        work.commit()


# --- notes ------------------------------------------------------------------------------------------------------------


async def test_a_note_stands_at_its_place_in_time_and_no_customer_sees_it(
    browser: Open, desk: Desk, clock: Clock, server: TestServer
) -> None:
    alice = await browser("alice")
    public_id = await _taken(alice, desk)
    clock.advance(minutes=1)
    response = await alice.post(f"/desk/conversations/{public_id}/notes", note="@bob <b>look</b> at this")
    assert response.status == 303
    clock.advance(minutes=1)
    await alice.post(f"/desk/conversations/{public_id}/answer", text="We are looking into it.")
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert page.index("东西坏了") < page.index("at this") < page.index("We are looking into it.")
    assert 'class="said note"' in page and "Internal" in page
    assert "&lt;b&gt;look" in page and "<b>look" not in page
    assert '<span class="mention" title="@bob">@Bob</span>' in page
    assert not any("at this" in said for said in desk.told())
    headers = {"Authorization": f"Bearer {server.app[SETTINGS].secret('api_token')}"}
    for path in ("conversations/rest:wang", "conversations/rest:wang/messages", "cases?identity=rest:wang"):
        found = await alice.client.get(f"/api/v1/{path}", headers=headers)
        assert found.status == 200 and "at this" not in await found.text()


async def test_quality_writes_a_note_and_nothing_else(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    quinn = await browser("quinn")
    assert (await quinn.post(f"/desk/conversations/{public_id}/notes", note="Well done")).status == 303
    page = await quinn.read(f"/desk/conversations/{public_id}")
    assert "Well done" in page and "/notes" in page
    for action in ("/consult", "/label", "/merge", "/customer", "/facts"):
        assert f'{action}"' not in page and f"{action}?" not in page, action


async def test_a_refused_note_stays_in_its_box(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    response = await alice.post(f"/desk/conversations/{public_id}/notes", note="很长" * 2001)
    assert response.status == 422
    page = await response.text()
    assert "longer than 4000 characters" in page and "很长很长</textarea>" in page
    answer = await alice.post(f"/desk/conversations/{public_id}/notes", headers=JSON, note=" ")
    assert answer.status == 422 and (await answer.json())["error"]["code"] == "note_empty"


async def test_notes_between_older_messages_are_on_the_page_of_those(
    browser: Open, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.console.conversation.HISTORY_LENGTH", 2)
    alice = await browser("alice")
    public_id = await _taken(alice, desk)
    for number in range(3):
        clock.advance(minutes=1)
        await alice.post(f"/desk/conversations/{public_id}/notes", note=f"note {number}")
        clock.advance(minutes=1)
        await alice.post(f"/desk/conversations/{public_id}/answer", text=f"answer {number}")
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "note 2" in page and "note 1" not in page.split('id="composer"')[0]
    before = re.search(r"\?before=(\d+)", page)
    assert before is not None
    older = await alice.read(f"/desk/conversations/{public_id}?before={before[1]}")
    assert "note 1" in older and "note 2" not in older and "answer 0" in older


# --- questions to departments -----------------------------------------------------------------------------------------


async def test_a_department_is_asked_and_its_answer_goes_into_the_reply(browser: Open, desk: Desk) -> None:
    works_in(desk, "amy", "logistics")
    alice, amy = await browser("alice"), await browser("amy")
    public_id = await _taken(alice, desk)
    number = desk.case().number
    response = await alice.post(f"/desk/cases/{number}/consult", department="logistics", question="Where is it?")
    assert response.status == 303
    listed = html.unescape(await amy.read("/desk/consultations"))
    assert "Where is it?" in listed and number in listed and "1 questions wait for your department" in listed
    key = question(desk).public_id
    # She reads the conversation without having it, and answers from the list.
    assert "Where is it?" in await _page(amy, public_id)
    path = f"/desk/consultations/{key}/answer?back=consultations"
    response = await amy.post(path, consultation_answer="In Hangzhou.")
    assert response.headers["Location"] == "/desk/consultations"
    assert "No question waits for an answer." in await amy.read("/desk/consultations")
    page = await _page(alice, public_id)
    assert "In Hangzhou." in page and f"?draft={key}#text" in page
    drafted = await _page(alice, public_id, f"?draft={key}")
    assert re.search(r'<textarea id="text"[^>]*>In Hangzhou\.</textarea>', drafted)
    assert "In Hangzhou." not in desk.told(), "nothing goes out by itself"
    assert "In Hangzhou." in html.unescape(await alice.read("/desk/consultations")), "asked by me"


async def test_a_draft_of_another_conversation_is_not_shown(browser: Open, desk: Desk) -> None:
    works_in(desk, "amy", "logistics")
    alice, amy = await browser("alice"), await browser("amy")
    public_id = await _taken(alice, desk)
    desk.waits(who=LI)
    await alice.post(f"/desk/cases/{desk.case(LI).number}/consult", department="logistics", question="?")
    key = question(desk).public_id
    await amy.post(f"/desk/consultations/{key}/answer", consultation_answer="Li's secret")
    assert "Li's secret" not in await _page(alice, public_id, f"?draft={key}")


async def test_who_is_not_of_the_department_has_no_form_and_is_refused(browser: Open, desk: Desk) -> None:
    works_in(desk, "amy", "logistics")
    alice, amy = await browser("alice"), await browser("amy")
    public_id = await _taken(alice, desk)
    await alice.post(f"/desk/cases/{desk.case().number}/consult", department="logistics", question="Where?")
    key = question(desk).public_id
    assert f"/desk/consultations/{key}/answer" not in await _page(alice, public_id)
    assert f"/desk/consultations/{key}/answer" in await _page(amy, public_id)
    response = await alice.post(f"/desk/consultations/{key}/answer", headers=JSON, consultation_answer="x")
    assert response.status == 403
    await amy.post(f"/desk/consultations/{key}/hand-on", department="sales", hand_on_reason="theirs")
    assert question(desk).department == "sales"
    assert "passed it from Logistics to Sales" in await _page(alice, public_id)
    assert (await alice.post(f"/desk/consultations/{key}/withdraw")).status == 303
    assert question(desk).state == "withdrawn"


async def test_a_question_sent_back_says_why_and_a_missing_one_is_not_found(browser: Open, desk: Desk) -> None:
    bob = await browser("bob")
    public_id = await _taken(bob, desk)
    await bob.post(f"/desk/cases/{desk.case().number}/consult", department="sales", question="Which shop?")
    key = question(desk).public_id
    response = await bob.post(f"/desk/consultations/{key}/send-back", back_reason="")
    assert response.status == 422 and "why it is sent back" in await response.text()
    await bob.post(f"/desk/consultations/{key}/send-back", back_reason="We have ten shops.")
    assert "We have ten shops." in await _page(bob, public_id)
    assert (await bob.post("/desk/consultations/none/answer", consultation_answer="x")).status == 404


# --- labels -----------------------------------------------------------------------------------------------------------


async def test_a_click_corrects_a_label_and_another_takes_it_back(browser: Open, desk: Desk, clock: Clock) -> None:
    alice = await browser("alice")
    public_id = await _taken(alice, desk)
    path = f"/desk/cases/{desk.case().number}"
    clock.advance(seconds=1)
    response = await alice.post(f"{path}/label?case={desk.case().number}", add="delivery")
    assert response.headers["Location"].endswith(f"?case={desk.case().number}"), "the case stays in view"
    assert desk.case().categories == ["product_quality", "delivery"]
    page = await _page(alice, public_id)
    assert "Assessment changed:" in page and 'name="lead" value="delivery"' in page
    assert "Assessment changed:" not in await _page(await browser("bob"), public_id), "it is Alice's to undo"
    clock.advance(seconds=1)
    await alice.post(f"{path}/undo-correction")
    assert desk.case().categories == ["product_quality"]
    response = await alice.post(f"{path}/label", headers=JSON, drop="product_quality")
    assert response.status == 422
    assert (await alice.post(f"{path}/label", headers=JSON, add="delivery", drop="delivery")).status == 422


# --- the customer -----------------------------------------------------------------------------------------------------


async def test_the_card_shows_who_they_are_and_what_was(browser: Open, desk: Desk) -> None:
    public_id = desk.wants_refund(300)
    desk.waits(who=LI)
    one_customer(desk)
    alice, bob = await browser("alice"), await browser("bob")
    path = f"/desk/conversations/{public_id}/customer"
    await alice.post(path, customer_name="王小明", customer_phone="13800138000")
    await alice.post(f"{path}/preferences", preference="no calls at noon")
    assert (await alice.post(f"{path}/tier", tier="vip", tier_reason="x")).status == 403
    await bob.post(f"{path}/tier", tier="vip", tier_reason="ten years with us")
    await bob.post(f"{path}/named-person", person="alice")
    page = await _page(alice, public_id)
    card = page[page.index('id="customer-card"') :]
    for words in (
        "王小明", "13800138000", "no calls at noon", "VIP", "set by bob", "ten years with us", "Alice", "li-4711",
        desk.case(LI).number, "complaint no. 2 in 90 days", "kettle", "¥300.00",
    ):  # fmt: skip
        assert words in card, words
    await alice.post(f"{path}/preferences", drop_preference="no calls at noon")
    assert "no calls at noon" not in await _page(alice, public_id)


async def test_a_wrong_phone_stays_in_its_field(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    response = await (await browser("alice")).post(
        f"/desk/conversations/{public_id}/customer", customer_name="Wang", customer_phone="call me"
    )
    page = await response.text()
    assert response.status == 422 and "no phone number" in page and 'value="call me"' in page


# --- cases that belong together ---------------------------------------------------------------------------------------


async def test_cases_are_merged_shown_on_both_sides_and_parted(
    browser: Open, desk: Desk, clock: Clock, server: TestServer
) -> None:
    first, second = desk.waits(), desk.waits(who=LI)
    one_customer(desk)
    kept, goes = desk.case(), desk.case(LI)
    alice = await browser("alice")
    assert "Maybe the same: like failure" in await _page(alice, second)
    response = await alice.post(f"/desk/cases/{goes.number}/merge?case={kept.number}", merge_into=kept.number)
    assert response.status == 303
    page = await _page(alice, first, f"?case={kept.number}")
    assert "merged" in page and goes.number in page
    page = await _page(alice, second, f"?case={goes.number}")
    assert "this one goes on for both" in page and kept.number in page
    assert "/label?" not in page and "/consult?" not in page
    headers = {"Authorization": f"Bearer {server.app[SETTINGS].secret('api_token')}"}
    found = await (await alice.client.get(f"/api/v1/cases/{goes.number}", headers=headers)).json()
    assert (found["number"], found["state"], found["merged_into"]) == (goes.number, "merged", kept.number)
    clock.advance(minutes=1)
    assert (await alice.post(f"/desk/cases/{goes.number}/undo-merge")).status == 303
    with desk.database.reading() as work:
        assert work.session.get_one(Case, goes.id).merged_into_id is None


async def test_a_refused_merger_says_what_stands_against_it(browser: Open, desk: Desk) -> None:
    desk.waits()
    public_id = desk.waits(who=LI)
    alice = await browser("alice")
    response = await alice.post(f"/desk/cases/{desk.case(LI).number}/merge", merge_into=desk.case().number)
    assert response.status == 409 and "belong to different customers" in await response.text()
    response = await alice.post(f"/desk/cases/{desk.case(LI).number}/link", link_to="am 1")
    assert response.status == 422 and 'value="am 1"' in await response.text()
    await alice.post(f"/desk/cases/{desk.case(LI).number}/link", link_to=desk.case().number.lower())
    assert 'name="unlink_from"' in await _page(alice, public_id)
    await alice.post(f"/desk/cases/{desk.case(LI).number}/unlink", unlink_from=desk.case().number)
    assert 'name="unlink_from"' not in await _page(alice, public_id)


async def test_a_fact_is_corrected_and_says_by_whom(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    public_id = await _taken(alice, desk)
    path = f"/desk/cases/{desk.case().number}/facts"
    await alice.post(path, fact_key="amount", fact_value="129.50元")
    page = await _page(alice, public_id)
    assert "¥129.50" in page and "corrected by alice" in page
    response = await alice.post(path, fact_key="amount", fact_value="a lot")
    assert response.status == 422 and 'value="a lot"' in await response.text()


# --- open pages -------------------------------------------------------------------------------------------------------


async def test_open_pages_learn_of_all_of_it(
    browser: Open, desk: Desk, sqlite_database: Database, clock: Clock
) -> None:
    alice, bob = await browser("alice"), await browser("bob")
    public_id = await _taken(alice, desk)
    desk.waits(who=LI)
    number, other = desk.case().number, desk.case(LI).number
    talk = desk.conversation().id

    def version() -> str:
        with sqlite_database.reading() as work:
            return conversation_versions(work, {talk})[talk]

    seen = {version()}
    for person, path, fields in (
        (alice, f"/desk/conversations/{public_id}/notes", {"note": "look"}),
        (alice, f"/desk/cases/{number}/consult", {"department": "sales", "question": "?"}),
        (alice, f"/desk/cases/{number}/label", {"emotion": "3"}),
        (alice, f"/desk/cases/{number}/undo-correction", {}),
        (alice, f"/desk/cases/{number}/facts", {"fact_key": "product", "fact_value": "kettle"}),
        (alice, f"/desk/cases/{number}/link", {"link_to": other}),
        (alice, f"/desk/cases/{number}/unlink", {"unlink_from": other}),
        (alice, f"/desk/conversations/{public_id}/customer", {"customer_name": "Wang", "customer_phone": ""}),
        (alice, f"/desk/conversations/{public_id}/customer/preferences", {"preference": "tea"}),
        (bob, f"/desk/conversations/{public_id}/customer/tier", {"tier": "major", "tier_reason": "x"}),
        (bob, f"/desk/conversations/{public_id}/customer/named-person", {"person": "alice"}),
    ):
        clock.advance(seconds=1)
        assert (await person.post(path, **fields)).status == 303, path
        assert (path == f"/desk/cases/{number}/unlink") or version() not in seen, path
        seen.add(version())
    with sqlite_database.reading() as work:
        assert len(list(work.session.scalars(select(Note)))) == 1
        assert work.session.get_one(Conversation, talk).last_number == desk.conversation().last_number
