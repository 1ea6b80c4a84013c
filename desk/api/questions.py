"""``/api/v1/analytics/…``: the questions that the command line asks, with the same parameters and the same answers.

They are reckoned as :mod:`desk.reckoning` does, beside the pages of the desk.
"""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from analytics.questions.chart import ChartQuestion
from analytics.questions.compare import CompareQuestion
from analytics.questions.controls import ControlsQuestion
from analytics.questions.forecast import ForecastQuestion
from analytics.questions.novelty import NoveltyQuestion
from analytics.questions.pareto import ParetoQuestion
from analytics.questions.problems import ProblemsQuestion
from analytics.questions.question import Question, read_question
from analytics.questions.recovery import RecoveryQuestion
from analytics.questions.sigma import SigmaQuestion
from analytics.questions.signals import SignalsQuestion
from analytics.questions.times import TimesQuestion
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings, TookTooLong
from desk.errors import ApiError
from desk.reckoning import SECONDS, reckon
from store.database import UnitOfWork

# By the last part of the address, with what the OpenAPI document says.
QUESTIONS: dict[str, tuple[type[Question], str]] = {
    "sigma": (SigmaQuestion, "Opportunities, defects, DPMO, yield and sigma level of a process"),
    "chart": (ChartQuestion, "Has a process changed? A control chart, its limits, and every rule broken in words"),
    "pareto": (ParetoQuestion, "Which few make most of the trouble, and whether the mix has changed"),
    "compare": (CompareQuestion, "Before and after: shares, rates or ratings with the test, interval and effect"),
    "times": (TimesQuestion, "How long answers and resolutions take, open cases included"),
    "forecast": (ForecastQuestion, "How many complaints to expect, and how wrong such forecasts have been"),
    "recovery": (RecoveryQuestion, "What recoveries achieved and cost, and which customers drift away"),
    "novelty": (NoveltyQuestion, "Words that have become more frequent, and groups of complaints without a category"),
    "signals": (SignalsQuestion, "What the numbers said by themselves, what became of it, and the cases behind it"),
    "controls": (ControlsQuestion, "What feed-forward, concurrent and feedback control see now"),
    "problems": (ProblemsQuestion, "Types of complaints, what may be behind them, what helps and what that brings"),
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
    try:
        question = read_question(kind, {name: request.query.getall(name) for name in request.query})
        return await reckon(request.app, lambda work, around: _reckon(work, question, around), SECONDS)
    except WrongInput as error:
        raise ApiError(422, str(error)) from None
    except TookTooLong as error:
        raise ApiError(503, str(error)) from None


def _reckon(work: UnitOfWork, question: Question, around: Surroundings) -> str:
    # Many points are long to write, too; and what is no number would be no JSON.
    return json.dumps(question.answer(work, around).to_json(), allow_nan=False)
