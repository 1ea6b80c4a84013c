"""Pareto tables and changes of the mix against published values."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from analytics.sigma import WrongInput
from analytics.statistics.mix_change import holm, mix_change
from analytics.statistics.pareto import pareto

ReferenceReader = Callable[[str], dict[str, Any]]


def test_the_published_table_comes_out(reference: ReferenceReader) -> None:
    data, expected = (reference("pareto_defect_causes")[part] for part in ("data", "expected"))
    rows = pareto(data).rows
    assert [row.category for row in rows] == expected["order"]
    assert [row.cumulative for row in rows] == expected["cumulative"]
    assert [100 * row.cumulative_share for row in rows] == pytest.approx(expected["cum_percent"])


def test_the_others_come_last_where_wished_and_the_vital_few_are_counted() -> None:
    table = pareto({"other": 50, "delivery": 30, "billing": 20}, last="other")
    assert [row.category for row in table.rows] == ["delivery", "billing", "other"]
    assert table.vital == 3 and pareto({"other": 50, "delivery": 30, "billing": 20}).vital == 2


@pytest.mark.parametrize("counts", [{}, {"a": 0}, {"a": -1}, {"a": 1.5}])
def test_wrong_counts_have_no_table(counts: dict[str, Any]) -> None:
    with pytest.raises(WrongInput):
        pareto(counts)


@given(st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 1000), min_size=1), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_a_table_falls_adds_up_and_knows_no_scale(counts: dict[str, int], factor: int) -> None:
    table = pareto(counts)
    assert [row.count for row in table.rows] == sorted(counts.values(), reverse=True)
    assert table.rows[-1].cumulative_share == pytest.approx(1)
    larger = pareto({name: factor * count for name, count in counts.items()})
    assert [row.category for row in larger.rows] == [row.category for row in table.rows]


# R documentation of chisq.test: gender by party (Agresti 2007, page 39).
WOMEN, MEN = {"D": 762, "I": 327, "R": 468}, {"D": 484, "I": 239, "R": 477}


def test_the_published_chi_square_and_residuals_come_out() -> None:
    found = mix_change(MEN, WOMEN)
    assert found.method == "chi-square" and found.freedom == 2
    assert found.statistic == pytest.approx(30.07, abs=5e-3) and found.p == pytest.approx(2.954e-7, rel=1e-3)
    residuals = {move.category: move.residual for move in found.moves}
    assert residuals == pytest.approx({"D": 4.5020535, "I": 0.6994517, "R": -5.3159455}, abs=1e-6)
    assert found.moved_most.category == "R" and found.moved_most.p_adjusted < 1e-6


def test_small_tables_are_tested_exactly() -> None:
    # Fisher's tea taster (R documentation of fisher.test).
    found = mix_change({"milk": 3, "tea": 1}, {"milk": 1, "tea": 3})
    assert found.method == "exact" and found.p == pytest.approx(0.4857, abs=5e-5)


def test_the_exact_test_of_three_categories_counts_all_tables() -> None:
    # By hand: of the 15 first rows with sum 4 from columns 2, 2, 4 the two seen ones and their like.
    found = mix_change({"a": 2, "b": 2, "c": 0}, {"a": 0, "b": 0, "c": 4}, "exact")
    assert found.p == pytest.approx(2 / 70)


def test_the_simulation_comes_near_to_all_tables() -> None:
    before, after = dict.fromkeys("abcdefgh", 6), dict.fromkeys("abcdefgh", 6) | {"a": 16}
    exact = mix_change({"a": 6, "rest": 42}, {"a": 16, "rest": 42}, "exact")
    simulated = mix_change(before, after, "exact")
    assert simulated.method == "exact by simulation" and exact.method == "exact"
    assert simulated.p == mix_change(before, after, "exact").p
    assert 0 < simulated.p <= 1 and simulated.moved_most.category == "a"


def test_categories_without_cases_are_left_out_and_periods_without_any_refused() -> None:
    assert mix_change({"a": 30, "b": 40, "z": 0}, {"a": 20, "b": 50}).left_out == ("z",)
    with pytest.raises(WrongInput, match="no case after"):
        mix_change({"a": 1, "b": 2}, {"a": 0})
    with pytest.raises(WrongInput, match="at least two categories"):
        mix_change({"a": 1}, {"a": 3})


def test_holm_adjusts_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(*[st.integers(0, 8)] * 4)
@settings(max_examples=40, deadline=None)
def test_with_two_categories_the_exact_test_is_fishers(a: int, b: int, c: int, d: int) -> None:
    if min(a + b, c + d, a + c, b + d) == 0:
        return
    found = mix_change({"x": a, "y": b}, {"x": c, "y": d}, "exact")
    assert found.p == pytest.approx(fisher_exact([[a, b], [c, d]]).pvalue, abs=1e-9)
