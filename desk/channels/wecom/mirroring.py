"""Keeps who serves a conversation in WeCom in line with who has it with us (:mod:`desk.channels.wecom.states`).

Calls to WeCom are made outside any unit of work: one claims and says what to do, one notes what came of it. A process
that dies in between leaves the conversation to be claimed again after a while; WeCom's own state is read first, so that
nothing is done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, select

from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.staff.elsewhere import ended_elsewhere, taken_elsewhere
from desk.channels.accounts import WECOM, WeComAccount, wecom_address, wecom_parts
from desk.channels.tencent.calling import Refused
from desk.channels.tencent.error_codes import Disposition
from desk.channels.wecom.client import WeComClient
from desk.channels.wecom.states import Reconciled, ServiceState, Step, next_step
from desk.channels.windows import reply_window
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Identity, OutboxRow, ReplyWindow

log = structlog.get_logger()

# How long a claim holds, and the first pause after a refusal.
CLAIM = timedelta(seconds=30)
BATCH = 20
ATTEMPTS = 8
_BACK_OFF_AT_MOST = timedelta(minutes=5)
# A state known for longer may have run out: WeCom ends a conversation after 48 hours without a word.
_KNOWN_FOR = timedelta(hours=24)
# In the pool, and with a person there, our words are not taken: what is on its way goes first, but not for ever.
_WORDS_FIRST = timedelta(seconds=2)
_WORDS_FIRST_AT_MOST = timedelta(minutes=1)
# "接待人员不在接待中" and its like: the named person cannot be given the conversation.
_NOT_RECEIVING = frozenset({95014, 95015, 60111})


@dataclass(frozen=True, slots=True)
class Mirroring:
    """A conversation to be brought in line, as it was when it was claimed.

    Attributes:
        account: its key in ``channels.yml``.
        control: who has it with us.
        elsewhere: with ``control`` staff, that it is a person in WeCom.
        given_back: with ``control`` bot, that people had it, or it waited for them, when the two agreed last.
        until: how long the claim holds; the row shows another time where something has happened since.
    """

    conversation_id: int
    account: str
    open_kfid: str
    external_id: str
    control: Control
    elsewhere: bool
    given_back: bool
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What was found over there, and done about it.

    Attributes:
        state: as it is now.
        servicer: who has it there.
        ours: what follows for our side.
        refused: why the state could not be changed; None where all is well.
    """

    state: ServiceState | None
    servicer: str | None = None
    ours: Reconciled = Reconciled.NOTHING
    refused: Refused | None = None


def look_again(work: UnitOfWork, conversation: Conversation) -> None:
    """The customer of a locked conversation wrote: see that we serve them over there, unless that is known."""
    row = reply_window(work, conversation)
    known = row.service_state_at is not None and row.service_state_at > work.now - _KNOWN_FOR
    if known and row.service_state in (ServiceState.ASSISTANT, ServiceState.WAITING, ServiceState.PERSON):
        return
    row.mirror_at, row.mirror_attempts = work.now, 0


def note_state(work: UnitOfWork, conversation: Conversation, state: ServiceState, servicer: str) -> None:
    """WeCom told who serves a locked conversation; both sides agree on it now."""
    row = reply_window(work, conversation)
    row.service_state, row.service_state_at = int(state), work.now
    row.servicer = servicer[:64] or None
    row.mirrored, row.mirror_at, row.mirror_attempts = conversation.control, None, 0
    work.session.flush()
    work.touched.add(conversation.id)


def is_any_due(work: UnitOfWork, accounts: Mapping[str, WeComAccount]) -> bool:
    """Whether something is to be brought in line."""
    return any(work.session.scalars(statement.limit(1)).first() is not None for statement in _due(work, accounts))


def claim(work: UnitOfWork, accounts: Mapping[str, WeComAccount]) -> list[Mirroring]:
    """Claim what is to be brought in line."""
    ids: list[int] = []
    for statement in _due(work, accounts):
        ids += work.session.scalars(statement.limit(BATCH)).all()
    claimed = []
    # In one order, so that two processes never wait for each other in a circle.
    for conversation_id in sorted(set(ids))[:BATCH]:
        conversation = lock_conversation(work, conversation_id)
        row = reply_window(work, conversation)
        if row.mirror_at is not None and row.mirror_at > work.now:
            continue  # somebody else was faster
        if _words_go_first(work, conversation):
            row.mirror_at = work.now + _WORDS_FIRST
            continue
        row.mirror_at = work.now + CLAIM
        row.mirror_attempts += 1
        key, open_kfid = wecom_parts(conversation.identity.account)
        control = Control(conversation.control)
        claimed.append(
            Mirroring(
                conversation_id=conversation.id,
                account=key,
                open_kfid=open_kfid,
                external_id=conversation.identity.external_id,
                control=control,
                elsewhere=control is Control.STAFF and conversation.taken_by_id is None,
                given_back=control is Control.BOT and row.mirrored in (Control.QUEUED, Control.STAFF),
                attempts=row.mirror_attempts,
                until=row.mirror_at,
            )
        )
    return claimed


async def bring_in_line(client: WeComClient, item: Mirroring) -> Found:
    """See what the state is over there, and change it where it must be; no unit of work is open meanwhile."""
    account = client.account.file
    try:
        number, servicer = await client.service_state(item.open_kfid, item.external_id)
        state = ServiceState(number)
    except Refused as refused:
        return Found(None, refused=refused)
    except ValueError:
        return Found(None, refused=Refused(None, Disposition.OTHER))
    step: Step = next_step(
        state,
        item.control,
        elsewhere=item.elsewhere,
        given_back=item.given_back,
        people_in_wecom=account.people == WECOM,
        servicer=account.servicer is not None,
    )
    if step.move_to is None:
        return Found(state, servicer, step.ours)
    to = account.servicer if step.move_to is ServiceState.PERSON else None
    try:
        try:
            await client.change_service_state(item.open_kfid, item.external_id, step.move_to, to)
        except Refused as refused:
            if to is None or refused.code not in _NOT_RECEIVING:
                raise
            # The named person is not there just now: whoever is takes it from the pool.
            await client.change_service_state(item.open_kfid, item.external_id, ServiceState.WAITING, None)
            return Found(ServiceState.WAITING, None, step.ours)
    except Refused as refused:
        # For the state, perhaps: somebody over there was faster. What it is now is read the next time.
        return Found(state, servicer, step.ours, refused)
    return Found(step.move_to, to, step.ours)


def note_found(work: UnitOfWork, firm: Firm, item: Mirroring, found: Found) -> None:
    """Note what came of it; what changed with us meanwhile is seen about at once."""
    conversation = lock_conversation(work, item.conversation_id)
    row = reply_window(work, conversation)
    if row.mirror_at != item.until:
        # Something was said, or told of the state, meanwhile: what was found may be older than that.
        return
    if found.state is not None:
        row.service_state, row.service_state_at = int(found.state), work.now
        row.servicer = (found.servicer or "")[:64] or None
    unchanged = conversation.control == item.control
    if found.refused is not None:
        if item.attempts < ATTEMPTS:
            wait = min(timedelta(seconds=2**item.attempts), _BACK_OFF_AT_MOST)
            row.mirror_at = work.now + max(wait, found.refused.retry_after or wait)
            return
        log.error("state in wecom cannot be brought in line", conversation=conversation.id, code=found.refused.code)
    elif unchanged and found.ours is Reconciled.TAKEN:
        taken_elsewhere(work, firm, conversation)
    elif unchanged and found.ours is Reconciled.ENDED:
        ended_elsewhere(work, conversation)
    row.mirror_attempts = 0
    row.mirrored = conversation.control if unchanged else item.control
    row.mirror_at = None
    work.touched.add(conversation.id)


def _due(work: UnitOfWork, accounts: Mapping[str, WeComAccount]) -> tuple[Select[int], ...]:
    """Three small searches, each by an index of its own."""
    every = [wecom_address(key, one) for key, account in accounts.items() for one in account.file.open_kfids]
    # Where people answer at our desk, it is always we who serve them over there.
    in_wecom = [
        wecom_address(key, one)
        for key, account in accounts.items()
        if account.file.people == WECOM
        for one in account.file.open_kfids
    ]
    asked = _of(every).where(ReplyWindow.mirror_at <= work.now)
    differs = ReplyWindow.mirrored.is_(None) | (ReplyWindow.mirrored != Conversation.control)
    # Once a window has closed nothing can be changed over there.
    settled = [ReplyWindow.mirror_at.is_(None), ReplyWindow.ends_at > work.now]
    handed_over = _of(in_wecom).where(*settled, Conversation.control != Control.BOT, differs)
    people_had_it: ColumnElement[bool] = ReplyWindow.mirrored.in_((Control.QUEUED, Control.STAFF))
    given_back = _of(every).where(*settled, people_had_it, Conversation.control == Control.BOT)
    return asked, handed_over, given_back


def _of(accounts: list[str]) -> Select[int]:
    return (
        select(Conversation.id)
        .join(ReplyWindow, ReplyWindow.conversation_id == Conversation.id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.channel == WECOM, Identity.account.in_(accounts))
        .order_by(Conversation.id)
    )


def _words_go_first(work: UnitOfWork, conversation: Conversation) -> bool:
    """Whether a conversation that waits for a person has words on their way which the pool would not take.

    For a while only: the channel may be away for long, and a person is waited for.
    """
    since = conversation.queued_at
    if conversation.control != Control.QUEUED or since is None or work.now - since > _WORDS_FIRST_AT_MOST:
        return False
    statement = select(OutboxRow.id).where(OutboxRow.conversation_id == conversation.id, OutboxRow.state == "pending")
    return work.session.scalars(statement.limit(1)).first() is not None
