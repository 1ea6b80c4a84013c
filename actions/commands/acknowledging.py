"""Acknowledge what a customer complains of: name the feeling and the failure, apologise, give the case number."""

from actions.outcomes import dimensions_of, record
from actions.turns import OpenTurn
from recovery.events import CaseAcknowledged
from recovery.failures import Category
from recovery.severity import Severity
from store.tables import Case

# From here on a second complaint is answered as one of somebody who is angry.
_UPSET = 2


def acknowledge(turn: OpenTurn, case: Case, reopened: bool = False) -> None:
    """Name the feeling and the failure, apologise, give the case number and when they will hear more.

    Args:
        reopened: the customer knows the case, and it had been settled.
    """
    calm = case.emotion == 0 and case.severity == Severity.LOW
    feeling = "feeling.calm" if calm else f"feeling.level_{case.emotion}"
    failure = turn.firm.words_for(case.categories)
    if failure == f"failure.{Category.SAFETY}":
        # Who is hurt or in danger is not "let down".
        feeling = "feeling.safety"
    turn.say(
        "complaint.reopened" if reopened else "complaint.acknowledged",
        feeling=turn.text(feeling),
        failure=turn.text(failure),
        number=case.number,
    )
    # For every complaint the way to a person is shown in the first reply (GB/T 47746-2026).
    turn.show_way_to_person()
    case.acknowledged_at = turn.work.now
    record(
        turn.work,
        CaseAcknowledged(
            case_number=case.number,
            at=turn.work.now,
            dimensions=dimensions_of(case),
            due_at=turn.inbox.received_at + turn.firm.service_levels.acknowledgement,
        ),
    )


def say_joined(turn: OpenTurn, case: Case, known: set[str]) -> None:
    """Acknowledge what was added to a case; a failure that was not known before is named, and apologised for."""
    failure = turn.firm.words_for(case.categories)
    more = [key for key in case.categories if key not in known | {Category.OTHER}]
    if turn.is_asked("happening") and failure != f"failure.{Category.OTHER}":
        # That something went wrong was heard before; what it is, only now.
        turn.say("complaint.understood", failure=turn.text(failure), number=case.number)
    elif more:
        turn.say("complaint.joined_more", failure=turn.text(turn.firm.words_for(more)), number=case.number)
    elif turn.understanding.emotion.level >= _UPSET:
        turn.say("complaint.joined_upset", number=case.number)
    else:
        turn.say("complaint.joined", number=case.number)
