"""What staff do on the pages, and what customers see of it."""

import asyncio
import html
import re

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import update

from actions.conversations import Address
from desk.keys import SETTINGS
from store.database import Database
from store.tables import Case, Offer, Order, Remedy
from tests.conftest import Clock
from tests.desk.console.conftest import WANG, Browser, Desk, Open
from tests.desk.turning import acts, hears, leases, settles

LI = Address("web", "li")


async def _take(person: Browser, public_id: str) -> None:
    response = await person.post(f"/desk/conversations/{public_id}/take")
    assert (response.status, response.headers["Location"]) == (303, f"/desk/conversations/{public_id}")


async def test_alice_takes_answers_and_the_customer_reads_it(browser: Open, desk: Desk, server: TestServer) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    response = await alice.post(f"/desk/conversations/{public_id}/answer", text="您好,我来处理。")
    assert response.status == 303
    headers = {"Authorization": f"Bearer {server.app[SETTINGS].secret('api_token')}"}
    found = await alice.client.get("/api/v1/conversations/rest:wang/messages", headers=headers)
    last = (await found.json())["messages"][-1]
    assert (last["author"], last["text"]) == ("staff", "您好,我来处理。")
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "您好,我来处理。" in page and "东西坏了" in page and desk.case().number in page
    assert desk.case().first_response_at is not None


async def test_of_two_who_race_the_second_is_told_who_has_it(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice, amy = await browser("alice"), await browser("amy")
    path = f"/desk/conversations/{public_id}/take"
    first, second = await asyncio.gather(alice.post(path), amy.post(path))
    assert sorted((first.status, second.status)) == [303, 409]
    loser, winner = (first, "Amy") if first.status == 409 else (second, "Alice")
    assert f"{winner} has taken this conversation already." in html.unescape(await loser.text())


async def test_a_supervisor_takes_over_from_an_agent_and_from_the_bot(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice, bob = await browser("alice"), await browser("bob")
    await _take(alice, public_id)
    assert "Take over from Alice" in await bob.read(f"/desk/conversations/{public_id}")
    await _take(bob, public_id)
    response = await alice.post(f"/desk/conversations/{public_id}/answer", text="mine still?")
    assert response.status == 409
    page = html.unescape(await response.text())
    assert "This conversation is not yours; now Bob has it." in page
    assert "mine still?" not in desk.told()
    desk.complains(who=LI)
    await _take(bob, desk.conversation(LI).public_id)
    assert desk.conversation(LI).control == "staff"


async def test_a_refused_answer_stays_in_the_box(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    long = "很长" * 2001
    response = await alice.post(f"/desk/conversations/{public_id}/answer", text=long)
    assert response.status == 422
    page = await response.text()
    assert "longer than 4000 characters" in page
    assert f">{long}</textarea>" in page


async def test_scripts_get_the_error_as_json(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    response = await alice.post(
        f"/desk/conversations/{public_id}/answer", headers={"Accept": "application/json"}, text="hello"
    )
    assert response.status == 409
    error = (await response.json())["error"]
    assert error == {"code": "not_yours", "message": "This conversation is not yours."}
    await _take(alice, public_id)
    response = await alice.post(
        f"/desk/conversations/{public_id}/answer", headers={"Accept": "application/json"}, text="  "
    )
    assert (response.status, (await response.json())["error"]["code"]) == (422, "empty_text")


async def test_giving_back_returns_the_conversation_to_the_bot(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    assert (await alice.post(f"/desk/conversations/{public_id}/give-back")).status == 303
    assert (desk.conversation().control, desk.case().state) == ("bot", "open")
    before = len(desk.told())
    desk.complains("还是坏的")
    assert len(desk.told()) == before + 1


async def test_offers_put_before_a_person_came_are_gone_after_it(browser: Open, desk: Desk) -> None:
    public_id = desk.sees_offers()
    assert {offer.state for offer in desk.case().offers} == {"open"}
    alice = await browser("alice")
    await _take(alice, public_id)
    await alice.post(f"/desk/conversations/{public_id}/give-back")
    assert {offer.state for offer in desk.case().offers} == {"superseded"}


async def test_closing_judges_the_complaint(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    path = f"/desk/conversations/{public_id}/close"
    undecided = await alice.post(path, service_step="delivery")
    assert undecided.status == 422 and "whether the complaint stands" in await undecided.text()
    assert (await alice.post(path, valid="yes", service_step="no-such-step")).status == 422
    assert desk.case().state == "with_staff"
    assert (await alice.post(path, valid="yes", service_step="delivery")).status == 303
    case = desk.case()
    assert (case.state, case.valid, case.service_step) == ("resolved", True, "delivery")
    assert desk.conversation().control == "bot"


async def test_an_unfounded_complaint_is_no_steps_defect(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    await alice.post(f"/desk/conversations/{public_id}/close", valid="no", service_step="delivery")
    case = desk.case()
    assert (case.state, case.valid, case.service_step) == ("resolved", False, "")


async def test_correcting_puts_the_leading_category_first(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    number = desk.case().number
    response = await alice.post(
        f"/desk/cases/{number}/correct",
        leading="delivery",
        categories="product_quality",
        emotion="3",
        risks="legal",
    )
    assert response.headers["Location"] == f"/desk/conversations/{public_id}"
    case = desk.case()
    assert (case.categories, case.emotion, case.risks) == (["delivery", "product_quality"], 3, ["legal"])
    assert case.department == "logistics"
    swapped = {"leading": "product_quality", "categories": "delivery", "emotion": "3", "risks": "legal"}
    await alice.post(f"/desk/cases/{number}/correct", **swapped)
    assert desk.case().department == "after_sales"
    assert (await alice.post(f"/desk/cases/{number}/correct", leading="invented", emotion="1")).status == 422
    assert (await alice.post(f"/desk/cases/{number}/correct", leading="delivery", emotion="9")).status == 422


async def test_an_agent_approves_within_their_authority_only(browser: Open, desk: Desk) -> None:
    """The firm's limits: bot 500, agent 800, supervisor 2000, manager 10000 yuan."""
    desk.wants_refund(1500)
    offer = desk.offer("awaiting_approval")
    alice, bob = await browser("alice"), await browser("bob")
    refused = await alice.post(f"/desk/offers/{offer.public_id}/approve")
    assert refused.status == 403 and "above your authority" in await refused.text()
    assert desk.case().remedies == []
    page = await bob.read("/desk/?list=approvals")
    assert "¥1,500.00" in page and "within your authority" in page
    assert (await bob.post(f"/desk/offers/{offer.public_id}/approve")).status == 303
    (remedy,) = desk.case().remedies
    assert (remedy.kind, remedy.amount, remedy.state) == ("refund", 150000, "intended")
    again = await bob.post(f"/desk/offers/{offer.public_id}/approve")
    assert again.status == 409 and len(desk.case().remedies) == 1


async def test_a_small_amount_is_an_agents_to_approve(browser: Open, desk: Desk) -> None:
    desk.wants_refund(700)
    offer = desk.offer("awaiting_approval")
    assert (await (await browser("alice")).post(f"/desk/offers/{offer.public_id}/approve")).status == 303
    assert desk.case().remedies[0].amount == 70000


async def test_what_was_granted_for_the_order_counts_towards_authority(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    desk.wants_refund(700)
    offer = desk.offer("awaiting_approval")
    with sqlite_database.begin() as work:
        # Both together stay below what was paid.
        work.session.execute(update(Order).values(total=90000))
        case = work.session.get_one(Case, desk.case().id)
        earlier = Offer(
            case_id=case.id,
            round=9,
            position=1,
            remedies=[{"kind": "voucher", "amount": 20000, "currency": "CNY"}],
            cost=20000,
            currency="CNY",
            authority="bot",
            state="accepted",
            rule="-",
            approved_by="-",
            reason="-",
            made_at=work.now,
        )
        work.session.add(earlier)
        work.session.flush()
        work.session.add(
            Remedy(
                case_id=case.id, offer_id=earlier.id, kind="voucher", amount=20000, currency="CNY", intended_at=work.now
            )
        )
        work.commit()
    # 700 alone is an agent's, 700 beside 200 granted before is not.
    assert (await (await browser("alice")).post(f"/desk/offers/{offer.public_id}/approve")).status == 403
    assert (await (await browser("bob")).post(f"/desk/offers/{offer.public_id}/approve")).status == 303


async def test_refusing_needs_a_word_to_the_customer(browser: Open, desk: Desk) -> None:
    desk.wants_refund(1500)
    offer = desk.offer("awaiting_approval")
    bob = await browser("bob")
    assert (await bob.post(f"/desk/offers/{offer.public_id}/refuse", reason=" ")).status == 422
    assert (await bob.post(f"/desk/offers/{offer.public_id}/refuse", reason="先检测再退款")).status == 303
    assert any("先检测再退款" in words for words in desk.told())
    assert (desk.conversation().control, desk.case().state) == ("queued", "with_staff")


async def test_an_answer_sent_twice_is_said_once(browser: Open, desk: Desk, clock: Clock) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await _take(alice, public_id)
    page = await alice.read(f"/desk/conversations/{public_id}")
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key is not None
    for wait in ("", "yes", "yes"):
        clock.advance(seconds=1)
        sent = await alice.post(f"/desk/conversations/{public_id}/answer", text="马上去查", key=key[1], wait=wait)
        assert sent.status == 303
    assert desk.told().count("马上去查") == 1
    another = await alice.read(f"/desk/conversations/{public_id}")
    assert key[1] not in another, "the next answer has a key of its own"
    assert (await alice.post(f"/desk/conversations/{public_id}/answer", text="马上去查", key="x" * 32)).status == 303
    assert desk.told().count("马上去查") == 2


async def _owes_call(desk: Desk) -> str:
    """The bot offered a call back, and the customer took it."""
    desk.complains("没人理我", facts={"order_number": "none"})
    hears(desk.database, "没有订单号", key="none")
    lease = leases(desk.database)
    acts(desk.database, desk.firm, lease, "action_deny", categories=[])
    settles(desk.database, lease)
    hears(desk.database, "请回电", key="call")
    lease = leases(desk.database)
    acts(desk.database, desk.firm, lease, "action_accept_offer", categories=[], facts={"wished_remedy": "call_back"})
    settles(desk.database, lease)
    return next(made.public_id for made in desk.case().promises if made.kind == "call_back")


@pytest.mark.parametrize(("late", "promise"), [(False, "kept"), (True, "broken")])
async def test_a_call_is_noted_as_made_also_late(
    browser: Open, desk: Desk, clock: Clock, late: bool, promise: str
) -> None:
    made = await _owes_call(desk)
    alice = await browser("alice")
    assert desk.case().number in await alice.read("/desk/?list=promises")
    if late:
        clock.advance(days=9)
        alice = await browser("alice")
    assert (await alice.post(f"/desk/promises/{made}/done")).status == 303
    case = desk.case()
    assert [one.state for one in case.promises if one.kind == "call_back"] == [promise]
    assert [one.state for one in case.remedies if one.kind == "call_back"] == ["executed"]
    assert case.state == "resolved"
    assert (await alice.post(f"/desk/promises/{made}/done")).status == 409


async def test_a_promised_answer_cannot_be_ticked_off(browser: Open, desk: Desk) -> None:
    desk.waits()
    made = next(one for one in desk.case().promises if one.kind == "person_answers")
    response = await (await browser("alice")).post(f"/desk/promises/{made.public_id}/done")
    assert response.status == 409 and "kept by the deed itself" in await response.text()


async def test_markup_of_a_customer_or_colleague_is_text(browser: Open, desk: Desk) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>"
    public_id = desk.waits(evil)
    alice = await browser("alice")
    await _take(alice, public_id)
    await alice.post(f"/desk/conversations/{public_id}/answer", text=evil)
    hears(desk.database, evil, key="again", who=WANG)
    for path in ("/desk/", "/desk/conversations", f"/desk/conversations/{public_id}"):
        page = await alice.read(path)
        assert "<script>alert" not in page and "<img src=x" not in page
        assert evil in html.unescape(page)
    found = await alice.get("/desk/conversations", params={"q": evil})
    assert "<script>alert" not in await found.text()
