"""The history of a case: every step it took, from which any past state is reconstructed."""

from dataclasses import dataclass
from datetime import datetime

from recovery.case_states import CaseState, Transition, leads_to


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step, as it was logged.

    Attributes:
        by: a login, ``bot`` or ``timer``.
        at: aware.
        reason: a key or number that says why; None where the transition says all.
    """

    transition: Transition
    before: CaseState
    after: CaseState
    by: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """The steps of one case, in the order in which they were logged.

    Attributes:
        opened_at: aware; the case is open from then on.
    """

    opened_at: datetime
    steps: tuple[CaseStep, ...] = ()


def state_at(history: CaseHistory, moment: datetime) -> CaseState | None:
    """The state of the case at ``moment``, what happened at that very moment included; None before it was opened.

    Args:
        moment: aware.
    """
    if moment < history.opened_at:
        return None
    state = CaseState.OPEN
    for step in history.steps:
        if step.at > moment:
            break
        state = step.after
    return state


def last_state(history: CaseHistory) -> CaseState:
    """The state after all steps."""
    return history.steps[-1].after if history.steps else CaseState.OPEN


def flaws(history: CaseHistory) -> tuple[str, ...]:
    """What is wrong with a history, in words; nothing for one that only :func:`actions.cases.move` has written.

    It begins with an open case, each step starts where the one before ended, is a way that its state knows and leads
    where that way leads, and time does not go back.
    """
    found = []
    state, at = CaseState.OPEN, history.opened_at
    for number, step in enumerate(history.steps, 1):
        if step.before is not state:
            found.append(f"step {number} ({step.transition}) starts from {step.before}, but the case was {state}")
        leads = leads_to(step.before, step.transition)
        if leads is None:
            found.append(f"step {number}: a case that is {step.before} cannot {step.transition}")
        elif leads is not step.after:
            found.append(f"step {number}: {step.transition} leads from {step.before} to {leads}, not {step.after}")
        if step.at < at:
            found.append(f"step {number} ({step.transition}) was logged before what came before it")
        state, at = step.after, max(at, step.at)
    return tuple(found)
