"""Who does not answer what the bot asked or offered is reminded once; of whom nothing comes then, the case is closed.

Nothing stands still for ever that way, and nobody is pressed: a word reopens the case
(:mod:`actions.commands.unanswered`). Never while a person has it, somebody must decide, or anything is on its way. A
case that the firm opened itself is not asked after; its incident closes it.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from actions.asking import ASKED
from actions.cases import focus_case, move_if_possible
from actions.clocks import control_of
from actions.conversations import SPOKEN, await_nothing, say
from actions.firm import Firm
from actions.incidents.preview import quiet_until
from actions.offering import Button, offer_words, open_offers, withdraw_open_offers
from actions.unseen import state_of_question
from recovery.case_states import CaseState, Transition
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, Message, Promise

# Why such a case was closed, kept with its history.
UNANSWERED = "unanswered"
# States in which it is the customer's turn.
_THEIR_TURN = frozenset({CaseState.OPEN, CaseState.OFFERED})
# Where something else is under way: when it is looked at again.
_LATER = timedelta(hours=1)


def look_after_question(work: UnitOfWork, firm: Firm, conversation: Conversation, revision: int) -> datetime | None:
    """See whether the question of a locked conversation was answered; else remind of it, or close the case.

    Args:
        revision: of the question.

    Returns:
        When to look again; None where the question is not open any more.
    """
    awaited, case = conversation.awaited, focus_case(work, conversation)
    if awaited is None or awaited["revision"] != revision or case is None or not _is_theirs(conversation, case):
        return None
    if state_of_question(work, conversation) == "held":
        # It still waits for the customer to be heard: nobody can be late with an answer to it.
        return work.now + _LATER
    reminded_at = _reminded_at(awaited)
    if reminded_at is None or _last_said(work, conversation, "in") > reminded_at:
        due = _last_said(work, conversation) + firm.file.remind_after
    else:
        due = reminded_at + firm.file.close_unanswered_after
    if work.now < due:
        return due
    if (morning := quiet_until(firm, work.now)) is not None:
        return morning
    if _is_under_way(work, case):
        return work.now + _LATER
    if reminded_at is None or _last_said(work, conversation, "in") > reminded_at:
        return _remind(work, firm, conversation, case)
    return _close(work, firm, conversation, case)


def _is_theirs(conversation: Conversation, case: Case) -> bool:
    """Whether a case with the bot waits for its customer, and for nobody else."""
    return (
        conversation.control == Control.BOT
        and conversation.identity.channel not in SPOKEN
        and conversation.awaited is not None
        and conversation.awaited["kind"] in ASKED
        and case.state in _THEIR_TURN
        and (case.origin == "complaint" or case.complained_at is not None)
        and case.erased_at is None
    )


def _is_under_way(work: UnitOfWork, case: Case) -> bool:
    """Whether a person talks about it elsewhere, decides on something, or owes it; or something is on its way."""
    owed = select(Promise.id).where(Promise.case_id == case.id, Promise.state == "open")
    return (
        control_of(work, case) != Control.BOT
        or any(offer.state == "awaiting_approval" for offer in case.offers)
        or any(remedy.state == "intended" for remedy in case.remedies)
        or work.session.scalars(owed.limit(1)).first() is not None
    )


def _remind(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> datetime:
    assert conversation.awaited is not None
    language = conversation.language or case.language
    closes_at = work.now + firm.file.close_unanswered_after
    question, buttons = _question(work, firm, conversation, case, language)
    text = firm.words.render(language, "unanswered.remind", number=case.number, due=firm.local(closes_at))
    say(work, conversation, f"{text}\n\n{question}", buttons=buttons, case_id=case.id, courtesy=True)
    # The question stays the same one, so that its buttons still answer it; a new value, since only so is it stored.
    conversation.awaited = {**conversation.awaited, "reminded_at": work.now.isoformat()}
    return closes_at


def _question(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, language: str
) -> tuple[str, list[Button]]:
    """The open question once more, as it can be answered."""
    assert conversation.awaited is not None
    kind, offers = conversation.awaited["kind"], open_offers(work, case)
    if kind == "offer" and offers:
        return offer_words(firm, language, offers, "offer.again")
    if kind == "reading":
        texts = [firm.words.render(language, f"reading.{intent}") for intent in conversation.awaited["options"]]
        neither = firm.words.render(language, "button.neither")
        buttons = [{"title": text, "payload": str(number)} for number, text in enumerate(texts, 1)]
        buttons.append({"title": neither, "payload": neither})
        return firm.words.render(language, "reading.again", readings=texts), buttons
    return firm.words.render(language, f"remind.{kind}" if kind != "offer" else "remind.wish"), []


def _close(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> datetime | None:
    withdraw_open_offers(work, case)
    if not move_if_possible(work, case, Transition.CLOSE, "timer", reason=UNANSWERED):
        return work.now + _LATER
    await_nothing(conversation)
    language = conversation.language or case.language
    text = firm.words.render(language, "unanswered.closed", number=case.number, days=firm.file.reopen_window.days)
    say(work, conversation, text, case_id=case.id, courtesy=True)
    return None


def _reminded_at(awaited: dict[str, object]) -> datetime | None:
    said = awaited.get("reminded_at")
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _last_said(work: UnitOfWork, conversation: Conversation, direction: str | None = None) -> datetime:
    """When anything was said last; ``in``: by the customer."""
    statement = select(func.max(Message.at)).where(Message.conversation_id == conversation.id)
    if direction is not None:
        statement = statement.where(Message.direction == direction)
    return work.session.scalar(statement) or conversation.created_at
