"""Figures: what is drawn is what was found, in both languages, and nothing needs the page around it."""

import json
import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.figures import figure_of, figures_of
from analytics.figures.control_chart import wrapped
from analytics.figures.numbers import show_hours, show_number, show_p, show_share
from analytics.figures.sigma_trend import sigma_trend
from analytics.figures.words import figure_words
from analytics.overview import read_overview
from analytics.periods import Period
from analytics.questions.chart import ChartQuestion
from analytics.questions.forecast import ForecastQuestion
from analytics.questions.pareto import ParetoQuestion
from analytics.questions.recovery import RecoveryQuestion
from analytics.questions.times import TimesQuestion
from analytics.roll_up import roll_up_chunk
from analytics.surroundings import Surroundings
from analytics.words.sentences import in_language, known
from store.database import Database
from tests.analytics.imagined_history import Complaint, keep, place
from tests.conftest import ROOT

LANGUAGES = ("zh", "en")


@pytest.fixture
def around() -> Surroundings:
    return Surroundings(ZoneInfo("Asia/Shanghai"), ROOT / "data" / "firm")


@pytest.fixture
def counted(sqlite_database: Database, around: Surroundings) -> Database:
    keep(
        sqlite_database,
        [
            Complaint(10 * day + nth, day, place("delivery" if nth < 7 else "billing_price"))
            .resolved(10 if nth < (8 if day == 20 else 2) else 5, limit=8)
            .rated(1 + (day + nth) % 5)
            for day in range(30)
            for nth in range(10)
        ],
    )
    with sqlite_database.begin() as work:
        while roll_up_chunk(work, around.zone):
            pass
        work.commit()
    return sqlite_database


QUESTIONS = (
    ChartQuestion(step="resolved_in_time"),
    ChartQuestion(step="resolved_in_time", kind="cusum"),
    ChartQuestion(step="resolved_in_time", kind="g"),
    ChartQuestion(measure="rating", every="week"),
    ChartQuestion(process="service"),
    ParetoQuestion(),
    TimesQuestion(),
    TimesQuestion(split="category"),
    ForecastQuestion(since=date(2026, 3, 2), until=date(2026, 3, 31)),
    RecoveryQuestion(never_failed=(1, 2, 3, 40, 50)),
)


def test_every_answer_has_its_figure_as_plain_json(counted: Database, around: Surroundings) -> None:
    for question in QUESTIONS:
        with counted.reading() as work:
            answer = question.answer(work, around)
        for language in LANGUAGES:
            found = figures_of(answer, language)
            assert found, question
            written = [figure.to_json(engine="json") for figure in found.values()]
            assert all(any(trace.get("y") for trace in json.loads(text)["data"]) for text in written)
            assert figure_of(answer, language).to_json(engine="json") == written[0]


def test_an_empty_store_has_a_figure_that_says_so(sqlite_database: Database, around: Surroundings) -> None:
    with sqlite_database.reading() as work:
        answer = ParetoQuestion().answer(work, around)
    for language in LANGUAGES:
        (told,) = figure_of(answer, language).layout.annotations
        assert told.text == figure_words(language).nothing


def test_a_signal_is_drawn_at_its_point_and_told_in_words(counted: Database, around: Surroundings) -> None:
    with counted.reading() as work:
        answer = ChartQuestion(step="resolved_in_time", rules=("limits",), kind="p", limits="normal").answer(
            work, around
        )
    signals = [trace for trace in figure_of(answer, "en").data if trace.meta == "signals"]
    # 8 of 10 late on one day, 2 of 10 on all others.
    assert [list(trace.x) for trace in signals] == [[date(2026, 3, 22)]]
    (told,) = signals[0].hovertext
    assert "80.0%" in told and "8 of 10" in told and "Beyond a limit" in told
    assert signals[0].customdata[0] == ["2026-03-22", "2026-03-22"]


def test_the_trend_has_both_ends_of_the_interval_and_only_a_bound_without_defects(
    counted: Database, around: Surroundings
) -> None:
    with counted.reading() as work:
        overview = read_overview(work, around, Period(date(2026, 3, 2), date(2026, 3, 29)))
    assert overview.before == Period(date(2026, 2, 2), date(2026, 3, 1))
    assert overview.every == "week" and overview.recovery.change is None
    assert [point.since for point in overview.recovery.trend] == [date(2026, 3, day) for day in (2, 9, 16, 23)]
    assert all(point.finished for point in overview.recovery.trend)
    line = next(trace for trace in sigma_trend(overview, "en", 6.0).data if trace.name == "recovery")
    for level, point in zip(line.y, overview.recovery.trend, strict=True):
        assert point.rate.sigma_low < level < point.rate.sigma_high


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (show_share(0.136), "13.6%"),
        (show_share(0.0042), "0.42%"),
        (show_share(0.000034), "0.0034%"),
        (show_share(0), "0%"),
        (show_share(1), "100%"),
        (show_share(None), "–"),
        (show_number(1234), "1,234"),
        (show_number(12.345), "12.3"),
        (show_number(0.004118), "0.00412"),
        (show_number(float("nan")), "–"),
        (show_hours(45 / 3600, "en"), "45 s"),
        (show_hours(0.2, "zh"), "12分钟"),
        (show_hours(3.4, "en"), "3.4 h"),
        (show_hours(50.4, "zh"), "2.1天"),
        (show_p(0.0312), "p = 0.031"),
        (show_p(1e-9), "p < 0.0001"),
    ],
)
def test_numbers_have_as_many_digits_as_say_something(shown: str, wanted: str) -> None:
    assert shown == wanted


@given(st.text("ab ，。中文", max_size=120))
def test_wrapping_loses_nothing(text: str) -> None:
    lines = wrapped(text)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_sentences_of_the_analytics_are_said_in_chinese() -> None:
    why = "volumes are not told apart by channel"
    said = in_language(f"no denominator: {why}; only numbers can be charted, not shares", "zh")
    assert said == "没有分母：业务量没有按 channel 区分。因此只能画件数，不能画比例"
    assert in_language("no volumes", "en") == "no volumes"
    assert in_language("a sentence that nobody knows", "zh") == "a sentence that nobody knows"


def test_no_chinese_sentence_is_idle() -> None:
    """Each begins as a sentence does that the analytics can say."""
    sources = "\n".join(path.read_text() for path in Path(ROOT / "analytics").rglob("*.py"))
    for english, _, _ in known():
        longest = max(re.split(r"\{\w+\}", english), key=len).strip(' :,"')
        assert longest in sources, english
