"""The Pareto page: which few make most of the trouble, down to the cases."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from analytics.figures import figures_of
from analytics.figures.numbers import show_number, show_p, show_share
from analytics.questions.pareto import LEVEL, ParetoAnswer, ParetoQuestion
from analytics.surroundings import Surroundings
from analytics.words.sentences import in_language
from desk.console.pages import language_of, say
from desk.console.quality.asking import NotAnswered, address, answered, cleaned, read, today_of, with_period
from desk.console.quality.options import DIMENSIONS, Names, choices, names_of, refuse, show
from desk.console.quality.pictures import QUALITY, Picture, csv_response, picture
from store.database import UnitOfWork

PARETO = f"{QUALITY}/pareto"
CASES = f"{QUALITY}/cases"
DAYS = 90
# By what to look next, once one bar has been chosen.
_NEXT = {"category": "step", "step": "category", "department": "category", "channel": "category"}


@dataclass(frozen=True, slots=True)
class Row:
    """A bar for the table: where it leads to, deeper and to the cases; empty where to nowhere."""

    name: str
    count: str
    share: str
    together: str
    vital: bool
    deeper: str
    cases: str
    chart: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A key whose share has changed for sure."""

    name: str
    before: str
    after: str
    p: str


@dataclass(frozen=True, slots=True)
class ParetoShown:
    """What the page shows.

    Attributes:
        changed: whether the mix has; None where nothing was compared.
    """

    rows: tuple[Row, ...]
    total: str
    vital: int
    vital_share: str
    picture: Picture | None
    changed: bool | None
    method: str
    p: str
    cramers_v: str
    moved: tuple[Moved, ...]
    no_test: str


async def pareto_page(request: web.Request) -> web.StreamResponse:
    """The table and its picture."""
    query = cleaned(request)
    process = "recovery" if query.get("process") == ["recovery"] else "service"
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "dimensions": DIMENSIONS, "path": PARETO,
        "options": choices(request, process), "csv": address(f"{PARETO}.csv", query), "error": None, "found": None,
        "question": None, "up": _up(query),
    }  # fmt: skip
    asked = with_period(query, today_of(request), DAYS)
    try:
        question = read(request, ParetoQuestion, asked)
        label = say(request, "quality.pareto_picture")
        found = await answered(
            request,
            partial(
                _reckon, question=question, names=names_of(request), language=language_of(request), query=asked,
                label=label,
            ),
        )  # fmt: skip
    except NotAnswered as error:
        return await refuse(request, "pareto", error, **context)
    return await show(request, "pareto", **{**context, "found": found, "question": question})


async def pareto_csv(request: web.Request) -> web.StreamResponse:
    """The table as a file."""
    try:
        question = read(request, ParetoQuestion, with_period(cleaned(request), today_of(request), DAYS))
        rows = await answered(request, lambda work, around: list(question.answer(work, around).to_csv()))
    except NotAnswered as error:
        return web.Response(status=error.status, text=str(error))
    return csv_response("pareto", rows)


def _up(query: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """What was chosen on the way down: dimension, key, and the address without it."""
    chosen = [name for name in DIMENSIONS if name in query]
    return [(name, query[name][0], address(PARETO, query, **{name: None, "by": name})) for name in chosen]


def _reckon(
    work: UnitOfWork,
    around: Surroundings,
    question: ParetoQuestion,
    names: Names,
    language: str,
    query: dict[str, list[str]],
    label: str,
) -> ParetoShown | None:
    answer = question.answer(work, around)
    if answer.table is None:
        return None
    by, process = question.by, question.process
    chosen = question.part.chosen
    days = {"since": question.since, "until": question.until}
    deeper = next((name for name in (_NEXT.get(by, "category"), *DIMENSIONS) if name not in {*chosen, by}), None)
    rows = []
    for place, row in enumerate(answer.table.rows):
        key = row.category
        part = {**chosen, by: key} if key else {}
        rows.append(
            Row(
                names.of(by, key, process), show_number(row.count), show_share(row.share),
                show_share(row.cumulative_share), place < answer.table.vital,
                address(PARETO, query, **{by: key, "by": deeper}) if key and deeper else "",
                address(CASES, {"process": process, **part, **days}) if key else "",
                address(f"{QUALITY}/chart", {"process": process, **part, **days}) if key else "",
            )
        )  # fmt: skip
    figures = figures_of(answer, language, names.namer(process))
    links = address(CASES, {"process": process, **chosen, **days})
    drawn = picture("pareto", figures[""], label, links, by) if figures else None
    return ParetoShown(
        tuple(rows), show_number(answer.table.total), answer.table.vital, show_share(answer.table.vital_share), drawn,
        **_compared(answer, names, language),
    )  # fmt: skip


def _compared(answer: ParetoAnswer, names: Names, language: str) -> dict[str, Any]:
    change, question = answer.change, answer.question
    if change is None:
        no_test = in_language(answer.no_test, language) if answer.no_test else ""
        return {"changed": None, "method": "", "p": "", "cramers_v": "", "moved": (), "no_test": no_test}
    moved = tuple(
        Moved(
            names.of(question.by, move.category, question.process), show_share(move.before_share),
            show_share(move.after_share), show_p(move.p_adjusted),
        )
        for move in change.moves
        if move.p_adjusted < LEVEL
    )  # fmt: skip
    return {
        "changed": change.p < LEVEL, "method": change.method, "p": show_p(change.p),
        "cramers_v": f"{change.cramers_v:.2f}", "moved": moved, "no_test": "",
    }  # fmt: skip
