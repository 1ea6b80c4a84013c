"""What staff do with a conversation and its case; every deed is one unit of work and leaves a trace."""

from sqlalchemy import select, update

from actions.cases import focus_case, move, set_severity
from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import await_nothing, lock_conversation, say
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import keep_promises, settle
from actions.remedies import (
    authority_needed,
    describe_offer,
    executed,
    grant,
    lock_order,
    plan_follow_up,
    resolve_if_done,
)
from actions.turns import finish
from recovery.case_states import CaseState, Transition, can_follow
from recovery.control import Control, HandOverReason
from recovery.events import AssessmentCorrected, CaseJudged
from recovery.failures import Risk
from recovery.remedies import Authority, RemedyKind
from store.database import UnitOfWork
from store.tables import (
    Assessment,
    AuditEntry,
    Case,
    Conversation,
    HandOver,
    InboxRow,
    Message,
    Offer,
    Promise,
    Staff,
)
from store.tables.base import readable_number


class DeedRefused(Exception):
    """It cannot be done, or not by this person, or no longer; ``code`` names a text for the desk."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# What a role may grant; who is not named grants nothing.
AUTHORITY_OF_ROLE = {
    "agent": Authority.AGENT,
    "supervisor": Authority.SUPERVISOR,
    "manager": Authority.MANAGER,
}
_RISING = [Authority.BOT, Authority.AGENT, Authority.SUPERVISOR, Authority.MANAGER]
# Who may take over a conversation that a colleague has.
MAY_TAKE_FROM_OTHERS = frozenset({"supervisor", "manager"})
# Promises that are kept by the deed itself, never by saying so: an answer, a decision on an offer.
_KEPT_BY_DOING = {"person_answers", "approval"}


def take(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> Conversation:
    """Take the conversation, from the queue or from the bot; a turn under way finds the fence moved (line 7).

    Raises:
        DeedRefused: a colleague has it.
    """
    conversation = lock_conversation(work, conversation_id)
    if conversation.control == Control.STAFF:
        if conversation.taken_by_id == staff.id:
            return conversation
        if staff.role not in MAY_TAKE_FROM_OTHERS:
            raise DeedRefused("taken_by_colleague")
    conversation.control = Control.STAFF
    conversation.taken_by_id = staff.id
    conversation.queued_at = None
    conversation.fence += 1
    await_nothing(conversation)
    for row in _open_rows(work, conversation):
        finish(work, row, "console")
    _current_hand_over(work, conversation, staff)
    case = focus_case(work, conversation)
    if case is not None:
        case.owner_id = staff.id
        if case.state in (CaseState.OPEN, CaseState.OFFERED):
            move(work, case, Transition.HAND_OVER, staff.login)
    say(
        work,
        conversation,
        firm.words.render(conversation.language or firm.file.language, "person.joined", name=staff.name),
    )
    _audit(work, staff, "take", conversation.public_id)
    return conversation


def answer(work: UnitOfWork, staff: Staff, conversation_id: int, text: str) -> Message:
    """Say something to the customer; the promise that a person answers is kept by it.

    Raises:
        DeedRefused: the conversation is not this person's, or the text is empty.
    """
    conversation = _mine(work, staff, conversation_id)
    if not text.strip():
        raise DeedRefused("empty_text")
    message = say(work, conversation, text.strip(), author="staff", staff_id=staff.id)
    keep_promises(work, conversation, "person_answers")
    case = focus_case(work, conversation)
    if case is not None and case.first_response_at is None:
        case.first_response_at = work.now
    return message


def give_back(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> None:
    """Give the conversation back to the bot.

    Raises:
        DeedRefused: the conversation is not this person's.
    """
    conversation = _mine(work, staff, conversation_id)
    _end_control(work, conversation)
    case = focus_case(work, conversation)
    if case is not None:
        # The question they answered is gone; the bot's next round numbers its choices anew.
        _withdraw_open_offers(work, case)
    if case is not None and case.state == CaseState.WITH_STAFF:
        move(work, case, Transition.GIVE_BACK, staff.login)
    language = conversation.language or firm.file.language
    say(work, conversation, firm.words.render(language, "person.gave_back"))
    _audit(work, staff, "give_back", conversation.public_id)


def close(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, *, valid: bool, service_step: str) -> None:
    """Settle the case as handled by a person, say whether the complaint stood, and give the conversation back.

    Args:
        valid: whether the complaint stands.
        service_step: the step of the service blueprint that failed; empty where none fits.

    Raises:
        DeedRefused: the conversation is not this person's, money is still on its way, or no such step.
    """
    conversation = _mine(work, staff, conversation_id)
    case = focus_case(work, conversation)
    if service_step and service_step not in firm.blueprint.names:
        raise DeedRefused("unknown_step")
    if case is not None and _is_under_way(case):
        raise DeedRefused("remedy_under_way")
    if case is not None and can_follow(CaseState(case.state), Transition.RESOLVE):
        case.valid, case.service_step = valid, service_step
        record(
            work,
            CaseJudged(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                valid=valid,
                service_step=service_step,
            ),
        )
        _withdraw_open_offers(work, case)
        move(work, case, Transition.RESOLVE, staff.login)
        plan_follow_up(work, firm, conversation, case)
    _end_control(work, conversation)
    language = conversation.language or firm.file.language
    say(work, conversation, firm.words.render(language, "person.gave_back"))
    _audit(work, staff, "close", case.number if case else conversation.public_id)


def correct(
    work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, categories: list[str], emotion: int, risks: list[str]
) -> None:
    """Judge the failure otherwise than the machine did; other categories count as not understood right.

    Args:
        categories: the one that weighs most first; it steers department and offers.

    Raises:
        DeedRefused: an unknown category or risk, no category, or an emotion out of range.
    """
    case = work.session.get_one(Case, case_id)
    lock_conversation(work, case.conversation_id)
    unknown = set(categories) - set(firm.categories) or set(risks) - {risk.value for risk in Risk}
    if unknown or not categories or not 0 <= emotion <= 3:
        raise DeedRefused("wrong_assessment")
    categories, before = firm.leading_first(categories), firm.leading_first(case.categories)
    changed = set(categories) != set(before) or categories[0] != before[0]
    if not changed and (emotion, set(risks)) == (case.emotion, set(case.risks)):
        return
    case.categories, case.emotion, case.risks = categories, emotion, list(risks)
    case.failure_type, case.dimension = firm.read_failure(case.categories)
    case.department = firm.department_for(case.categories).key
    case.service_step = firm.service_step_for(case.categories)
    set_severity(work, firm, case)
    work.session.add(
        Assessment(
            case_id=case.id,
            by=staff.login,
            categories=case.categories,
            emotion=emotion,
            risks=case.risks,
            words={},
            at=work.now,
        )
    )
    if changed:
        record(
            work,
            AssessmentCorrected(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                service_step=case.service_step,
            ),
        )
    _audit(work, staff, "correct", case.number)


def approve(work: UnitOfWork, firm: Firm, staff: Staff, offer_id: int) -> None:
    """Approve an offer that waits for a person, within this person's own authority.

    Raises:
        DeedRefused: it no longer waits, or is above this person's authority.
    """
    offer, case, conversation = _waiting_offer(work, offer_id)
    lock_order(work, case)
    if not covers(staff, authority_needed(work, firm, case, offer)):
        raise DeedRefused("above_authority")
    offer.approved_by = staff.login
    keep_promises(work, conversation, "approval")
    grant(work, firm, conversation, case, offer, None, staff.login)
    language = conversation.language or firm.file.language
    what = describe_offer(firm, language, offer)
    say(work, conversation, firm.words.render(language, "offer.approved", what=what), case_id=case.id)
    _audit(work, staff, "approve", case.number)


def refuse(work: UnitOfWork, firm: Firm, staff: Staff, offer_id: int, reason: str) -> None:
    """Refuse an offer that waits, with a word to the customer; the case goes to a person.

    Raises:
        DeedRefused: it no longer waits, is above this person's authority, or no reason is given.
    """
    offer, case, conversation = _waiting_offer(work, offer_id)
    needed = authority_needed(work, firm, case, offer)
    # What nobody may grant, the highest may still refuse: the customer waits for a word.
    if not covers(staff, Authority.MANAGER if needed is Authority.NOBODY else needed):
        raise DeedRefused("above_authority")
    if not reason.strip():
        raise DeedRefused("reason_missing")
    offer.state, offer.answered_at = "refused", work.now
    move(work, case, Transition.REFUSE_APPROVAL, staff.login)
    keep_promises(work, conversation, "approval")
    language = conversation.language or firm.file.language
    what = describe_offer(firm, language, offer)
    words = firm.words.render(language, "offer.refused", what=what, reason=reason.strip())
    say(work, conversation, words, author="staff", staff_id=staff.id, case_id=case.id)
    if conversation.control == Control.BOT:
        # A refusal is talked over with a person.
        reason = HandOverReason.ABOVE_AUTHORITY
        hand_over_outside_turn(work, firm, conversation, case, reason, by=staff.login)
    _audit(work, staff, "refuse", case.number)


def keep_promise(work: UnitOfWork, firm: Firm, staff: Staff, promise_id: int) -> None:
    """Note that what was promised, such as a call back, was done.

    A call that was promised for an earlier time and is made after all carries out its remedy, too; the promise stays
    broken.

    Raises:
        DeedRefused: it was settled before, or is kept by the deed itself (an answer, a decision on an offer).
    """
    promise = work.session.get_one(Promise, promise_id)
    conversation = lock_conversation(work, promise.conversation_id)
    work.session.refresh(promise)
    if promise.kind in _KEPT_BY_DOING:
        raise DeedRefused("kept_by_doing")
    case = work.session.get_one(Case, promise.case_id) if promise.case_id is not None else None
    owed = [
        remedy
        for remedy in (case.remedies if case is not None and promise.kind == "call_back" else [])
        if remedy.kind == RemedyKind.CALL_BACK and remedy.state == "intended"
    ]
    if promise.state != "open" and not owed:
        raise DeedRefused("promise_settled")
    settle(work, promise, kept=promise.due_at >= work.now)
    if case is not None:
        for remedy in owed:
            executed(work, case, remedy, readable_number("CB", 2))
        resolve_if_done(work, firm, conversation, case, staff.login)
    _audit(work, staff, "keep_promise", promise.public_id)


def covers(staff: Staff, needed: Authority) -> bool:
    """Whether this person's role may grant what needs ``needed``."""
    held = AUTHORITY_OF_ROLE.get(staff.role)
    return held is not None and needed in _RISING and _RISING.index(held) >= _RISING.index(needed)


def _mine(work: UnitOfWork, staff: Staff, conversation_id: int) -> Conversation:
    conversation = lock_conversation(work, conversation_id)
    if conversation.control != Control.STAFF or conversation.taken_by_id != staff.id:
        raise DeedRefused("not_yours")
    return conversation


def _waiting_offer(work: UnitOfWork, offer_id: int) -> tuple[Offer, Case, Conversation]:
    offer = work.session.get_one(Offer, offer_id)
    case = work.session.get_one(Case, offer.case_id)
    conversation = lock_conversation(work, case.conversation_id)
    work.session.refresh(offer)
    work.session.refresh(case)
    if offer.state != "awaiting_approval":
        raise DeedRefused("not_waiting")
    return offer, case, conversation


def _is_under_way(case: Case) -> bool:
    """Whether somebody must decide on an offer, or a granted remedy is not carried out yet; a failed one is over."""
    return case.state == CaseState.AWAITING_APPROVAL or any(remedy.state == "intended" for remedy in case.remedies)


def _withdraw_open_offers(work: UnitOfWork, case: Case) -> None:
    for offer in case.offers:
        if offer.state == "open":
            offer.state, offer.answered_at = "superseded", work.now


def _end_control(work: UnitOfWork, conversation: Conversation) -> None:
    conversation.control = Control.BOT
    conversation.taken_by_id = None
    conversation.fence += 1
    work.session.execute(
        update(HandOver)
        .where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
        .values(ended_at=work.now)
    )


def _current_hand_over(work: UnitOfWork, conversation: Conversation, staff: Staff) -> None:
    """Note who took the hand-over that waits; taking straight from the bot is one, too."""
    waiting = work.session.scalars(
        select(HandOver).where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
    ).first()
    if waiting is None:
        waiting = HandOver(
            conversation_id=conversation.id,
            case_id=conversation.focus_case_id,
            reason="taken",
            by=staff.login,
            at=work.now,
        )
        work.session.add(waiting)
    waiting.taken_by_id, waiting.taken_at = staff.id, work.now


def _open_rows(work: UnitOfWork, conversation: Conversation) -> list[InboxRow]:
    statement = select(InboxRow).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    return list(work.session.scalars(statement))


def _audit(work: UnitOfWork, staff: Staff, action: str, subject: str) -> None:
    work.session.add(AuditEntry(at=work.now, actor=staff.login, action=action, subject=subject, details={}))
