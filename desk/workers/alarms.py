"""Looks every minute whether complaints are far more than usual, and raises alarms (:mod:`actions.alarms.watching`)."""

import asyncio

import structlog

from actions.alarms.watching import find_unusual, raise_findings
from actions.firm import Firm
from store.database import Database

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 60.0


async def watch_complaints(database: Database, firm: Firm) -> None:
    """Look again and again until cancelled. Several processes do no harm: an alarm is raised once."""
    while True:
        try:
            await look(database, firm)
        except Exception:
            log.exception("cannot look for unusual complaints")
        await asyncio.sleep(_LOOK_EVERY_SECONDS)


async def look(database: Database, firm: Firm) -> int:
    """Look once; how many alarms are new."""
    found = await database.read(find_unusual, firm)
    # Reading needs no writer's turn, and most of the time there is nothing to write.
    return await database.run(raise_findings, found) if found else 0
