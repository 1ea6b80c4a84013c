"""A customer's message or deed as a channel reads it, and hands it in (:mod:`desk.channels.intake`)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What came in."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    LINK = "link"
    CARD = "card"  # a mini-program or a business card
    UNREADABLE = "unreadable"  # a kind that the channel does not pass on, or that we do not know
    # Deeds: nothing was said.
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"
    SCANNED = "scanned"
    TAPPED = "tapped"  # an entry of the account's own menu
    ENTERED = "entered"  # opened the chat
    SENT_OR_NOT = "sent_or_not"  # what became of a template or subscription message
    SUBSCRIBED = "subscribed"  # agreed to subscription messages, or took it back
    RECALLED = "recalled"  # took a message back
    OTHER = "other"  # nothing that concerns us


@dataclass(frozen=True, slots=True)
class Media:
    """A file that the channel keeps until it is fetched.

    Attributes:
        name: as the customer's phone names it; empty where the channel does not say.
    """

    media_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or deed.

    Attributes:
        external_id: of the customer on that channel (openid, external_userid).
        key: the same however often the channel repeats the call, and no other of this customer's has it.
        words: what the customer said, in words: typed, or as the channel recognised them from a voice message. Empty
            where there are none.
        choice: id of the menu item that was tapped in an earlier message of ours; None for typed words.
        shown: facts of a message without words, for the people who read it: ``title``, ``url``, ``address`` …
        media: of an image, a voice message, a video, a file.
        details: of a deed: ``scene``, ``menu_key``, ``status``, ``template`` …
    """

    external_id: str
    key: str
    kind: Kind
    at: datetime
    words: str = ""
    choice: str | None = None
    shown: dict[str, str] = field(default_factory=dict)
    media: Media | None = None
    details: dict[str, str] = field(default_factory=dict)


def to_json(incoming: Incoming) -> dict[str, Any]:
    """What the store keeps of it."""
    kept: dict[str, Any] = {
        "external_id": incoming.external_id,
        "key": incoming.key,
        "kind": incoming.kind.value,
        "at": incoming.at.isoformat(),
        "words": incoming.words,
        "choice": incoming.choice,
        "shown": incoming.shown,
        "details": incoming.details,
    }
    if incoming.media is not None:
        kept["media"] = {"media_id": incoming.media.media_id, "name": incoming.media.name}
    return kept


def from_json(kept: dict[str, Any]) -> Incoming:
    """The other way round."""
    media = kept.get("media")
    return Incoming(
        **{
            **kept,
            "kind": Kind(kept["kind"]),
            "at": datetime.fromisoformat(kept["at"]),
            "media": Media(**media) if media is not None else None,
        }
    )
