"""The complaints of a past period as the simulation plays them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from actions.firm import Firm
from actions.learning import order_totals, situation_of
from actions.simulating.cases import Complaint
from recovery.case_states import CaseState
from store.database import Database, UnitOfWork
from store.tables import Case, Offer

_CHUNK = 500
# More than these are not held in memory at once; the first of the period are taken.
AT_MOST = 50_000


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the firm's zone, both included.

    Raises:
        ValueError: it ends before it begins.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends ({self.last}) before it begins ({self.first})")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def read_past(database: Database, firm: Firm, period: Period) -> list[Complaint]:
    """The complaints opened within a period, in the order in which they came, without withdrawn and merged ones.

    Their customers' tastes and loyalty are still to be drawn (:func:`actions.simulating.cases.draw_chance`).
    """
    begin = datetime.combine(period.first, time(), firm.zone)
    end = datetime.combine(period.last + timedelta(days=1), time(), firm.zone)
    found: list[Complaint] = []
    after = 0
    while len(found) < AT_MOST:
        with database.reading() as work:
            cases = list(
                work.session.scalars(
                    select(Case)
                    .where(
                        Case.id > after,
                        Case.opened_at >= begin,
                        Case.opened_at < end,
                        Case.origin == "complaint",
                        Case.state.not_in((CaseState.WITHDRAWN, CaseState.MERGED)),
                    )
                    .order_by(Case.id)
                    .limit(_CHUNK)
                )
            )
            found += _read(work, firm, cases, period.first)
        if len(cases) < _CHUNK:
            break
        after = cases[-1].id
    return sorted(found[:AT_MOST], key=lambda one: (one.day, -one.day_left))


def _read(work: UnitOfWork, firm: Firm, cases: Sequence[Case], first: date) -> list[Complaint]:
    totals = order_totals(work, firm, cases)
    ids = [case.id for case in cases]
    made = select(Offer.case_id, func.min(Offer.made_at)).where(Offer.case_id.in_(ids)).group_by(Offer.case_id)
    first_offer = {row[0]: row[1] for row in work.session.execute(made)}
    found = []
    for case in cases:
        opened = firm.local(case.opened_at)
        bought = case.customer.value
        situation = situation_of(firm, case, first_offer.get(case.id, case.opened_at), totals.get(case.id))
        found.append(
            Complaint(
                (opened.date() - first).days,
                1.0 - (opened.hour * 60 + opened.minute) / 1440.0,
                replace(situation, customer_value_minor=firm.value.priors.value_of(case.tier, bought)),
                bought,
                0,
                0.0,
                0.0,
            )
        )
    return found
