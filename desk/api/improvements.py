"""``/api/v1/analytics/improvements…`` and ``…/ledger``: what is being improved, and what it gained. Read only."""

import json

from aiohttp import web

from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.questions.improvements import ImprovementQuestion, ImprovementsQuestion, LedgerQuestion
from analytics.surroundings import Surroundings, TookTooLong
from desk.api.questions import answer
from desk.errors import ApiError
from desk.reckoning import SECONDS, reckon
from store.database import UnitOfWork

# No number is longer.
_LONGEST = 16


async def get_improvements(request: web.Request) -> web.Response:
    """Cycles and projects, the latest first."""
    return _json(await answer(request, ImprovementsQuestion))


async def get_improvement(request: web.Request) -> web.Response:
    """One of them: its documents, frozen figures, measures and history, and what its gate sees today."""
    question = ImprovementQuestion.model_construct(number=request.match_info["number"][: _LONGEST + 1])
    if request.query:
        raise ApiError(422, f"{next(iter(request.query))}: there is no such parameter")

    def job(work: UnitOfWork, around: Surroundings) -> str:
        return json.dumps(question.answer(work, around).to_json(), allow_nan=False)

    try:
        return _json(await reckon(request.app, job, SECONDS))
    except ImprovementRefused:
        raise ApiError(404, "there is no such improvement") from None
    except TookTooLong as error:
        raise ApiError(503, str(error)) from None


async def get_ledger(request: web.Request) -> web.Response:
    """What improvements cost and gained, each gain with its interval."""
    return _json(await answer(request, LedgerQuestion))


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
