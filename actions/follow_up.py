"""Ask how content the customer is, once the remedy is due, and keep what they answer (domain.md section 3.7).

The rules are in :mod:`recovery.follow_up`. All of it runs in somebody's unit of work with the conversation locked.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from actions.cases import focus_case
from actions.conversations import await_answer, say
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import KEPT_BY_DOING
from actions.resolving import handled_by
from recovery.case_states import UNSETTLED, CaseState
from recovery.control import Control
from recovery.events import CaseRated
from recovery.follow_up import TALKING, Fairness, Rateable, follow_up_due, rated_case
from store.database import UnitOfWork
from store.tables import Case, Conversation, InboxRow, Promise, Rating

# What the questions of the survey await (docs/understanding.md).
RATING, MISSING = "rating", "missing"
FAIRNESS = {f"fairness_{one}": one for one in Fairness}
SURVEY = frozenset({RATING, MISSING, *FAIRNESS})
# Where the customer cannot be asked now: when it is looked at again.
_SOON, _LATER = timedelta(minutes=10), timedelta(hours=1)


def ask_rating(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> datetime | None:
    """Ask how content the customer is with a resolved case, unless they said so already or did not want to.

    Nothing is asked before all that was promised in the case is due, while a person has the conversation, while another
    complaint is talked about, or while the customer is in the middle of answering something else; nor once the case is
    closed: a survey would be out of place by then.

    Returns:
        When to look again; None where that is not needed any more.
    """
    resolved_at = case.resolved_at
    if case.state != CaseState.RESOLVED or resolved_at is None or case.follow_up_refused_at is not None:
        return None
    if case.follow_up_asked_at is not None and case.follow_up_asked_at >= resolved_at:
        return None
    if rating_of(case) is not None:
        return None
    due = follow_up_due_of(work, firm, case)
    if work.now < due:
        return due
    if _is_open(work, case):
        return work.now + _SOON
    if _is_held_up(work, conversation, case):
        return work.now + _LATER
    if _is_talking(work, conversation):
        return work.now + _SOON
    conversation.focus_case_id = case.id
    case.follow_up_asked_at = work.now
    language = conversation.language or case.language
    await_answer(conversation, RATING, about={"case": case.id})
    say(
        work,
        conversation,
        firm.words.render(language, "rating.ask", number=case.number),
        buttons=score_buttons(firm, language, "button.no_rating"),
        case_id=case.id,
    )
    return None


def follow_up_due_of(work: UnitOfWork, firm: Firm, case: Case) -> datetime:
    """When a resolved case is followed up."""
    assert case.resolved_at is not None
    return follow_up_due(case.resolved_at, _promised_until(work, case), firm.file.follow_up_after)


def closes_at(work: UnitOfWork, firm: Firm, case: Case) -> datetime:
    """When a resolved case is closed of which nothing more is heard: never before what was promised in it is due."""
    assert case.resolved_at is not None
    return follow_up_due(case.resolved_at, _promised_until(work, case), firm.file.close_after)


def _promised_until(work: UnitOfWork, case: Case) -> list[datetime]:
    """Due times of what was promised in a case: an answer or a decision that came is no part of the remedy."""
    statement = select(Promise.due_at).where(
        Promise.case_id == case.id,
        Promise.state.not_in(("released", "moved")),
        Promise.kind.not_in(KEPT_BY_DOING) | (Promise.state == "open"),
    )
    return list(work.session.scalars(statement))


def _is_open(work: UnitOfWork, case: Case) -> bool:
    statement = select(Promise.id).where(Promise.case_id == case.id, Promise.state == "open")
    return work.session.scalars(statement).first() is not None


def _is_held_up(work: UnitOfWork, conversation: Conversation, case: Case) -> bool:
    """Whether a person has the conversation, or another complaint is talked about: that one is heard first."""
    focus = focus_case(work, conversation)
    return conversation.control != Control.BOT or (
        focus is not None and focus.id != case.id and focus.state in UNSETTLED
    )


def _is_talking(work: UnitOfWork, conversation: Conversation) -> bool:
    """Whether a question is open that a number would answer otherwise, or that was put in the talk just now."""
    awaited = conversation.awaited
    if awaited is None:
        return False
    if awaited["kind"] == "reading" or awaited["kind"] == RATING or awaited["kind"] in FAIRNESS:
        # "1" must not become the rating of another case; and one survey at a time.
        return awaited["kind"] == "reading" or _spoke_lately(work, conversation)
    return _spoke_lately(work, conversation)


def _spoke_lately(work: UnitOfWork, conversation: Conversation) -> bool:
    statement = select(InboxRow.id).where(
        InboxRow.conversation_id == conversation.id, InboxRow.received_at > work.now - TALKING
    )
    return work.session.scalars(statement.limit(1)).first() is not None


def score_buttons(firm: Firm, language: str, beside: str) -> list[dict[str, str]]:
    """The five scores as quick replies, and one beside them.

    Args:
        beside: key of the words of that one.
    """
    words = firm.words.render(language, beside)
    return [{"title": str(score), "payload": str(score)} for score in (1, 2, 3, 4, 5)] + [
        {"title": words, "payload": words}
    ]


# --- what they answer -------------------------------------------------------------------------------------------------


def was_asked(case: Case) -> bool:
    """Whether the customer was asked to rate the latest resolution."""
    asked = case.follow_up_asked_at
    return asked is not None and (case.resolved_at is None or asked >= case.resolved_at)


def rating_of(case: Case) -> Rating | None:
    """The rating of the latest resolution; while there is none, of the case as it goes on."""
    since = case.resolved_at or case.opened_at
    return next((rating for rating in case.ratings if rating.at >= since), None)


def case_to_rate(work: UnitOfWork, conversation: Conversation) -> Case | None:
    """The case that a rating is about that answers no open question (:func:`recovery.follow_up.rated_case`)."""
    focus = focus_case(work, conversation)
    statement = select(Case).where(Case.conversation_id == conversation.id, Case.erased_at.is_(None))
    cases = {case.id: case for case in work.session.scalars(statement)} | ({focus.id: focus} if focus else {})
    meant = rated_case(
        [
            Rateable(
                id=case.id,
                state=CaseState(case.state),
                in_focus=focus is not None and case.id == focus.id,
                asked_at=case.follow_up_asked_at,
                resolved_at=case.resolved_at,
                settled_at=None if case.state in UNSETTLED else case.closed_at or case.resolved_at,
                rated_at=max((rating.at for rating in case.ratings), default=None),
                refused=case.follow_up_refused_at is not None,
            )
            for case in cases.values()
        ],
        work.now,
    )
    return cases[meant] if meant is not None else None


def keep_rating(work: UnitOfWork, case: Case, score: int) -> Rating:
    """Keep how content the customer is: one rating for a resolution, a later word on it corrects the earlier."""
    rating = rating_of(case)
    if rating is None:
        rating = Rating(score=score, handled_by_id=handled_by(work, case), asked=was_asked(case), at=work.now)
        case.ratings.append(rating)
    else:
        rating.score, rating.at = score, work.now
    _record(work, case, rating)
    return rating


def keep_fairness(work: UnitOfWork, case: Case, rating: Rating, asked: Fairness, score: int) -> None:
    """Keep how fair the customer found one side of it; a later word corrects the earlier."""
    setattr(rating, asked, score)
    _record(work, case, rating)


def _record(work: UnitOfWork, case: Case, rating: Rating) -> None:
    work.session.flush()
    values: dict[str, Any] = {one.value: getattr(rating, one) for one in Fairness}
    event = CaseRated(
        case_number=case.number,
        at=work.now,
        dimensions=dimensions_of(case),
        score=rating.score,
        asked=rating.asked,
        **values,
    )
    record(work, event)
