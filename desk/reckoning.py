"""How the desk reckons from the numbers: off the event loop, only a few answers at once, and none for ever.

Pages and ``/api/v1/analytics/…`` share this, so that they share the turns, too.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiohttp import web
from sqlalchemy import select, text

from analytics.roll_up import FILLED_BESIDE, fill_some, filled_up_to, roll_up_chunk
from analytics.surroundings import Surroundings, TookTooLong
from desk.keys import ANALYSING, DATABASE, FIRM, SETTINGS
from store.database import UnitOfWork
from store.tables.outcomes import OutcomeEventRow

AT_ONCE = 2
SECONDS = 20.0

Found = TypeVar("Found")


async def reckon(
    app: web.Application, job: Callable[[UnitOfWork, Surroundings], Found], seconds: float = SECONDS
) -> Found:
    """What ``job`` finds, reading at one moment; what is new has been counted before.

    Args:
        job: runs in a thread; the longer it takes, the more often it should ask the surroundings to go on.

    Raises:
        WrongInput: from ``job``.
        TookTooLong: the answer was not there in time. Waiting for a turn counts.
    """
    around = Surroundings(app[FIRM].zone, app[SETTINGS].firm, seconds)
    try:
        async with asyncio.timeout(seconds), app[ANALYSING]:
            await count_what_is_new(app, around)
            return await app[DATABASE].read(partial(_within_time, job, around))
    except TimeoutError:
        raise TookTooLong(f"this took longer than {seconds:g} seconds: ask for a shorter period") from None
    finally:
        # Also when nobody waits any more: then the thread stops at its next look.
        around.stopped.set()


def _within_time(job: Callable[[UnitOfWork, Surroundings], Found], around: Surroundings, work: UnitOfWork) -> Found:
    with around.limiting(work):
        return job(work, around)


async def count_what_is_new(app: web.Application, around: Surroundings) -> None:
    database, zone = app[DATABASE], app[FIRM].zone
    # To look takes no turn of the only writer.
    if await database.read(_is_something_new):
        while await database.run(roll_up_chunk, zone):
            around.go_on()
    # After an update measures of older cases are filled a little with each answer; `recount` fills them all.
    left = FILLED_BESIDE if await database.read(filled_up_to) is not None else 0
    while left and await database.run(fill_some, zone) is not None:
        around.go_on()
        left -= 1


def _is_something_new(work: UnitOfWork) -> bool:
    new = select(OutcomeEventRow.id).where(text("NOT counted")).limit(1)
    return work.session.scalar(new) is not None
