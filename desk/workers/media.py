"""Fetches the files that customers sent and the channel still has, after the message was acknowledged."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import ColumnElement, select, update

from actions.attachments import PreparedFile, check_room, keep
from actions.conversations import lock_conversation, say
from actions.file_content import FileRefused
from actions.firm import Firm
from desk.attachments import prepare_apart
from desk.channels.accounts import WECHAT
from desk.channels.clients import Clients
from desk.channels.tencent.calls import Refused, TooLarge
from desk.channels.tencent.error_codes import Disposition
from desk.channels.tencent.media import FetchedMedia
from desk.hub import Hub
from recovery.control import Control
from store.attached_files import AttachedFiles
from store.database import Database, UnitOfWork
from store.tables import Conversation, IncomingMedia, Message

log = structlog.get_logger()

# Longer than the slowest fetch may take.
CLAIM = timedelta(minutes=3)
_AT_ONCE = 4
# "媒体文件在微信后台保存时间为3天" (获取临时素材): what could not be had until then never can.
KEPT_FOR = timedelta(days=3)
_LONGEST_BACK_OFF = timedelta(hours=1)
# Why it was given up, beside what a file is refused for (:class:`actions.file_content.FileRefused`).
GONE, LOST = "gone", "lost"
# What the customer is told, where it is not that the file cannot be opened.
_TOLD = {
    GONE: "attachment.lost",
    LOST: "attachment.lost",
    "file_too_large": "attachment.too_large",
    "picture_too_large": "attachment.too_large",
    "too_many_files": "attachment.too_many",
}
# Of many files that are sent at once and cannot be kept, one line tells.
_SAME_TIME = timedelta(minutes=2)
_LOOKED_BACK = 50


class Fetcher(Protocol):
    """Who speaks for an account."""

    async def fetch_media(self, media_id: str) -> FetchedMedia:
        """The file.

        Raises:
            Refused: it is not to be had, now or ever.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Claimed:
    message_id: int
    channel: str
    account: str
    media_id: str
    kind: str
    name: str
    attempts: int
    sent_at: datetime


def fetchers(clients: Clients) -> Callable[[str, str], Fetcher | None]:
    """Who speaks for an account, by channel and key; None where ``channels.yml`` no longer names it."""

    def fetcher_of(channel: str, account: str) -> Fetcher | None:
        return clients.wechat.get(account) if channel == WECHAT else clients.wecom.get(account)

    return fetcher_of


class MediaWorker:
    """Fetches until it is cancelled.

    Args:
        fetcher_of: as :func:`fetchers` gives it.
    """

    def __init__(
        self,
        database: Database,
        firm: Firm,
        hub: Hub,
        files: AttachedFiles,
        fetcher_of: Callable[[str, str], Fetcher | None],
    ) -> None:
        self._database = database
        self._firm = firm
        self._hub = hub
        self._files = files
        self._fetcher_of = fetcher_of
        self._owner = secrets.token_hex(8)

    async def run(self) -> None:
        with self._hub.listening(None) as bell:
            while True:
                try:
                    while await self._database.read(_is_any_due) and await self.fetch_due():
                        pass
                except Exception:
                    log.exception("cannot fetch media")
                await bell.wait()

    async def fetch_due(self) -> int:
        """Fetch what is due now; how many files were tried."""
        claimed = await self._database.run(_claim, self._owner)
        await asyncio.gather(*(self._fetch(item) for item in claimed))
        return len(claimed)

    async def _fetch(self, item: _Claimed) -> None:
        try:
            prepared = await self._prepared(item)
            try:
                await self._database.run(_keep, self._files, self._owner, item, prepared)
            finally:
                await asyncio.to_thread(prepared.discard)
        except FileRefused as refused:
            await self._give_up(item, refused.code)
        except TooLarge:
            await self._give_up(item, "file_too_large")
        except Refused as error:
            if error.disposition is Disposition.OTHER:
                await self._give_up(item, GONE)
            else:
                await self._try_again(item, str(error))
        except Exception as error:
            # By its kind alone: its words may hold what the customer sent.
            log.exception("media cannot be kept", message=item.message_id)
            await self._try_again(item, type(error).__name__)

    async def _prepared(self, item: _Claimed) -> PreparedFile:
        fetcher = self._fetcher_of(item.channel, item.account)
        if fetcher is None:
            raise FileRefused(GONE)
        found = await fetcher.fetch_media(item.media_id)
        name = item.name or found.name or item.kind
        return await prepare_apart(self._files, found.data, name, recordings=True)

    async def _try_again(self, item: _Claimed, why: str) -> None:
        if self._database.clock() - item.sent_at >= KEPT_FOR:
            await self._give_up(item, LOST)
            return
        log.info("media not fetched", message=item.message_id, attempts=item.attempts, why=why)
        await self._database.run(_put_off, self._owner, item, why)

    async def _give_up(self, item: _Claimed, code: str) -> None:
        log.warning("media given up", message=item.message_id, attempts=item.attempts, why=code)
        await self._database.run(_fail, self._firm, self._owner, item, code)


def _due(now: datetime) -> list[ColumnElement[bool]]:
    free = IncomingMedia.claimed_until.is_(None) | (IncomingMedia.claimed_until < now)
    return [IncomingMedia.state == "open", IncomingMedia.next_attempt_at <= now, free]


def _is_any_due(work: UnitOfWork) -> bool:
    return work.session.scalars(select(IncomingMedia.message_id).where(*_due(work.now)).limit(1)).first() is not None


def _claim(work: UnitOfWork, owner: str) -> list[_Claimed]:
    statement = (
        select(IncomingMedia, Message.at)
        .join(Message, Message.id == IncomingMedia.message_id)
        .where(*_due(work.now))
        .order_by(IncomingMedia.next_attempt_at, IncomingMedia.message_id)
        .limit(_AT_ONCE)
        .with_for_update(of=IncomingMedia, skip_locked=True)
    )
    claimed = []
    for row, at in work.session.execute(statement):
        row.claimed_by, row.claimed_until = owner, work.now + CLAIM
        row.attempts += 1
        claimed.append(
            _Claimed(row.message_id, row.channel, row.account, row.media_id, row.kind, row.name, row.attempts, at)
        )
    return claimed


def _own(work: UnitOfWork, owner: str, item: _Claimed) -> tuple[Conversation, IncomingMedia] | None:
    """The conversation, locked, and the row; None where somebody else has it by now, or it was erased."""
    row = work.session.get(IncomingMedia, item.message_id)
    if row is None:
        return None
    conversation = lock_conversation(work, row.conversation_id)
    found = work.session.get(IncomingMedia, item.message_id, populate_existing=True)
    if found is None or found.state != "open" or found.claimed_by != owner:
        return None
    return conversation, found


def _keep(work: UnitOfWork, files: AttachedFiles, owner: str, item: _Claimed, prepared: PreparedFile) -> None:
    """Attach the file to its message.

    Raises:
        FileRefused: the conversation has too many.
    """
    own = _own(work, owner, item)
    if own is None:
        return
    conversation, row = own
    check_room(work, conversation, prepared.size, author="customer")
    keep(work, files, conversation, prepared, message=work.session.get_one(Message, item.message_id))
    row.state, row.error, row.claimed_by, row.claimed_until = "fetched", None, None, None


def _put_off(work: UnitOfWork, owner: str, item: _Claimed, why: str) -> None:
    wait = min(timedelta(seconds=2 ** min(item.attempts, 16)), _LONGEST_BACK_OFF)
    work.session.execute(
        update(IncomingMedia)
        .where(IncomingMedia.message_id == item.message_id, IncomingMedia.claimed_by == owner)
        .values(next_attempt_at=work.now + wait, error=why, claimed_by=None, claimed_until=None)
    )


def _fail(work: UnitOfWork, firm: Firm, owner: str, item: _Claimed, code: str) -> None:
    """Give a file up: staff see why at its message, and the customer is asked for it again by whoever has them."""
    own = _own(work, owner, item)
    if own is None:
        return
    conversation, row = own
    row.state, row.error, row.claimed_by, row.claimed_until = "failed", code, None, None
    if conversation.control != Control.BOT or item.kind == "voice":
        # A person asks by themselves; what was spoken is there in words, or with a person.
        return
    language = conversation.language or firm.file.language
    words = firm.words.render(language, _TOLD.get(code, "attachment.not_taken"))
    if not _was_just_told(work, conversation, words):
        say(work, conversation, words, courtesy=True)


def _was_just_told(work: UnitOfWork, conversation: Conversation, words: str) -> bool:
    """Whether the customer was told the same for another file that came with this one."""
    last = select(Message.text, Message.direction, Message.at).where(Message.conversation_id == conversation.id)
    for text, direction, at in work.session.execute(last.order_by(Message.number.desc()).limit(_LOOKED_BACK)):
        if direction == "out":
            return bool(text == words and at > work.now - _SAME_TIME)
    return False
