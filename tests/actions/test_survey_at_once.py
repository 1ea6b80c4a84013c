"""The survey under concurrency, on PostgreSQL: timers firing twice, a double tap, a rating as the survey is sent."""

from contextlib import suppress

import pytest

from actions.due import NotNow, fire
from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.promising import Promised, answer_and_promise, move_promise
from actions.staff.talking import take
from actions.turns import StaleTurn
from recovery.case_states import CaseState
from store.database import Database
from store.tables import Promise, Timer
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock
from tests.desk.turning import at_once

ORDER = "202611120007"


@pytest.fixture
def shop(postgresql_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(postgresql_database, firm, clock)


@pytest.fixture
def paid(shop: Shop) -> Customer:
    mary = Customer(shop, "mary", "en")
    shop.sells(ORDER, total=30000, to=mary.address.public)
    mary.complains("delivery", order_number=ORDER)
    mary.chooses(1)
    assert mary.case.state == CaseState.RESOLVED
    return mary


def follow_up(shop: Shop) -> int:
    return next(timer.id for timer in shop.all(Timer) if timer.kind == "follow_up")


def test_two_workers_at_once_ask_once(shop: Shop, paid: Customer) -> None:
    shop.clock.advance(hours=25)
    timer = follow_up(shop)
    at_once(4, lambda n: fire(shop.database, shop.firm, shop.connectors, timer))
    assert paid.was_told.count(paid.words("rating.ask", number=paid.case.number)) == 1


def test_a_rating_and_the_survey_at_once_leave_one_rating_and_ask_no_second_time(shop: Shop, paid: Customer) -> None:
    shop.clock.advance(hours=25)
    timer, ask = follow_up(shop), paid.words("rating.ask", number=paid.case.number)

    def race(n: int) -> None:
        if n:
            with suppress(NotNow):
                fire(shop.database, shop.firm, shop.connectors, timer)
        else:
            paid.is_answered(paid.types("5 points"), "action_record_rating", rating=5)

    at_once(2, race)
    shop.fires_due()
    assert [rating.score for rating in paid.case.ratings] == [5]
    # It may have gone out a moment before the rating came in; never after.
    assert paid.was_told.count(ask) <= 1 and paid.awaited == "fairness_outcome"


def test_two_taps_on_a_score_at_once_answer_one_question(shop: Shop, paid: Customer) -> None:
    shop.waits(hours=25)
    inboxes = [paid.types("5"), paid.types("5")]
    read = [("action_record_rating", {"rating": 5}), ("action_accept_offer", {"choice": 5})]
    at_once(2, lambda n: paid.is_answered(inboxes[n], read[n][0], **read[n][1]))
    (rating,) = paid.case.ratings
    assert (rating.score, rating.outcome, paid.awaited) == (5, None, "fairness_outcome")


def test_two_low_scores_at_once_bring_one_superior(shop: Shop, paid: Customer) -> None:
    shop.waits(hours=25)
    inboxes = [paid.types("1"), paid.types("1")]

    def tap(n: int) -> None:
        # The second belongs to the person by then.
        with suppress(StaleTurn):
            paid.is_answered(inboxes[n], "action_record_rating", rating=1)

    at_once(2, tap)
    assert paid.reasons == ["low_rating"] and len(paid.case.ratings) == 1


def test_a_promise_moved_as_it_breaks_is_one_of_the_two(shop: Shop, paid: Customer) -> None:
    alice = shop.hires("alice", "agent")
    shop.does(take, shop.firm, alice, paid.conversation.id)
    due = shop.clock.now.replace(microsecond=0)
    promised = Promised("a call", due.replace(second=0) + (shop.firm.file.follow_up_after / 24))
    shop.does(answer_and_promise, shop.firm, alice, paid.conversation.id, "Yes.", None, promised)
    (made,) = [one for one in shop.all(Promise) if one.kind == "said"]
    shop.clock.now = made.due_at
    timer = next(one.id for one in shop.all(Timer) if one.kind == "promise_due" and one.subject_id == made.id)

    def race(n: int) -> None:
        if n:
            fire(shop.database, shop.firm, shop.connectors, timer)
        else:
            with suppress(DeedRefused):
                shop.does(move_promise, shop.firm, alice, made.id, made.due_at + shop.firm.file.follow_up_after)

    at_once(2, race)
    # At its time it is past: whoever comes first, it is broken and was not moved.
    assert [one.state for one in shop.all(Promise) if one.kind == "said"] == ["broken"]
