"""All data of one person, as they may ask for it (PIPL art. 45): JSON to read by machine, with the files they sent."""

import json
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from sqlalchemy import select

from store.attached_files import AttachedFiles
from store.customer_rights import Person, orders_of
from store.database import UnitOfWork
from store.erasing import heard_of, slices
from store.tables import (
    Assessment,
    Attachment,
    BindingLink,
    Case,
    CaseTransition,
    Consultation,
    Conversation,
    Customer,
    ErasureRequest,
    Fact,
    HandOver,
    Identity,
    InboxRow,
    IncomingMedia,
    Message,
    Note,
    Offer,
    Order,
    Promise,
    Rating,
    Remedy,
    ReplyWindow,
    SeverityChange,
    Turn,
    WebSession,
)
from store.tables.base import Base

_README = """\
本文件夹是我们保存的关于您的全部信息；data.json 供机器读取，attachments 里是往来的文件。
This is all that we keep about you: data.json is for machines, attachments holds the files that were exchanged.
"""
# Digests, fences and the like: how we work, not what we know of the person. Colleagues are not the person's data.
_LEFT_OUT = {
    "staff_id",
    "asked_by_id",
    "answered_by_id",
    "mentions",
    "trail",
    "token_digest",
    "resume_digest",
    "digest",
}
# What leads from row to row, or to a colleague.
_LINKS = ("id", "case_id", "conversation_id", "offer_id", "handled_by_id", "taken_by_id", "public_id", "by")
_OF_CASES = (
    "customer_id",
    "owner_id",
    "opened_by_id",
    "resolved_by_id",
    "recording_key",
    "linked_case_id",
    "merged_into_id",
    "incident_id",
)


# Who of ours serves the conversation over there, and how that is kept in line.
_OF_WINDOWS = ("conversation_id", "servicer", "notice_receipt", "mirrored", "mirror_at", "mirror_attempts")

# So much of a file's name is kept: with the folder it must fit where it is unpacked.
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class PersonalData:
    """All that is kept of one person.

    Attributes:
        data: ready for JSON; moments in RFC 3339, money in minor units.
        files: of the files that are there, public id and name within the zip.
    """

    data: dict[str, Any]
    files: list[tuple[str, str]]


def write_zip(found: PersonalData, files: AttachedFiles, out: IO[bytes]) -> None:
    """Write a zip with ``data.json``, the files, and two lines that say what it is; needs no unit of work."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README)
        archive.writestr("data.json", json.dumps(found.data, ensure_ascii=False, indent=2))
        for public_id, name in found.files:
            path = files.path(public_id)
            if path.exists():
                # Pictures are as small as they get.
                archive.write(path, name, zipfile.ZIP_STORED)


def collect(work: UnitOfWork, person: Person) -> PersonalData:
    """Read all that is kept of a person."""
    attachments = _rows(work, Attachment, Attachment.conversation_id, person.conversations)
    files = [(one.public_id, _file_name(one)) for one in attachments if one.deleted_at is None]
    return PersonalData(_collect(work, person), files)


def _collect(work: UnitOfWork, person: Person) -> dict[str, Any]:
    customers = _rows(work, Customer, Customer.id, person.customers)
    identities = _rows(work, Identity, Identity.id, person.identities)
    orders = _rows(work, Order, Order.number, sorted(orders_of(work, person)))
    return {
        "exported_at": _moment(work.now),
        "persons": [_plain(one, "id", "named_staff_id", "merged_into_id", "tier_set_by") for one in customers],
        "identities": [{"identity": one.public, "account": one.account} for one in identities],
        "web_sessions": [
            {"created_at": _moment(one.created_at), "expires_at": _moment(one.expires_at)}
            for one in _rows(work, WebSession, WebSession.identity_id, person.identities)
        ],
        "binding_links": [
            _plain(one, "customer_id", "made_by", "identity_id")
            for one in _rows(work, BindingLink, BindingLink.customer_id, person.customers)
        ],
        "heard_just_now": [
            row.body for part in slices(person.identities) for row in work.session.scalars(heard_of(part))
        ],
        "conversations": _conversations(work, person),
        "cases": _cases(work, person),
        "orders": [_plain(order) for order in orders],
        "erasure_requests": [
            _plain(one, "id", "customer_id", "asked_by")
            for one in _rows(work, ErasureRequest, ErasureRequest.customer_id, person.customers)
        ],
    }


def _conversations(work: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    ids = person.conversations
    understood = {row.inbox_id: row.understanding for row in _rows(work, Turn, Turn.conversation_id, ids)}
    received = {row.id: row.caller_metadata for row in _rows(work, InboxRow, InboxRow.conversation_id, ids)}
    messages, notes, files = defaultdict(list), defaultdict(list), defaultdict(list)
    for message in _rows(work, Message, Message.conversation_id, ids):
        line = _plain(message, "id", "conversation_id", "inbox_id", "case_id")
        if message.direction == "in" and message.inbox_id in received:
            line["metadata"] = received[message.inbox_id]
            line["understood_as"] = understood.get(message.inbox_id)
        messages[message.conversation_id].append(line)
    for note in _rows(work, Note, Note.conversation_id, ids):
        notes[note.conversation_id].append(_plain(note, "id", "conversation_id", "case_id", "public_id"))
    for row in _rows(work, Attachment, Attachment.conversation_id, ids):
        if row.deleted_at is None:
            line = _plain(row, "id", "conversation_id", "message_id", "note_id", "public_id", "deleted_at")
            files[row.conversation_id].append({**line, "file": _file_name(row)})
    windows = {row.conversation_id: row for row in _rows(work, ReplyWindow, ReplyWindow.conversation_id, ids)}
    coming = defaultdict(list)
    for row in _rows(work, IncomingMedia, IncomingMedia.conversation_id, ids):
        if row.state != "fetched":
            coming[row.conversation_id].append({"kind": row.kind, "name": row.name, "state": row.state})
    # What belongs to a case is listed with it.
    beside: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for name, table in {"promises": Promise, "hand_overs": HandOver}.items():
        beside[name] = defaultdict(list)
        for row in _rows(work, table, table.conversation_id, ids):  # type: ignore[attr-defined]
            if row.case_id is None:
                beside[name][row.conversation_id].append(_plain(row, *_LINKS))
    return [
        {
            "identity": one.identity.public,
            "channel": one.channel_label,
            "language": one.language,
            "created_at": _moment(one.created_at),
            "awaited": one.awaited,
            "messages": messages[one.id],
            "notes": notes[one.id],
            "attachments": files[one.id],
            # Files that the channel still has, and what it allows us to say.
            "files_not_fetched": coming[one.id],
            "reply_window": _plain(windows[one.id], *_OF_WINDOWS) if one.id in windows else None,
            **{name: rows[one.id] for name, rows in beside.items()},
        }
        for one in _rows(work, Conversation, Conversation.id, ids)
    ]


def _cases(work: UnitOfWork, person: Person) -> list[dict[str, Any]]:
    parts: dict[str, dict[int | None, list[dict[str, Any]]]] = {}
    for name, table in {
        "facts": Fact,
        "assessments": Assessment,
        "offers": Offer,
        "remedies": Remedy,
        "promises": Promise,
        "ratings": Rating,
        "hand_overs": HandOver,
        "consultations": Consultation,
        "history": CaseTransition,
        "severities": SeverityChange,
    }.items():
        parts[name] = defaultdict(list)
        for row in _rows(work, table, table.case_id, person.cases):  # type: ignore[attr-defined]
            parts[name][row.case_id].append(_plain(row, *_LINKS, "approved_by", "idempotency_key"))
    return [
        {
            **_plain(case, *_LINKS, *_OF_CASES),
            **{name: rows[case.id] for name, rows in parts.items()},
        }
        for case in _rows(work, Case, Case.id, person.cases)
    ]


def _rows(work: UnitOfWork, table: type[Any], column: Any, ids: Any) -> list[Any]:
    key = next(iter(table.__table__.primary_key.columns))
    return [
        row
        for part in slices(list(ids))
        for row in work.session.scalars(select(table).where(column.in_(part)).order_by(key)).unique()
    ]


def _plain(row: Base, *left_out: str) -> dict[str, Any]:
    """The columns of a row that speak of the person."""
    names = [column.key for column in row.__mapper__.column_attrs if column.key not in _LEFT_OUT.union(left_out)]
    return {name: _moment(value) if isinstance(value := getattr(row, name), datetime) else value for name in names}


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _file_name(row: Attachment) -> str:
    """A name within the zip that is safe in any file system, and no other's."""
    name = re.sub(r"[^\w.-]+", "_", row.name).lstrip(".")[-_NAME_LENGTH:]
    return f"attachments/{row.public_id[:8]}-{name or 'file'}"
