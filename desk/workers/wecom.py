"""Reads what WeCom's customer service has, welcomes who enters, and keeps both sides' states in line.

Several processes may work at once: claiming an account, or a conversation, holds it for a while, and whoever comes
second finds nothing to do. Nothing is remembered here, so a restart loses nothing and repeats nothing.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from actions.firm import Firm
from desk.channels.accounts import Accounts, wecom_parts
from desk.channels.clients import Clients
from desk.channels.tencent.calling import Refused
from desk.channels.tencent.error_codes import Disposition
from desk.channels.wecom import cursors, mirroring, reading, welcoming
from desk.channels.wecom.cursors import ClaimLost, Reading
from desk.channels.wecom.mirroring import Mirroring
from desk.channels.wecom.reading import Entered
from desk.hub import Hub
from store.database import Database

log = structlog.get_logger()

# Of one claim; then whoever else waits has a turn.
PAGES = 200
_READINGS_AT_ONCE = 8
# "invalid msg token": ten minutes have passed, or it belongs to another account.
_TOKEN_REFUSED = 95007
# So often WeCom may refuse a reading for a reason that nobody knows; then it is taken to be the cursor's, which may be
# older than they keep.
_CURSOR_TRIED = 5


class WeComWorker:
    """Works until it is cancelled."""

    def __init__(self, database: Database, firm: Firm, accounts: Accounts, clients: Clients, hub: Hub) -> None:
        self._database = database
        self._firm = firm
        self._accounts = accounts.wecom
        self._clients = clients.wecom
        self._hub = hub
        self._owner = secrets.token_hex(8)
        self._pairs = frozenset(
            (key, open_kfid) for key, account in self._accounts.items() for open_kfid in account.file.open_kfids
        )
        self._begun: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        if not self._pairs:
            await asyncio.Event().wait()
        await self._again_until(self._begin)
        reading_tasks: set[asyncio.Task[None]] = set()
        mirroring_task: asyncio.Task[int] | None = None
        try:
            with self._hub.listening(None) as bell:
                while True:
                    try:
                        reading_tasks = {task for task in reading_tasks if not task.done()}
                        while len(reading_tasks) < _READINGS_AT_ONCE and (claimed := await self._claim()):
                            reading_tasks.add(self._start(self._read(claimed)))
                        if mirroring_task is None or mirroring_task.done():
                            mirroring_task = asyncio.create_task(self._mirror_quietly())
                    except Exception as error:
                        log.exception("cannot read wecom", kind=type(error).__name__)
                    await bell.wait()
        finally:
            for task in [*self._begun, *([mirroring_task] if mirroring_task else [])]:
                task.cancel()

    async def begin(self) -> None:
        """Note the accounts, and free what a dead process held."""
        await self._begin()

    async def read_waiting(self) -> int:
        """Read what waits now, and welcome who entered; how many accounts were read."""
        count = 0
        while claimed := await self._claim():
            await self._read(claimed)
            count += 1
        await asyncio.gather(*self._begun)
        return count

    async def mirror_waiting(self) -> int:
        """Bring in line what is due now; how many conversations were tried."""
        if not await self._database.read(mirroring.is_any_due, self._accounts):
            return 0
        claimed = await self._database.run(mirroring.claim, self._accounts)
        await asyncio.gather(*(self._mirror(item) for item in claimed))
        return len(claimed)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        if self._database.is_sqlite:
            await self._database.run(cursors.free_all)
        await self._database.run(cursors.begin, self._pairs)

    async def _claim(self) -> Reading | None:
        # Looking costs no writer's turn; most of the time there is nothing.
        if not await self._database.read(cursors.is_any_due, self._pairs):
            return None
        return await self._database.run(cursors.claim, self._owner, self._pairs)

    async def _read(self, claimed: Reading) -> None:
        try:
            await self._read_pages(claimed)
        except ClaimLost:
            log.info("another process reads this account by now", account=claimed.account)
        except Exception as error:
            log.exception("what came from wecom cannot be kept", account=claimed.account, kind=type(error).__name__)
            await self._put_off(claimed, type(error).__name__)

    async def _read_pages(self, claimed: Reading) -> None:
        client, account = self._clients[claimed.account], self._accounts[claimed.account]
        now: Reading | None = claimed
        for _ in range(PAGES):
            assert now is not None
            try:
                page = await client.sync(now.open_kfid, now.cursor, now.callback_token, reading.PAGE)
            except Refused as refused:
                await self._refused(now, refused)
                return
            if page.has_more and not page.messages and page.next_cursor == (now.cursor or ""):
                # It says that there is more, and gives nothing: asking at once would go on for ever.
                await self._put_off(now, "no progress")
                return
            now, entered = await self._database.run(reading.take_page, self._firm, account, now, page)
            for one in entered:
                self._start(self._welcome(one))
            if now is None:
                return
        if now is not None:
            await self._put_off(now, "")

    async def _refused(self, claimed: Reading, refused: Refused) -> None:
        if refused.code == _TOKEN_REFUSED and claimed.callback_token:
            await self._database.run(cursors.drop_token, claimed)
        elif (
            refused.code is not None
            and refused.disposition == Disposition.OTHER
            and claimed.cursor
            and claimed.attempts >= _CURSOR_TRIED
        ):
            await self._database.run(cursors.forget_cursor, claimed)
        else:
            log.warning("wecom cannot be read", account=claimed.account, why=str(refused))
            await self._put_off(claimed, str(refused), refused.retry_after)

    async def _put_off(self, claimed: Reading, why: str, at_least: timedelta | None = None) -> None:
        try:
            await self._database.run(cursors.put_off, claimed, why, at_least or timedelta(0))
        except Exception as error:
            # Its claim runs out by itself.
            log.exception("cannot put a reading off", account=claimed.account, kind=type(error).__name__)

    # --- welcoming ---------------------------------------------------------------------------------------------------

    async def _welcome(self, entered: Entered) -> None:
        key, _ = wecom_parts(entered.address.account)
        try:
            welcome = await self._database.run(welcoming.prepare, self._firm, self._accounts[key], entered)
            if welcome is None:
                return
            try:
                await self._clients[key].send_on_event(entered.code, welcome.text, welcome.receipt)
            except Refused as refused:
                log.info("not welcomed", account=key, why=str(refused))
                await self._database.run(welcoming.note_unsaid, welcome)
                return
            await self._database.run(welcoming.note_said, welcome)
        except Exception as error:
            log.exception("cannot welcome", account=key, kind=type(error).__name__)

    # --- mirroring ---------------------------------------------------------------------------------------------------

    async def _mirror_quietly(self) -> int:
        try:
            return await self.mirror_waiting()
        except Exception as error:
            log.exception("cannot bring states in line", kind=type(error).__name__)
            return 0

    async def _mirror(self, item: Mirroring) -> None:
        try:
            found = await mirroring.bring_in_line(self._clients[item.account], item)
            await self._database.run(mirroring.note_found, self._firm, item, found)
        except Exception as error:
            # The claim runs out by itself, and the conversation is tried again.
            log.exception("cannot bring a state in line", conversation=item.conversation_id, kind=type(error).__name__)

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return task

    async def _again_until(self, deed: Callable[[], Awaitable[None]]) -> None:
        """Try until it goes well: the database may be away for a moment."""
        while True:
            try:
                return await deed()
            except Exception as error:
                log.exception("cannot begin with wecom", kind=type(error).__name__)
                await asyncio.sleep(1)
