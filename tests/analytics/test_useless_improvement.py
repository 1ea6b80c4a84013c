"""A useless improvement passes Check as often as its level says and no more; seeded, bounds from the binomial."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Baseline, Test
from analytics.improvement.policy import ImprovementPolicy, Loss
from analytics.improvement.proof import checking
from analytics.improvement.proof.checking import check
from analytics.improvement.proof.evidence import CaseValues, DayCounts, Side
from analytics.periods import Period
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement
from tests.analytics.improving import ZONE
from tests.conftest import ROOT

RUNS = 1_000
# A correct test fails this one time in ten thousand.
CHANCE = 1e-4
BEGIN = date(2026, 3, 2)
DAYS_BEFORE, DAYS_AFTER = 56, 28
CHANGE = BEGIN + timedelta(days=DAYS_BEFORE + 1)
# Until the planned days and the time for late outcomes are over, and some more for tests that need it.
DAYS = tuple(BEGIN + timedelta(days=at) for at in range(DAYS_BEFORE + 1 + DAYS_AFTER + 8 + 28))
POLICY = ImprovementPolicy(cost_of_defect={"default": Loss(amount_minor=1, currency="CNY")})


class Imagined(Look):
    """A look at data that stand in no store."""

    side: Side

    def read(self, period: Period) -> Side:
        return self.side.within(period)


def look_at(side: Side, test: Test, day: date, left_out: tuple[date, ...]) -> Imagined:
    """Check on a day, with the plan that was made before anything changed."""
    baseline = Baseline(since=BEGIN, until=BEGIN + timedelta(days=DAYS_BEFORE - 1))
    process = "service" if test.kind == "two_rates" else "recovery"
    at = Improvement(kind="pdca", phase="check", process=process, step="", category="", department="", channel="")
    at.content = {"baseline": baseline.model_dump(mode="json"), "test": test.model_dump(mode="json")}
    work = UnitOfWork(None, datetime(day.year, day.month, day.day, 4, tzinfo=UTC))  # type: ignore[arg-type]
    look = Imagined(work, Surroundings(ZONE, ROOT / "data" / "firm"), at)
    look.side = side
    look.__dict__ |= {"policy": POLICY, "left_out": left_out}
    return look


def passes(side: Side, test: Test, day: date = DAYS[-1], left_out: tuple[date, ...] = ()) -> bool | None:
    """Whether Check would let it through that day; None as long as data are missing."""
    result, findings = check(look_at(side, test, day, left_out))
    if result is None:
        assert [finding.code for finding in findings] == ["data_complete"]
        return None
    return bool(result["shown"])


@pytest.fixture(autouse=True)
def nothing_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "remedies_of", lambda *_: None)


def named(kind: str, **changed: Any) -> Test:
    """A test with a target that no power asks many cases for: what is there after four weeks is enough."""
    words = {
        "kind": kind, "intervention_date": CHANGE, "days_after": DAYS_AFTER,
        "target": {"kind": "relative", "value": 0.9},
        "alternative": "greater" if kind == "mann_whitney" else "less",
        "measure": {"mann_whitney": "rating", "log_rank": "resolution"}.get(kind, "defects"), **changed,
    }  # fmt: skip
    return Test.model_validate(words)


Draws = Callable[[np.random.Generator], Side]


def counted(defects: Any, sizes: Any) -> DayCounts:
    return DayCounts(DAYS, tuple(int(one) for one in defects), tuple(int(one) for one in sizes))


def shares(random: np.random.Generator) -> Side:
    sizes = random.poisson(80, len(DAYS))
    return counted(random.binomial(sizes, 0.2), sizes)


def few(random: np.random.Generator) -> Side:
    sizes = random.poisson(40, len(DAYS))
    return counted(random.binomial(sizes, 0.012), sizes)


def shares_of_uneven_days(random: np.random.Generator) -> Side:
    """Each day has a share of its own, 2.6 times the variance that chance alone would give (beta-binomial)."""
    sizes = random.poisson(80, len(DAYS))
    return counted(random.binomial(sizes, random.beta(0.2 * 49, 0.8 * 49, len(DAYS))), sizes)


def shares_by_weekday(random: np.random.Generator) -> Side:
    sizes = random.poisson(80, len(DAYS))
    weekend = np.array([day.weekday() >= 5 for day in DAYS])
    return counted(random.binomial(sizes, np.where(weekend, 0.4, 0.15)), sizes)


def complaints(random: np.random.Generator) -> Side:
    return counted(random.poisson(3, len(DAYS)), [1000] * len(DAYS))


def complaints_of_uneven_days(random: np.random.Generator) -> Side:
    return counted(random.poisson(random.gamma(2, 3, len(DAYS))), [1000] * len(DAYS))


def ratings(random: np.random.Generator) -> Side:
    days = tuple(day for day in DAYS[:90] for _ in range(2))
    values = random.choice([1, 2, 3, 4, 5], len(days), p=[0.1, 0.1, 0.2, 0.25, 0.35])
    return CaseValues(days, tuple(map(float, values)), (True,) * len(days))


def times(random: np.random.Generator) -> Side:
    days = DAYS[:90]
    hours, patience = random.exponential(20, len(days)), random.exponential(60, len(days))
    return CaseValues(days, tuple(np.minimum(hours, patience)), tuple((hours <= patience).tolist()))


# With whether the test is cautious: then it passes less often than its level, which is no fault.
SCENES: dict[str, tuple[Draws, Test, bool]] = {
    "shares": (shares, named("two_proportions"), False),
    "uneven days": (shares_of_uneven_days, named("two_proportions"), False),
    "complaints": (complaints, named("two_rates"), True),
}
# By `make bench`.
MORE_SCENES: dict[str, tuple[Draws, Test, bool]] = {
    "times": (times, named("log_rank"), False),
    "ratings": (ratings, named("mann_whitney", target={"kind": "absolute", "value": 4.6}), False),
    "shares, two-sided": (shares, named("two_proportions", alternative="two-sided"), True),
    "few defects": (few, named("two_proportions"), True),
    "weekends": (shares_by_weekday, named("two_proportions"), True),
    "complaints of uneven days": (complaints_of_uneven_days, named("two_rates"), True),
    "at one in a hundred": (shares, named("two_proportions", alpha=0.01), False),
}


def runs_of(name: str, scene: tuple[Draws, Test, bool]) -> None:
    """A thousand useless improvements."""
    draws, test, cautious = scene
    random = np.random.default_rng(sum(map(ord, name)))
    found = [passes(draws(random), test) for _ in range(RUNS)]
    # Where the size was not reached nothing passes; that is rare.
    assert found.count(None) < RUNS / 20
    passed = sum(map(bool, found))
    least = 0 if cautious else binom.ppf(CHANCE, RUNS, test.alpha)
    assert least <= passed <= binom.isf(CHANCE, RUNS, test.alpha), f"{passed} of {RUNS} passed"


@pytest.mark.parametrize("name", SCENES)
def test_it_passes_at_its_level_and_no_more(name: str) -> None:
    runs_of(name, SCENES[name])


def test_who_looks_again_and_again_is_not_let_through_more_often() -> None:
    """So few cases that the time after grows by whole weeks; whoever looks before it is over sees no p."""
    random = np.random.default_rng(11)
    test = named("two_proportions", target={"kind": "relative", "value": 0.4}, days_after=7)
    passed = looks = 0
    for _ in range(RUNS):
        sizes = random.poisson(12, len(DAYS))
        side = counted(random.binomial(sizes, 0.2), sizes)
        for day in DAYS[DAYS_BEFORE + 14 :: 7]:
            looks += 1
            if (shown := passes(side, test, day)) is not None:
                passed += shown
                break
        else:
            pytest.fail("it never came to a result")
    assert looks > 2 * RUNS
    assert passed <= binom.isf(CHANCE, RUNS, test.alpha)


def test_days_that_raised_the_alarm_make_nothing_pass() -> None:
    """Work is opened in the worst week of many, which the next ones look better than by themselves."""
    random = np.random.default_rng(13)
    test = named("two_proportions", days_before=14)
    passed = with_alarm = 0
    runs = RUNS // 2
    for _ in range(runs):
        side = shares(random)
        assert isinstance(side, DayCounts)
        weeks = np.convolve(side.defects[DAYS_BEFORE - 14 : DAYS_BEFORE], np.ones(5), "valid")
        worst = DAYS_BEFORE - 14 + int(np.argmax(weeks))
        passed += bool(passes(side, test, left_out=DAYS[worst : worst + 5]))
        with_alarm += bool(passes(side, test))
    assert passed <= binom.isf(CHANCE, runs, test.alpha)
    # And leaving them in would not be harmless, or this test would prove nothing.
    assert with_alarm > passed


def test_what_works_does_pass() -> None:
    """The planned power is that of the planned size."""
    random = np.random.default_rng(5)
    test = named("two_proportions", target={"kind": "relative", "value": 0.4}, days_after=7)
    passed = 0
    for _ in range(300):
        sizes = random.poisson(12, len(DAYS))
        works = np.array([day >= CHANGE for day in DAYS])
        passed += bool(passes(counted(random.binomial(sizes, np.where(works, 0.13, 0.2)), sizes), test))
    assert passed >= binom.ppf(CHANCE, 300, 0.75)
