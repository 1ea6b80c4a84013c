"""A firm whose process fails as often as a test says, and people who improve it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from analytics.improvement.gates.examining import GateReport, examine
from analytics.improvement.loops import keeping
from analytics.improvement.loops.measures import measures_of
from analytics.improvement.part import Part
from analytics.roll_up import Count, CountKey, adjust_counts
from analytics.surroundings import Surroundings
from store.database import Database, UnitOfWork
from store.tables.improvement import Improvement, ImprovementMeasure
from store.tables.outcomes import Volume
from tests.conftest import ROOT, Clock

ZONE = ZoneInfo("Asia/Shanghai")
LATE = Part("recovery", "resolved_in_time", "delivery", "logistics")
PARCELS = Part("service", "delivery")

A_CAUSE = "no driver on Fridays"
WHYS = ("parcels come late", "they wait in the depot", "nobody drives them", "Friday has no driver", A_CAUSE)
CAUSES = {
    "fishbone": {"people": [A_CAUSE], "method": ["routes are planned by hand"]},
    "whys": [WHYS],
    "pareto": {"dimension": "channel", "key": "web"},
}


class Works:
    """One store with a clock of its own, and deeds on it, each in a unit of work.

    Attributes:
        today: the day it is in Shanghai.
    """

    def __init__(self, database: Database, clock: Clock, folder: Path = ROOT / "data" / "firm") -> None:
        self.database, self.clock = database, clock
        self.around = Surroundings(ZONE, folder)

    @property
    def today(self) -> date:
        return self.clock().astimezone(ZONE).date()

    def turns_to(self, day: date) -> None:
        self.clock.now = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)

    def does(self, deed: Any, *given: Any, **named: Any) -> Any:
        with self.database.begin() as work:
            found = deed(work, *given, **named)
            work.commit()
            return found

    def fails(self, part: Part, since: date, counts: list[tuple[int, int]]) -> None:
        """Defects and opportunities of days in a row; of the service the latter are posted as volumes, if any."""
        with self.database.begin() as work:
            self.fails_in(work, part, since, counts)
            work.commit()

    def fails_in(self, work: UnitOfWork, part: Part, since: date, counts: list[tuple[int, int]]) -> None:
        changes = {}
        for at, (defects, opportunities) in enumerate(counts):
            day = since + timedelta(days=at)
            key = CountKey(
                day, part.process, part.step, part.category or "delivery", part.department or "logistics",
                part.channel or "web", "regular", "zh",
            )  # fmt: skip
            changes[key] = Count(defects if part.process == "service" else opportunities, defects)
            if part.process == "service" and opportunities:
                work.session.add(
                    Volume(day=day, process="service", step=part.step, opportunities=opportunities, updated_at=work.now)
                )
        adjust_counts(work, {key: count for key, count in changes.items() if any(count)})

    def opens(self, kind: str = "pdca", part: Part = LATE, **more: Any) -> Improvement:
        found: Improvement = self.does(keeping.open_improvement, keeping.Draft(kind, part, "Late again", **more), "ada")
        return found

    def writes(self, at: Improvement, **sections: Any) -> Improvement:
        for name, document in sections.items():
            at = self.does(keeping.write_section, at.number, at.revision, name, document, "ada")
        return at

    def plans_a_measure(self, at: Improvement, **changed: Any) -> ImprovementMeasure:
        found: ImprovementMeasure = self.does(
            keeping.add_measure, at.number, self.now(at).revision, self.measure(**changed), "ada"
        )
        return found

    def measure(self, **changed: Any) -> dict[str, Any]:
        day = self.today.isoformat()
        return {
            "words": "hire a driver", "owner": "li", "department": "logistics", "begins_on": day, "due_on": day,
            "resources": "one wage", "target": "every Friday driven", **changed,
        }  # fmt: skip

    def finishes_all(self, at: Improvement) -> None:
        with self.database.reading() as work:
            ids = [one.public_id for one in measures_of(work, at) if one.done_on is None]
        for public_id in ids:
            done = {"done_on": self.today.isoformat(), "result": "done"}
            self.does(keeping.finish_measure, at.number, self.now(at).revision, public_id, done, "ada")

    def advances(self, at: Improvement) -> keeping.Moved:
        found: keeping.Moved = self.does(keeping.advance, self.around, at.number, self.now(at).revision, "ada")
        return found

    def now(self, at: Improvement) -> Improvement:
        with self.database.reading() as work:
            return work.session.query(Improvement).filter_by(number=at.number).one()

    def sees(self, at: Improvement) -> GateReport:
        with self.database.reading() as work:
            return examine(work, self.around, work.session.query(Improvement).filter_by(number=at.number).one())

    def test(self, **changed: Any) -> dict[str, Any]:
        return {
            "kind": "two_proportions",
            "target": {"kind": "relative", "value": 0.3},
            "intervention_date": (self.today + timedelta(days=1)).isoformat(),
            "days_after": 28,
            **changed,
        }

    def baseline(self, days: int = 56) -> dict[str, str]:
        """The last days whose late outcomes are in, by the policy that ships."""
        until = self.today - timedelta(days=8)
        return {"since": (until - timedelta(days=days - 1)).isoformat(), "until": until.isoformat()}

    def plans(self, at: Improvement, **changed: Any) -> Improvement:
        """A whole Plan."""
        sections: Mapping[str, Any] = {
            "problem": {"statement": "Parcels come late.", "why": "Customers leave."},
            "baseline": self.baseline(),
            "causes": CAUSES,
            "main_cause": {"cause": A_CAUSE, "because": "nine of ten late parcels are Friday's"},
            "test": self.test(),
            **changed,
        }
        at = self.writes(at, **sections)
        self.plans_a_measure(at)
        return self.now(at)

    def comes_to_check(self, at: Improvement, **changed: Any) -> Improvement:
        """Plan and Do, measures done on the day on which they begin to work."""
        at = self.plans(at, **changed)
        assert self.advances(at).passed, self.sees(at).missing
        self.turns_to(date.fromisoformat(self.now(at).content["test"]["intervention_date"]))
        self.finishes_all(at)
        assert self.advances(at).passed, self.sees(at).missing
        return self.now(at)

    def lets_the_test_run(self, at: Improvement, after: list[tuple[int, int]]) -> keeping.Moved:
        """The days after, as they came out; then Check is tried."""
        begin = date.fromisoformat(self.now(at).content["test"]["intervention_date"])
        self.fails(LATE if at.process == "recovery" else PARCELS, begin, after)
        self.turns_to(begin + timedelta(days=len(after) + 8))
        return self.advances(at)


def codes(report: GateReport) -> list[str]:
    """What is missing."""
    return [finding.code for finding in report.missing]
