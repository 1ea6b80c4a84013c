"""The settings page of channels: what to paste into Tencent's console, whether each account works, what is wrong."""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from sqlalchemy import func, select

from actions.staff.access import audit
from desk.channels.accounts import FILE, WECHAT, Accounts, OfficialAccount, WeComAccountFile
from desk.channels.tencent.account_state import unblock
from desk.channels.tencent.calling import Refused
from desk.console.keys import SIGNED_IN, WORDS
from desk.console.pages import render, say
from desk.console.permissions import PREFIX
from desk.keys import CHANNELS, CLIENTS, DATABASE, SETTINGS
from store.database import UnitOfWork
from store.tables import ChannelAccount, Conversation, Identity, OutboxRow, Staff, SyncCursor

PAGE = f"{PREFIX}/settings/channels"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a person must put right.

    Attributes:
        words: key of the console's words that explain it.
        path: what was called.
    """

    words: str
    code: int
    path: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the messages of a customer service account were read."""

    open_kfid: str
    read_at: datetime | None
    failing: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is shown.

    Attributes:
        callback: the path of the address that Tencent calls.
        held: messages that wait for their customer's next word.
    """

    channel: str
    file: OfficialAccount | WeComAccountFile
    callback: str
    last_callback_at: datetime | None
    token_until: datetime | None
    blocked_until: datetime | None
    faults: list[Fault]
    held: int
    readings: list[Reading]

    @property
    def condition(self) -> str:
        """``broken``, ``unheard`` (Tencent has never called) or ``works``."""
        if self.faults or self.blocked_until:
            return "broken"
        return "works" if self.last_callback_at else "unheard"


async def channels_page(request: web.Request) -> web.StreamResponse:
    """All accounts."""
    return await _show(request)


async def post_try(request: web.Request) -> web.StreamResponse:
    """Ask for an access token now, though the day's calls were used up or the secret was wrong a moment ago."""
    form = await request.post()
    channel, key = str(form.get("channel", "")), str(form.get("account", ""))
    clients, database = request.app[CLIENTS], request.app[DATABASE]
    client = (clients.wechat if channel == WECHAT else clients.wecom).get(key)
    if client is None or (channel, key) not in {(name, account.key) for name, account in request.app[CHANNELS]}:
        raise web.HTTPNotFound
    await database.run(_note_try, request[SIGNED_IN].staff.id, channel, key)
    try:
        await client.try_token()
    except Refused as error:
        why = say(request, _fault_words(request, channel, error.code)) if error.code is not None else None
        told = why or say(request, "channels.no_answer")
        return await _show(request, status=502, error=say(request, "channels.try_failed", why=told))
    return await _show(request, done=say(request, "channels.try_done"))


async def _show(
    request: web.Request, *, status: int = 200, error: str | None = None, done: str | None = None
) -> web.StreamResponse:
    accounts, settings = request.app[CHANNELS], request.app[SETTINGS]
    rows = await request.app[DATABASE].read(_read, accounts, request)
    return await render(
        request,
        "settings/channels.html",
        status=status,
        error=error,
        done=done,
        rows=rows,
        unnamed=accounts.unnamed,
        address=settings.address,
        reachable=settings.address.startswith("https://"),
        path=(settings.firm / FILE).as_posix(),
    )


def _read(work: UnitOfWork, accounts: Accounts, request: web.Request) -> list[AccountRow]:
    states = {(row.channel, row.account): row for row in work.session.scalars(select(ChannelAccount))}
    cursors = {(row.account, row.open_kfid): row for row in work.session.scalars(select(SyncCursor))}
    held = _held(work)
    rows = []
    for channel, account in accounts:
        state = states.get((channel, account.key))
        faults = state.faults if state else {}
        served = account.file.open_kfids if isinstance(account.file, WeComAccountFile) else ()
        until = state.token_expires_at if state and state.access_token else None
        rows.append(
            AccountRow(
                channel=channel,
                file=account.file,
                callback=f"/channels/{channel}/{account.key}",
                last_callback_at=state.last_callback_at if state else None,
                token_until=until if until is not None and until > work.now else None,
                blocked_until=_later(state.blocked_until if state else None, work.now),
                faults=[
                    Fault(_fault_words(request, channel, fault["code"]), fault["code"], path, _moment(fault.get("at")))
                    for path, fault in sorted(faults.items())
                ],
                held=held.get((channel, account.key), 0),
                readings=[Reading(one, *_read_so_far(cursors.get((account.key, one)))) for one in served],
            )
        )
    return rows


def _held(work: UnitOfWork) -> dict[tuple[str, str], int]:
    statement = (
        select(Identity.channel, Identity.account, func.count())
        .join(Conversation, Conversation.identity_id == Identity.id)
        .join(OutboxRow, OutboxRow.conversation_id == Conversation.id)
        .where(OutboxRow.state == "held")
        .group_by(Identity.channel, Identity.account)
    )
    found: dict[tuple[str, str], int] = {}
    for channel, account, count in work.session.execute(statement):
        place = (channel, account.partition("/")[0])
        found[place] = found.get(place, 0) + count
    return found


def _read_so_far(cursor: SyncCursor | None) -> tuple[datetime | None, bool]:
    return (cursor.read_at, bool(cursor.error)) if cursor is not None else (None, False)


def _fault_words(request: web.Request, channel: str, code: int) -> str:
    key = f"{channel}_fault.c{code}"
    return key if request.app[WORDS].has(key) else "channels.fault_other"


def _later(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _note_try(work: UnitOfWork, staff_id: int, channel: str, account: str) -> None:
    unblock(work, channel, account)
    audit(work, work.session.get_one(Staff, staff_id), "try_channel", f"{channel}.{account}")


ROUTES = [web.get(PAGE, channels_page), web.post(f"{PAGE}/try", post_try)]
