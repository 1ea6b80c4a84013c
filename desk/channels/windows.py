"""How much may still be said to a customer of a channel that other firms run, and what waits for their next word.

Everything here runs inside somebody's unit of work, with the conversation locked. The rules are in
:mod:`desk.channels.quotas`. Whoever takes in a message calls, in this order:

1. ``seen = seen_revision(work, conversation, incoming.choice)`` and, for a tapped item, ``words_of(…)``;
2. ``receive(…, seen_revision=seen)``;
3. ``customer_wrote(…)``, or ``customer_tapped(…)`` for a tap, a follow, a scan.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select, update

from actions.conversations import lock_conversation
from actions.unseen import state_of_question
from desk.channels import quotas
from desk.channels.quotas import TAP_SPAN, WORD_SPAN, Window
from store.database import UnitOfWork
from store.tables import Conversation, Message, OutboxRow, ReplyWindow

# Channels that let only so much through.
RATIONED = frozenset({"wechat", "wecom"})
# Words of the moment are not worth saying so much later.
MOMENT = timedelta(minutes=10)
_ON_THE_WAY = ("pending", "held")


class Waits(StrEnum):
    """Why a message waits for its customer; kept in the outbox row."""

    WINDOW_CLOSED = "window_closed"  # the customer wrote too long ago
    QUOTA_SPENT = "quota_spent"  # as many as one of the customer's allows went out
    KEPT_BACK = "kept_back"  # the last one is kept for what decides
    UNREACHABLE = "unreachable"  # unfollowed, refuses messages, unknown there


@dataclass(frozen=True, slots=True)
class WindowState:
    """What a conversation's window looks like now.

    Attributes:
        room: bubbles that the channel would still take.
        until: the end of that; None where nothing goes through.
        is_open: the customer was heard lately enough, however much of it is used up.
        held: messages that wait for the customer.
        why: why the oldest of them waits; None where none does.
        unreachable: why nothing can be sent, as :func:`unreachable` was told.
        told_outside_at: when a template or subscription message told the customer that something waits here.
        told_outside: what became of it: ``sent``, ``arrived``, ``refused``.
    """

    room: int
    until: datetime | None
    is_open: bool
    held: int
    why: Waits | None
    unreachable: str | None
    told_outside_at: datetime | None
    told_outside: str | None


def customer_wrote(work: UnitOfWork, conversation: Conversation, at: datetime) -> None:
    """The customer said something: five messages may follow, and what was held goes out first.

    Args:
        at: when, by the channel; not later than now, whatever its clock says.
    """
    row = reply_window(work, conversation)
    _came_back(work, conversation, row, quotas.wrote(window_in(row), min(at, work.now)))


def customer_tapped(work: UnitOfWork, conversation: Conversation, at: datetime) -> None:
    """The customer tapped on a menu, followed, or scanned: three messages may follow within a minute.

    On WeCom a tap on an item of a menu message is a message of the customer's ("读取消息", ``menu_id``), and counts as
    one.
    """
    if conversation.identity.channel == "wecom":
        customer_wrote(work, conversation, at)
        return
    row = reply_window(work, conversation)
    _came_back(work, conversation, row, quotas.tapped(window_in(row), min(at, work.now)))


def unreachable(work: UnitOfWork, conversation: Conversation, why: str) -> None:
    """Nothing can be sent until the customer comes back.

    Args:
        why: ``unfollowed``, ``refuses`` or ``unknown_there``.
    """
    row = reply_window(work, conversation)
    row.unreachable, row.unreachable_at = why, work.now
    work.touched.add(conversation.id)


def release_held(work: UnitOfWork, conversation: Conversation) -> None:
    """Send what was held, in its order; words of the moment that are past are left out."""
    work.session.flush()
    work.touched.add(conversation.id)
    mine = OutboxRow.conversation_id == conversation.id
    waiting = select(OutboxRow.id).where(mine, OutboxRow.state.in_(_ON_THE_WAY)).limit(1)
    if work.session.scalars(waiting).first() is None:
        # As nearly always: a look costs a fraction of what writing does, and every word that comes in passes here.
        return
    let_lapse(work, conversation)
    work.session.execute(
        update(OutboxRow)
        .where(mine, OutboxRow.state == "held")
        .values(state="pending", next_attempt_at=work.now, claimed_by=None, claimed_until=None)
    )
    # Nor does what was put off go on waiting, unless it is just being tried.
    work.session.execute(
        update(OutboxRow)
        .where(mine, OutboxRow.state == "pending", OutboxRow.claimed_until.is_(None))
        .values(next_attempt_at=work.now)
    )


def let_lapse(work: UnitOfWork, conversation: Conversation) -> None:
    """Leave out words of the moment that waited until it was past; one that has begun is brought to its end."""
    work.session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.conversation_id == conversation.id,
            OutboxRow.state == "held",
            OutboxRow.weight == "courtesy",
            OutboxRow.said_up_to == 0,
            OutboxRow.held_at < work.now - MOMENT,
        )
        .values(state="lapsed")
    )


def has_unseen(work: UnitOfWork, conversation: Conversation) -> bool:
    """Whether the question that is open has not reached the customer yet: nothing they say can answer it."""
    return state_of_question(work, conversation) not in (None, "sent")


def seen_revision(work: UnitOfWork, conversation: Conversation, choice: str | None = None) -> int:
    """Which question a message can answer, for ``receive``: none that its author has not seen.

    Args:
        choice: id of the menu item that was tapped; one of an older message answers no newer question.
    """
    unseen = conversation.awaited_revision - 1
    if choice is not None:
        item, asked = read_item(choice), (conversation.awaited or {}).get("number")
        if item is None or conversation.awaited is None or (asked is not None and item[0] < asked):
            return unseen
        if asked is not None and words_of(work, conversation, choice) is not None:
            # Who taps on it has it before them, whether or not we have noted that it arrived.
            return conversation.awaited_revision
    return unseen if has_unseen(work, conversation) else conversation.awaited_revision


def item_id(number: int, place: int) -> str:
    """The id of a menu item: the message it belongs to, and its place there, from 0."""
    return f"{number}-{place}"


def read_item(choice: str) -> tuple[int, int] | None:
    """The message's number and the place of a menu item; None for an id that is none of ours."""
    number, _, place = choice.partition("-")
    if not (number.isascii() and number.isdigit() and place.isascii() and place.isdigit()) or len(choice) > 20:
        return None
    return int(number), int(place)


def words_of(work: UnitOfWork, conversation: Conversation, choice: str) -> str | None:
    """What a tapped menu item says for its customer; None where there is no such item."""
    item = read_item(choice)
    if item is None:
        return None
    statement = select(Message).where(
        Message.conversation_id == conversation.id, Message.number == item[0], Message.direction == "out"
    )
    message = work.session.scalars(statement).first()
    if message is None or item[1] >= len(message.buttons):
        return None
    return str(message.buttons[item[1]]["payload"])


def state_of(work: UnitOfWork, conversation: Conversation) -> WindowState:
    """What the window of a conversation looks like now; nothing is written."""
    row = work.session.get(ReplyWindow, conversation.id)
    window = window_in(row) if row is not None else Window()
    held = (
        select(OutboxRow.error)
        .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state == "held")
        .order_by(OutboxRow.id)
    )
    waiting = work.session.scalars(held).all()
    shut = row is not None and row.unreachable is not None
    return WindowState(
        room=0 if shut else quotas.room(window, work.now),
        until=None if shut else quotas.until(window, work.now),
        is_open=quotas.is_open(window, work.now),
        held=len(waiting),
        why=_why(waiting[0]) if waiting else None,
        unreachable=row.unreachable if row is not None else None,
        told_outside_at=row.told_outside_at if row is not None else None,
        told_outside=row.told_outside if row is not None else None,
    )


def count_held(work: UnitOfWork, conversation_ids: Collection[int]) -> dict[int, int]:
    """How many messages wait for their customer, by conversation; those without any are left out."""
    statement = (
        select(OutboxRow.conversation_id, func.count())
        .where(OutboxRow.conversation_id.in_(conversation_ids), OutboxRow.state == "held")
        .group_by(OutboxRow.conversation_id)
    )
    return {row[0]: row[1] for row in work.session.execute(statement)}


# WeCom's ``fail_type`` ("事件消息", msg_send_fail): 4 over 48 hours, 5 the conversation was ended there, 6 over five
# messages, 10 the customer refuses. The others say that the account itself cannot send.
WAITS_AFTER = {4: Waits.WINDOW_CLOSED, 5: Waits.WINDOW_CLOSED, 6: Waits.QUOTA_SPENT, 10: Waits.UNREACHABLE}


def failed_later(work: UnitOfWork, receipt: str, fail_type: int, at: datetime | None = None) -> bool:
    """The channel says afterwards that a bubble did not arrive: what can wait for the customer does, the rest failed.

    Args:
        receipt: the channel's name for the bubble.
        fail_type: WeCom's number for the reason.
        at: when it failed, by the channel; None: just now. Where the customer has written since, it goes out again.

    Returns:
        False where no such bubble is known.
    """
    # The parts of a long message share the first half of their names.
    names = [receipt, receipt.partition("-")[0]]
    named = OutboxRow.receipt.in_(names)
    found = work.session.scalars(select(OutboxRow.conversation_id).where(named).limit(1)).first() if receipt else None
    if found is None:
        return False
    conversation = lock_conversation(work, found)
    rows = list(
        work.session.scalars(
            select(OutboxRow)
            .where(named, or_(OutboxRow.state == "sent", OutboxRow.said_up_to > 0))
            .order_by(OutboxRow.id)
            .execution_options(populate_existing=True)
        )
    )
    waits = WAITS_AFTER.get(fail_type)
    window_row = reply_window(work, conversation)
    window = window_in(window_row)
    failed_at = work.now if at is None else min(at, work.now)
    heard_since = window.word_at is not None and at is not None and window.word_at >= failed_at
    for row in rows:
        row.sent_at, row.said_up_to, row.claimed_by, row.claimed_until = None, 0, None, None
        if waits is None:
            row.state, row.error = "failed", f"fail_type {fail_type}"
        else:
            row.state, row.error, row.held_at = "held", waits, row.held_at or work.now
    if not rows or waits is None:
        return True
    if heard_since:
        # Told late, and older than the customer's latest word: what that allows is open.
        release_held(work, conversation)
    elif waits is Waits.UNREACHABLE:
        unreachable(work, conversation, "refuses")
    else:
        keep(window_row, quotas.shut(window, failed_at))
    return True


def notice_result(work: UnitOfWork, receipt: str, arrived: bool) -> bool:
    """The channel says what became of a template or subscription message.

    Args:
        receipt: the channel's name for it.

    Returns:
        False where no such message is known.
    """
    row = work.session.scalars(select(ReplyWindow).where(ReplyWindow.notice_receipt == receipt)).first()
    if row is None:
        return False
    row.told_outside = "arrived" if arrived else "refused"
    work.touched.add(row.conversation_id)
    return True


def reply_window(work: UnitOfWork, conversation: Conversation) -> ReplyWindow:
    """The row of a conversation, which is locked; made where there is none."""
    # As it stands behind the lock, with what this unit of work has changed.
    work.session.flush()
    row = work.session.get(ReplyWindow, conversation.id, populate_existing=True)
    if row is None:
        row = ReplyWindow(conversation_id=conversation.id)
        work.session.add(row)
        work.session.flush()
    return row


def window_in(row: ReplyWindow) -> Window:
    """What a row says of the window."""
    return Window(
        word_at=row.ends_at - WORD_SPAN if row.ends_at is not None else None,
        tap_at=row.brief_ends_at - TAP_SPAN if row.brief_ends_at is not None else None,
        spent=tuple(datetime.fromisoformat(one) for one in row.spent),
        shut_at=row.shut_at,
    )


def keep(row: ReplyWindow, window: Window) -> None:
    """Keep a window in its row."""
    row.ends_at = window.word_at + WORD_SPAN if window.word_at is not None else None
    row.brief_ends_at = window.tap_at + TAP_SPAN if window.tap_at is not None else None
    row.spent = [one.isoformat() for one in window.spent]
    row.shut_at = window.shut_at


def _came_back(work: UnitOfWork, conversation: Conversation, row: ReplyWindow, window: Window) -> None:
    keep(row, window)
    row.unreachable, row.unreachable_at = None, None
    if quotas.room(window, work.now):
        row.told_outside_at, row.told_outside, row.notice_receipt = None, None, None
        release_held(work, conversation)
    work.session.flush()


def why_closed(row: ReplyWindow, now: datetime) -> Waits:
    """Why there is no room."""
    if row.unreachable is not None:
        return Waits.UNREACHABLE
    return Waits.QUOTA_SPENT if quotas.is_open(window_in(row), now) else Waits.WINDOW_CLOSED


def _why(error: str | None) -> Waits | None:
    return Waits(error) if error in set(Waits) else None
