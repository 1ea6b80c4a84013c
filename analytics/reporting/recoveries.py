"""Sections on single cases: how long they took, what recoveries achieved and cost."""

from typing import Any

from analytics.figures import figures_of
from analytics.figures.numbers import show_hours, show_number, show_share
from analytics.purchases import Drifting
from analytics.questions.recovery import RecoveryAnswer
from analytics.questions.times import TimesAnswer, TimesTold
from analytics.reporting.blocks import Picture, Section, Table, Words
from analytics.reporting.gathering import Gathered
from analytics.reporting.telling import Telling
from analytics.statistics.customers import Concentration, RepeatComplaints
from analytics.statistics.recovery_cost import CostPerRegained
from analytics.statistics.recovery_quality import DoubleDeviation

_LEVEL = 0.05
# As the question names its two groups.
_NOW, _BEFORE = "this period", "the other period"


def times_section(found: Gathered, tell: Telling) -> Section:
    """First answers and resolutions, open cases counted as what they are."""
    words = tell.words
    section = Section("times", words.sections["times"])
    for to, answer in found.times.items():
        name = words.times[to]
        if not answer.groups:
            continue
        if answer.test is not None:
            section.blocks.append(Words(words.times[_pace(answer)].format(name=name, p=tell.p(answer.test.p))))
        picture = figures_of(answer, tell.language).get("")
        if picture is not None:
            section.blocks.append(Picture(picture, words.times["caption"].format(name=name)))
        now, before = answer.groups.get(_NOW), answer.groups.get(_BEFORE)
        rows = [
            [words.times[key], _time(now, key, tell), _time(before, key, tell)]
            for key in ("row_cases", "row_median", "row_within", "row_open")
        ]
        section.blocks.append(Table(tell.column("measure", "now", "before"), rows, name))
    if not section.blocks:
        section.blocks.append(Words(words.nothing))
    return section


def _pace(answer: TimesAnswer) -> str:
    assert answer.test is not None
    ratio = answer.test.hazard_ratio
    if answer.test.p >= _LEVEL or ratio is None:
        return "same"
    # The pace of the second group, by that of the first.
    second = answer.test.groups[1]
    return "faster" if (ratio > 1) == (second == _NOW) else "slower"


def _time(told: TimesTold | None, key: str, tell: Telling) -> str:
    if told is None:
        return "–"
    if key == "row_cases":
        return show_number(told.curve.count)
    if key == "row_open":
        return show_number(told.open)
    return show_hours(told.curve.median, tell.language) if key == "row_median" else tell.proportion(told.within)


def recovery_section(found: Gathered, tell: Telling) -> Section:
    """Fives, double deviation, cost, repeats, who drifts away; each with its interval, or why there is none."""
    words = tell.words
    section = Section("recovery", words.sections["recovery"])
    now, before = found.recoveries
    rows = [
        [words.recovery["heard"], show_number(now.cases), show_number(before.cases)],
        *([words.recovery[name], *(_part(answer, key, tell) for answer in (now, before))] for name, key in _ROWS),
    ]
    since, until = found.settled.question.since, found.settled.question.until
    assert since is not None and until is not None
    days = words.between(tell.day(since), tell.day(until))
    later = [[words.recovery[name], _part(found.settled, key, tell)] for name, key in _LATER]
    text = frozenset({1, 2})
    section.blocks.append(
        Table(tell.column("measure", "now", "before"), rows, words.sections["recovery"], text)
    )  # fmt: skip
    section.blocks.append(
        Table(tell.column("measure", "result"), later, words.recovery["later"].format(days=days), frozenset({1}))
    )
    figures = figures_of(now, tell.language)
    for key in ("speed", "fairness"):
        if key in figures:
            section.blocks.append(Picture(figures[key], words.recovery[key]))
    return section


_ROWS = (
    ("fives", "fives"),
    ("double", "double_deviation"),
    ("concentration", "concentration"),
    ("drifting", "drifting"),
)
# What only time tells.
_LATER = (("cost", "cost"), ("repeats", "repeats"))


def _part(answer: RecoveryAnswer, key: str, tell: Telling) -> str:
    part: Any = answer.sections.get(key)
    words = tell.words
    if part is None or isinstance(part, str):
        return words.no_data.format(why=tell.reason(part or "–"))
    if isinstance(part, DoubleDeviation):
        return tell.proportion(part.rate)
    if isinstance(part, RepeatComplaints):
        return tell.proportion(part.rate)
    if isinstance(part, CostPerRegained):
        interval = words.between(
            tell.money(part.fieller.low, answer.currency), tell.money(part.fieller.high, answer.currency)
        )
        return f"{tell.money(part.value, answer.currency)} ({interval})"
    if isinstance(part, Concentration):
        return words.recovery["concentration_found"].format(
            top=show_number(part.top_customers), share=show_share(part.top_share), made=show_share(part.share_of_top)
        )
    if isinstance(part, Drifting):
        return words.recovery["drifting_found"].format(
            found=show_number(part.found), judged=show_number(part.judged), chance=f"{part.false_alarms:.1f}"
        )
    return tell.proportion(part)
