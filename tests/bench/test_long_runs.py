"""False alarms and planted shifts as in ``tests/analytics/test_planted_shifts.py``, over runs eighty times as long.

``BENCH_POINTS`` sets another length.
"""

import os

import numpy as np
import pytest

from analytics.charts.chart import draw
from analytics.charts.rules import ALL, Rules, evaluate
from tests.analytics.planted import PROCESSES, within
from tests.analytics.test_planted_shifts import FALSE_ALARMS

POINTS = int(os.environ.get("BENCH_POINTS", "5000000"))


@pytest.mark.parametrize("shift", [0.0, 1.0], ids=["stable", "shifted by 1 sigma"])
@pytest.mark.parametrize("name", PROCESSES)
def test_points_beyond_the_limits_are_as_many_as_theory_says(name: str, shift: float) -> None:
    process = PROCESSES[name]
    series = process.make(np.random.default_rng([20261222, int(shift)]), POINTS, shift)
    chart = draw(process.design, series, parameters=process.parameters)
    beyond = np.zeros(POINTS, dtype=np.bool_)
    beyond[np.array(chart.beyond_limits, dtype=int) - 1] = True
    theory = process.theory(shift)
    for turn, probability in enumerate(theory):
        of_this_size = beyond[turn :: len(theory)]
        print(f"{name:<18} shift {shift:g}: {of_this_size.mean():.6f} of points beyond, by theory {probability:.6f}")
        assert within(int(of_this_size.sum()), len(of_this_size), float(probability))


def test_each_rule_alarms_falsely_as_often_as_theory_says() -> None:
    found = evaluate(np.random.default_rng(20261223).normal(size=POINTS), Rules(ALL))
    for row, rule in enumerate(ALL):
        apart = found.completing[row][14::15]
        print(f"{rule:<20} {apart.mean():.6f} of points, by theory {FALSE_ALARMS[rule]:.6f}")
        assert within(int(apart.sum()), len(apart), FALSE_ALARMS[rule])
