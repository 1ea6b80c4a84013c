"""Takes in what ``sync_msg`` tells: messages and cursor in one unit of work, so that neither goes without the other.

The first reading of an account gets the last three days (接收消息和事件, path 94670). Whoever wrote before this service
knew of the account wrote to somebody else and was answered by them: such messages are passed over. After that nothing
is, however long the service was away: ``since`` is set once. See docs/decisions/0022.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select

from actions.conversations import Address, find_conversation, lock_conversation
from actions.firm import Firm
from actions.staff.elsewhere import (
    ELSEWHERE,
    ended_elsewhere,
    said_elsewhere,
    taken_back_elsewhere,
    taken_elsewhere,
)
from actions.wordless import line_of
from desk.channels.accounts import WECOM, WeComAccount, wecom_address
from desk.channels.incoming import Incoming, Kind
from desk.channels.intake import open_known, take_in
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wecom.client import SyncPage
from desk.channels.wecom.cursors import CLAIM, Reading, held
from desk.channels.wecom.messages import Change, Origin, Synced, read_entry
from desk.channels.wecom.mirroring import look_again, note_state
from desk.channels.wecom.states import ServiceState
from store.audit import append
from store.database import UnitOfWork
from store.tables import ChannelAccount, Conversation, Identity, ReceivedDeed, SyncCursor

log = structlog.get_logger()

# Entries of one reading: on SQLite all other writers wait for them.
PAGE = 50
# Their clock may be a little behind ours.
_CLOCKS_DIFFER = timedelta(minutes=2)
# So often all of a page is tried together; then what cannot be taken in is told apart from what can.
TRIED_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class Entered:
    """A customer opened the chat and may be welcomed, once and soon."""

    address: Address
    code: str
    at: datetime


def take_page(
    work: UnitOfWork, firm: Firm, account: WeComAccount, reading: Reading, page: SyncPage
) -> tuple[Reading | None, list[Entered]]:
    """Take in one answer of ``sync_msg``, and note how far it went.

    Returns:
        What to read next, None where all is read; and who may be welcomed.

    Raises:
        ClaimLost: another process reads this account by now.
    """
    row = held(work, reading)
    entries = _read_all(work, row, page.messages)
    _lock_in_order(work, reading, entries)
    entered = []
    for entry in entries:
        welcome = _take(work, firm, account, reading, entry)
        if welcome is not None:
            entered.append(welcome)
    row.cursor = page.next_cursor or row.cursor
    row.error, row.attempts = None, 1
    row.claimed_until = work.now + CLAIM
    if page.has_more:
        return (
            Reading(
                reading.account,
                reading.open_kfid,
                reading.owner,
                row.cursor,
                reading.callback_token,
                reading.wanted,
                0,
            ),
            entered,
        )
    row.done, row.read_at, row.attempts = reading.wanted, work.now, 0
    row.claimed_by = row.claimed_until = None
    if row.callback_token == reading.callback_token:
        # Used up; a later callback brings another.
        row.callback_token = None
    return None, entered


def _read_all(work: UnitOfWork, row: SyncCursor, messages: Sequence[Any]) -> list[Synced]:
    """What of a page is ours to take in."""
    found, passed_over = [], 0
    for message in messages:
        try:
            entry = read_entry(message, work.now)
        except EnvelopeRefused as error:
            # It names nobody that it could be answered to.
            log.error("entry not readable", account=row.account, why=str(error))
            continue
        except Exception as error:
            # Whatever nobody thought of: it must not keep all others out for ever.
            log.error("entry not readable", account=row.account, why=type(error).__name__)
            continue
        if entry.open_kfid not in ("", row.open_kfid):
            continue  # comes by that account's own cursor
        if entry.incoming.at < row.since - _CLOCKS_DIFFER:
            passed_over += 1
        elif entry.incoming.external_id:
            found.append(entry)
    if passed_over:
        log.info("passed over what was said before this service knew the account", count=passed_over)
    return found


def _lock_in_order(work: UnitOfWork, reading: Reading, entries: Sequence[Synced]) -> None:
    """Lock the conversations of a page in one order, so that two who lock several never wait in a circle."""
    if len(entries) < 2:
        return
    account = wecom_address(reading.account, reading.open_kfid)
    ids = (
        select(Conversation.id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(
            Identity.channel == WECOM,
            Identity.account == account,
            Identity.external_id.in_({entry.incoming.external_id for entry in entries}),
        )
        .order_by(Conversation.id)
    )
    for conversation_id in work.session.scalars(ids).all():
        lock_conversation(work, conversation_id)


def _take(work: UnitOfWork, firm: Firm, account: WeComAccount, reading: Reading, entry: Synced) -> Entered | None:
    if reading.attempts < TRIED_TOGETHER:
        return take_entry(work, firm, account, reading.open_kfid, entry)
    try:
        with work.session.begin_nested():
            return take_entry(work, firm, account, reading.open_kfid, entry)
    except Exception as error:
        # One that always fails must not keep all others out: a person gets to see that something came.
        log.exception("entry cannot be taken in", account=reading.account, kind=type(error).__name__)
    if entry.origin == Origin.CUSTOMER:
        try:
            with work.session.begin_nested():
                incoming = entry.incoming
                bare = Incoming(incoming.external_id, incoming.key, Kind.UNREADABLE, incoming.at)
                return take_entry(
                    work,
                    firm,
                    account,
                    reading.open_kfid,
                    Synced(entry.origin, entry.open_kfid, "", "", bare),
                )
        except Exception as error:
            log.exception("entry is lost", account=reading.account, kind=type(error).__name__)
    return None


def take_entry(work: UnitOfWork, firm: Firm, account: WeComAccount, open_kfid: str, entry: Synced) -> Entered | None:
    """Take in one entry, once for its key.

    Returns:
        Who may be welcomed.
    """
    incoming = entry.incoming
    address = Address(WECOM, incoming.external_id, wecom_address(account.key, open_kfid))
    if entry.origin == Origin.CUSTOMER:
        conversation = meet(work, account, address)
        take_in(work, firm, WECOM, address.account, incoming)
        look_again(work, conversation)
    elif entry.origin == Origin.SERVICER:
        _take_words(work, firm, account, address, entry)
    elif entry.event == "session_status_change":
        _take_change(work, firm, account, address, incoming)
    elif entry.event == "servicer_recall_msg":
        _take_recall(work, firm, account, address, incoming)
    elif entry.event == "reject_customer_msg_switch_change":
        _take_refusing(work, account, address, incoming)
    elif incoming.kind is Kind.ENTERED:
        meet(work, account, address)
        taken = take_in(work, firm, WECOM, address.account, incoming)
        code = incoming.details.get("welcome_code", "")
        return Entered(address, code, incoming.at) if code and not taken.repeated else None
    elif incoming.kind is not Kind.OTHER:
        take_in(work, firm, WECOM, address.account, incoming)
    return None


def meet(work: UnitOfWork, account: WeComAccount, address: Address) -> Conversation:
    """The conversation with ``address``, locked.

    One corporation knows a person by one id, whichever of its customer service accounts they write to: a newcomer here
    may be somebody we know there.
    """
    if find_conversation(work, address) is None:
        # Two accounts of one corporation may meet the same newcomer at once; whoever comes second sees the first.
        shared = select(ChannelAccount).where(ChannelAccount.channel == WECOM, ChannelAccount.account == account.key)
        work.session.execute(shared.with_for_update()).first()
    return open_known(work, address)


def _take_words(work: UnitOfWork, firm: Firm, account: WeComAccount, address: Address, entry: Synced) -> None:
    """What one of the firm's people wrote in WeCom; the customer has it already."""
    incoming = entry.incoming
    conversation = meet(work, account, address)
    words = incoming.words or line_of(firm, conversation.language, incoming.kind, incoming.shown)
    if said_elsewhere(work, firm, conversation, words, incoming.key) is None:
        return
    if taken_elsewhere(work, firm, conversation):
        # The event that told of it was lost, or comes later.
        note_state(work, conversation, ServiceState.PERSON, entry.servicer)


def _take_recall(work: UnitOfWork, firm: Firm, account: WeComAccount, address: Address, incoming: Incoming) -> None:
    """One of the firm's people took words back: the customer sees them no more, and the record says so."""
    conversation = meet(work, account, address)
    if _is_first(work, conversation, incoming.key):
        taken_back_elsewhere(work, firm, conversation, incoming.details.get("recalled", ""))


def _take_refusing(work: UnitOfWork, account: WeComAccount, address: Address, incoming: Incoming) -> None:
    """One of the firm's people refuses all that a customer writes, or hears them again: whoever audits sees it."""
    conversation = meet(work, account, address)
    if _is_first(work, conversation, incoming.key):
        refuses = incoming.details.get("reject_switch") == "1"
        append(work, ELSEWHERE, "refuse_customer" if refuses else "hear_customer", conversation.public_id)


def _take_change(work: UnitOfWork, firm: Firm, account: WeComAccount, address: Address, incoming: Incoming) -> None:
    change = incoming.details.get("change_type", "")
    conversation = meet(work, account, address)
    if not _is_first(work, conversation, incoming.key):
        return
    if change in {str(one.value) for one in (Change.TAKEN, Change.PASSED_ON, Change.TAKEN_AGAIN)}:
        taken_elsewhere(work, firm, conversation)
        note_state(work, conversation, ServiceState.PERSON, incoming.details.get("new_servicer", ""))
    elif change == str(Change.ENDED.value):
        ended_elsewhere(work, conversation)
        note_state(work, conversation, ServiceState.ENDED, "")


def _is_first(work: UnitOfWork, conversation: Conversation, key: str) -> bool:
    """Note an event of a locked conversation; False where it was noted before."""
    if work.session.get(ReceivedDeed, (conversation.identity_id, key)) is not None:
        return False
    work.session.add(ReceivedDeed(identity_id=conversation.identity_id, deed_key=key, at=work.now))
    return True
