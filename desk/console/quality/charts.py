"""The chart explorer: any control chart, what its signals mean, and the cases behind each point."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from aiohttp import web

from analytics.charts.chart import Chart, Point
from analytics.drawing import Drawn
from analytics.figures.control_chart import control_chart
from analytics.figures.naming import day_name
from analytics.figures.numbers import show_number
from analytics.figures.scale import scale_of
from analytics.improvement.elastic.decided import Decision
from analytics.periods import end_of
from analytics.questions.chart import STANDARD_RULES, ChartAnswer, ChartQuestion
from analytics.series import CountSeries
from analytics.surroundings import Surroundings
from analytics.words import RuleWords, words
from analytics.words.sentences import in_language
from desk.console.pages import language_of
from desk.console.quality.asking import (
    NotAnswered,
    address,
    answered,
    cleaned,
    read,
    today_of,
    with_period,
)
from desk.console.quality.options import DIMENSIONS, Names, choices, names_of, refuse, show
from desk.console.quality.pictures import QUALITY, Picture, csv_response, picture
from store.database import UnitOfWork

CHART = f"{QUALITY}/chart"
CASES = f"{QUALITY}/cases"
DAYS = 90
# More on one page are too many to look at.
SHOWN = 12
MEASURES = ("defects", "rating", "acknowledgement", "first_response", "resolution")
KINDS = ("auto", "p", "np", "c", "u", "p'", "u'", "g", "t", "i", "ewma", "cusum")
# Sets of rules that the form offers; single ones can be asked for in the address.
RULE_SETS = {"": STANDARD_RULES, "nelson": None, "western_electric": None, "limits": None}
_ORDINARY = ("p", "np", "c", "u")


@dataclass(frozen=True, slots=True)
class SignalShown:
    """A signal in words."""

    label: str
    value: str
    way: str
    rules: tuple[RuleWords, ...]
    cases: str


@dataclass(frozen=True, slots=True)
class Row:
    """A point for the table; numbers as text."""

    label: str
    value: str
    counts: tuple[str, str] | None
    centre: str
    low: str
    high: str
    way: str
    rules: str
    cases: str


@dataclass(frozen=True, slots=True)
class ChartShown:
    """One chart of the page.

    Attributes:
        kind: key of its words; empty where none was drawn.
        why: reasons for the choice, in the reader's language.
        advice: on overdispersion; empty where it says nothing.
        decisions: the baselines that somebody decided on, in words.
    """

    key: str
    title: str
    kind: str
    why: tuple[str, ...]
    refused: str
    no_denominator: str
    without: int
    gaps: int
    left_out: tuple[str, ...]
    advice: str
    ratio: float | None
    false_alarm_every: float | None
    signals: tuple[SignalShown, ...]
    tables: tuple[tuple[str, tuple[Row, ...]], ...]
    picture: Picture | None
    rules: tuple[RuleWords, ...]
    spotless: str
    decisions: tuple[Decision, ...]
    rebase: str


async def chart_page(request: web.Request) -> web.StreamResponse:
    """Charts of what was asked for."""
    query = cleaned(request)
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "dimensions": DIMENSIONS, "measures": MEASURES,
        "kinds": KINDS, "rule_sets": list(RULE_SETS), "path": CHART,
        "options": choices(request, "service" if query.get("process") == ["service"] else "recovery"),
        "csv": address(f"{CHART}.csv", query), "periods": _periods(request, query), "error": None, "charts": [],
        "further": 0, "empty": False, "question": None,
    }  # fmt: skip
    try:
        question = read(request, ChartQuestion, with_period(query, today_of(request), DAYS))
        shown = await answered(
            request, partial(_reckon, question=question, names=names_of(request), language=language_of(request))
        )
    except NotAnswered as error:
        return await refuse(request, "chart", error, **context)
    charts, more = shown
    told = {"charts": charts, "further": more, "empty": not charts, "question": question}
    return await show(request, "chart", **{**context, **told})


async def chart_csv(request: web.Request) -> web.StreamResponse:
    """The points as a file."""
    query = with_period(cleaned(request), today_of(request), DAYS)
    try:
        question = read(request, ChartQuestion, query)
        rows = await answered(request, lambda work, around: list(question.answer(work, around).to_csv()))
    except NotAnswered as error:
        return web.Response(status=error.status, text=str(error))
    return csv_response("chart", rows)


def _periods(request: web.Request, query: dict[str, list[str]]) -> list[tuple[str, str, bool]]:
    """Periods to choose at once: words, address, whether it is this one."""
    today = today_of(request)
    found = []
    for key, days in (("days_30", 30), ("days_90", 90), ("year", 365), ("all", 0)):
        since = date.fromordinal(today.toordinal() - days + 1).isoformat() if days else "2000-01-01"
        chosen = query.get("since") == [since] or (days == DAYS and not {"since", "until"} & set(query))
        found.append((f"quality_period.{key}", address(CHART, query, since=since, until=None), chosen))
    return found


def _reckon(
    work: UnitOfWork, around: Surroundings, question: ChartQuestion, names: Names, language: str
) -> tuple[list[ChartShown], int]:
    answer = question.answer(work, around)
    shown = []
    for drawn in answer.drawn[:SHOWN]:
        around.go_on()
        shown.append(_shown(answer, drawn, names, language))
    return shown, answer.more + max(0, len(answer.drawn) - SHOWN)


def _shown(answer: ChartAnswer, drawn: Drawn, names: Names, language: str) -> ChartShown:
    question, series = answer.question, drawn.series
    chosen = dict(question.part.chosen)
    if question.split:
        chosen[question.split] = series.key
    title = names.part(chosen, question.process)
    counts = series if isinstance(series, CountSeries) else None
    spotless = show_number(counts.total.opportunities) if _is_spotless(counts) and counts else ""
    kind = drawn.kind if drawn.charts and len(drawn.charts[0]) and not spotless else ""
    if question.measure != "defects":
        title = f"{names.measure(question.measure)} · {title}"
    met = dict.fromkeys(rule for _, point in drawn.signals for rule in point.broken)
    links = _links(question, chosen)
    found = drawn.dispersion
    wide = found is not None and (drawn.kind in _ORDINARY or found.advised == "look for shifts")
    return ChartShown(
        key=series.key,
        title=title,
        kind=kind,
        why=tuple(in_language(reason, language) for reason in drawn.why) if kind else (),
        refused=in_language(drawn.refused, language) if drawn.refused else "",
        no_denominator=in_language(counts.no_denominator, language) if counts and counts.no_denominator else "",
        without=counts.without_denominator if counts else 0,
        gaps=len(counts.gaps) if counts else 0,
        left_out=tuple(day_name(day, series.every, language) for day in drawn.left_out),
        advice=words(language).advice[found.advised] if found and wide else "",
        ratio=found.ratio if found and wide else None,
        false_alarm_every=drawn.false_alarm_every,
        signals=tuple(_signals(answer, drawn, links, language)),
        tables=tuple((chart.kind, tuple(_rows(answer, drawn, chart, links, language))) for chart in drawn.charts),
        picture=picture(f"chart-{answer.drawn.index(drawn)}", control_chart(answer, drawn, language), title, links,
                        "since until") if kind else None,
        rules=tuple(words(language).rules[rule] for rule in sorted(met)),
        spotless=spotless,
        decisions=tuple(answer.decisions.get(series.key, ())),
        rebase=_rebase(question, chosen),
    )  # fmt: skip


def _is_spotless(series: CountSeries | None) -> bool:
    """Whether there were opportunities and not one defect: nothing varies, and a chart would be a line at 0."""
    return series is not None and series.opportunities is not None and bool(len(series)) and not series.total.defects


def _rebase(question: ChartQuestion, chosen: dict[str, str]) -> str:
    """Where a new baseline of the chart is decided; empty where there can be none for such a part."""
    if not all(chosen.values()) or {"tier", "language"} & set(chosen):
        return ""
    return address("/desk/improvement/baselines", {"measure": question.measure, "process": question.process, **chosen})


def _links(question: ChartQuestion, chosen: dict[str, str]) -> str:
    """The address of the cases of a part, less the days; empty where what was not told is asked for."""
    if not all(chosen.values()):
        return ""
    measure = None if question.measure == "defects" else question.measure
    return address(CASES, {"process": question.process, **chosen, "measure": measure})


def _case_link(links: str, drawn: Drawn, label: object) -> str:
    if not links or not isinstance(label, date):
        return ""
    return f"{links}&since={label}&until={end_of(label, drawn.series.every)}"


def _label(drawn: Drawn, point: Point, language: str) -> str:
    label = point.label
    return day_name(label, drawn.series.every, language) if isinstance(label, date) else str(label)


def _signals(answer: ChartAnswer, drawn: Drawn, links: str, language: str) -> Iterator[SignalShown]:
    catalogue = words(language)
    # The latest first: they are what can still be asked about.
    for chart, point in reversed(drawn.signals):
        yield SignalShown(
            _label(drawn, point, language),
            scale_of(answer.question.measure, drawn, chart, language).show(point.value),
            answer.direction(drawn, chart, point) or "pattern",
            tuple(catalogue.rules[rule] for rule in point.broken),
            _case_link(links, drawn, point.label),
        )


def _rows(answer: ChartAnswer, drawn: Drawn, chart: Chart, links: str, language: str) -> Iterator[Row]:
    scale, catalogue = scale_of(answer.question.measure, drawn, chart, language), words(language)
    series = drawn.series
    sizes = {}
    if isinstance(series, CountSeries) and series.opportunities is not None and drawn.kind not in ("g", "t"):
        sizes = dict(zip(series.days, zip(series.defects, series.opportunities, strict=True), strict=True))
    for point in sorted(chart.points, key=lambda one: -one.index):
        size = sizes.get(point.label) if isinstance(point.label, date) else None
        yield Row(
            _label(drawn, point, language),
            scale.show(point.value),
            (f"{size[0]:,}", f"{size[1]:,}") if size else None,
            scale.show(point.centre),
            scale.show(point.lower),
            scale.show(point.upper),
            (answer.direction(drawn, chart, point) or "pattern") if point.broken else "",
            ("、" if language == "zh" else ", ").join(catalogue.rules[rule].name for rule in point.broken),
            _case_link(links, drawn, point.label),
        )
