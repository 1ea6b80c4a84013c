"""Bearer tokens of the API: the one of the settings, which may do everything, and those made at the desk, with scopes.

A token is made once and kept as its SHA-256 digest. A look-up is remembered for some seconds: a busy integrator costs
no query a call, and a revoked token is out within those seconds in every process.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from actions.firm import Firm
from desk.scopes import SCOPES
from store.audit import append
from store.database import Database, UnitOfWork
from store.tables import ApiToken

NAME_LENGTH = 100
# Found by programs that look for secrets left in code.
_PREFIX = "amends_"
_REMEMBERED_SECONDS = 3.0
# Tokens that nobody made are remembered, too: above so many look-ups all are forgotten.
_REMEMBERED = 1000
_NOTED_EVERY = timedelta(minutes=1)
# Beyond it the day after could not be told any more.
_LAST_YEAR = 9000


class TokenRefused(Exception):
    """The token cannot be made or revoked.

    Attributes:
        code: names the desk's text; the exception's own words are for the command line.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token may do.

    Attributes:
        id: of the token's row.
        expires_at: None for never.
    """

    id: int
    scopes: frozenset[str]
    expires_at: datetime | None


def add_token(
    work: UnitOfWork, firm: Firm, name: str, scopes: Sequence[str], last_day: date | None = None, by: str = "command"
) -> str:
    """Make a token.

    Args:
        last_day: the last day on which it is good, in the firm's zone; None: until it is revoked.

    Returns:
        The token itself, which nobody will see again.

    Raises:
        TokenRefused: no name, one that a token in use has, no scope or an unknown one, or a day that has passed or is
            thousands of years away.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise TokenRefused("token_name", f"a token has a name of 1 to {NAME_LENGTH} characters")
    taken = select(ApiToken.id).where(ApiToken.name == name, ApiToken.revoked_at.is_(None), _not_expired(work))
    if work.session.scalars(taken).first() is not None:
        raise TokenRefused("token_taken", f"there is a token {name!r} already; revoke it first or choose another name")
    if not scopes or (set(scopes) - set(SCOPES)):
        raise TokenRefused("token_scopes", f"a token needs scopes of these: {', '.join(SCOPES)}")
    expires_at = None
    if last_day is not None:
        if last_day < firm.local(work.now).date():
            raise TokenRefused("token_expiry", f"{last_day} has passed")
        if last_day.year > _LAST_YEAR:
            raise TokenRefused("token_day", f"{last_day} is too far away")
        expires_at = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), firm.zone)
    token = _PREFIX + secrets.token_urlsafe(32)
    made = ApiToken(
        name=name,
        digest=_digest(token),
        scopes=[scope for scope in SCOPES if scope in scopes],
        created_by=by,
        created_at=work.now,
        expires_at=expires_at,
    )
    work.session.add(made)
    work.session.flush()
    append(work, by, "add_token", made.public_id, {"scopes": made.scopes})
    return token


def revoke_token(work: UnitOfWork, public_id: str, by: str = "command") -> ApiToken:
    """Make a token worthless; one that is so already stays as it is.

    Raises:
        TokenRefused: there is no such token.
    """
    statement = select(ApiToken).where(ApiToken.public_id == public_id).with_for_update()
    token = work.session.scalars(statement).first()
    if token is None:
        raise TokenRefused("unknown_token", f"there is no token {public_id!r}")
    if token.revoked_at is None:
        token.revoked_at = work.now
        append(work, by, "revoke_token", public_id)
    return token


def list_tokens(work: UnitOfWork) -> list[ApiToken]:
    """All tokens, the newest first."""
    return list(work.session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def is_good(token: ApiToken, now: datetime) -> bool:
    """Whether the token is neither revoked nor expired."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


class Tokens:
    """Looks tokens up for the API.

    Args:
        settled: the token of the settings.
    """

    def __init__(self, database: Database, settled: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._settled = settled.encode()
        self._clock = clock
        self._found: dict[str, tuple[float, Grant | None]] = {}
        self._noted: dict[int, datetime] = {}

    async def scopes_of(self, token: str) -> frozenset[str] | None:
        """What the token may do; None where it is none, or none any more."""
        if hmac.compare_digest(_as_bytes(token), self._settled):
            return frozenset(SCOPES)
        digest, now = _digest(token), self._clock()
        looked_at, grant = self._found.get(digest, (float("-inf"), None))
        if now - looked_at >= _REMEMBERED_SECONDS:
            grant = await self._database.read(_find, digest)
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[digest] = (now, grant)
        moment = self._database.clock()
        if grant is None or (grant.expires_at is not None and grant.expires_at <= moment):
            return None
        noted = self._noted.get(grant.id)
        if noted is None or moment - noted >= _NOTED_EVERY:
            self._noted[grant.id] = moment
            await self._database.run(_note_used, grant.id)
        return grant.scopes


def _find(work: UnitOfWork, digest: str) -> Grant | None:
    token = work.session.scalars(select(ApiToken).where(ApiToken.digest == digest)).first()
    if token is None or not is_good(token, work.now):
        return None
    return Grant(token.id, frozenset(token.scopes), token.expires_at)


def _note_used(work: UnitOfWork, token_id: int) -> None:
    """Other processes note it as well: the one that comes second within the minute leaves the row alone."""
    stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at <= work.now - _NOTED_EVERY)
    work.session.execute(update(ApiToken).where(ApiToken.id == token_id, stale).values(last_used_at=work.now))


def _not_expired(work: UnitOfWork) -> ColumnElement[bool]:
    return or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > work.now)


def _as_bytes(token: str) -> bytes:
    # A header may hold bytes that are no text; no token does.
    return token.encode(errors="replace")


def _digest(token: str) -> str:
    return hashlib.sha256(_as_bytes(token)).hexdigest()
