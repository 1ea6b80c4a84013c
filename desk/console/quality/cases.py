"""The cases behind a point of a chart, a bar of a Pareto, or a signal: where numbers become people again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from aiohttp import web
from pydantic import Field
from sqlalchemy import select

from analytics.improvement.elastic.cases_behind import case_numbers
from analytics.questions.slices import SliceQuestion
from analytics.surroundings import Surroundings
from desk.console.pages import say
from desk.console.quality.asking import NotAnswered, address, answered, cleaned, read
from desk.console.quality.options import names_of, refuse, show
from desk.console.quality.pictures import QUALITY
from desk.console.quality.signals import part_of_signal
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Case, Conversation

CASES = f"{QUALITY}/cases"
PAGE_SIZE = 50
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)


class CasesQuestion(SliceQuestion):
    """Which cases stand behind it?"""

    measure: str = Field("defects", pattern="^(defects|rating|acknowledgement|first_response|resolution)$")
    all: bool = Field(False, description="also those that passed")
    after: str | None = Field(None, max_length=16)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case; without a conversation where only its number is left."""

    number: str
    conversation: str = ""
    categories: tuple[str, ...] = ()
    department: str = ""
    state: str = ""
    severity: str = ""
    opened_at: datetime | None = None


async def cases_page(request: web.Request) -> web.StreamResponse:
    """A page of them, the latest first."""
    query = cleaned(request)
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "path": CASES, "lines": [], "next": None, "error": None,
        "question": None, "title": "", "signal": None, "chart": None, "other": None,
    }  # fmt: skip
    try:
        signal = None
        if "signal" in query:
            signal = await answered(request, partial(part_of_signal, public_id=query["signal"][0]))
            if signal is None:
                raise web.HTTPNotFound
            query = {**signal.query, **{name: query[name] for name in ("all", "after") if name in query}}
        question = read(request, CasesQuestion, query)
        lines, more = await answered(request, partial(_reckon, question=question))
    except NotAnswered as error:
        return await refuse(request, "cases", error, **context)
    plain = {name: value for name, value in query.items() if name not in ("all", "after")}
    shown = {
        "lines": lines, "question": question, "signal": signal, "title": _title(request, question),
        "next": address(CASES, query, after=lines[-1].number) if more else None,
        "other": address(CASES, plain, all=None if question.all else "true"),
        "chart": address(f"{QUALITY}/chart", {name: value for name, value in plain.items()
                                              if name not in ("since", "until")}),
    }  # fmt: skip
    return await show(request, "cases", **{**context, **shown})


def _title(request: web.Request, question: CasesQuestion) -> str:
    what = names_of(request).part(question.part.chosen, question.process)
    if question.measure != "defects":
        what = f"{say(request, f'quality_measure.{question.measure}')} · {what}"
    return what


def _reckon(work: UnitOfWork, around: Surroundings, question: CasesQuestion) -> tuple[list[CaseLine], bool]:
    numbers = case_numbers(
        work,
        question.part,
        question.since or _FIRST_DAY,
        question.until or _LAST_DAY,
        not question.all,
        PAGE_SIZE + 1,
        question.after,
        measure=question.measure,
    )
    return _lines(work, numbers[:PAGE_SIZE]), len(numbers) > PAGE_SIZE


def _lines(work: UnitOfWork, numbers: Sequence[str]) -> list[CaseLine]:
    columns = (
        Case.number, Conversation.public_id, Case.categories, Case.department, Case.state, Case.severity,
        Case.opened_at,
    )  # fmt: skip
    found: dict[str, CaseLine] = {}
    for part in slices(list(numbers)):
        asked = select(*columns).join(Conversation, Conversation.id == Case.conversation_id)
        for row in work.session.execute(asked.where(Case.number.in_(part))):
            found[row.number] = CaseLine(
                row.number, row.public_id, tuple(row.categories), row.department, row.state, row.severity, row.opened_at
            )
    return [found.get(number, CaseLine(number)) for number in numbers]
