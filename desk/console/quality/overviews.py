"""The overview: how good service and recovery are, whether that has changed, and what to look at first."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from analytics.figures.naming import day_name
from analytics.figures.numbers import show_number, show_share, show_sigma
from analytics.figures.sigma_trend import sigma_trend
from analytics.improvement.policy import read_policy
from analytics.overview import Overview, ProcessState, read_overview
from analytics.periods import Period
from analytics.questions.pareto import ParetoQuestion
from analytics.questions.question import PeriodQuestion
from analytics.service_steps import SERVICE
from analytics.sigma import Convention, DefectRate, RolledYield
from analytics.sigma_summary import SigmaLine
from analytics.surroundings import Surroundings
from analytics.words.sentences import in_language
from desk.console.pages import language_of, say
from desk.console.quality.asking import NotAnswered, address, answered, cleaned, read, today_of, with_period
from desk.console.quality.options import Names, names_of, refuse, show
from desk.console.quality.pictures import QUALITY, Picture, csv_response, picture
from desk.console.quality.signals import SignalLine, open_signals
from store.blueprint import NO_STEP
from store.database import UnitOfWork

DAYS = 28
SIGNALS_SHOWN = 6
_PERIODS = (("days_28", 28), ("days_90", 90), ("year", 365))


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step for the table; numbers as text, and where its sigma lies on a scale of 0 to 6, in percent."""

    name: str
    sigma: str
    interval: str
    dpmo: str
    defects: str
    opportunities: str
    no_denominator: str
    at: float | None
    low: float
    high: float
    chart: str
    cases: str


@dataclass(frozen=True, slots=True)
class ProcessShown:
    """One process.

    Attributes:
        bound: there is only a bound, since nothing failed.
        defects: those within the opportunities; all of them where there is no denominator.
        change: as text with its sign; empty where it is not known. ``sure``: more than chance.
    """

    process: str
    sigma: str
    bound: bool
    interval: str
    dpmo: str
    share_good: str
    rolled: str
    rolled_of: int
    missing: int
    defects: str
    defects_before: str
    opportunities: str
    no_denominator: str
    without: int
    change: str
    sure: bool
    steps: tuple[StepRow, ...]
    chart: str


@dataclass(frozen=True, slots=True)
class First:
    """Something to look at first: words by key, with values, and where it leads."""

    key: str
    values: dict[str, Any]
    link: str


@dataclass(frozen=True, slots=True)
class OverviewShown:
    """All of the page."""

    since: date
    until: date
    before: tuple[date, date]
    processes: tuple[ProcessShown, ...]
    picture: Picture | None
    trend: tuple[tuple[str, str, str, str, str], ...]
    signals: tuple[SignalLine, ...]
    signals_count: int
    first: tuple[First, ...]
    standard: str


async def overview_page(request: web.Request) -> web.StreamResponse:
    """The page."""
    query = cleaned(request)
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "path": QUALITY, "csv": address(f"{QUALITY}.csv", query),
        "periods": _periods(request, query), "error": None, "found": None,
    }  # fmt: skip
    try:
        found = await answered(
            request,
            partial(
                _reckon, period=_period(request, query), names=names_of(request), language=language_of(request),
                label=say(request, "quality.trend_picture"),
            ),
        )  # fmt: skip
    except NotAnswered as error:
        return await refuse(request, "overview", error, **context)
    return await show(request, "overview", **{**context, "found": found})


async def overview_csv(request: web.Request) -> web.StreamResponse:
    """The trend as a file."""
    try:
        period = _period(request, cleaned(request))
        rows = await answered(
            request, lambda work, around: list(read_overview(work, around, period, _convention(around)).to_csv())
        )
    except NotAnswered as error:
        return web.Response(status=error.status, text=str(error))
    return csv_response("sigma", rows)


def _period(request: web.Request, query: dict[str, list[str]]) -> Period:
    """The period asked for, with both ends; at most ten years."""
    today = today_of(request)
    asked = read(request, PeriodQuestion, with_period(query, today, DAYS))
    until = asked.until or today
    since = asked.since or until - timedelta(days=DAYS - 1)
    if since > until or (until - since).days > 3_660:
        raise NotAnswered(422, say(request, "quality.period_wrong"))
    return Period(since, until)


def _periods(request: web.Request, query: dict[str, list[str]]) -> list[tuple[str, str, bool]]:
    today = today_of(request)
    found = []
    for key, days in _PERIODS:
        since = (today - timedelta(days=days - 1)).isoformat()
        chosen = query.get("since") == [since] or (days == DAYS and not query)
        found.append((f"quality_period.{key}", address(QUALITY, {"since": since}), chosen))
    return found


def _convention(around: Surroundings) -> Convention:
    policy = read_policy(around.folder)
    return Convention(policy.shift, policy.confidence)


def _reckon(
    work: UnitOfWork, around: Surroundings, period: Period, names: Names, language: str, label: str
) -> OverviewShown | None:
    policy = read_policy(around.folder)
    overview = read_overview(work, around, period, Convention(policy.shift, policy.confidence))
    signals, count = open_signals(work, SIGNALS_SHOWN)
    if overview.empty and not count:
        return None
    assert period.since and period.until and overview.before.since and overview.before.until
    trend = any(state.trend for state in overview.states)
    figure = sigma_trend(overview, language, policy.control_standard_sigma) if trend else None
    return OverviewShown(
        since=period.since,
        until=period.until,
        before=(overview.before.since, overview.before.until),
        processes=tuple(_process(state, period, names, language) for state in overview.states),
        picture=picture("trend", figure, label) if figure else None,
        trend=tuple(_trend_rows(overview, language)),
        signals=tuple(signals),
        signals_count=count,
        first=tuple(_first(work, around, overview, names)),
        standard=show_number(policy.control_standard_sigma),
    )


def _process(state: ProcessState, period: Period, names: Names, language: str) -> ProcessShown:
    line, rate = state.now.overall, state.rate
    known = rate if isinstance(rate, DefectRate) else None
    change = state.change
    rolled = line.rolled if isinstance(line.rolled, RolledYield) else None
    bound = known is not None and known.sigma_level is None and not known.defects
    return ProcessShown(
        process=state.process,
        sigma=show_sigma(known.sigma_low if bound and known else known.sigma_level) if known else "–",
        bound=bound,
        interval=_interval(known),
        dpmo=show_number(round(known.dpmo)) if known else "–",
        share_good=show_share(known.process_yield) if known else "–",
        rolled=show_share(rolled.value) if rolled else "",
        rolled_of=len(rolled.steps) if rolled else 0,
        missing=len(rolled.missing) if rolled else 0,
        defects=show_number(known.defects if known else state.defects),
        defects_before=show_number(state.defects_before),
        opportunities=show_number(known.opportunities) if known else "–",
        no_denominator="" if known else in_language(getattr(rate, "reason", ""), language),
        without=line.without_denominator,
        change=f"{change:+.2f}".replace("-", "−") if change is not None else "",
        sure=state.changed_for_sure,
        steps=tuple(_step(state, one, period, names, language) for one in state.now.lines),
        chart=address(f"{QUALITY}/chart", {"process": state.process, "since": period.since, "until": period.until}),
    )


def _interval(rate: DefectRate | None) -> str:
    if rate is None:
        return ""
    low, high = ("…" if end is None else show_sigma(end) for end in (rate.sigma_low, rate.sigma_high))
    return f"{low} – {high}"


def _level(rate: DefectRate) -> str:
    """The level, or the only bound there is."""
    if rate.sigma_level is not None:
        return show_sigma(rate.sigma_level)
    return f"≤ {show_sigma(rate.sigma_high)}" if rate.defects else f"≥ {show_sigma(rate.sigma_low)}"


def _step(state: ProcessState, line: SigmaLine, period: Period, names: Names, language: str) -> StepRow:
    rate = line.rate if isinstance(line.rate, DefectRate) else None
    told = line.key not in ("", NO_STEP)
    part = {"process": state.process, "step": line.key if told else None, "since": period.since, "until": period.until}

    def place(value: float | None) -> float:
        return round(100 * max(0.0, min(6.0, 6.0 if value is None else value)) / 6.0, 1)

    low = rate.sigma_low if rate and rate.sigma_low is not None else 0.0
    return StepRow(
        name=line.name.get(language) or names.of("step", line.key, state.process),
        sigma=_level(rate) if rate else "–",
        interval=_interval(rate),
        dpmo=show_number(round(rate.dpmo)) if rate else "–",
        defects=show_number((rate.defects if rate else 0) + line.without_denominator),
        opportunities=show_number(rate.opportunities) if rate else "–",
        no_denominator="" if rate else in_language(getattr(line.rate, "reason", ""), language),
        at=place(rate.sigma_level) if rate and rate.sigma_level is not None else None,
        low=place(low),
        high=place(rate.sigma_high) if rate else 0.0,
        chart=address(f"{QUALITY}/chart", part) if told else "",
        cases=address(f"{QUALITY}/cases", part)
        if told and ((rate and rate.defects) or line.without_denominator)
        else "",
    )


def _trend_rows(overview: Overview, language: str) -> list[tuple[str, str, str, str, str]]:
    rows = []
    for state in overview.states:
        for point in reversed(state.trend):
            rate = point.rate
            rows.append(
                (state.process, day_name(point.since, overview.every, language), _level(rate), _interval(rate),
                 f"{show_number(rate.defects)} / {show_number(rate.opportunities)}")
            )  # fmt: skip
    return rows


def _first(work: UnitOfWork, around: Surroundings, overview: Overview, names: Names) -> list[First]:
    """What deserves a look, the most pressing first; each with where to look."""
    period, found = overview.period, []
    days = {"since": period.since, "until": period.until}
    for state in overview.states:
        if state.changed_for_sure and state.change is not None and state.change < 0:
            values = {"process": state.process, "change": f"{abs(state.change):.2f}"}
            link = address(f"{QUALITY}/chart", {"process": state.process, **days, "since": overview.before.since})
            found.append(First("worse", values, link))
    for state in overview.states:
        for line in state.weakest()[:1]:
            rate = line.rate
            assert isinstance(rate, DefectRate)
            values = {
                "step": names.of("step", line.key, state.process), "process": state.process,
                "sigma": _level(rate), "share": show_share(rate.share),
            }  # fmt: skip
            link = address(f"{QUALITY}/pareto", {"process": state.process, "step": line.key, **days})
            found.append(First("weakest", values, link))
    around.go_on()
    question = ParetoQuestion(process=SERVICE, since=period.since, until=period.until)
    table = question.answer(work, around).table
    if table and table.rows[0].category:
        top = table.rows[0]
        link = address(f"{QUALITY}/pareto", {"process": SERVICE, "category": top.category, "by": "step", **days})
        values = {"category": names.of("category", top.category), "share": show_share(top.share)}
        found.append(First("category", values, link))
    if not isinstance(overview.service.rate, DefectRate) and overview.service.defects:
        found.append(First("volumes", {}, ""))
    return found
