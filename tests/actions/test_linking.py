"""Cases that belong together: merged, parted again, linked, suggested; and that a complaint told twice counts once."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, update

from actions.account import granted_minor, granted_to
from actions.cases import earlier_cases, set_fact
from actions.clocks import active_clocks
from actions.staff import linking
from actions.staff.access import DeedRefused
from actions.staff.talking import answer, take
from analytics.firm_zone import firm_zone
from analytics.recount import recount
from analytics.roll_up import roll_up
from recovery.case_states import CaseState
from store.tables import Case, CaseLink, Conversation, DailyCount, Identity, Offer, Remedy, Staff
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT
from tests.desk.turning import at_once

ORDER, OTHER_ORDER = "202611120007", "202611120008"


def refused(shop: Shop, deed: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)
    return refusal.value.code


@pytest.fixture
def twice(shop: Shop, wang: Customer, alice: Staff) -> tuple[Case, Case]:
    """Wang wrote under two names and is known to be one person; Alice has both conversations. The older case first."""
    phone = Customer(shop, "wang-phone")
    wang.complains("delivery")
    shop.clock.advance(minutes=5)
    phone.complains("delivery", "service_delay")
    with shop.database.begin() as work:
        customer = work.session.get_one(Case, wang.case.id).customer_id
        work.session.get_one(
            Identity, work.session.get_one(Conversation, phone.conversation.id).identity_id
        ).customer_id = customer
        work.session.get_one(Case, phone.case.id).customer_id = customer
        work.commit()
    for talk in (wang, phone):
        shop.does(take, shop.firm, alice, talk.conversation.id)
    return wang.case, phone.case


def case(shop: Shop, one: Case) -> Case:
    with shop.database.reading() as work:
        found = work.session.get_one(Case, one.id)
        len(found.facts), len(found.promises)
        return found


def counted(shop: Shop) -> dict[str, int]:
    """Defects of the service, and opportunities of the recovery, as rolled up; and the recount agrees."""
    zone = firm_zone(ROOT / "data" / "firm")
    roll_up(shop.database, zone)
    with shop.database.reading() as work:
        assert recount(work, zone).differences == ()
    rows = shop.all(DailyCount)
    return {
        "service": sum(row.defects for row in rows if row.process == "service"),
        "understood": sum(row.opportunities for row in rows if row.step == "understood_right"),
    }


def test_the_merged_case_is_closed_and_the_other_goes_on(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    after = case(shop, goes)
    assert (after.state, after.merged_into_id, after.closed_at) == (CaseState.MERGED, kept.id, shop.clock.now)
    assert case(shop, kept).state == CaseState.WITH_STAFF
    with shop.database.reading() as work:
        assert active_clocks(work, work.session.get_one(Case, goes.id)) == {}
        assert {talk.focus_case_id for talk in work.session.query(Conversation)} == {kept.id}
        assert [one.id for one in linking.merged_cases(work, kept)] == [goes.id]


def test_a_complaint_told_twice_counts_once_and_parted_counts_twice(
    shop: Shop, twice: tuple[Case, Case], alice: Staff
) -> None:
    kept, goes = twice
    assert counted(shop)["service"] == 2
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    assert counted(shop) == {"service": 1, "understood": 2}, "what was passed before was passed"
    shop.clock.advance(minutes=1)
    shop.does(linking.undo_merge, shop.firm, alice, goes.id)
    assert counted(shop)["service"] == 2


def test_one_complaint_told_twice_is_no_repeated_complaint(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    shop.does(linking.merge, shop.firm, alice, kept.id, goes.number)
    with shop.database.reading() as work:
        assert earlier_cases(work, work.session.get_one(Case, goes.id)) == 0


def test_what_was_granted_before_the_merger_counts_towards_the_limits(shop: Shop, wang: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.chooses(1)
    (first,) = wang.cases
    granted = first.remedies[0].amount
    assert granted > 0
    with shop.database.begin() as work:
        # Settled cases do not merge; this one was reopened by hand.
        work.session.execute(update(Case).where(Case.id == first.id).values(state=CaseState.OPEN))
        other = Case(
            customer_id=first.customer_id, conversation_id=first.conversation_id, language="zh", channel="rest",
            tier="regular", categories=["service_attitude"], failure_type="x", dimension="process", severity="low",
            emotion=0, risks=[], department="customer_service", opened_at=work.now, first_response_due=work.now,
            resolution_due=work.now,
        )  # fmt: skip
        work.session.add(other)
        work.commit()
    shop.does(linking.merge, shop.firm, alice, first.id, other.number)
    with shop.database.reading() as work:
        assert granted_minor(work, work.session.get_one(Case, other.id)) == granted


@pytest.mark.parametrize("into", ["am{0}", "AM-{1}", " {0} "])
def test_a_number_is_read_as_people_type_it(shop: Shop, twice: tuple[Case, Case], alice: Staff, into: str) -> None:
    kept, goes = twice
    compact = kept.number.removeprefix("AM-").replace("-", "")
    shop.does(linking.merge, shop.firm, alice, goes.id, into.format(compact.lower(), kept.number[3:]))
    assert case(shop, goes).merged_into_id == kept.id


def test_what_cannot_be_merged(shop: Shop, twice: tuple[Case, Case], wang: Customer, alice: Staff) -> None:
    kept, goes = twice
    merge = linking.merge
    assert refused(shop, merge, shop.firm, alice, goes.id, "AM-2222-2222") == "no_such_case"
    assert refused(shop, merge, shop.firm, alice, goes.id, goes.number) == "same_case"
    stranger = Customer(shop, "li")
    stranger.complains("delivery")
    assert refused(shop, merge, shop.firm, alice, goes.id, stranger.case.number) == "not_same_customer"
    shop.does(merge, shop.firm, alice, goes.id, kept.number)
    assert refused(shop, merge, shop.firm, alice, goes.id, kept.number) == "case_merged"
    assert refused(shop, merge, shop.firm, alice, kept.id, goes.number) == "case_merged"


def test_not_while_an_offer_waits_or_money_is_on_its_way(shop: Shop, wang: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    shop.sells(OTHER_ORDER, total=900000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    shop.clock.advance(minutes=5)
    wang.complains("product_quality", order_number=OTHER_ORDER)
    first, second = wang.cases
    assert refused(shop, linking.merge, shop.firm, alice, second.id, first.number) == "offer_waits"
    wang.chooses(1)
    second = wang.cases[1]
    assert second.state == CaseState.AWAITING_APPROVAL
    assert refused(shop, linking.merge, shop.firm, alice, second.id, first.number) == "offer_waits"


def test_a_settled_case_is_linked_and_not_merged(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    with shop.database.begin() as work:
        work.session.execute(update(Case).where(Case.id == kept.id).values(state=CaseState.RESOLVED))
        work.commit()
    assert refused(shop, linking.merge, shop.firm, alice, goes.id, kept.number) == "kept_is_settled"
    assert refused(shop, linking.merge, shop.firm, alice, kept.id, goes.number) == "merged_is_settled"
    shop.does(linking.link_cases, alice, goes.id, kept.number)


def test_of_two_who_merge_both_ways_at_once_one_is_refused(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    pairs, lost = [(goes, kept), (kept, goes)], []

    def merges(n: int) -> None:
        try:
            shop.does(linking.merge, shop.firm, alice, pairs[n][0].id, pairs[n][1].number)
        except DeedRefused as refusal:
            lost.append(refusal.code)

    at_once(2, merges)
    assert lost == ["case_merged"]
    assert sorted(case(shop, one).state for one in twice) == [CaseState.MERGED, CaseState.WITH_STAFF]


# --- undoing ----------------------------------------------------------------------------------------------------------


def test_undone_all_is_as_it_was(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    shop.does(linking.link_cases, alice, goes.id, kept.number)
    before = case(shop, goes)
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    shop.clock.advance(hours=2)
    shop.does(linking.undo_merge, shop.firm, alice, goes.id)
    after = case(shop, goes)
    assert (after.state, after.merged_into_id, after.closed_at) == (before.state, None, None)
    assert after.resolution_due == before.resolution_due, "nobody wins time by a mistake"
    with shop.database.reading() as work:
        assert work.session.get_one(Conversation, goes.conversation_id).focus_case_id == goes.id
        assert work.session.get_one(Conversation, kept.conversation_id).focus_case_id == kept.id
    assert [link.kind for link in shop.all(CaseLink)] == ["related"]
    assert refused(shop, linking.undo_merge, shop.firm, alice, goes.id) == "not_merged"


def test_not_once_something_has_happened_since(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    shop.does(answer, shop.firm, alice, goes.conversation_id, "One case for both now.")
    assert refused(shop, linking.undo_merge, shop.firm, alice, goes.id) == "merged_and_gone_on"


def test_not_after_a_day(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    shop.clock.advance(hours=25)
    assert refused(shop, linking.undo_merge, shop.firm, alice, goes.id) == "merged_too_long_ago"


# --- links and suggestions --------------------------------------------------------------------------------------------


def test_linked_cases_tell_of_each_other_and_are_parted_from_either_side(
    shop: Shop, twice: tuple[Case, Case], alice: Staff
) -> None:
    one, other = twice
    for _ in range(2):
        shop.does(linking.link_cases, alice, other.id, one.number)
    assert len(shop.all(CaseLink)) == 1
    with shop.database.reading() as work:
        assert [(found.case.id, found.by) for found in linking.linked_cases(work, one)] == [(other.id, "alice")]
        assert [found.case.id for found in linking.linked_cases(work, other)] == [one.id]
    shop.does(linking.unlink_cases, alice, one.id, other.number)
    assert shop.all(CaseLink) == []
    assert refused(shop, linking.unlink_cases, alice, one.id, other.number) == "not_linked"
    assert refused(shop, linking.link_cases, alice, one.id, one.number) == "same_case"


def test_what_the_bot_linked_shows_on_both_and_can_be_taken_away(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery", order_number=ORDER)
    wang.complains("product_quality", order_number=OTHER_ORDER)
    first, second = wang.cases
    with shop.database.reading() as work:
        assert [(found.case.id, found.by) for found in linking.linked_cases(work, first)] == [(second.id, "bot")]
    shop.does(linking.unlink_cases, alice, first.id, second.number)
    with shop.database.reading() as work:
        assert linking.linked_cases(work, work.session.get_one(Case, second.id)) == []


def test_likely_duplicates_are_suggested_the_same_order_first(
    shop: Shop, twice: tuple[Case, Case], alice: Staff
) -> None:
    one, other = twice
    stranger = Customer(shop, "li")
    stranger.complains("product_quality", order_number=ORDER)
    shop.does(_says_order, one.id)
    with shop.database.reading() as work:
        found = linking.suggested_cases(work, work.session.get_one(Case, one.id))
    assert [(each.case.id, each.why) for each in found] == [
        (stranger.case.id, "order_elsewhere"),
        (other.id, "category"),
    ]
    shop.does(_says_order, other.id)
    with shop.database.reading() as work:
        found = linking.suggested_cases(work, work.session.get_one(Case, one.id))
    assert [each.why for each in found] == ["order", "order_elsewhere"]
    shop.does(linking.link_cases, alice, one.id, other.number)
    with shop.database.reading() as work:
        found = linking.suggested_cases(work, work.session.get_one(Case, one.id))
    assert [each.case.id for each in found] == [stranger.case.id], "what is linked needs no suggestion"


def _says_order(work: Any, case_id: int) -> None:
    set_fact(work, work.session.get_one(Case, case_id), "order_number", ORDER)


def test_what_was_granted_counts_by_way_of_others_too(shop: Shop, twice: tuple[Case, Case], alice: Staff) -> None:
    kept, goes = twice
    with shop.database.begin() as work:
        offer = Offer(
            case_id=goes.id, round=9, position=1, remedies=[], cost=700, currency="CNY", authority="bot", rule="x",
            approved_by="x", reason="x", made_at=work.now, state="accepted",
        )  # fmt: skip
        work.session.add(offer)
        work.session.flush()
        work.session.add(
            Remedy(
                case_id=goes.id, offer_id=offer.id, kind="voucher", amount=700, currency="CNY", state="executed",
                intended_at=work.now,
            )
        )  # fmt: skip
        found = work.session.get_one(Case, goes.id)
        last = Case(
            customer_id=found.customer_id, conversation_id=found.conversation_id, language="zh", channel="rest",
            tier="regular", categories=["delivery"], failure_type="x", dimension="process", severity="low", emotion=0,
            risks=[], department="customer_service", opened_at=work.now, first_response_due=work.now,
            resolution_due=work.now,
        )  # fmt: skip
        work.session.add(last)
        work.commit()
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    shop.does(linking.merge, shop.firm, alice, kept.id, last.number)
    with shop.database.reading() as work:
        assert granted_to(work, [work.session.get_one(Case, one.id) for one in (last, kept, goes)]) == {
            last.id: 700, kept.id: 700, goes.id: 700,
        }  # fmt: skip


def test_suggestions_take_as_many_looks_for_many_cases_as_for_one(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shown = wang.case

    def looks() -> int:
        count = 0

        def one_more(*_: object) -> None:
            nonlocal count
            count += 1

        with shop.database.reading() as work:
            here = work.session.get_one(Case, shown.id)
            event.listen(work.session.get_bind(), "before_cursor_execute", one_more)
            linking.suggested_cases(work, here)
            event.remove(work.session.get_bind(), "before_cursor_execute", one_more)
        return count

    def more(number: int) -> None:
        with shop.database.begin() as work:
            work.session.add_all(
                Case(
                    customer_id=shown.customer_id, conversation_id=shown.conversation_id, language="zh", channel="rest",
                    tier="regular", categories=["delivery"], failure_type="x", dimension="process", severity="low",
                    emotion=0, risks=[], department="logistics", opened_at=work.now, first_response_due=work.now,
                    resolution_due=work.now,
                )
                for _ in range(number)
            )  # fmt: skip
            work.commit()

    shop.does(_says_order, shown.id)
    more(1)
    few = looks()
    more(20)
    assert looks() == few
