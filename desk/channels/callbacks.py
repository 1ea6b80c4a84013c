"""What the callbacks of all channels share: read within limits, refused with one answer, acknowledged in a word."""

import asyncio
from datetime import datetime, timedelta

import structlog
from aiohttp import web
from sqlalchemy import or_, update

from desk.channels.tencent.envelopes import EnvelopeRefused
from store.database import UnitOfWork
from store.tables import ChannelAccount

log = structlog.get_logger()

# Tencent's messages hold a few KiB; whoever sends more, or more slowly than its servers wait, is somebody else.
BODY_LIMIT = 64 * 1024
_READ_SECONDS = 5.0
# How exactly the desk tells when an account was last heard of; noted more often, all its callbacks would stand in line.
_NOTED_EVERY = timedelta(minutes=1)
# The literal word, never encrypted: no answer follows on this connection (被动回复用户消息).
SUCCESS = "success"


def read_query(request: web.Request) -> dict[str, str]:
    """The parameters of the address.

    Raises:
        EnvelopeRefused: one stands there twice.
    """
    query = dict(request.query)
    if len(query) != len(request.query):
        raise EnvelopeRefused("parameter_twice")
    return query


async def read_body(request: web.Request) -> bytes:
    """The body.

    Raises:
        EnvelopeRefused: it is too large, comes too slowly, or cannot be read.
    """
    try:
        async with asyncio.timeout(_READ_SECONDS):
            body = await request.clone(client_max_size=BODY_LIMIT).read()
    except ConnectionResetError:
        raise
    except web.HTTPRequestEntityTooLarge:
        raise EnvelopeRefused("too_large") from None
    except TimeoutError:
        raise EnvelopeRefused("too_slow") from None
    except Exception:
        # Whatever a wrong content encoding or a broken chunk leads to.
        raise EnvelopeRefused("unreadable_body") from None
    if len(body) > BODY_LIMIT:
        raise EnvelopeRefused("too_large")
    return body


def refuse(channel: str, refused: EnvelopeRefused) -> web.Response:
    """The one answer to whatever is refused, an unknown account among it: nobody learns how far they came."""
    log.warning("callback refused", channel=channel, why=refused.why)
    return web.Response(status=403, text="refused")


def acknowledge() -> web.Response:
    """What is kept need not be sent again."""
    return web.Response(text=SUCCESS)


def note_callback(work: UnitOfWork, channel: str, account: str) -> None:
    """Note that the account was heard of just now, at most once a minute.

    Args:
        account: its key in ``channels.yml``.
    """
    known = work.session.get(ChannelAccount, (channel, account))
    if known is None:
        with work.session.begin_nested():
            work.session.add(ChannelAccount(channel=channel, account=account, last_callback_at=work.now))
        return
    if known.last_callback_at is not None and known.last_callback_at > work.now - _NOTED_EVERY:
        return
    last = ChannelAccount.last_callback_at
    work.session.execute(
        update(ChannelAccount)
        .where(ChannelAccount.channel == channel, ChannelAccount.account == account)
        .where(or_(last.is_(None), last <= work.now - _NOTED_EVERY))
        .values(last_callback_at=work.now)
    )


class Heard:
    """Which accounts this process has noted lately: with many callbacks, most need not even look."""

    def __init__(self) -> None:
        self._noted: dict[tuple[str, str], datetime] = {}

    def note(self, work: UnitOfWork, channel: str, account: str) -> None:
        """As :func:`note_callback`."""
        noted = self._noted.get((channel, account))
        if noted is not None and noted > work.now - _NOTED_EVERY:
            return
        note_callback(work, channel, account)
        self._noted[channel, account] = work.now
