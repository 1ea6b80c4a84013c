"""What customers say beside yes and no: more than is offered, all of it, later, a score along with a complaint."""

import pytest

from recovery.case_states import CaseState
from store.tables import Remedy
from tests.actions.dialogue import Customer, Shop

NUMBER = "202611120007"


@pytest.fixture
def offered(shop: Shop, customer: Customer) -> Customer:
    """Offered less than the whole price of their order, which was 300."""
    order = shop.sells(NUMBER, 30000, customer.address.public)
    customer.complains("delivery", order_number=order)
    assert customer.case.state == CaseState.OFFERED
    return customer


def _refund(customer: Customer) -> tuple[int, int]:
    """Position and amount of the refund on offer."""
    return next(
        (offer.position, item["amount"])
        for offer in customer.case.offers
        for item in offer.remedies
        if offer.state == "open" and item["kind"] == "refund"
    )


def test_a_sum_above_the_offer_of_the_same_kind_does_not_take_that_offer(shop: Shop, offered: Customer) -> None:
    position, amount = _refund(offered)
    answer = offered.writes(
        "action_accept_offer",
        "退款五千块",
        choice=position,
        wished_remedy="refund",
        amount={"minor": 500_000, "currency": "CNY"},
    )
    assert amount < 500_000
    assert shop.all(Remedy) == []
    assert offered.case.state == CaseState.OFFERED
    assert shop.firm.words.render(offered.language, "offer.again", offers=["A"]).splitlines()[0] in answer


def test_the_sum_on_offer_takes_it(shop: Shop, offered: Customer) -> None:
    position, amount = _refund(offered)
    offered.writes(
        "action_accept_offer",
        "退款",
        choice=position,
        wished_remedy="refund",
        amount={"minor": amount, "currency": "CNY"},
    )
    assert [remedy.kind for remedy in shop.all(Remedy)] == ["refund"]


def test_a_refund_in_full_is_no_part_of_it(shop: Shop, offered: Customer) -> None:
    position, _ = _refund(offered)
    offered.writes("action_accept_offer", "我要全额退款", choice=position, wished_remedy="refund", in_full=True)
    assert [remedy.kind for remedy in shop.all(Remedy)] == []
    (waiting,) = [offer for offer in offered.case.offers if offer.state == "awaiting_approval"]
    assert waiting.remedies[0]["amount"] == 30000


def test_later_declines_nothing_and_leaves_the_question(shop: Shop, offered: Customer) -> None:
    before = offered.conversation.awaited
    answer = offered.writes("action_deny", "以后再说", later=True)
    assert answer == shop.firm.words.render(offered.language, "small_talk.no_rush")
    assert offered.conversation.awaited == before
    assert {offer.state for offer in offered.case.offers} == {"open"}
    offered.chooses(1)
    assert offered.case.state != CaseState.OFFERED


@pytest.mark.parametrize(("score", "reasons"), [(1, ["low_rating"]), (3, [])])
def test_a_bad_score_said_with_a_complaint_counts(
    shop: Shop, offered: Customer, score: int, reasons: list[str]
) -> None:
    offered.chooses(1)
    assert offered.case.state == CaseState.RESOLVED
    offered.complains("delivery", text="还是没送到,打几分", rating=score)
    assert [rating.score for rating in offered.case.ratings] == [score]
    assert offered.reasons == reasons


def test_a_good_score_told_of_in_a_complaint_is_none_of_ours(offered: Customer) -> None:
    offered.chooses(1)
    offered.complains("delivery", text="上次我还给了5分好评", rating=5)
    assert offered.case.ratings == []
