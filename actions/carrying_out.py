"""Carry granted remedies out at the firm's other systems, once each, and take back what must not stand alone.

The turn commits the intent; here the call is made outside any transaction, under the remedy's key, and then its answer
is committed with its consequences (design.md section 2, line 8). Stopping anywhere between leaves the timer open: it
fires again, the other system knows the key and answers as before.

What an offer holds is carried out one after the other in a fixed order. Where a later one fails for good, what was
carried out before is taken back: customers were offered the whole. Nobody has been told of it by then, since the
confirmation goes out when all of it is done.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import exists, select

from actions.budgets import uncharge
from actions.cases import move_if_possible
from actions.commands.hand_over import hand_over_outside_turn
from actions.connectors.errors import ConnectorError
from actions.connectors.systems import Connectors
from actions.conversations import say
from actions.escalating import responsible_for, superiors_of
from actions.firing import lock_timer, mark_fired
from actions.firm import Firm
from actions.guarantees.telling import is_untold, tell_first
from actions.notifying import NotificationKind, notify
from actions.outcomes import dimensions_of, record
from actions.promises import open_promise, promise, release, settle
from actions.remedies import ORDER_OF_REMOTE, confirmation, describe_offer, executed, resolve_if_done
from actions.timers import TimerKind, set_timer
from recovery.case_states import Transition
from recovery.control import Control, HandOverReason
from recovery.events import RemedyReversed
from recovery.money import Money
from recovery.remedies import RemedyKind
from store.database import Database, UnitOfWork
from store.tables import Case, Conversation, Offer, Remedy, Timer

log = structlog.get_logger()

# What another system can take back, as long as it has not been used. Money that went back to the customer stays there.
REVERSIBLE = frozenset({RemedyKind.VOUCHER, RemedyKind.REPLACEMENT})
# The promise made to a customer who was told that it takes longer.
SETTLED_LATER = "remedy"
NOT_TRIED = "not tried: another remedy of the same offer failed"


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What the other system answered.

    Attributes:
        valid_until: of a voucher.
    """

    reference: str
    valid_until: datetime | None = None


def carry_out(connectors: Connectors, remedy: Remedy) -> CarriedOut:
    """Have the other system do it; called outside any transaction, any number of times with the same effect.

    Raises:
        ConnectorError: it could not be done.
    """
    key, amount = remedy.idempotency_key, Money(remedy.amount, remedy.currency)
    if remedy.kind == RemedyKind.VOUCHER:
        voucher = connectors.vouchers.issue(key, amount)
        return CarriedOut(voucher.code, voucher.expires_at)
    if remedy.kind in (RemedyKind.REFUND, RemedyKind.REPLACEMENT):
        if remedy.order_number is None:
            raise ConnectorError(f"a {remedy.kind} without an order", permanent=True)
        if remedy.kind == RemedyKind.REFUND:
            return CarriedOut(connectors.refunds.refund(key, remedy.order_number, amount))
        return CarriedOut(connectors.shipments.order(key, remedy.order_number))
    raise ConnectorError(f"nothing carries out a {remedy.kind}", permanent=True)


def take_back(connectors: Connectors, remedy: Remedy) -> None:
    """Have the other system undo it, under a key of its own; outside any transaction, any number of times.

    Raises:
        ConnectorError: it cannot be undone, or the system could not be asked.
    """
    key = reversal_key(remedy)
    if remedy.kind == RemedyKind.VOUCHER and remedy.reference is not None:
        connectors.vouchers.cancel(key, remedy.reference)
    elif remedy.kind == RemedyKind.REPLACEMENT and remedy.reference is not None:
        connectors.shipments.cancel(key, remedy.reference)
    else:
        raise ConnectorError(f"nothing takes back a {remedy.kind}", permanent=True)


def reversal_key(remedy: Remedy) -> str:
    """The idempotency key of taking a remedy back."""
    return f"{remedy.idempotency_key}-reversed"


def execute(database: Database, firm: Firm, connectors: Connectors, timer_id: int, remedy: Remedy) -> None:
    """Carry out an intended remedy, and commit the answer, or the failure, with its consequences.

    Raises:
        ConnectorError: a passing failure; to be tried again, later.
    """
    done: CarriedOut | None = None
    failure: ConnectorError | None = None
    if remedy.state == "intended":
        try:
            done = carry_out(connectors, remedy)
        except ConnectorError as error:
            if not error.permanent:
                _tell_if_late(database, firm, timer_id, remedy.id)
                raise
            failure = error
    with database.begin() as work:
        timer = lock_timer(work, timer_id)
        if timer.state != "open":
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        remedy = _as_it_stands(work, remedy.id)
        case = work.session.get_one(Case, remedy.case_id)
        if remedy.state == "intended" and failure is not None:
            _failed(work, firm, conversation, case, remedy, failure, timer.inbox_id)
        elif remedy.state == "intended" and done is not None:
            executed(work, case, remedy, done.reference)
            remedy.valid_until = done.valid_until
            work.session.flush()
            _go_on(work, firm, conversation, case, remedy, timer.inbox_id)
        mark_fired(work, timer)
        work.commit()


def reverse(database: Database, firm: Firm, connectors: Connectors, timer_id: int, remedy: Remedy) -> None:
    """Take an executed remedy back, and commit that; what cannot be taken back stays the customer's, who is told.

    Raises:
        ConnectorError: a passing failure; to be tried again, later.
    """
    failure: ConnectorError | None = None
    if remedy.state == "executed":
        try:
            take_back(connectors, remedy)
        except ConnectorError as error:
            if not error.permanent:
                _tell_if_late(database, firm, timer_id, remedy.id)
                raise
            failure = error
    with database.begin() as work:
        timer = lock_timer(work, timer_id)
        if timer.state != "open":
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        remedy = _as_it_stands(work, remedy.id)
        case = work.session.get_one(Case, remedy.case_id)
        if remedy.state == "executed" and failure is not None:
            remedy.error = f"stays: {failure}"
            language = conversation.language or case.language
            words = firm.words.render(language, "done.stays", what=confirmation(firm, language, remedy))
            say(work, conversation, words, case_id=case.id, decisive=True)
            _tell_staff(work, firm, conversation, case, NotificationKind.REMEDY_FAILED)
        elif remedy.state == "executed":
            remedy.state, remedy.reversed_at = "reversed", work.now
            uncharge(work, work.session.get_one(Offer, remedy.offer_id), remedy.amount)
            _record_reversal(work, case, remedy)
        mark_fired(work, timer)
        work.commit()


def remote_remedies(work: UnitOfWork, offer_id: int) -> list[Remedy]:
    """What other systems carry out of an offer, in the order in which they do."""
    statement = select(Remedy).where(Remedy.offer_id == offer_id, Remedy.kind.in_(ORDER_OF_REMOTE))
    return sorted(work.session.scalars(statement), key=lambda remedy: ORDER_OF_REMOTE.index(RemedyKind(remedy.kind)))


def _go_on(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, remedy: Remedy, inbox_id: str | None
) -> None:
    """Have the offer's next remedy carried out; after the last, tell the customer of all of them."""
    remedies = remote_remedies(work, remedy.offer_id)
    for following in remedies:
        if following.state == "intended":
            key = f"remedy:{following.id}"
            set_timer(
                work, TimerKind.EXECUTE_REMEDY, key, work.now, conversation, case, following.id, inbox_id=inbox_id
            )
            return
    promised = open_promise(work, case, SETTLED_LATER)
    if promised is not None:
        settle(work, promised, kept=promised.due_at >= work.now)
    language = conversation.language or case.language
    words = "\n".join(confirmation(firm, language, one) for one in remedies if one.state == "executed")
    if resolve_if_done(work, firm, conversation, case, by="timer"):
        words = f"{words}\n\n{firm.words.render(language, 'done.after', number=case.number)}"
    if not is_untold(work, remedy.offer_id):
        # What a guarantee paid unasked is told in its own words, references and all.
        say(work, conversation, words, inbox_id=inbox_id, case_id=case.id, decisive=True)


def _failed(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case,
    remedy: Remedy,
    failure: ConnectorError,
    inbox_id: str | None,
) -> None:
    """The other system refuses for good: the rest of the offer is not tried, what went before is taken back, a person
    looks, and the customer is told at once."""
    log.warning("remedy failed for good", remedy=remedy.id, kind=remedy.kind, why=str(failure))
    offer = work.session.get_one(Offer, remedy.offer_id)
    remedy.state, remedy.error, remedy.failed_at = "failed", str(failure), work.now
    uncharge(work, offer, remedy.amount)
    remedies = remote_remedies(work, remedy.offer_id)
    for other in remedies:
        if other.state == "intended":
            other.state, other.error, other.failed_at = "failed", NOT_TRIED, work.now
            uncharge(work, offer, other.amount)
        elif other.state == "executed" and other.kind in REVERSIBLE:
            set_timer(
                work, TimerKind.REVERSE_REMEDY, f"reverse:{other.id}", work.now, conversation, case, subject_id=other.id
            )
    work.session.flush()
    promised = open_promise(work, case, SETTLED_LATER)
    if promised is not None:
        release(work, promised)
    move_if_possible(work, case, Transition.FAIL_REMEDY, "timer")
    tell_first(work, firm, conversation, remedy.offer_id)
    language = conversation.language or case.language
    if len(remedies) > 1 or conversation.control != Control.BOT:
        words = firm.words.render(language, "done.failed", what=describe_offer(firm, language, offer))
        say(work, conversation, words, inbox_id=inbox_id, case_id=case.id, decisive=True)
    if conversation.control == Control.BOT:
        reason = HandOverReason.REMEDY_FAILED
        hand_over_outside_turn(work, firm, conversation, case, reason, by="timer", inbox_id=inbox_id)
    else:
        _tell_staff(work, firm, conversation, case, NotificationKind.REMEDY_FAILED)


def _tell_if_late(database: Database, firm: Firm, timer_id: int, remedy_id: int) -> None:
    """Another system has been away for so long that people must hear of it: staff, and the customer who waits; once.

    It goes on being tried. What is told of is never given a second time: the key stays the same.
    """
    with database.begin() as work:
        timer = lock_timer(work, timer_id)
        late = work.now >= timer.due_at + firm.connectors.told_after
        if timer.state != "open" or timer.told_at is not None or not late:
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        remedy = _as_it_stands(work, remedy_id)
        case = work.session.get_one(Case, remedy.case_id)
        timer.told_at = work.now
        _tell_staff(work, firm, conversation, case, NotificationKind.REMEDY_DELAYED)
        if timer.kind == TimerKind.EXECUTE_REMEDY and not _was_told(work, remedy, timer.id):
            tell_first(work, firm, conversation, remedy.offer_id)
            language = conversation.language or case.language
            what = describe_offer(firm, language, work.session.get_one(Offer, remedy.offer_id))
            due = firm.due(work.now, firm.connectors.settled_within)
            words = firm.words.render(language, "done.delayed", what=what, number=case.number, due=firm.local(due))
            say(work, conversation, words, inbox_id=timer.inbox_id, case_id=case.id, decisive=True)
            promised = firm.words.render(language, "promise.remedy")
            promise(work, conversation, case, SETTLED_LATER, promised, due, by="timer")
        work.commit()


def _was_told(work: UnitOfWork, remedy: Remedy, but: int) -> bool:
    """Whether the customer heard of another remedy of the same offer that it takes longer."""
    told = exists().where(
        Timer.kind == TimerKind.EXECUTE_REMEDY,
        Timer.subject_id.in_([one.id for one in remote_remedies(work, remedy.offer_id)]),
        Timer.told_at.is_not(None),
        Timer.id != but,
    )
    return bool(work.session.scalar(select(told)))


def _tell_staff(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, kind: NotificationKind) -> None:
    """Tell whoever has the conversation, and their superiors."""
    department = conversation.department or case.department
    told = [*responsible_for(work, conversation), *superiors_of(work, firm, department)]
    notify(work, told, kind, conversation, case)


def _record_reversal(work: UnitOfWork, case: Case, remedy: Remedy) -> None:
    assert remedy.reference is not None
    record(
        work,
        RemedyReversed(
            case_number=case.number,
            at=work.now,
            dimensions=dimensions_of(case),
            remedy=remedy.kind,
            amount_minor=remedy.amount,
            currency=remedy.currency,
            reference=remedy.reference,
        ),
    )


def _as_it_stands(work: UnitOfWork, remedy_id: int) -> Remedy:
    """The remedy, read behind the lock of its conversation."""
    remedy = work.session.get_one(Remedy, remedy_id)
    work.session.refresh(remedy)
    return remedy
