"""One improvement at a time: locked, at the revision that was looked at, and every change recorded."""

from typing import Any

from sqlalchemy import select

from analytics.improvement.loops.phases import CLOSED
from analytics.improvement.loops.refusals import ImprovementRefused
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ImprovementMove

_REASON = 2_000


def locked(work: UnitOfWork, number: str, revision: int, *, closed: bool = False) -> Improvement:
    """The improvement, locked, if nobody has changed it since it had this revision.

    Args:
        closed: it may be closed.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed.
    """
    asked = select(Improvement).where(Improvement.number == readable(number)).with_for_update()
    found = work.session.scalars(asked.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise ImprovementRefused("not_found", number=number[:16])
    if found.revision != revision:
        raise ImprovementRefused("changed_meanwhile", number=number, revision=found.revision)
    if found.phase == CLOSED and not closed:
        raise ImprovementRefused("is_closed", number=number)
    return found


def readable(number: str) -> str:
    """A number that the database can be asked for.

    Raises:
        ImprovementRefused: not_found: no number has such characters, and PostgreSQL does not take all of them.
    """
    if not (number.isascii() and number.isprintable()):
        raise ImprovementRefused("not_found")
    return number


def is_final(improvement: Improvement) -> bool:
    """Whether the named test has been run."""
    return "result" in improvement.content.get("figures", {})


def change(improvement: Improvement, content: dict[str, Any] | None = None) -> None:
    """Count a change, with new content where there is some."""
    if content is not None:
        improvement.content = content
    improvement.revision += 1


def record(
    work: UnitOfWork, improvement: Improvement, to_phase: str, by: str, evidence: dict[str, Any], note: str = ""
) -> None:
    """Keep what was looked at when a phase was left, or was not."""
    work.session.add(
        ImprovementMove(
            improvement_id=improvement.id, at=work.now, by=by, from_phase=improvement.phase, to_phase=to_phase,
            evidence=evidence, note=note,
        )
    )  # fmt: skip


def reason_given(reason: str) -> str:
    """A reason in words.

    Raises:
        ImprovementRefused: reason_missing.
    """
    reason = reason.strip().replace("\0", "")
    if not reason or len(reason) > _REASON:
        raise ImprovementRefused("reason_missing")
    return reason
