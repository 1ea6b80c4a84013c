"""Whole dialogues where words wait: what an unseen question, an old menu, and a long silence do to a complaint."""

import pytest
from sqlalchemy import select

from actions.firm import Firm
from actions.timers import TimerKind
from desk.channels import windows
from store.database import Database
from store.tables import Case, Conversation, Message, Offer, Order, OrderIdentity, Rating, Remedy, Timer
from tests.conftest import Clock
from tests.desk.channels.rationed_channel import LI, Line
from tests.desk.turning import acts, fires, leases, settles

ORDER = "202611120007"


@pytest.fixture
def line(database: Database, firm: Firm, clock: Clock) -> Line:
    return Line(database, firm, clock)


def answers(line: Line, action: str, **understood: object) -> None:
    """The bot takes its turn on what the customer wrote last, and what it says goes out if it can."""
    lease = leases(line.database)
    acts(line.database, line.firm, lease, action, **{"categories": [], **understood})
    assert settles(line.database, lease) == "done"
    line.delivers()


def complains(line: Line) -> None:
    """Li complains about a late order of theirs and has choices before them, if they get through."""
    with line.database.begin() as work:
        work.session.add(
            Order(
                number=ORDER,
                placed_at=work.now,
                total=30000,
                currency="CNY",
                items=[],
                status="delivered",
                updated_at=work.now,
                identities=[OrderIdentity(identity=LI.public)],
            )
        )
        work.commit()
    line.writes(f"订单{ORDER}迟到两天")
    answers(line, "action_hear_complaint", categories=["delivery"], facts={"order_number": ORDER})


def all_of(line: Line, table: type) -> list[object]:
    with line.database.reading() as work:
        return list(work.session.scalars(select(table)))


def offered_number(line: Line) -> int:
    with line.database.reading() as work:
        said = work.session.scalars(select(Message).where(Message.direction == "out").order_by(Message.number.desc()))
        return next(message.number for message in said if message.buttons)


def test_a_number_typed_while_the_choices_wait_accepts_nothing(line: Line, clock: Clock) -> None:
    line.writes()
    answers(line, "action_greet")
    clock.advance(hours=49)
    # By an older word, as when the bot was down for two days.
    line.hears(f"订单{ORDER}迟到两天", at=clock.now.replace(day=17))
    with line.database.begin() as work:
        work.session.add(
            Order(
                number=ORDER,
                placed_at=work.now,
                total=30000,
                currency="CNY",
                items=[],
                status="delivered",
                updated_at=work.now,
                identities=[OrderIdentity(identity=LI.public)],
            )
        )
        work.commit()
    answers(line, "action_hear_complaint", categories=["delivery"], facts={"order_number": ORDER})
    assert line.states[-1] == "held" and all_of(line, Offer)
    line.writes("1")
    answers(line, "action_accept_offer", facts={"choice": 1})
    assert all_of(line, Remedy) == []
    assert {offer.state for offer in all_of(line, Offer)} == {"open"}  # type: ignore[attr-defined]
    # Now they have read them.
    line.writes("1")
    answers(line, "action_accept_offer", facts={"choice": 1})
    assert len(all_of(line, Remedy)) >= 1 and line.channel.breaches == 0


def test_a_tapped_choice_is_taken_once_however_often_it_is_tapped(line: Line) -> None:
    complains(line)
    item = windows.item_id(offered_number(line), 0)
    line.hears("1. 随便什么", choice=item)
    answers(line, "action_accept_offer", facts={"choice": 1})
    granted = len(all_of(line, Remedy))
    line.hears("1. 随便什么", choice=item)
    answers(line, "action_accept_offer", facts={"choice": 1})
    assert granted == len(all_of(line, Remedy)) > 0
    assert all_of(line, Rating) == []


def test_a_number_typed_while_the_rating_question_waits_rates_nothing(line: Line, clock: Clock) -> None:
    complains(line)
    line.writes("1")
    answers(line, "action_accept_offer", facts={"choice": 1})
    fires(line.database, line.firm, TimerKind.EXECUTE_REMEDY)
    line.delivers()
    clock.advance(days=4)
    fires(line.database, line.firm, TimerKind.FOLLOW_UP)
    line.delivers()
    with line.database.reading() as work:
        awaited = work.session.scalars(select(Conversation)).one().awaited
    assert awaited is not None and awaited["kind"] == "rating" and line.states[-1] == "held"
    line.writes("1")
    answers(line, "action_record_rating", facts={"choice": 1})
    assert all_of(line, Rating) == []
    line.writes("1")
    answers(line, "action_record_rating", facts={"rating": 1})
    assert len(all_of(line, Rating)) == 1


def test_nobody_is_late_with_an_answer_to_what_they_have_not_seen(line: Line, clock: Clock) -> None:
    line.on(windows.unreachable, "unfollowed")
    complains_unheard(line)
    clock.advance(days=1, hours=6)
    for _ in range(12):
        clock.advance(hours=12)
        fires(line.database, line.firm, TimerKind.UNANSWERED)
        line.delivers()
    (case,) = all_of(line, Case)
    assert case.state != "closed"  # type: ignore[attr-defined]
    assert all(timer.state == "open" for timer in all_of(line, Timer) if timer.kind == TimerKind.UNANSWERED)  # type: ignore[attr-defined]


def complains_unheard(line: Line) -> None:
    """Li complains and unfollows at once: the bot's question waits."""
    line.writes("快递晚了三天")
    line.on(windows.unreachable, "unfollowed")
    answers(line, "action_hear_complaint", categories=["delivery"])
    assert line.states == ["held"]
