"""Which complaints stand behind a signal or a point of a chart."""

from datetime import date

from sqlalchemy import func, select, tuple_

from analytics.improvement.part import Part
from analytics.series import Slice
from store.database import UnitOfWork
from store.tables.outcomes import CaseMeasure, CaseStepOutcome

# On one page at the utmost.
MOST = 500
# What counts failures; all else that is charted is measured of a case.
DEFECTS = "defects"


def case_numbers(
    work: UnitOfWork,
    part: Part | Slice,
    since: date,
    until: date,
    only_defects: bool = True,
    limit: int = 50,
    after: str | None = None,
    *,
    measure: str = DEFECTS,
) -> list[str]:
    """Numbers of the cases that count at a part of a process on these days, the latest first, each once.

    Args:
        work: may read; what is not rolled up yet does not count.
        since, until: first and last day in the firm's zone, both included.
        only_defects: leave out what passed; of what is measured there is nothing to leave out.
        limit: how many at most, never more than ``MOST``.
        after: the last number of the page before; one that is not among them begins anew.
        measure: ``defects``, or what was measured: rating, acknowledgement, first_response, resolution.
    """
    table = CaseStepOutcome if measure == DEFECTS else CaseMeasure
    conditions = [table.day >= since, table.day <= until]
    conditions += [getattr(table, name) == value for name, value in _asked(part, measure).items()]
    if measure == DEFECTS and only_defects:
        conditions.append(CaseStepOutcome.defect.is_(True))
    # A case may fail at several steps on several days: it stands at the latest of them.
    latest = func.max(table.day)
    asked = select(table.case_number).where(*conditions).group_by(table.case_number)
    if after:
        day = work.session.scalar(select(latest).where(*conditions, table.case_number == after))
        if day is not None:
            asked = asked.having(tuple_(latest, table.case_number) < tuple_(day, after))
    asked = asked.order_by(latest.desc(), table.case_number.desc()).limit(max(0, min(limit, MOST)))
    return list(work.session.scalars(asked))


def _asked(part: Part | Slice, measure: str) -> dict[str, str]:
    """What a row must say to belong to the part; what is empty there is everything."""
    said = {name: getattr(part, name, "") for name in ("category", "department", "channel", "tier", "language")}
    said |= {"process": part.process, "step": part.step} if measure == DEFECTS else {"measure": measure}
    return {name: value for name, value in said.items() if value}
