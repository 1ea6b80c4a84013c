"""Makes a history up and writes it to an empty store, in the order of time.

The clock of the store is set back while it runs: what improvement does at a moment it sees as it stood then. Outcome
events of later moments wait until these have come.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Table, bindparam, update

from analytics.roll_up import roll_up
from analytics.sigma import WrongInput
from analytics.simulating.firm import SimulatedFirm, read_simulated_firm
from analytics.simulating.keeping_rows import CaseRows, keep_order, keep_person
from analytics.simulating.lives import Life, Lives
from analytics.simulating.people import People, moments_of
from analytics.simulating.plan import (
    OVERDISPERSED_SHAPE,
    RARE_CATEGORY,
    RARE_EVERY_DAYS,
    RATES,
    SHARES,
    USUAL_RATE,
    Plan,
)
from analytics.simulating.seasons import busyness
from analytics.simulating.sheets import Row, Sheets, what_is_there
from analytics.simulating.words import texts
from store.calendar import read_calendar
from store.database import Database
from store.tables import Conversation, OutcomeEventRow, Volume

Tell = Callable[[str], None]
# Called when the history has come to a day, with the store's clock set to it.
Deed = Callable[[Database], None]

_SERVICE = "service"
# Days of history in one unit of work.
_AT_ONCE = timedelta(days=7)
_OVERDISPERSED = "digital_app"
_ABOUT_AN_ORDER = 0.88
_HANDLING = 0.35
# A satisfied customer buys on; of the others so many never come again.
_LOST, _LOST_ANYWAY = 0.6, 0.08
_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was written.

    Attributes:
        counted: outcome events that are rolled up.
    """

    plan: Plan
    cases: int
    customers: int
    orders: int
    rows: int
    counted: int

    def to_json(self) -> dict[str, Any]:
        return {
            **self.plan.to_json(),
            "written": {
                "cases": self.cases,
                "customers": self.customers,
                "orders": self.orders,
                "rows": self.rows,
                "events": self.counted,
            },
            "truths": self.plan.truths.to_json(),
        }


def see_that_it_is_empty(database: Database) -> None:
    """Refuse a store in which anything is kept: what is made up must never be mixed with what happened.

    Raises:
        WrongInput: it is not empty.
    """
    with database.reading() as work:
        found = what_is_there(work)
    if found:
        raise WrongInput(f"the store is not empty (there is something in {', '.join(found[:3])}): nothing is simulated")


def simulate(
    database: Database, folder: Path, plan: Plan, deeds: Iterable[tuple[date, Deed]] = (), tell: Tell = lambda _: None
) -> Simulated:
    """Make the history up and write it.

    Args:
        database: migrated, and empty but for accounts.
        folder: of the firm's files.
        deeds: what else is done on which day, before that day begins.
        tell: is told how far it is.

    Raises:
        WrongInput: the store holds something, or the history is not over yet.
        FirmDataError: a file of the firm is wrong.
    """
    see_that_it_is_empty(database)
    firm = read_simulated_firm(folder)
    if plan.until >= database.clock().astimezone(firm.zone).date():
        raise WrongInput(f"until: {plan.until} is not over yet")
    clock = database.clock
    try:
        return _History(database, firm, plan, sorted(deeds, key=lambda deed: deed[0]), tell).write()
    finally:
        database.clock = clock


class _History:
    def __init__(self, database: Database, firm: SimulatedFirm, plan: Plan, deeds: list[tuple[date, Deed]], tell: Tell):
        self._database, self._firm, self._plan, self._deeds, self._tell = database, firm, plan, deeds, tell
        calendar = read_calendar(firm.folder)
        self._busy = busyness(plan, calendar)
        # Each has chances of its own, so that a change of one leaves the others as they were.
        counts, people, lives, rows = (
            np.random.default_rng(seed) for seed in np.random.SeedSequence(plan.seed).spawn(4)
        )
        self._random, self._truths = counts, plan.truths
        self._people = People(people, firm.zone)
        self._lives = Lives(lives, firm, self._truths, calendar)
        self._sheets = Sheets()
        self._end = self._midnight(plan.until + timedelta(days=1))
        self._cases = CaseRows(self._sheets, rows, firm.currency, self._end)
        self._known: set[int] = set()
        self._numbers: set[str] = set()
        self._waiting: list[Row] = []
        self._written = self._counted = self._orders = 0
        # Of each customer the last complaint, where its handling failed.
        self._failed: dict[int, Life] = {}
        self._volumes = self._usual_volumes()
        self._usual = self._expected()

    def write(self) -> Simulated:
        day, deeds = self._plan.since, list(self._deeds)
        while day <= self._plan.until:
            ready = min([deed[0] for deed in deeds] + [self._plan.until + timedelta(days=1)])
            stop = min(day + _AT_ONCE, max(ready, day + timedelta(days=1)))
            while day < stop:
                self._day(day)
                day += timedelta(days=1)
            self._write(self._midnight(day))
            while deeds and deeds[0][0] <= day:
                deeds.pop(0)[1](self._database)
            self._tell(f"{len(self._numbers):,} cases, up to {day - timedelta(days=1)}")
        self._finish()
        return Simulated(
            self._plan, len(self._numbers), len(self._people.all), self._orders, self._written, self._counted
        )  # fmt: skip

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._firm.zone)

    def _usual_volumes(self) -> dict[str, float]:
        """How often each step is done on a usual day, so that complaints come in the shares and rates of the plan."""
        volumes: dict[str, float] = {}
        for category, share in SHARES.items():
            step = self._firm.blueprint.step_of(category)
            if step and category in RATES:
                volumes[step] = max(
                    volumes.get(step, 0.0), share * self._plan.cases / self._plan.days / RATES[category]
                )
        for step in self._firm.blueprint.names:
            volumes.setdefault(step, 0.05 * self._plan.cases / self._plan.days / USUAL_RATE)
        return volumes

    def _expected(self) -> dict[str, float]:
        """Complaints of each category on a usual day; together they make as many as were planned."""
        total = sum(
            share * self._busy[day] * self._truths.times_usual(category, day)
            for category, share in SHARES.items()
            for day in self._busy
        )
        rare = self._plan.days / RARE_EVERY_DAYS
        usual = {category: share * (self._plan.cases - rare) / total for category, share in SHARES.items()}
        return {**usual, RARE_CATEGORY: 1 / RARE_EVERY_DAYS}

    def _day(self, day: date) -> None:
        random, busy = self._random, self._busy[day]
        volumes = {step: int(random.poisson(usual * busy)) for step, usual in self._volumes.items()}
        for step, opportunities in volumes.items():
            self._sheets.add(
                Volume,
                day=day,
                process=_SERVICE,
                step=step,
                opportunities=opportunities,
                updated_at=self._midnight(day + timedelta(days=1)) + timedelta(hours=1),
            )
        heard: list[str] = []
        for category, usual in self._usual.items():
            step = self._firm.blueprint.step_of(category)
            done = volumes[step] / self._volumes[step] if step else busy
            mean = usual * done * self._truths.times_usual(category, day)
            if category == _OVERDISPERSED:
                mean *= float(random.gamma(OVERDISPERSED_SHAPE, 1 / OVERDISPERSED_SHAPE))
            heard += [category] * int(random.poisson(mean))
        random.shuffle(heard)
        for category, at in zip(heard, moments_of(random, day, len(heard), self._firm.zone), strict=True):
            self._complaint(category, at)

    def _complaint(self, category: str, at: datetime) -> None:
        random = self._random
        person = self._people.complaining(at)
        first = person.number not in self._known
        if first:
            self._known.add(person.number)
            keep_person(self._sheets, person)
        order = None
        if random.random() < _ABOUT_AN_ORDER:
            order = self._people.order(person, at - timedelta(days=float(random.uniform(1.5, 9))))
            self._orders += 1
            keep_order(self._sheets, person, order, self._firm.currency, late=category == "delivery")
        new = category == "other" and at.date() >= self._truths.new_words_on
        choice = texts(person.language).complaints["new" if new else category]
        words = str(random.choice(choice)).replace("{order}", order.number if order else "").replace(" ,", ",")
        life = self._lives.live(self._number(), person, category, at, words, order)
        before = self._failed.pop(person.number, None)
        if before is not None and random.random() < _HANDLING:
            life.about = before
        person.free_from = life.ends_at
        failed = 0 < life.score <= 2 or not life.promise_kept
        if failed:
            self._failed[person.number] = life
        if random.random() < (_LOST if failed else _LOST_ANYWAY):
            person.stopped_on = life.ends_at.date()
        self._waiting += self._cases.keep(life)

    def _number(self) -> str:
        """A public number as the service gives them, from the seed."""
        while True:
            groups = ("".join(str(one) for one in self._random.choice(list(_READABLE), 4)) for _ in range(2))
            number = "-".join(("AM", *groups))
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def _write(self, now: datetime) -> None:
        """Write what happened before a moment, and have it counted."""
        self._database.clock = lambda: now
        ready = [row for row in self._waiting if row["at"] < now]
        self._waiting = [row for row in self._waiting if row["at"] >= now]
        for row in ready:
            self._sheets.add(OutcomeEventRow, **row)
        with self._database.begin() as work:
            self._written += self._sheets.write(work)
            self._sheets.go_on_from_here(work)
            work.commit()
        self._counted += roll_up(self._database, self._firm.zone, 2_000)

    def _finish(self) -> None:
        """What customers bought beside, and how their conversations stand at the end."""
        for person in self._people.all:
            known = {order.number for order in person.orders}
            self._people.buying(person, person.since - timedelta(days=60), self._end)
            for order in person.orders:
                if order.number not in known:
                    keep_order(self._sheets, person, order, self._firm.currency)
                    self._orders += 1
            person.orders.clear()
        with self._database.begin() as work:
            self._written += self._sheets.write(work)
            table = Conversation.__table__
            assert isinstance(table, Table)
            names = ("focus_case_id", "control", "queued_at", "department")
            said = {person.number: person.messages for person in self._people.all}
            changes = [{**row, "last_number": said[number]} for number, row in self._cases.focus.items()]
            statement = update(table).where(table.c.id == bindparam("row"))
            if changes:
                work.session.connection().execute(
                    statement.values({name: bindparam(name) for name in (*names, "last_number")}), changes
                )
            work.commit()
