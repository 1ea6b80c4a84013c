"""Pass the conversation to a person, with all they need to know (GB/T 47746-2026)."""

from actions.cases import move_if_possible
from actions.clocks import person_needed
from actions.conversations import await_nothing, say
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import promise
from actions.routing import assign
from actions.turns import OpenTurn
from actions.waiting import await_number, by_clock, measure_wait, wait_words
from recovery.case_states import Transition
from recovery.control import FIRST_IN_LINE, UNASKED, Control, HandOverReason
from recovery.events import HandedOver
from recovery.failures import Category, Risk
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver


def reason_to_hand_over(turn: OpenTurn, case: Case | None) -> HandOverReason | None:
    """Why a person must take over without asking, or None."""
    said = turn.understanding.hand_over
    if said is not None and said.reason in UNASKED:
        return HandOverReason(said.reason)
    if case is None:
        return None
    failed = turn.firm.fixed_categories(case.categories)
    if Category.SAFETY in failed or Risk.SAFETY in case.risks:
        return HandOverReason.SAFETY
    if Category.PRIVACY_SECURITY in failed or Risk.PRIVACY in case.risks:
        return HandOverReason.ACCOUNT_SECURITY
    return None


def hand_over(turn: OpenTurn, case: Case | None, reason: HandOverReason) -> None:
    """Hand over within a turn: the turn still answers, telling why, who comes, the place in line and by when."""
    lines = _hand_over(turn.work, turn.firm, turn.conversation, case, reason, "bot", turn.language)
    for line in lines:
        turn.add(line)
    turn.is_decisive()


def hand_over_outside_turn(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    reason: HandOverReason,
    by: str,
    inbox_id: str | None = None,
    before: str | None = None,
) -> None:
    """Hand over from a timer or a worker; the customer is told in a message of its own.

    Args:
        inbox_id: the message that this answers, if any.
        before: words that come first.
    """
    language = conversation.language or firm.file.language
    lines = [*([before] if before else []), *_hand_over(work, firm, conversation, case, reason, by, language)]
    case_id = case.id if case else None
    say(work, conversation, "\n\n".join(lines), inbox_id=inbox_id, case_id=case_id, decisive=True)


def _hand_over(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    reason: HandOverReason,
    by: str,
    language: str,
) -> tuple[str, str]:
    """Change control, give it to somebody, promise an answer, and give the two lines that tell the customer."""
    _pass_to_queue(work, conversation, case, reason, by)
    given = assign(work, firm, conversation, case, reason)
    wait = measure_wait(work, firm, conversation, case, given)
    if case is not None:
        person_needed(work, firm, case, wait.opens)
        wait = by_clock(wait, case, work.now)
    promised = firm.words.render(language, "promise.person_answers")
    promise(work, conversation, case, "person_answers", promised, wait.due)
    await_number(conversation, wait)
    key = f"hand_over.{reason}" if firm.words.has(f"hand_over.{reason}") else "hand_over.default"
    return (firm.words.render(language, key), wait_words(firm, language, wait))


def _pass_to_queue(
    work: UnitOfWork, conversation: Conversation, case: Case | None, reason: HandOverReason, by: str
) -> None:
    """Take the conversation from the bot: control, fence and record. The conversation must be locked."""
    conversation.control = Control.QUEUED
    conversation.queued_at, conversation.queue_rank = work.now, 0 if reason in FIRST_IN_LINE else 1
    conversation.unclear_turns = 0
    # Whoever still works on this conversation for the bot finds the fence moved.
    conversation.fence += 1
    await_nothing(conversation)
    work.session.add(
        HandOver(conversation_id=conversation.id, case_id=case.id if case else None, reason=reason, by=by, at=work.now)
    )
    if case is not None:
        move_if_possible(work, case, Transition.HAND_OVER, by, reason)
        record(work, HandedOver(case_number=case.number, at=work.now, dimensions=dimensions_of(case), reason=reason))
