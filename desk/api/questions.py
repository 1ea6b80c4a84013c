"""``/api/v1/analytics/…``: the questions that the command line asks, with the same parameters and the same answers.

An answer is reckoned off the event loop, only a few at once, so that the desk's own reading goes on beside it; and it
is given up when it takes too long, in the database, too.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web
from sqlalchemy import select, text

from analytics.questions.chart import ChartQuestion
from analytics.questions.compare import CompareQuestion
from analytics.questions.forecast import ForecastQuestion
from analytics.questions.pareto import ParetoQuestion
from analytics.questions.question import Question, read_question
from analytics.questions.recovery import RecoveryQuestion
from analytics.questions.times import TimesQuestion
from analytics.roll_up import roll_up_chunk
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings, TookTooLong
from desk.errors import ApiError
from desk.keys import ANALYSING, DATABASE, FIRM, SETTINGS
from store.database import UnitOfWork
from store.tables.outcomes import OutcomeEventRow

AT_ONCE = 2
SECONDS = 20.0

# By the last part of the address, with what the OpenAPI document says.
QUESTIONS: dict[str, tuple[type[Question], str]] = {
    "chart": (ChartQuestion, "Has a process changed? A control chart, its limits, and every rule broken in words"),
    "pareto": (ParetoQuestion, "Which few make most of the trouble, and whether the mix has changed"),
    "compare": (CompareQuestion, "Before and after: shares, rates or ratings with the test, interval and effect"),
    "times": (TimesQuestion, "How long answers and resolutions take, open cases included"),
    "forecast": (ForecastQuestion, "How many complaints to expect, and how wrong such forecasts have been"),
    "recovery": (RecoveryQuestion, "What recoveries achieved and cost, and which customers drift away"),
}


def handler_of(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler that answers one kind of question."""
    kind, _ = QUESTIONS[name]

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=await answer(request, kind), content_type="application/json")

    handler.__name__ = f"get_{name}"
    return handler


async def answer(request: web.Request, kind: type[Question]) -> str:
    """The answer to the question in the query, as JSON.

    Raises:
        ApiError: 422 for a question that makes no sense, 503 where the answer takes too long.
    """
    seconds = SECONDS
    try:
        question = read_question(kind, {name: request.query.getall(name) for name in request.query})
        around = Surroundings(request.app[FIRM].zone, request.app[SETTINGS].firm, seconds)
        try:
            async with asyncio.timeout(seconds), request.app[ANALYSING]:
                await _count_what_is_new(request, around)
                return await request.app[DATABASE].read(_reckon, question, around)
        finally:
            # Also when nobody waits any more: then the thread stops at its next look.
            around.stopped.set()
    except WrongInput as error:
        raise ApiError(422, str(error)) from None
    except (TookTooLong, TimeoutError):
        raise ApiError(503, f"this took longer than {seconds:g} seconds: ask for a shorter period") from None


def _reckon(work: UnitOfWork, question: Question, around: Surroundings) -> str:
    with around.limiting(work):
        # Many points are long to write, too; and what is no number would be no JSON.
        return json.dumps(question.answer(work, around).to_json(), allow_nan=False)


async def _count_what_is_new(request: web.Request, around: Surroundings) -> None:
    database, zone = request.app[DATABASE], request.app[FIRM].zone
    # To look takes no turn of the only writer.
    if await database.read(_is_something_new):
        while await database.run(roll_up_chunk, zone):
            around.go_on()


def _is_something_new(work: UnitOfWork) -> bool:
    new = select(OutcomeEventRow.id).where(text("NOT counted")).limit(1)
    return work.session.scalar(new) is not None
