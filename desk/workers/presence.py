"""Takes off duty who has gone: idle for long, or signed in nowhere any more; and what they have who left for good."""

import asyncio

import structlog

from actions.firm import Firm
from actions.staff.presence import find_gone, take_off_duty
from actions.taking_back import find_left_behind, take_back_left_behind
from store.database import Database

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 30.0


async def watch_presence(database: Database, firm: Firm) -> None:
    """Look again and again until cancelled; a log-out by itself takes effect at once."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        try:
            await sweep(database, firm)
        except Exception:
            log.exception("cannot see who is on duty")


async def sweep(database: Database, firm: Firm) -> int:
    """Take off duty who has gone, and take back what people have who work here no more; how many have gone."""
    idle, gone = firm.routing.off_duty_after, 0
    for staff_id in await database.read(find_gone, idle):
        # One by one: nobody waits for all of them.
        gone += await database.run(take_off_duty, staff_id, idle)
    for conversation_id in await database.read(find_left_behind):
        await database.run(take_back_left_behind, firm, conversation_id)
    return gone
