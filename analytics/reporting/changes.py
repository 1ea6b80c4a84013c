"""Section on the charts: what signalled in the month, and what each rule means."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from analytics.charts.chart import Chart, Point
from analytics.charts.rules import Rule
from analytics.drawing import Drawn
from analytics.figures.control_chart import control_chart
from analytics.questions.chart import ChartAnswer
from analytics.reporting.blocks import Picture, Points, Section, Words
from analytics.reporting.gathering import Gathered
from analytics.reporting.telling import Telling
from analytics.words import words as chart_words

# Charts that are shown; what signals most comes first.
_SHOWN = 8
_GAPS = ("g", "t")


@dataclass(frozen=True, slots=True)
class Signalled:
    """A chart with its signals of the month.

    Attributes:
        name: of process and part.
    """

    answer: ChartAnswer
    drawn: Drawn
    name: str
    signals: tuple[tuple[Chart, Point], ...]

    @property
    def worse(self) -> int:
        return sum(self.answer.direction(self.drawn, chart, point) == "worse" for chart, point in self.signals)


def charts_of(found: Gathered, tell: Telling) -> list[Signalled]:
    """All charts of the month, those that tell of worse first."""
    charts = []
    for process, answer in found.charts.items():
        for drawn in answer.drawn:
            key = drawn.series.key
            named = found.names.of(answer.question.split or "", key, process)
            part = tell.name(named, key) if key else tell.words.sigma["no_step"]
            signals = tuple(
                (chart, point) for chart, point in drawn.signals
                if isinstance(point.label, date) and point.label in found.period
            )  # fmt: skip
            charts.append(Signalled(answer, drawn, f"{tell.words.processes[process]} · {part}", signals))
    return sorted(charts, key=lambda one: (-one.worse, -len(one.signals)))


def charts_section(found: Gathered, tell: Telling) -> Section:
    """The charts that signalled, in words, and those that were quiet."""
    words = tell.words
    section = Section("charts", words.sections["charts"])
    charts = charts_of(found, tell)
    signalled = [one for one in charts if one.signals]
    section.blocks.append(Words(words.charts["intro"].format(signalling=len(signalled), total=len(charts))))
    for one in signalled[:_SHOWN]:
        section.blocks += _told(one, tell)
    if len(signalled) > _SHOWN:
        section.blocks.append(Words(words.charts["more"].format(number=len(signalled) - _SHOWN), "note"))
    quiet = [one.name for one in charts if not one.signals and one.drawn.chart is not None]
    if quiet:
        section.blocks.append(Words(words.charts["quiet"].format(names=tell.listed(quiet))))
    refused = [one for one in charts if one.drawn.chart is None]
    told = [words.charts["no_chart"].format(name=one.name, why=tell.reason(one.drawn.refused or "")) for one in refused]
    if told:
        section.blocks.append(Points(told, "note"))
    return section


def _told(one: Signalled, tell: Telling) -> list[Picture | Points | Words]:
    words, told = tell.words, chart_words(tell.language)
    kind = told.kinds.get(one.drawn.kind)
    caption = words.charts["caption"].format(name=one.name, kind=kind.name if kind else one.drawn.kind)
    blocks: list[Picture | Points | Words] = [Picture(control_chart(one.answer, one.drawn, tell.language), caption)]
    met: list[str] = []
    for _, point in one.signals:
        met += [rule for rule in point.broken if rule not in met]
    lines = list(_days(one, tell))
    blocks.append(Points(lines))
    explained = []
    for rule in sorted(met):
        found = told.rules[rule]  # type: ignore[index]
        explained.append(
            words.charts["rule"].format(name=found.name, words=found.words, meaning=found.meaning, next=found.next)
        )
    blocks.append(Points(explained, "note"))
    if one.drawn.kind in _GAPS:
        blocks.append(Words(words.charts["rare"].format(name=one.name), "note"))
    return blocks


def _days(one: Signalled, tell: Telling) -> Iterator[str]:
    """The signals, those that follow each other and say the same together."""
    words, told = tell.words, chart_words(tell.language)

    def same(signal: tuple[Chart, Point]) -> tuple[str, str, tuple[Rule, ...]]:
        chart, point = signal
        return chart.kind, one.answer.direction(one.drawn, chart, point) or "pattern", point.broken

    for (_, way, broken), group in groupby(one.signals, key=same):
        days = [point.label for _, point in group if isinstance(point.label, date)]
        first, last = tell.day(days[0]), tell.day(days[-1])
        yield words.charts["found"].format(
            day=first if first == last else words.between(first, last),
            what=words.directions[way],
            rules=tell.listed([told.rules[rule].name for rule in broken]),
        )
