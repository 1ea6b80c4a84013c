"""A p chart with rules, beside mfgQC and, where R is there, qcc: at least five times as fast, and the same chart.

What is timed on our side is all of it: reading the arrays, checking them, limits of each point, all eight of Nelson's
rules, and the list of every violation. Of mfgQC it is what its own call does, which for a p chart is the limits and
the points beyond them; its rules, which it applies to other charts only, are timed besides on the same standardised
points. Both run in turns, and of each the quickest run counts, so that a busy machine slows neither more.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Chart, draw
from analytics.charts.rules import LIMITS, NELSON, Rule, Rules, evaluate
from analytics.charts.series import Series
from tests.conftest import ROOT, missing

MFGQC = ROOT / ".tools" / "mfgqc" / "bin" / "python"
TIMES_AS_FAST = 5
ROUNDS = 5
RULES_ON = 20_000

Data = dict[str, NDArray[np.int64]]


def data_of(points: int) -> Data:
    """A process that is stable for the most part: one day in two hundred is far off."""
    generator = np.random.default_rng(points)
    sizes = generator.integers(80, 121, points)
    share = np.where(generator.random(points) < 0.005, 0.2, 0.05)
    return {"defectives": generator.binomial(sizes, share), "sizes": sizes}


def ours(data: Data, which: tuple[Rule, ...] = NELSON) -> tuple[Chart, list[tuple[int, str]]]:
    chart = draw(Attributes("p"), Series.of(data["defectives"], data["sizes"]), rules=Rules(which))
    return chart, [(index, rule) for rule in which for index in chart.signals(rule)]


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def run(*arguments: str | Path) -> dict[str, Any]:
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=True, timeout=1800)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("points", [100_000, 1_000_000])
def test_a_p_chart_is_five_times_as_fast_as_in_mfgqc(points: int, tmp_path: Path) -> None:
    if not MFGQC.exists():
        missing("MFGQC MISSING: `make bench` makes its environment; nothing is compared")
    data = data_of(points)
    np.savez(tmp_path / "data.npz", **data, rules_on=RULES_ON)
    chart, violations = ours(data)
    theirs: list[float] = []
    own: list[float] = []
    limits_alone: list[float] = []
    for _ in range(ROUNDS):
        limits_alone.append(min(seconds_of(lambda: ours(data, LIMITS)) for _ in range(3)))
        own.append(min(seconds_of(lambda: ours(data)) for _ in range(3)))
        found = run(MFGQC, ROOT / "tests" / "bench" / "chart_rivals.py", tmp_path / "data.npz", "3")
        theirs.append(min(found["seconds"]))
    ratio, alike = min(theirs) / min(own), min(theirs) / min(limits_alone)
    print(
        f"\np chart of {points:,} points: Amends {1000 * min(own):.1f} ms with all eight rules and {len(violations):,} "
        f"violations listed; mfgQC {found['version']} {1000 * min(theirs):.1f} ms with {', '.join(found['rules'])}: "
        f"{ratio:.1f} times; with the limits alone, as there, {1000 * min(limits_alone):.1f} ms: {alike:.1f} times"
    )
    rules_each = found["rules_seconds"] / RULES_ON
    print(f"mfgQC's rules on {RULES_ON:,} of them: {found['rules_seconds']:.1f} s, {1e6 * rules_each:.0f} µs a point")
    # The same chart, so that the same work was done.
    assert found["centre"] == pytest.approx(chart.parameters[0].location, rel=1e-12)
    assert found["upper"] == pytest.approx(chart.upper.sum(), rel=1e-12)
    assert found["lower"] == pytest.approx(chart.lower.sum(), rel=1e-12)
    assert found["beyond"] == list(chart.beyond_limits)
    assert alike >= TIMES_AS_FAST and ratio >= TIMES_AS_FAST


def test_the_rules_find_what_mfgqcs_find(tmp_path: Path) -> None:
    """It tells only the first rule that a point breaks; its rule 8 does not ask for both sides, and a point may
    complete its rules 5 and 6 for the other side than its own."""
    if not MFGQC.exists():
        missing("MFGQC MISSING: `make bench` makes its environment; nothing is compared")
    data = data_of(RULES_ON)
    np.savez(tmp_path / "data.npz", **data, rules_on=RULES_ON)
    theirs = run(MFGQC, ROOT / "tests" / "bench" / "chart_rivals.py", tmp_path / "data.npz", "1")["violations"]
    chart = draw(Attributes("p"), Series.of(data["defectives"], data["sizes"]))
    scores = (chart.values - chart.centre) / chart.sigma
    found = evaluate(scores, Rules(NELSON, mixture_sides="either"))
    first = {at: rules[0] for at in range(1, RULES_ON + 1) if (rules := found.of_point(at))}
    other = {point: rule for point, rule in theirs if first.get(point) != rule}
    assert {at: rule for at, rule in first.items() if at not in other} == {
        point: rule for point, rule in theirs if point not in other
    }
    for point, rule in other.items():
        needed, window, distance = {"nelson_5": (2, 3, 2.0), "nelson_6": (4, 5, 1.0)}[rule]
        own_side = np.sign(scores[point - 1]) * scores[point - window : point]
        assert (own_side > distance).sum() < needed <= (own_side < -distance).sum()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("points", [100_000, 1_000_000])
def test_a_p_chart_beside_qcc(points: int, tmp_path: Path) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None or subprocess.run([rscript, "-e", "library(qcc)"], capture_output=True).returncode:
        pytest.skip("R OR ITS PACKAGE qcc MISSING: nothing is compared with qcc")
    data = data_of(points)
    rows = np.column_stack([data["defectives"], data["sizes"]])
    np.savetxt(tmp_path / "data.csv", rows, fmt="%d", delimiter=",", header="defectives,sizes", comments="")
    found = run(rscript, ROOT / "tests" / "bench" / "chart_rivals.R", tmp_path / "data.csv", "3")
    own = min(seconds_of(lambda: ours(data)) for _ in range(9))
    ratio = min(found["seconds"]) / own
    print(
        f"\np chart of {points:,} points: Amends {1000 * own:.1f} ms with all eight rules; "
        f"qcc {found['version']} {1000 * min(found['seconds']):.0f} ms: {ratio:.1f} times"
    )
    chart, _ = ours(data)
    assert found["centre"] == pytest.approx(chart.parameters[0].location, rel=1e-9)
    assert found["beyond"] == list(chart.beyond_limits)
    assert ratio >= TIMES_AS_FAST


def test_all_eight_rules_on_a_million_points_take_less_than_a_tenth_of_a_second() -> None:
    scores = np.random.default_rng(8).normal(size=1_000_000)
    rules = Rules(NELSON)
    best = min(seconds_of(lambda: evaluate(scores, rules)) for _ in range(9))
    print(f"\nall eight rules on a million points: {1000 * best:.1f} ms")
    assert best < 0.1
