"""How long answers and resolutions take: the share that is over by each time, within the limit, and how capable."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from analytics.figures import figures_of
from analytics.figures.numbers import show_hours, show_number, show_p, show_share
from analytics.figures.times_figure import group_name
from analytics.figures.words import figure_words
from analytics.questions.times import READ_AT, TimesAnswer, TimesQuestion
from analytics.surroundings import Surroundings
from analytics.words.sentences import in_language
from desk.console.pages import language_of, say
from desk.console.quality.asking import NotAnswered, address, answered, cleaned, read, today_of, with_period
from desk.console.quality.options import Names, choices, names_of, refuse, show
from desk.console.quality.pictures import QUALITY, Picture, csv_response, picture
from store.database import UnitOfWork

TIMES = f"{QUALITY}/times"
DAYS = 90
ENDS = ("acknowledgement", "first_response", "resolution")
SPLITS = ("category", "department", "channel", "tier", "language", "severity")
DIMENSIONS = SPLITS[:-1]


@dataclass(frozen=True, slots=True)
class Group:
    """One group in words; shares with their intervals."""

    name: str
    cases: str
    open: str
    median: str
    median_interval: str
    within: str
    within_interval: str
    over: tuple[str, ...]
    ppk: str
    ppk_interval: str
    expected_beyond: str
    no_capability: str


@dataclass(frozen=True, slots=True)
class TimesShown:
    """What the page shows; ``differ`` is None where nothing was compared."""

    groups: tuple[Group, ...]
    read_at: tuple[str, ...]
    picture: Picture | None
    differ: bool | None
    p: str
    ratio: str
    ratio_groups: tuple[str, ...]


async def times_page(request: web.Request) -> web.StreamResponse:
    """The curve and the figures of each group."""
    query = cleaned(request)
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "path": TIMES, "ends": ENDS, "splits": SPLITS,
        "dimensions": DIMENSIONS, "options": choices(request, "recovery"), "csv": address(f"{TIMES}.csv", query),
        "error": None, "found": None, "question": None,
    }  # fmt: skip
    try:
        question = read(request, TimesQuestion, with_period(query, today_of(request), DAYS))
        label = say(request, "quality.times_picture", what=say(request, f"quality_measure.{question.to}"))
        found = await answered(
            request,
            partial(
                _reckon, question=question, names=names_of(request), language=language_of(request), label=label
            ),
        )  # fmt: skip
    except NotAnswered as error:
        return await refuse(request, "times", error, **context)
    return await show(request, "times", **{**context, "found": found, "question": question})


async def times_csv(request: web.Request) -> web.StreamResponse:
    """The curves as a file."""
    try:
        question = read(request, TimesQuestion, with_period(cleaned(request), today_of(request), DAYS))
        rows = await answered(request, lambda work, around: _csv(question.answer(work, around)))
    except NotAnswered as error:
        return web.Response(status=error.status, text=str(error))
    return csv_response("times", rows)


def _csv(answer: TimesAnswer) -> list[list[Any]]:
    rows: list[list[Any]] = [["group", "hours", "not_over", "low", "high"]]
    for name, told in answer.groups.items():
        rows += [[name, *row] for row in told.to_json()["curve"]]
    return rows


def _reckon(
    work: UnitOfWork, around: Surroundings, question: TimesQuestion, names: Names, language: str, label: str
) -> TimesShown | None:
    answer = question.answer(work, around)
    if not answer.groups:
        return None
    figures = figures_of(answer, language, names.namer())
    test = answer.test
    told = figure_words(language)
    shown = {key: group_name(answer, key, told, names.namer()) for key in answer.groups}
    return TimesShown(
        groups=tuple(_group(answer, key, name, language) for key, name in shown.items()),
        read_at=tuple(show_hours(hours, language) for hours in READ_AT),
        picture=picture("times", figures[""], label) if figures else None,
        differ=None if test is None else test.p < 1 - question.confidence,
        p=show_p(test.p) if test else "",
        ratio=f"{test.hazard_ratio:.2f}" if test and test.hazard_ratio is not None else "",
        ratio_groups=tuple(shown.get(str(key), str(key)) for key in test.groups) if test else (),
    )


def _group(answer: TimesAnswer, key: str, name: str, language: str) -> Group:
    told = answer.groups[key]
    curve, within, fit = told.curve, told.within, told.fit

    def between(low: str, high: str) -> str:
        return figure_words(language).interval.format(low=low, high=high)

    median = curve.median_interval
    return Group(
        name=name,
        cases=show_number(curve.count),
        open=show_number(told.open),
        median=show_hours(curve.median, language),
        median_interval=between(show_hours(median.low, language), show_hours(median.high, language)),
        within=show_share(within.value) if within else "–",
        within_interval=between(show_share(within.interval.low), show_share(within.interval.high)) if within else "",
        over=tuple(show_share(1 - curve.survival_at(hours)) for hours in READ_AT),
        ppk=f"{fit.ppk:.2f}" if fit else "–",
        ppk_interval=between(f"{fit.ppk_interval.low:.2f}", f"{fit.ppk_interval.high:.2f}") if fit else "",
        expected_beyond=show_share(fit.expected_beyond) if fit else "–",
        no_capability=in_language(told.no_fit, language) if told.no_fit else "",
    )
