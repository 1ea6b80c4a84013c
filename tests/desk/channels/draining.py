"""The worker that takes in what was heard, until nothing is due."""

from actions.firm import Firm
from desk.channels.accounts import Accounts
from desk.hub import Bell
from desk.workers.intake import IntakeWorker
from store.database import Database


async def drain(database: Database, firm: Firm, accounts: Accounts | None = None) -> int:
    """Take in all that is due; how many rows were tried."""
    worker, tried = IntakeWorker(database, firm, accounts or Accounts(), Bell()), 0
    while count := await worker.take_due():
        tried += count
    return tried
