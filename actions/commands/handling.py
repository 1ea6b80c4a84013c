"""A complaint about how a complaint was handled (:mod:`recovery.handling`): seen, counted, and kept with the words."""

from sqlalchemy import exists, select

from actions.cases import get_fact, set_fact
from actions.outcomes import dimensions_of, record
from actions.turns import OpenTurn
from recovery.case_states import CaseState
from recovery.events import HandlingComplained
from recovery.handling import Handled, is_about_handling, repeats_the_failure
from recovery.joining import Said
from store.tables import Case, HandOver, Promise

# The fact that keeps what the customer said of the handling.
FACT = "handling"
_LENGTH = 1000


def said_of(turn: OpenTurn, focus: Case | None, order_number: str | None) -> Said:
    """What was just said, as the rule of joining sees it.

    Args:
        focus: the case that is talked about.
    """
    said = turn.understanding
    failed = frozenset(turn.firm.fixed_categories(said.category_keys))
    handled = _handled(turn, focus) if focus is not None else None
    about = is_about_handling(
        handled, failed, said.about_handling is not None, turn.work.now, turn.firm.file.reopen_window
    )
    repeats = about and handled is not None and repeats_the_failure(handled, failed)
    return Said(order_number, said.category_keys, turn.work.now, about, repeats)


def note_handling(turn: OpenTurn, case: Case, first: Case) -> None:
    """Count that ``case`` complains of how ``first`` was handled, and keep the words.

    Args:
        first: may be the case itself.
    """
    words, known = turn.words.strip()[:_LENGTH], get_fact(case, FACT)
    set_fact(turn.work, case, FACT, words if known is None else f"{known}\n{words}"[-_LENGTH:])
    record(
        turn.work,
        HandlingComplained(
            case_number=case.number, at=turn.work.now, dimensions=dimensions_of(case), first_case=first.number
        ),
    )


def _handled(turn: OpenTurn, case: Case) -> Handled:
    session = turn.work.session
    by_person = exists().where(HandOver.case_id == case.id, HandOver.taken_at.is_not(None))
    broken = exists().where(Promise.case_id == case.id, Promise.state == "broken")
    return Handled(
        state=CaseState(case.state),
        categories=frozenset(turn.firm.fixed_categories(case.categories)),
        by_person=bool(session.scalar(select(by_person))),
        promise_broken=bool(session.scalar(select(broken))),
        settled_at=case.closed_at or case.resolved_at,
    )
