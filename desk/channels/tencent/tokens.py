"""Access tokens: one refresh at a time across all processes, kept encrypted in the store.

Who needs a token reads the account's row. Who finds it used up, or was told that it is refused, notes there that it
asks for another; everybody else waits for the row to change. That is Tencent's own advice ("获取稳定版接口调用凭据":
one place that asks for tokens) without a process of its own for it.
"""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from desk.channels.tencent import account_state
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import Disposition
from store.database import Database, UnitOfWork
from store.tables import ChannelAccount

log = structlog.get_logger()

# How errors and faults name the call for a token.
PATH = "token"
# Longer than two calls may take: who was killed within them is not waited for.
CLAIM = timedelta(seconds=30)
_WAIT_SECONDS = 15.0
_LOOK_EVERY_SECONDS = 0.1
# A token is left a minute before its end, or a tenth of a short life.
_MARGIN = timedelta(minutes=1)
# Where the secret is wrong, not every message asks again.
_LEFT_ALONE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """A token as Tencent gave it."""

    value: str = field(repr=False)
    valid_for: timedelta


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that is good as far as is known.

    Attributes:
        revision: who is refused with it asks for a later one.
        faulty: paths at which something is to be put right.
    """

    value: str = field(repr=False)
    revision: int
    faulty: frozenset[str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the tokens of an account come from.

    Attributes:
        fetch: asks for one; told whether the one that Tencent holds good must be replaced. Raises :class:`Refused`.
    """

    channel: str
    account: str
    fetch: Callable[[bool], Awaitable[FetchedToken]]


@dataclass(frozen=True, slots=True)
class _Kept:
    token: AccessToken | None
    revision: int
    blocked_until: datetime | None


def make_seal(session_key: str) -> Fernet:
    """What encrypts tokens in the store, from the value of ``AMENDS_SESSION_KEY``."""
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"amends channel tokens")
    return Fernet(base64.urlsafe_b64encode(derive.derive(session_key.encode())))


class AccessTokens:
    """Gives access tokens.

    Args:
        seal: encrypts what is kept, so that who reads the database alone can call nobody.
    """

    def __init__(self, database: Database, seal: Fernet) -> None:
        self._database = database
        self._seal = seal
        # Of one process a single caller looks at the row, and the others at what it found.
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}
        self._failed: dict[tuple[str, str], tuple[datetime, Refused]] = {}

    async def current(self, source: Source, refused: AccessToken | None = None) -> AccessToken:
        """A token that is good, asked for where the kept one is not.

        Args:
            refused: the token that Tencent did not accept just now.

        Raises:
            Refused: the account's calls of the day are used up, its secret is wrong, or Tencent cannot be reached.
        """
        kept = await self._look(source)
        if kept.token is not None and (refused is None or kept.revision > refused.revision):
            return kept.token
        key = (source.channel, source.account)
        async with self._locks.setdefault(key, asyncio.Lock()):
            return await self._later(source, refused)

    async def ask(self, source: Source) -> None:
        """Ask for a token at once, though it failed a moment ago, or one is kept; Tencent need not replace its own.

        Raises:
            Refused: there is none to be had.
        """
        self._failed.pop((source.channel, source.account), None)
        kept = await self._look(source)
        await self.current(source, AccessToken("", kept.revision, frozenset()))

    async def note_fault(self, source: Source, path: str, code: int) -> None:
        """Note what a person must put right, and tell administrators once."""
        await self._database.run(account_state.note_fault, source.channel, source.account, path, code)

    async def note_well(self, source: Source, path: str) -> None:
        """Note that a call went well where something was wrong before."""
        await self._database.run(account_state.note_well, source.channel, source.account, path)

    async def _later(self, source: Source, refused: AccessToken | None) -> AccessToken:
        clock = asyncio.get_running_loop().time
        deadline = clock() + _WAIT_SECONDS
        while True:
            kept = await self._look(source)
            if kept.token is not None and (refused is None or kept.revision > refused.revision):
                return kept.token
            self._leave_alone(source)
            mark = secrets.token_hex(16)
            if await self._database.run(_claim, source, mark, kept.revision):
                return await self._renew(source, mark, refused)
            if clock() >= deadline:
                raise Refused(None, Disposition.PASSES, PATH)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _look(self, source: Source) -> _Kept:
        kept = await self._database.read(self._read, source)
        if kept.blocked_until is not None:
            wait = kept.blocked_until - self._database.clock()
            raise Refused(account_state.DAY_IS_USED_UP, Disposition.TOMORROW, PATH, retry_after=wait)
        return kept

    def _leave_alone(self, source: Source) -> None:
        """Raise what was wrong a moment ago, where asking again at once cannot help."""
        failed = self._failed.get((source.channel, source.account))
        if failed is not None and self._database.clock() - failed[0] < _LEFT_ALONE:
            raise failed[1]

    async def _renew(self, source: Source, mark: str, refused: AccessToken | None) -> AccessToken:
        key = (source.channel, source.account)
        try:
            fetched = await source.fetch(False)
            if refused is not None and fetched.value == refused.value:
                # Tencent holds it good and does not accept it: only a replacement helps.
                fetched = await source.fetch(True)
        except Refused as error:
            # Here nothing but the account's own settings can be wrong.
            lasting = error.disposition in (Disposition.TOKEN, Disposition.CONFIGURATION, Disposition.OTHER)
            told = error
            if lasting and error.code is not None:
                told = Refused(error.code, Disposition.CONFIGURATION, PATH)
                self._failed[key] = (self._database.clock(), told)
            await self._database.run(_give_up, source, mark, told)
            log.warning("no access token", channel=source.channel, account=source.account, errcode=told.code)
            raise told from None
        except BaseException:
            # Told to stop, say: the others need not wait until the claim runs out.
            await asyncio.shield(self._database.run(_give_up, source, mark, None))
            raise
        self._failed.pop(key, None)
        sealed = self._seal.encrypt(fetched.value.encode()).decode()
        revision, faulty = await self._database.run(_keep, source, mark, sealed, fetched.valid_for)
        return AccessToken(fetched.value, revision, faulty)

    def _read(self, work: UnitOfWork, source: Source) -> _Kept:
        row = work.session.get(ChannelAccount, (source.channel, source.account))
        if row is None:
            return _Kept(None, 0, None)
        blocked = row.blocked_until if row.blocked_until is not None and row.blocked_until > work.now else None
        return _Kept(self._open(row, work.now), row.token_revision, blocked)

    def _open(self, row: ChannelAccount, now: datetime) -> AccessToken | None:
        if row.access_token is None or row.token_expires_at is None or row.token_expires_at <= now:
            return None
        try:
            value = self._seal.decrypt(row.access_token.encode()).decode()
        except InvalidToken:
            return None  # sealed under another key
        return AccessToken(value, row.token_revision, frozenset(row.faults))


def _claim(work: UnitOfWork, source: Source, mark: str, seen: int) -> bool:
    """Be the one who asks for a token; not while another does, nor where one has come since ``seen``."""
    row = account_state.lock(work, source.channel, source.account)
    if row.token_revision != seen:
        return False
    if row.refreshing_until is not None and row.refreshing_until > work.now:
        return False
    row.refreshing_by, row.refreshing_until = mark, work.now + CLAIM
    return True


def _keep(work: UnitOfWork, source: Source, mark: str, sealed: str, valid_for: timedelta) -> tuple[int, frozenset[str]]:
    row = account_state.lock(work, source.channel, source.account)
    # The last to be asked for is the one that counts, also where another has begun to ask meanwhile.
    row.access_token, row.token_revision = sealed, row.token_revision + 1
    row.token_expires_at = work.now + valid_for - min(_MARGIN, valid_for / 10)
    if row.refreshing_by == mark:
        row.refreshing_by = row.refreshing_until = None
    account_state.forget_fault(row, PATH)
    return row.token_revision, frozenset(row.faults)


def _give_up(work: UnitOfWork, source: Source, mark: str, why: Refused | None) -> None:
    row = account_state.lock(work, source.channel, source.account)
    if row.refreshing_by == mark:
        row.refreshing_by = row.refreshing_until = None
    if why is not None and why.code is not None:
        account_state.consider(work, row, PATH, why.code, why.disposition)
