"""What happened to a case, step by step, and why it is as severe as it is, for its page."""

from dataclasses import dataclass

from actions.case_history import read_history
from actions.cases import severity_log
from actions.firm import Firm
from recovery.case_history import CaseStep
from store.database import UnitOfWork
from store.tables import Case

# Nobody reads more on the page of a case; all of it is told by `python -m actions history`.
_SHOWN = 30


@dataclass(frozen=True, slots=True)
class HistoryPanel:
    """The latest steps, newest first.

    Attributes:
        earlier: how many more there are.
        severe_because: what the rules say that made it so severe; empty where none spoke.
    """

    steps: list[CaseStep]
    earlier: int
    severe_because: list[str]


def read_case_history(work: UnitOfWork, firm: Firm, language: str, case: Case) -> HistoryPanel:
    """The history of a case as its page shows it."""
    steps = list(reversed(read_history(work, case).steps))
    latest = severity_log(work, case)[-1:]
    because = [firm.severity.why(rule, language) for change in latest for rule in change.rules]
    return HistoryPanel(steps[:_SHOWN], max(0, len(steps) - _SHOWN), because)
