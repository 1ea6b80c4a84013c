"""The improvements of a made-up history, played through their gates in the order of time.

Nothing is put in past a gate: where chance leaves the data too thin, a round stays where it is, as it would in life.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from analytics.firm_zone import firm_zone
from analytics.improvement.elastic.watching import watch_in_parts
from analytics.improvement.ledger import book
from analytics.improvement.loops.keeping import (
    Draft,
    add_measure,
    advance,
    carry_on,
    finish_measure,
    is_final,
    open_improvement,
    write_section,
)
from analytics.improvement.loops.measures import measures_of
from analytics.improvement.part import Part
from analytics.improvement.policy import read_policy
from analytics.simulating.history import Deed, Tell
from analytics.simulating.plan import Plan
from analytics.surroundings import Surroundings
from store.database import Database, UnitOfWork
from store.firm_files import read_yaml
from store.tables.improvement import Improvement

BY = "simulation"
_WEEK = timedelta(days=7)
Document = Mapping[str, Any]
_Played = Callable[[UnitOfWork, Surroundings], None]


class _Investment(BaseModel):
    words: str
    amount_minor: int


class _Texts(BaseModel):
    delivery: dict[str, Any]
    attitude: dict[str, Any]
    late: dict[str, Any]
    investments: dict[str, _Investment]


class _Language(BaseModel):
    language: str = "en"


class Rounds:
    """Plays a cycle that works, two that do not, and a project that works.

    Args:
        folder: of the firm's files.
        tell: is told what a gate says.
    """

    def __init__(self, plan: Plan, folder: Path, tell: Tell = lambda _: None) -> None:
        language = read_yaml(folder / "firm.yml", _Language).language
        name = f"rounds_{language if language == 'zh' else 'en'}.yml"
        self._texts = read_yaml(Path(__file__).parent / "texts" / name, _Texts)
        self._plan, self._truths, self._folder, self._tell = plan, plan.truths, folder, tell
        self._policy = read_policy(folder)
        # By name of the round: the number of what is open, or was last.
        self._numbers: dict[str, str] = {}

    @cached_property
    def deeds(self) -> list[tuple[date, Deed]]:
        """What is done on which day, for ``simulate``."""
        truths = self._truths
        first, second = truths.useless_on
        found: list[tuple[date, _Played]] = [
            (truths.fixed_on - timedelta(days=10), self._plan_delivery),
            (first - timedelta(days=10), self._plan_attitude),
            (second - timedelta(days=10), self._plan_attitude),
            (truths.faster_on - timedelta(days=24), self._define_late),
            (truths.faster_on - timedelta(days=17), self._analyse_late),
            (truths.faster_on - timedelta(days=10), self._improve_late),
        ]
        for name, begins in (("delivery", truths.fixed_on), ("attitude", first), ("late", truths.faster_on)):
            found += self._weekly(name, begins)
        watched = (self._plan.until + timedelta(days=1), self._watch)
        return [*((day, self._as_one_work(deed)) for day, deed in found), watched]

    def _watch(self, database: Database) -> None:
        """What the service does each day by itself: look at all charts, and open what they ask for."""
        around = Surroundings(firm_zone(self._folder), self._folder)
        watched = watch_in_parts(database, around, self._policy)
        self._tell(f"{watched.found} signals, {len(watched.opened)} opened by themselves")

    def _weekly(self, name: str, begins: date) -> list[tuple[date, _Played]]:
        """Once a week somebody looks whether the next gate opens."""

        def look(work: UnitOfWork, around: Surroundings) -> None:
            self._look(work, around, name)

        days = (self._plan.until - begins).days
        return [(begins + timedelta(days=after), look) for after in range(1, days, 7)]

    def _as_one_work(self, deed: _Played) -> Deed:
        def done(database: Database) -> None:
            around = Surroundings(firm_zone(self._folder), self._folder)
            with database.begin() as work:
                deed(work, around)
                work.commit()

        return done

    def _row(self, work: UnitOfWork, name: str) -> Improvement | None:
        number = self._numbers.get(name)
        return work.session.scalar(select(Improvement).where(Improvement.number == number)) if number else None

    def _write(self, work: UnitOfWork, name: str, section: str, document: Document) -> None:
        row = self._row(work, name)
        assert row is not None
        write_section(work, row.number, row.revision, section, document, BY)

    def _advance(self, work: UnitOfWork, around: Surroundings, name: str) -> bool:
        row = self._row(work, name)
        assert row is not None
        moved = advance(work, around, row.number, row.revision, BY)
        if moved.passed:
            self._tell(f"{row.number} {name}: {moved.report.phase} → {moved.improvement.phase}")
        elif moved.next_round is not None:
            self._numbers[name] = moved.next_round.number
        return moved.passed

    def _plan_measures(self, work: UnitOfWork, name: str, begins: date, department: str, which: slice) -> None:
        for measure in getattr(self._texts, name)["measures"][which]:
            row = self._row(work, name)
            assert row is not None
            dates = {"begins_on": begins - _WEEK, "due_on": begins - timedelta(days=1)}
            add_measure(work, row.number, row.revision, {**measure, **dates, "department": department}, BY)

    def _test(self, kind: str, begins: date, days_after: int, target: float) -> Document:
        return {
            "kind": kind,
            "target": {"kind": "relative", "value": target},
            "intervention_date": begins,
            "days_after": days_after,
        }

    def _baseline(self, since: date, until: date) -> Document:
        return {"since": since, "until": until, "every": "day"}

    def _plan_delivery(self, work: UnitOfWork, around: Surroundings) -> None:
        told, today = self._texts.delivery, self._truths.fixed_on - timedelta(days=10)
        part = Part("service", step=around.blueprint.step_of("delivery"))
        self._numbers["delivery"] = open_improvement(work, Draft("pdca", part, told["title"]), BY).number
        last = today - timedelta(days=self._policy.settling_days + 1)
        slice_ = {"dimension": "category", "key": "delivery"}
        causes = {"fishbone": told["fishbone"], "whys": [told["whys"]], "pareto": slice_}
        self._write(work, "delivery", "problem", told["problem"])
        self._write(work, "delivery", "baseline", self._baseline(self._truths.shift_on + timedelta(days=2), last))
        self._write(work, "delivery", "causes", causes)
        self._write(work, "delivery", "main_cause", {"cause": told["whys"][-1], "because": told["because"]})
        self._write(work, "delivery", "test", self._test("two_rates", self._truths.fixed_on, 28, 0.3))
        self._plan_measures(work, "delivery", self._truths.fixed_on, "logistics", slice(None))
        self._invest(work, "delivery", today)
        self._advance(work, around, "delivery")

    def _plan_attitude(self, work: UnitOfWork, around: Surroundings) -> None:
        """The first time, and again in the round that carries it on."""
        told = self._texts.attitude
        row = self._row(work, "attitude")
        again = row is not None
        if again and (row is None or row.phase != "plan"):
            return
        begins = self._truths.useless_on[again]
        today = begins - timedelta(days=10)
        part = Part("service", step=around.blueprint.step_of("service_attitude"))
        if not again:
            self._numbers["attitude"] = open_improvement(work, Draft("pdca", part, told["title"]), BY).number
        last = today - timedelta(days=self._policy.settling_days + 1)
        slice_ = {"dimension": "category", "key": "service_attitude"}
        causes = {"fishbone": told["fishbone"], "whys": [told["whys"]], "pareto": slice_}
        self._write(work, "attitude", "problem", told["problem"])
        self._write(work, "attitude", "baseline", self._baseline(last - timedelta(days=55), last))
        self._write(work, "attitude", "causes", causes)
        self._write(work, "attitude", "main_cause", {"cause": told["main"][again], "because": told["because"][again]})
        self._write(work, "attitude", "test", self._test("two_rates", begins, 42, 0.3))
        self._plan_measures(work, "attitude", begins, "customer_service", slice(again, again + 1))
        self._advance(work, around, "attitude")

    def _define_late(self, work: UnitOfWork, around: Surroundings) -> None:
        told, truths = self._texts.late, self._truths
        part = Part("recovery", step="resolved_in_time")
        self._numbers["late"] = open_improvement(work, Draft("dmaic", part, told["title"]), BY).number
        frame = {"begins": truths.faster_on - timedelta(days=24), "ends": truths.faster_on + timedelta(days=180)}
        self._write(work, "late", "sponsor", {**told["sponsor"], **frame})
        self._write(work, "late", "define", told["define"])
        self._advance(work, around, "late")

    def _analyse_late(self, work: UnitOfWork, around: Surroundings) -> None:
        told, today = self._texts.late, self._truths.faster_on - timedelta(days=17)
        row = self._row(work, "late")
        if row is None or row.phase != "measure":
            return
        last = today - timedelta(days=self._policy.settling_days + 1)
        self._write(work, "late", "measure", told["measure"])
        self._write(work, "late", "baseline", self._baseline(last - timedelta(days=111), last))
        if self._advance(work, around, "late"):
            self._write(work, "late", "analyse", {"inputs": told["inputs"], "words": told["analyse"]})
            self._advance(work, around, "late")

    def _improve_late(self, work: UnitOfWork, around: Surroundings) -> None:
        told = self._texts.late
        row = self._row(work, "late")
        if row is None or row.phase != "improve":
            return
        chosen = {"options": told["options"], "chosen": 2, "because": told["because"]}
        self._write(work, "late", "improve", chosen)
        self._write(work, "late", "test", self._test("two_proportions", self._truths.faster_on, 56, 0.25))
        self._plan_measures(work, "late", self._truths.faster_on, "after_sales", slice(None))
        self._invest(work, "late", self._truths.faster_on - timedelta(days=10))

    def _look(self, work: UnitOfWork, around: Surroundings, name: str) -> None:
        row = self._row(work, name)
        if row is None or row.phase in ("plan", "define", "measure", "analyse", "closed"):
            return
        self._finish_measures(work, around, name)
        row = self._row(work, name)
        assert row is not None
        told = getattr(self._texts, name)
        if row.phase == "act":
            self._write(work, name, "standard", self._standard(told))
            self._write(work, name, "rest", {"words": told["rest"]})
        if row.phase == "control" and not row.content.get("control"):
            points = self._policy.points_in_control
            self._write(work, name, "control", {**told["control"], "points": points})
            self._write(work, name, "standard", self._standard(told))
            self._write(work, name, "rest", {"words": told["rest"]})
        passed = self._advance(work, around, name)
        row = self._row(work, name)
        assert row is not None
        if not passed and row.phase in ("check", "improve") and is_final(row):
            self._carry_on(work, name)

    def _invest(self, work: UnitOfWork, name: str, day: date) -> None:
        """Book what the measures cost."""
        row = self._row(work, name)
        assert row is not None
        booked = self._texts.investments[name]
        currency = self._policy.loss_of("").currency
        book(work, row.number, row.revision, "investment", booked.amount_minor, currency, day, booked.words, BY)

    def _standard(self, told: Document) -> Document:
        return {"changes": [{"kind": "procedure", "reference": told["title"], "words": told["standard"]}]}

    def _finish_measures(self, work: UnitOfWork, around: Surroundings, name: str) -> None:
        row = self._row(work, name)
        assert row is not None
        today = work.now.astimezone(around.zone).date()
        for measure in measures_of(work, row):
            if measure.done_on is None and measure.due_on <= today and row.phase in ("do", "improve"):
                done = {"done_on": measure.due_on, "result": getattr(self._texts, name)["result"]}
                finish_measure(work, row.number, row.revision, measure.public_id, done, BY)

    def _carry_on(self, work: UnitOfWork, name: str) -> None:
        """The test did not show the aim: say why, and go on."""
        told = getattr(self._texts, name)
        if "deviations" not in told:
            return
        self._write(work, name, "deviations", {"causes": told["deviations"]})
        row = self._row(work, name)
        assert row is not None
        following = carry_on(work, row.number, row.revision, BY, self._policy)
        self._tell(f"{row.number} {name}: not shown, carried on as {following.number}")
        self._numbers[name] = following.number
