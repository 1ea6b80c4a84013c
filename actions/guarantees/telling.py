"""Tell customers what a guarantee paid them: in the turn if they are talking with us, else in one message of its own.

Unasked, a customer hears of it when it is done, with its reference: one message, not two. By night it waits
(``quiet_hours`` of notifications.yml); the payment does not. Whoever complains before is told at once.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, select

from actions.conversations import say
from actions.firm import Firm
from actions.remedies import confirmation, describe_offer
from actions.timers import TimerKind, set_timer
from store.database import UnitOfWork
from store.tables import Case, Conversation, GuaranteePayment, Offer, Remedy, Timer

# Other systems may be slow: so long the message waits for the reference, then it goes without.
_WAITS_FOR_REFERENCE = timedelta(minutes=10)
_LOOKS_AGAIN = timedelta(seconds=5)


def plan_telling(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, payment: GuaranteePayment
) -> None:
    """Have the customer told of a payment they have not asked for, once."""
    key = f"guarantee:{payment.id}"
    set_timer(work, TimerKind.GUARANTEE_TELLS, key, _awake(work, firm), conversation, case, payment.id)


def tell_when_ready(work: UnitOfWork, firm: Firm, conversation: Conversation, timer: Timer) -> bool:
    """What the timer is for: tell what was paid, with its reference.

    Returns:
        False where it is too early: the timer has a new time then.
    """
    payment = work.session.get_one(GuaranteePayment, timer.subject_id)
    case = work.session.get_one(Case, timer.case_id)
    remedies = _remedies(work, payment)
    if any(one.state == "intended" for one in remedies) and work.now < _granted_at(payment) + _WAITS_FOR_REFERENCE:
        timer.due_at = work.now + _LOOKS_AGAIN
        return False
    awake = _awake(work, firm)
    if awake > work.now:
        timer.due_at = awake
        return False
    say(work, conversation, _message(work, firm, conversation, case, payment), case_id=case.id, decisive=True)
    return True


def is_untold(work: UnitOfWork, offer_id: int) -> bool:
    """Whether an offer is a guarantee's payment of which its customer is still to be told."""
    return _untold(work, GuaranteePayment.offer_id == offer_id) is not None


def tell_first(work: UnitOfWork, firm: Firm, conversation: Conversation, offer_id: int) -> None:
    """Something must be said about a payment that the customer has not heard of yet: say first what it is about."""
    found = _untold(work, GuaranteePayment.offer_id == offer_id)
    if found is None:
        return
    payment, timer = found
    case = work.session.get_one(Case, payment.case_id)
    say(work, conversation, _message(work, firm, conversation, case, payment), case_id=case.id, decisive=True)
    timer.state, timer.fired_at = "fired", work.now


def untold_in(work: UnitOfWork, firm: Firm, conversation: Conversation) -> list[str]:
    """What a customer who complains just now must be told; they count as told."""
    told = []
    while (found := _untold(work, Timer.conversation_id == conversation.id)) is not None:
        payment, timer = found
        case = work.session.get_one(Case, payment.case_id)
        told.append(_message(work, firm, conversation, case, payment))
        timer.state, timer.fired_at = "fired", work.now
        work.session.flush()
    return told


def name_of(firm: Firm, payment: GuaranteePayment, language: str) -> str:
    """What customers know the guarantee by; its key where the file has it no more."""
    guarantee = firm.guarantees.of(payment.guarantee)
    return guarantee.name.in_language(language) if guarantee is not None else payment.guarantee


def why(firm: Firm, payment: GuaranteePayment, language: str) -> str:
    """What happened, as the customer reads it."""
    return firm.words.render(language, f"guarantee.{payment.happening}", order=payment.order_number)


def _message(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, payment: GuaranteePayment) -> str:
    language = conversation.language or case.language
    offer = work.session.get_one(Offer, payment.offer_id)
    words = firm.words.render(
        language,
        "guarantee.told",
        why=why(firm, payment, language),
        name=name_of(firm, payment, language),
        what=describe_offer(firm, language, offer),
    )
    done = [one for one in _remedies(work, payment) if one.state == "executed" and one.amount]
    lines = [confirmation(firm, language, remedy) for remedy in done]
    lines.append(firm.words.render(language, "guarantee.more", number=case.number))
    return "\n".join([words, *lines])


def _granted_at(payment: GuaranteePayment) -> datetime:
    return payment.settled_at or payment.noticed_at


def _remedies(work: UnitOfWork, payment: GuaranteePayment) -> list[Remedy]:
    return list(work.session.scalars(select(Remedy).where(Remedy.offer_id == payment.offer_id).order_by(Remedy.id)))


def _untold(work: UnitOfWork, which: ColumnElement[bool]) -> tuple[GuaranteePayment, Timer] | None:
    """A payment of which the customer is still to be told, and the timer that waits for the moment."""
    statement = (
        select(GuaranteePayment, Timer)
        .join(Timer, Timer.subject_id == GuaranteePayment.id)
        .where(Timer.kind == TimerKind.GUARANTEE_TELLS, Timer.state == "open", which)
        .order_by(Timer.id)
    )
    found = work.session.execute(statement).first()
    return None if found is None else (found[0], found[1])


def _awake(work: UnitOfWork, firm: Firm) -> datetime:
    """When a message that nobody waits for may go out."""
    quiet = firm.notifications.quiet_hours
    ends = quiet.ends(firm.local(work.now)) if quiet is not None else None
    return work.now if ends is None else ends.astimezone(UTC)
