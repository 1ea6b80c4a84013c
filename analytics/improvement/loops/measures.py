"""The measures of a plan: who does what until when, with what, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from analytics.improvement.loops.documents import Form, MeasureDone, MeasureForm, WrongForm, read_form
from analytics.improvement.loops.locking import change, is_final, locked
from analytics.improvement.loops.phases import DOING, PLANNING
from analytics.improvement.loops.refusals import ImprovementRefused
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ImprovementMeasure

_MOST = 50


def add_measure(
    work: UnitOfWork, number: str, revision: int, measure: MeasureForm | Mapping[str, Any], by: str
) -> ImprovementMeasure:
    """Plan one more measure.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, measures_not_now, wrong_form.
    """
    found = _planned(work, number, revision)
    if len(measures_of(work, found)) >= _MOST:
        raise ImprovementRefused("wrong_form", section="measures", errors=[["", f"there are {_MOST} already"]])
    row = ImprovementMeasure(improvement_id=found.id, **_read(MeasureForm, measure).model_dump())
    work.session.add(row)
    change(found)
    work.session.flush()
    return row


def change_measure(
    work: UnitOfWork, number: str, revision: int, public_id: str, measure: MeasureForm | Mapping[str, Any], by: str
) -> ImprovementMeasure:
    """Plan a measure otherwise.

    Raises:
        ImprovementRefused: as ``add_measure``; no_such_measure, measure_is_done.
    """
    found = _planned(work, number, revision)
    row = _measure(work, found, public_id)
    for name, value in _read(MeasureForm, measure).model_dump().items():
        setattr(row, name, value)
    change(found)
    return row


def finish_measure(
    work: UnitOfWork, number: str, revision: int, public_id: str, done: MeasureDone | Mapping[str, Any], by: str
) -> ImprovementMeasure:
    """A measure is done.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, measures_not_now, wrong_form, no_such_measure,
            measure_is_done.
    """
    found = locked(work, number, revision)
    if found.phase not in DOING:
        raise ImprovementRefused("measures_not_now", phase=found.phase)
    row = _measure(work, found, public_id)
    form = _read(MeasureDone, done)
    # A day ahead of UTC is today somewhere.
    if (form.done_on - work.now.date()).days > 1:
        raise ImprovementRefused("wrong_form", section="measures", errors=[["done_on", "lies in the future"]])
    row.done_on, row.result = form.done_on, form.result
    change(found)
    return row


def remove_measure(work: UnitOfWork, number: str, revision: int, public_id: str, by: str) -> None:
    """Plan without a measure that is not done yet.

    Raises:
        ImprovementRefused: as ``change_measure``.
    """
    found = _planned(work, number, revision)
    work.session.delete(_measure(work, found, public_id))
    change(found)
    work.session.flush()


def measures_of(work: UnitOfWork, improvement: Improvement) -> Sequence[ImprovementMeasure]:
    """The measures in the order in which they begin."""
    asked = select(ImprovementMeasure).where(ImprovementMeasure.improvement_id == improvement.id)
    return work.session.scalars(asked.order_by(ImprovementMeasure.begins_on, ImprovementMeasure.id)).all()


def _planned(work: UnitOfWork, number: str, revision: int) -> Improvement:
    found = locked(work, number, revision)
    # What turns out to be needed while it is done may still be added in Do.
    if found.phase not in PLANNING | DOING:
        raise ImprovementRefused("measures_not_now", phase=found.phase)
    if is_final(found):
        raise ImprovementRefused("result_is_final")
    return found


def _measure(work: UnitOfWork, improvement: Improvement, public_id: str) -> ImprovementMeasure:
    row = work.session.scalars(
        select(ImprovementMeasure).where(
            ImprovementMeasure.improvement_id == improvement.id, ImprovementMeasure.public_id == public_id
        )
    ).one_or_none()
    if row is None:
        raise ImprovementRefused("no_such_measure")
    if row.done_on is not None:
        raise ImprovementRefused("measure_is_done")
    return row


def _read(form: type[Form], document: Any) -> Form:
    try:
        return read_form(form, document)
    except WrongForm as error:
        raise ImprovementRefused("wrong_form", section="measures", errors=[list(one) for one in error.errors]) from None
