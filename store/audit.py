"""The audit log: who did what to what, append-only, each entry chained to the one before it.

The chain runs over digests of the entries, not over their words: what is erased on a person's request leaves its digest
behind, so that the chain still proves that nothing was slipped in, changed or taken out.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text, update

from store.database import UnitOfWork
from store.tables import AuditEntry

# Any number: on PostgreSQL entries are appended one at a time under it; SQLite has one writer anyway.
_ADVISORY_LOCK = 7_304_113
_BEGINNING = "0" * 64
_CHECKED = ("id", "at", "actor", "action", "subject", "details", "content_digest", "digest", "erased")
# What stands in place of an actor or subject that was erased.
ERASED = "erased"


def append(work: UnitOfWork, actor: str, action: str, subject: str, details: dict[str, Any] | None = None) -> None:
    """Add an entry; it is there once the unit of work commits.

    Args:
        actor: login of a person, or what acted by itself (``first run``, ``command``, ``timer``).
        subject: a public id, number or login; never a customer's name or words.
        details: ids and keys, never what was said.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
    previous = work.session.scalars(select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)).first()
    content = _content_digest(work.now, actor, action, subject, details or {})
    work.session.add(
        AuditEntry(
            at=work.now,
            actor=actor,
            action=action,
            subject=subject,
            details=details or {},
            content_digest=content,
            digest=_chained(previous or _BEGINNING, content),
        )
    )
    work.session.flush()


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where the chain does not hold: the entry's id, and whether its words or its place are wrong."""

    entry_id: int
    wrong: str


def verify(work: UnitOfWork, after: int = 0, until: int | None = None) -> Iterator[BrokenLink]:
    """Every entry that was changed, or before which one was taken out or slipped in; nothing where the chain holds.

    An erased entry is checked by its place alone.

    Args:
        after: an entry's id; only those after it are looked at, so that a long log can be checked in parts.
        until: an entry's id; none after it is looked at.
    """
    before = select(AuditEntry.digest).where(AuditEntry.id <= after).order_by(AuditEntry.id.desc()).limit(1)
    previous = work.session.scalars(before).first() or _BEGINNING
    columns = (getattr(AuditEntry, name) for name in _CHECKED)
    statement = select(*columns).where(AuditEntry.id > after).order_by(AuditEntry.id)
    if until is not None:
        statement = statement.where(AuditEntry.id <= until)
    for entry in work.session.execute(statement.execution_options(yield_per=1000)):
        if not entry.erased and entry.content_digest != _content_digest(
            entry.at, entry.actor, entry.action, entry.subject, entry.details
        ):
            yield BrokenLink(entry.id, "content")
        if entry.digest != _chained(previous, entry.content_digest):
            yield BrokenLink(entry.id, "place")
        previous = entry.digest


def erase_subjects(work: UnitOfWork, subjects: set[str]) -> int:
    """Take the names of ``subjects`` out of the log; the chain stays whole.

    Returns:
        How many entries were changed.
    """
    changed = 0
    for batch in _batches(sorted(subjects), 500):
        result = work.session.execute(
            update(AuditEntry)
            .where(AuditEntry.subject.in_(batch), AuditEntry.erased.is_(False))
            .values(subject=ERASED, details={}, erased=True)
        )
        changed += result.rowcount  # type: ignore[attr-defined]
    return changed


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _content_digest(at: datetime, actor: str, action: str, subject: str, details: dict[str, Any]) -> str:
    written = json.dumps(
        [at.astimezone(UTC).isoformat(), actor, action, subject, details], sort_keys=True, ensure_ascii=True
    )
    return hashlib.sha256(written.encode()).hexdigest()


def _chained(previous: str, content: str) -> str:
    return hashlib.sha256(f"{previous}{content}".encode()).hexdigest()
