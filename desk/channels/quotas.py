"""How much a channel lets through, as pure functions.

Tencent's documents: "发送客服消息" of the official account (five messages within 48 hours of what a user sends; three
within a minute of a tap on the account's menu, a follow, a scan) and "发送消息" of WeCom customer service (five within
48 hours of what a customer sends). What a word allows does not add up: the next word allows five anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

WORD_ALLOWS, WORD_SPAN = 5, timedelta(hours=48)
TAP_ALLOWS, TAP_SPAN = 3, timedelta(minutes=1)
# A call that has begun must not arrive after the end.
_MARGIN = timedelta(seconds=5)
# The channel stamps what it tells by whole seconds and its own clock: what went out so shortly before a word counts as
# if it had gone out after it.
_SLACK = timedelta(seconds=2)
# What the channel refused so shortly before a word came may have been refused before that word.
_LATE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a customer's window.

    Attributes:
        word_at: when the customer last said something.
        tap_at: when the customer last tapped, followed or scanned.
        spent: when the latest bubbles went out, in order.
        shut_at: when the channel said that nothing more goes through.
    """

    word_at: datetime | None = None
    tap_at: datetime | None = None
    spent: tuple[datetime, ...] = ()
    shut_at: datetime | None = None


def room(window: Window, now: datetime) -> int:
    """How many more bubbles the channel would take now.

    Where a word and a tap both allow some, a bubble counts against both: which one the channel takes it from is nowhere
    said, and so it cannot be exceeded either way.
    """
    if window.shut_at is not None:
        return 0
    return max(
        _left(window.word_at, WORD_ALLOWS, WORD_SPAN, window.spent, now),
        _left(window.tap_at, TAP_ALLOWS, TAP_SPAN, window.spent, now),
    )


def until(window: Window, now: datetime) -> datetime | None:
    """Until when there is room; None where there is none."""
    if window.shut_at is not None:
        return None
    ends = []
    if window.word_at is not None and _left(window.word_at, WORD_ALLOWS, WORD_SPAN, window.spent, now):
        ends.append(window.word_at + WORD_SPAN)
    if window.tap_at is not None and _left(window.tap_at, TAP_ALLOWS, TAP_SPAN, window.spent, now):
        ends.append(window.tap_at + TAP_SPAN)
    return max(ends, default=None)


def is_open(window: Window, now: datetime) -> bool:
    """Whether the customer was heard lately enough, however much of it is used up."""
    word, tap = window.word_at, window.tap_at
    return (word is not None and now < word + WORD_SPAN - _MARGIN) or (
        tap is not None and now < tap + TAP_SPAN - _MARGIN
    )


def wrote(window: Window, at: datetime) -> Window:
    """The customer said something."""
    return replace(window, word_at=_later(window.word_at, at), shut_at=_still_shut(window, at))


def tapped(window: Window, at: datetime) -> Window:
    """The customer tapped on the account's menu, followed or scanned."""
    return replace(window, tap_at=_later(window.tap_at, at), shut_at=_still_shut(window, at))


def spend(window: Window, now: datetime) -> Window:
    """A bubble goes out."""
    return replace(window, spent=(*window.spent, now)[-(WORD_ALLOWS + TAP_ALLOWS) :])


def landed(window: Window, spent_at: datetime, now: datetime) -> Window:
    """The bubble of ``spent_at`` has arrived by now, or may have.

    It counts from the latest moment at which the channel can have taken it: a call may take longer than its customer
    needs for a new word, and is taken from what that allows.
    """
    return replace(window, spent=tuple(max(one, now) if one == spent_at else one for one in window.spent))


def give_back(window: Window, spent_at: datetime) -> Window:
    """The channel said that it did not take the bubble of ``spent_at``."""
    if spent_at not in window.spent:
        return window
    place = window.spent.index(spent_at)
    return replace(window, spent=window.spent[:place] + window.spent[place + 1 :])


def shut(window: Window, at: datetime) -> Window:
    """The channel said that nothing more goes through before the customer is heard again."""
    return replace(window, shut_at=at)


def _left(heard_at: datetime | None, allows: int, span: timedelta, spent: Sequence[datetime], now: datetime) -> int:
    if heard_at is None or now >= heard_at + span - _MARGIN:
        return 0
    return max(0, allows - sum(one >= heard_at - _SLACK for one in spent))


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _still_shut(window: Window, at: datetime) -> datetime | None:
    return window.shut_at if window.shut_at is not None and at < window.shut_at - _LATE else None
