"""One way in for every channel that other firms run: a customer's message or deed, into inbox, window and store."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import select, update

from actions.binding import bind
from actions.conversations import (
    Address,
    Received,
    find_conversation,
    open_conversation,
    receive_in,
    say,
    storable,
)
from actions.firm import Firm
from actions.turns import finish
from actions.wordless import FILE, SHOWN, TAKEN_BACK, line_of, take_wordless
from desk.channels import windows
from desk.channels.incoming import Incoming, Kind
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Customer, Identity, InboxRow, IncomingMedia, Message, ReceivedDeed

# No words at all, and those that WeChat sends in place of a sticker, a transfer and the like.
_NOT_PASSED_ON = frozenset({"", "【收到不支持的消息类型，暂无法显示】", "[收到不支持的消息类型，暂无法显示]"})
_KEY_LENGTH, ID_LENGTH, _NAME_LENGTH = 128, 256, 200
MESSAGES = frozenset(
    {
        Kind.TEXT,
        Kind.IMAGE,
        Kind.VOICE,
        Kind.VIDEO,
        Kind.FILE,
        Kind.LOCATION,
        Kind.LINK,
        Kind.CARD,
        Kind.UNREADABLE,
    }
)
_FILES = frozenset({Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.FILE})
# What may be the first that is ever heard of a customer; the rest concerns only those who are known.
_DEEDS = frozenset({Kind.FOLLOWED, Kind.SCANNED, Kind.TAPPED, Kind.ENTERED, Kind.SUBSCRIBED})
_NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it.

    Attributes:
        conversation_id: None where the deed concerns no conversation, or one that does not exist.
        inbox_id: of the message, if it is one.
        repeated: it was taken in before; nothing was done now.
        bound: a link or code of ours was opened by it.
    """

    conversation_id: int | None = None
    inbox_id: str | None = None
    repeated: bool = False
    bound: bool = False


def take_in(
    work: UnitOfWork,
    firm: Firm,
    channel: str,
    account: str,
    incoming: Incoming,
    *,
    menu: Mapping[str, str] = _NO_WORDS,
    greets: bool = False,
) -> Taken:
    """Take in what a customer said or did, once for its key.

    Args:
        account: key in ``channels.yml``; for WeCom ``key/open_kfid``.
        menu: what a tap on the account's own menu says, by the entry's key.
        greets: whether who follows is told what can be done here.
    """
    address = Address(channel, storable(incoming.external_id), account)
    if not 0 < len(address.external_id) <= ID_LENGTH:
        return Taken()
    if incoming.kind in MESSAGES:
        return _take_message(work, firm, address, incoming)
    if incoming.kind in _DEEDS:
        return _take_deed(work, firm, address, incoming, menu, greets)
    return _take_notice(work, address, incoming)


# --- messages --------------------------------------------------------------------------------------------------------


def _take_message(work: UnitOfWork, firm: Firm, address: Address, incoming: Incoming) -> Taken:
    conversation, key = open_known(work, address), _key(incoming.key)
    if known := _known(work, conversation, key):
        return Taken(conversation.id, known, repeated=True)
    words, kind = storable(incoming.words), incoming.kind
    if words.strip() in _NOT_PASSED_ON:
        words = ""
    if kind is Kind.TEXT and not words:
        kind = Kind.UNREADABLE
    metadata: dict[str, Any] = {"kind": kind.value}
    if incoming.shown:
        metadata["shown"] = _storable(incoming.shown)
    if incoming.choice is not None:
        # The number of the choice, as if it had been typed; what the customer saw on the item is kept beside it.
        metadata["tapped"] = words
        words = windows.words_of(work, conversation, incoming.choice) or words
    text = words or line_of(firm, conversation.language, kind, _storable(incoming.shown))
    seen = windows.seen_revision(work, conversation, incoming.choice)
    received = receive_in(work, conversation, text, key, metadata, seen)
    at = min(incoming.at, work.now)
    if incoming.choice is None:
        windows.customer_wrote(work, conversation, at)
    else:
        # "发送客服消息": a tap on an item of a menu message is no message of the user's, and gives no 48 hours.
        windows.customer_tapped(work, conversation, at)
    if incoming.media is not None:
        _fetch_later(work, conversation, received, incoming, kind)
    if not words:
        take_wordless(work, firm, conversation, received, kind)
    return Taken(conversation.id, received.inbox_id)


def _fetch_later(
    work: UnitOfWork, conversation: Conversation, received: Received, incoming: Incoming, kind: Kind
) -> None:
    assert incoming.media is not None
    message = select(Message.id).where(Message.conversation_id == conversation.id, Message.number == received.number)
    work.session.add(
        IncomingMedia(
            message_id=work.session.scalars(message).one(),
            conversation_id=conversation.id,
            channel=conversation.identity.channel,
            account=conversation.identity.account.partition("/")[0],
            media_id=storable(incoming.media.media_id),
            # Whatever else comes with a file: what it is, its bytes say.
            kind=kind if kind in _FILES else Kind.FILE,
            name=storable(incoming.media.name)[:_NAME_LENGTH],
            next_attempt_at=work.now,
        )
    )
    work.session.flush()


# --- deeds -----------------------------------------------------------------------------------------------------------


def _take_deed(
    work: UnitOfWork, firm: Firm, address: Address, incoming: Incoming, menu: Mapping[str, str], greets: bool
) -> Taken:
    scene = incoming.details.get("scene_param") or incoming.details.get("scene", "")
    # First, since it locks the conversations of two customers in their order; a link binds once, however often told.
    bound = bool(scene) and bind(work, scene, address)
    conversation, key = open_known(work, address), _key(incoming.key)
    if _known(work, conversation, key) or not _is_first(work, conversation, key):
        return Taken(conversation.id, repeated=True, bound=bound)
    received = None
    if incoming.kind is Kind.TAPPED and (words := menu.get(incoming.details.get("menu_key", ""))):
        # As if typed; an entry of the menu is no answer to a question that has not been seen.
        seen = windows.seen_revision(work, conversation)
        received = receive_in(work, conversation, storable(words), key, {"kind": "menu"}, seen)
    if incoming.kind in (Kind.FOLLOWED, Kind.SCANNED, Kind.TAPPED):
        windows.customer_tapped(work, conversation, min(incoming.at, work.now))
    if incoming.kind is Kind.SUBSCRIBED:
        _note_subscriptions(work, conversation, incoming.details)
    if incoming.kind is Kind.FOLLOWED and greets and conversation.control == Control.BOT:
        _greet(work, firm, conversation)
    return Taken(conversation.id, received.inbox_id if received else None, bound=bound)


def _note_subscriptions(work: UnitOfWork, conversation: Conversation, agreed: Mapping[str, str]) -> None:
    """Each agreement allows one message ("订阅通知"); taking it back takes all that are left."""
    row = windows.reply_window(work, conversation)
    left = dict(row.subscriptions)
    for template, said in agreed.items():
        if said == "accept":
            left[storable(template)] = left.get(storable(template), 0) + 1
        else:
            left.pop(storable(template), None)
    row.subscriptions = left


def _greet(work: UnitOfWork, firm: Firm, conversation: Conversation) -> None:
    language = conversation.language or firm.file.language
    if conversation.introduced:
        words = firm.words.render(language, "greeting.back")
    else:
        conversation.introduced = True
        introduction = firm.words.render(language, "machine.introduction")
        words = f"{firm.words.render(language, 'greeting.followed')}\n\n{introduction}"
    say(work, conversation, words, courtesy=True)


def _is_first(work: UnitOfWork, conversation: Conversation, key: str) -> bool:
    """Note a deed of a locked conversation; False where it was noted before."""
    if work.session.get(ReceivedDeed, (conversation.identity_id, key)) is not None:
        return False
    work.session.add(ReceivedDeed(identity_id=conversation.identity_id, deed_key=key, at=work.now))
    work.session.flush()
    return True


# --- what became of something ----------------------------------------------------------------------------------------


def _take_notice(work: UnitOfWork, address: Address, incoming: Incoming) -> Taken:
    """What needs no conversation to be opened: of somebody who never wrote there is nothing to note."""
    if incoming.kind is Kind.OTHER or find_conversation(work, address) is None:
        return Taken()
    conversation, key, details = open_known(work, address), _key(incoming.key), incoming.details
    if not _is_first(work, conversation, key):
        return Taken(conversation.id, repeated=True)
    if incoming.kind is Kind.UNFOLLOWED:
        windows.unreachable(work, conversation, "unfollowed")
    elif incoming.kind is Kind.SENT_OR_NOT and "fail_type" in details:
        failed_at = min(incoming.at, work.now)
        windows.failed_later(work, storable(details.get("receipt", "")), _number(details["fail_type"]), failed_at)
    elif incoming.kind is Kind.SENT_OR_NOT:
        for receipt, result in details.items():
            windows.notice_result(work, storable(receipt), result == "success")
    elif incoming.kind is Kind.RECALLED:
        _take_back(work, conversation, _key(details.get("recalled", "")))
    return Taken(conversation.id)


def _take_back(work: UnitOfWork, conversation: Conversation, key: str) -> None:
    """The customer took a message back: the bot does not answer it any more, nobody is called to look at it, and a file
    that is not here yet is not fetched. What was said stays on record."""
    statement = select(InboxRow).where(InboxRow.identity_id == conversation.identity_id, InboxRow.message_key == key)
    row = work.session.scalars(statement).first()
    if row is None:
        return
    if row.state == "open" or row.disposition in (FILE, SHOWN):
        finish(work, row, TAKEN_BACK)
    carrying = select(Message.id).where(Message.conversation_id == row.conversation_id, Message.inbox_id == row.id)
    work.session.execute(
        update(IncomingMedia)
        .where(IncomingMedia.message_id.in_(carrying), IncomingMedia.state == "open")
        .values(state="failed", error=TAKEN_BACK, claimed_by=None, claimed_until=None)
    )


# --- keys and names --------------------------------------------------------------------------------------------------


def open_known(work: UnitOfWork, address: Address) -> Conversation:
    """The conversation with ``address``, locked; of a newcomer who is known elsewhere, that person's."""
    return open_conversation(work, address, customer=_known_elsewhere(work, address))


def _known_elsewhere(work: UnitOfWork, address: Address) -> Customer | None:
    """The person whom another customer service account of the same WeCom knows by the same name."""
    key, separator, _ = address.account.partition("/")
    if not separator:
        return None
    statement = select(Customer).join(Identity, Identity.customer_id == Customer.id)
    same = statement.where(
        Identity.channel == address.channel,
        Identity.external_id == address.external_id,
        Identity.account.startswith(f"{key}/", autoescape=True),
    )
    return work.session.scalars(same.order_by(Identity.id).limit(1)).first()


def _key(key: str) -> str:
    key = storable(key)
    return key if len(key) <= _KEY_LENGTH else sha256(key.encode()).hexdigest()


def _known(work: UnitOfWork, conversation: Conversation, key: str) -> str | None:
    """The inbox id of the message with this key, if it was taken in before; whatever it said then stands."""
    statement = select(InboxRow.id).where(InboxRow.identity_id == conversation.identity_id, InboxRow.message_key == key)
    return work.session.scalars(statement).first()


def _storable(shown: Mapping[str, str]) -> dict[str, str]:
    return {name: storable(value) for name, value in shown.items()}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
