"""What goes out next on channels that let only so much through; each function runs in a unit of work.

The quota is spent in the unit of work that claims a bubble, before the call: a process that dies in between may have
used it up for nothing, and never sends more than the channel allows.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from actions.conversations import lock_conversation
from actions.firm import Firm
from desk.channels import quotas, windows
from desk.channels.bubbles import Shape, Waiting, next_bubble
from desk.channels.transport import Notice, Outgoing, RationedTransport
from desk.channels.windows import Waits
from store.database import UnitOfWork
from store.tables import Case, Conversation, Identity, OutboxRow, Promise, ReplyWindow

CLAIM = timedelta(seconds=90)
# How long a message has waited before its customer is told since when.
_SAID_SINCE = timedelta(minutes=10)
# A text that is too long for the channel after all is cut smaller, down to this.
_SMALLEST = 256
_TOO_LONG = "too_long"
# A notice that cannot be sent for so long is not worth waiting for: the words themselves wait anyway.
_NOTICE_ATTEMPTS = 5
# Where nobody knows whether a bubble was taken, each try spends one: what a word allows must outlast a bad quarter of
# an hour there.
_UNSURE = (timedelta(seconds=2), timedelta(seconds=15), timedelta(minutes=2), timedelta(minutes=10))
# A promise was due so shortly before the words that wait: they are about it.
_ABOUT_PROMISE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A bubble, or a notice, that this process may send now.

    Attributes:
        owner: the claim: one that runs out is another's.
        said: outbox rows that it concerns, each with how much of it is said then; None: all.
        spent_at: what it took from the quota; None of a notice.
        heard: when the customer had said and tapped something by then.
    """

    conversation_id: int
    owner: str
    attempts: int
    said: tuple[tuple[int, int | None], ...]
    what: Outgoing | Notice
    spent_at: datetime | None = None
    heard: tuple[datetime | None, datetime | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it.

    Attributes:
        state: ``sent``, ``held``, ``failed``, or ``pending``: to be tried again.
        not_taken: the channel said so; the quota is given back.
        receipt: of a notice, the channel's name for it.
        wrong_state: who serves the customer over there is to be looked into (:mod:`desk.channels.wecom.mirroring`).
    """

    state: str
    error: str | None = None
    again_in: timedelta | None = None
    not_taken: bool = False
    too_long: bool = False
    unreachable: str | None = None
    receipt: str | None = None
    wrong_state: bool = False


def is_any_due(work: UnitOfWork) -> bool:
    """Whether there is something to claim, on any channel; looked at often, so it must not wait in line."""
    return work.session.scalars(select(OutboxRow.id).where(*due(work)).limit(1)).first() is not None


def due(work: UnitOfWork) -> list[ColumnElement[bool]]:
    """What holds of an outbox row that is the next of its conversation and can be claimed."""
    earlier = aliased(OutboxRow)
    return [
        OutboxRow.state == "pending",
        OutboxRow.next_attempt_at <= work.now,
        (OutboxRow.claimed_until.is_(None)) | (OutboxRow.claimed_until < work.now),
        ~select(earlier.id)
        .where(
            earlier.conversation_id == OutboxRow.conversation_id,
            earlier.state == "pending",
            earlier.id < OutboxRow.id,
        )
        .exists(),
    ]


def claim(work: UnitOfWork, firm: Firm, transports: Mapping[str, RationedTransport], most: int) -> list[Claimed]:
    """The next bubble of each conversation where one is due and nobody else has it; what cannot go is held."""
    waiting = (
        select(OutboxRow.conversation_id)
        .join(Conversation, OutboxRow.conversation_id == Conversation.id)
        .join(Identity, Conversation.identity_id == Identity.id)
        .where(*due(work), Identity.channel.in_(list(transports)))
        .order_by(OutboxRow.id)
        .limit(most)
    )
    ids = list(work.session.scalars(waiting))
    if not ids:
        return []
    locked = (
        select(Conversation)
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)
        .with_for_update(of=Conversation, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    found = {conversation.id: conversation for conversation in work.session.scalars(locked).unique()}
    claimed = []
    for conversation in (found[id] for id in ids if id in found):
        one = _claim_next(work, firm, conversation, transports[conversation.identity.channel])
        if one is not None:
            claimed.append(one)
    return claimed


def _claim_next(
    work: UnitOfWork, firm: Firm, conversation: Conversation, transport: RationedTransport
) -> Claimed | None:
    owner = secrets.token_hex(8)
    rows = _waiting_rows(work, conversation)
    pending = [row for row in rows if row.state == "pending"]
    # Looked at before the lock; somebody may have been faster.
    if not pending or pending[0].next_attempt_at > work.now:
        return None
    if any(row.claimed_until is not None and row.claimed_until >= work.now for row in pending):
        return None
    work.touched.add(conversation.id)
    if any(row.state == "held" for row in rows):
        windows.let_lapse(work, conversation)
        rows = _waiting_rows(work, conversation)
    identity = conversation.identity
    window_row = windows.reply_window(work, conversation)
    window = windows.window_in(window_row)
    shape = _shape(transport.shape(identity.account), rows)
    listed = [_as_waiting(work, firm, conversation, row, first=row is rows[0]) for row in rows]
    room = 0 if window_row.unreachable is not None else quotas.room(window, work.now)
    bubble = next_bubble(listed, room, shape)
    if isinstance(bubble, Waits):
        why = windows.why_closed(window_row, work.now) if room == 0 else bubble
        notice = _notice(work, firm, conversation, transport, window_row, rows) if room == 0 else None
        if notice is None:
            _hold(work, rows, why)
            return None
        _take(work, rows, owner)
        return Claimed(conversation.id, owner, rows[0].attempts, tuple((row.id, None) for row in rows), notice)
    windows.keep(window_row, quotas.spend(window, work.now))
    carried = {row for row, _ in bubble.said}
    mine = [row for row in rows if row.id in carried]
    # The parts of a long message share one name, so that the failure of any is a failure of all.
    name = mine[0].receipt if mine[0].said_up_to and mine[0].receipt else secrets.token_hex(8)
    _take(work, mine, owner)
    for row in mine:
        row.receipt = name
    return Claimed(
        conversation.id,
        owner,
        mine[0].attempts,
        bubble.said,
        Outgoing(
            channel=identity.channel,
            account=identity.account,
            external_id=identity.external_id,
            number=bubble.number,
            text=bubble.text,
            buttons=[],
            items=bubble.items,
            receipt=f"{name}-{secrets.token_hex(4)}",
        ),
        spent_at=work.now,
        heard=(window.word_at, window.tap_at),
    )


def settle(work: UnitOfWork, results: Sequence[tuple[Claimed, Outcome]]) -> None:
    """Keep what became of bubbles and notices; one that took so long that another has it now is theirs."""
    for claimed, outcome in sorted(results, key=lambda one: one[0].conversation_id):
        conversation = lock_conversation(work, claimed.conversation_id)
        rows = list(
            work.session.scalars(
                select(OutboxRow)
                .where(OutboxRow.id.in_([row for row, _ in claimed.said]), OutboxRow.claimed_by == claimed.owner)
                .order_by(OutboxRow.id)
                .execution_options(populate_existing=True)
            )
        )
        window_row = windows.reply_window(work, conversation)
        if isinstance(claimed.what, Notice):
            _settle_notice(work, window_row, rows, claimed.what, outcome)
            continue
        window = windows.window_in(window_row)
        if claimed.spent_at is not None:
            if outcome.not_taken:
                window = quotas.give_back(window, claimed.spent_at)
            else:
                window = quotas.landed(window, claimed.spent_at, work.now)
        if outcome.state == "held" and claimed.heard != (window.word_at, window.tap_at):
            # The customer was heard while it was on its way: what was refused may go now.
            outcome = Outcome("pending", not_taken=True)
        if outcome.state == "held" and outcome.unreachable is None:
            window = quotas.shut(window, work.now)
        windows.keep(window_row, window)
        if outcome.unreachable is not None:
            windows.unreachable(work, conversation, outcome.unreachable)
        if outcome.wrong_state:
            window_row.mirror_at, window_row.mirror_attempts = work.now, 0
        _settle_rows(work, rows, dict(claimed.said), outcome)


def _settle_rows(work: UnitOfWork, rows: Sequence[OutboxRow], said: Mapping[int, int | None], outcome: Outcome) -> None:
    for row in rows:
        row.claimed_by, row.claimed_until = None, None
        if outcome.state == "sent" and (said_up_to := said[row.id]) is not None:
            # A part of it; the rest goes next.
            row.said_up_to, row.attempts, row.next_attempt_at, row.error = said_up_to, 0, work.now, None
        elif outcome.state == "sent":
            row.state, row.sent_at, row.error = "sent", work.now, None
        elif outcome.state == "held":
            _hold(work, [row], Waits(outcome.error or Waits.WINDOW_CLOSED))
        else:
            row.state, row.error = outcome.state, _smaller(row.error) if outcome.too_long else outcome.error
            again_in = outcome.again_in or timedelta(0)
            if not outcome.not_taken:
                again_in = max(again_in, _UNSURE[min(row.attempts, len(_UNSURE)) - 1])
            row.next_attempt_at = work.now + again_in
            if outcome.too_long and row.error is None:
                row.state, row.error = "failed", "too long"


def _settle_notice(
    work: UnitOfWork, window_row: ReplyWindow, rows: Sequence[OutboxRow], notice: Notice, outcome: Outcome
) -> None:
    if outcome.state == "pending" and rows and rows[0].attempts < _NOTICE_ATTEMPTS:
        for row in rows:
            row.claimed_by, row.claimed_until, row.error = None, None, outcome.error
            row.next_attempt_at = work.now + (outcome.again_in or timedelta(0))
        return
    sent = outcome.state == "sent"
    window_row.told_outside_at, window_row.told_outside = work.now, "sent" if sent else "refused"
    window_row.notice_receipt = outcome.receipt or None
    if sent and notice.kind == "subscription":
        left = dict(window_row.subscriptions)
        left[notice.template_id] = left.get(notice.template_id, 1) - 1
        window_row.subscriptions = {template: count for template, count in left.items() if count > 0}
    # The customer may have come back meanwhile: then the words themselves go.
    if quotas.room(windows.window_in(window_row), work.now):
        window_row.told_outside_at, window_row.told_outside, window_row.notice_receipt = None, None, None
        for row in rows:
            row.claimed_by, row.claimed_until, row.next_attempt_at = None, None, work.now
        return
    for row in rows:
        row.attempts = 0
    _hold(work, rows, windows.why_closed(window_row, work.now))


def _waiting_rows(work: UnitOfWork, conversation: Conversation) -> list[OutboxRow]:
    statement = (
        select(OutboxRow)
        .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state.in_(("pending", "held")))
        .order_by(OutboxRow.id)
        .execution_options(populate_existing=True)
    )
    return list(work.session.scalars(statement))


def _take(work: UnitOfWork, rows: Sequence[OutboxRow], owner: str) -> None:
    for row in rows:
        row.state, row.claimed_by, row.claimed_until = "pending", owner, work.now + CLAIM
        row.next_attempt_at = min(row.next_attempt_at, work.now)
        row.attempts += 1
    work.session.flush()


def _hold(work: UnitOfWork, rows: Sequence[OutboxRow], why: Waits) -> None:
    for row in rows:
        row.state, row.error, row.held_at = "held", why, row.held_at or work.now
        row.claimed_by, row.claimed_until = None, None
    work.session.flush()


def _shape(shape: Shape, rows: Sequence[OutboxRow]) -> Shape:
    """What a bubble may be, smaller where the channel found one of these too long."""
    limits = [int(found[1]) for row in rows if row.error and (found := re.fullmatch(rf"{_TOO_LONG} (\d+)", row.error))]
    return replace(shape, text_bytes=min(limits), menu=None) if limits else shape


def _smaller(error: str | None) -> str | None:
    """How a row notes that it must be cut smaller still; None where it cannot be."""
    found = re.fullmatch(rf"{_TOO_LONG} (\d+)", error or "")
    limit = int(found[1]) // 2 if found else _SMALLEST * 4
    return f"{_TOO_LONG} {limit}" if limit >= _SMALLEST else None


def _as_waiting(work: UnitOfWork, firm: Firm, conversation: Conversation, row: OutboxRow, first: bool) -> Waiting:
    message, language = row.message, conversation.language or firm.file.language
    since = ""
    if first and row.held_at is not None and work.now - message.at >= _SAID_SINCE:
        since = firm.words.render(language, "channel.waited", since=firm.local(message.at))
    return Waiting(
        row=row.id,
        number=message.number,
        text=message.text,
        buttons=message.buttons,
        weight=row.weight,
        said_up_to=row.said_up_to,
        since=since,
        spelled=spell_out(firm, language, message.text, message.buttons),
    )


def spell_out(firm: Firm, language: str, text: str, buttons: Sequence[Mapping[str, Any]]) -> str:
    """What to add to a text so that it can be answered without its buttons: choices that it does not name itself."""
    numbered = [(str(one["payload"]), str(one["title"])) for one in buttons if _is_number(one)]
    words = [str(one["payload"]) for one in buttons if not _is_number(one) and str(one["payload"]) not in text]
    lines = []
    if any(title not in text for number, title in numbered if number != title):
        lines += [f"{number}. {title}" for number, title in numbered]
        lines.append(firm.words.render(language, "channel.reply_number"))
    if words:
        lines.append(firm.words.render(language, "channel.reply_words", words=words))
    return "\n".join(lines)


def _is_number(button: Mapping[str, Any]) -> bool:
    payload = str(button["payload"])
    return payload.isascii() and payload.isdigit()


def _notice(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    transport: RationedTransport,
    window_row: ReplyWindow,
    rows: Sequence[OutboxRow],
) -> Notice | None:
    """What tells the customer outside the window, once, that something decisive waits for them here."""
    decisive = [row for row in rows if row.weight == "decisive"]
    if not decisive or window_row.told_outside_at is not None or window_row.unreachable is not None:
        return None
    identity, oldest = conversation.identity, decisive[0].message
    case = work.session.get(Case, oldest.case_id) if oldest.case_id is not None else None
    promised = work.session.scalars(
        select(Promise)
        .where(
            Promise.conversation_id == conversation.id,
            Promise.state.in_(("open", "broken")),
            Promise.due_at >= oldest.at - _ABOUT_PROMISE,
            Promise.due_at <= work.now,
        )
        .order_by(Promise.due_at)
        .limit(1)
    ).first()
    language = conversation.language or firm.file.language
    about = [("waiting", oldest.at)] if promised is None else [("promise", promised.due_at), ("waiting", oldest.at)]
    for tells, at in about:
        facts = {
            "firm": firm.file.name.in_language(language),
            "case": case.number if case is not None else "",
            "at": f"{firm.local(at):%Y-%m-%d %H:%M}",
        }
        agreed = window_row.subscriptions
        notice = transport.notice(identity.account, identity.external_id, tells, facts, agreed)
        if notice is not None:
            return notice
    return None
