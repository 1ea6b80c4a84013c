"""Read the audit log: search it, page through it, write it out as CSV, prove in the background that its chain holds."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, select

from store.audit import BrokenLink, verify
from store.database import Database, UnitOfWork
from store.tables import AuditEntry

log = structlog.get_logger()

COLUMNS = ("number", "at", "actor", "action", "subject", "details", "erased", "content_digest", "digest")
# The entries found are counted so far; a log of years would take seconds.
COUNTED = 10_000
_CHUNK = 1000
# Between two chunks of a check, so that a long log does not take the machine from those who work.
_PAUSE_SECONDS = 0.02
# After so long a finding is looked for anew.
_GOOD_FOR = timedelta(minutes=10)
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; empty where anything will do.

    Attributes:
        subject: its beginning.
        since: the first moment; ``until``: the first moment that is too late.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, the latest first.

    Attributes:
        older: whether there are older ones; ``newer``: likewise.
        found: how many the search finds in all; above ``COUNTED`` they are more than that.
    """

    entries: list[AuditEntry]
    older: bool
    newer: bool
    found: int


def read_page(
    work: UnitOfWork, search: Search, length: int, before: int | None = None, after: int | None = None
) -> AuditPage:
    """A page of what is found.

    Args:
        before: an entry's number; the page shows older ones.
        after: an entry's number; the page shows those next to it that are newer.
    """
    wanted = _conditions(search)
    statement = select(AuditEntry).where(*wanted)
    if after is not None:
        newer = statement.where(AuditEntry.id > after).order_by(AuditEntry.id).limit(length)
        entries = list(reversed(list(work.session.scalars(newer))))
    else:
        if before is not None:
            statement = statement.where(AuditEntry.id < before)
        entries = list(work.session.scalars(statement.order_by(AuditEntry.id.desc()).limit(length)))

    def is_any(condition: ColumnElement[bool]) -> bool:
        return work.session.scalars(select(AuditEntry.id).where(*wanted, condition).limit(1)).first() is not None

    some = select(AuditEntry.id).where(*wanted).limit(COUNTED + 1).subquery()
    return AuditPage(
        entries=entries,
        older=bool(entries) and is_any(AuditEntry.id < entries[-1].id),
        newer=bool(entries) and is_any(AuditEntry.id > entries[0].id),
        found=work.session.scalar(select(func.count()).select_from(some)) or 0,
    )


def last_entry(work: UnitOfWork) -> AuditEntry | None:
    """The latest entry: its digest, noted elsewhere, proves later that nothing before it was cut off."""
    return work.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).first()


def read_chunk(work: UnitOfWork, search: Search, after: int, until: int) -> Sequence[AuditEntry]:
    """The next entries of an export, oldest first."""
    wanted = (*_conditions(search), AuditEntry.id > after, AuditEntry.id <= until)
    return list(work.session.scalars(select(AuditEntry).where(*wanted).order_by(AuditEntry.id).limit(_CHUNK)))


def export_head() -> str:
    """The first line of an export; with the mark by which spreadsheets know UTF-8."""
    return "\ufeff" + _line(COLUMNS)


def export_lines(entries: Sequence[AuditEntry]) -> str:
    """Entries as CSV; no cell is a formula."""
    return "".join(
        _line(
            (
                str(entry.id),
                entry.at.isoformat().replace("+00:00", "Z"),
                entry.actor,
                entry.action,
                entry.subject,
                json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else "",
                "yes" if entry.erased else "",
                entry.content_digest,
                entry.digest,
            )
        )
        for entry in entries
    )


def export_all(work: UnitOfWork) -> Iterator[str]:
    """The whole log as CSV, piece by piece."""
    last = last_entry(work)
    at, until = 0, last.id if last else 0
    yield export_head()
    while entries := read_chunk(work, Search(), at, until):
        yield export_lines(entries)
        at = entries[-1].id
        work.session.expunge_all()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the chain found.

    Attributes:
        checked: entries looked at so far.
        broken: the first places where the chain does not hold.
        count: how many there are.
        at: when the check ended; None while it is under way.
        failed: whether it could not be finished.
    """

    checked: int = 0
    broken: tuple[BrokenLink, ...] = ()
    count: int = 0
    at: datetime | None = None
    failed: bool = False


class ChainCheck:
    """Checks the chain in the background, a chunk at a time, however many ask; one for each process."""

    _SHOWN = 20

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self.finding: Finding | None = None

    async def look(self, at_most_seconds: float, anew: bool = False) -> Finding:
        """The last finding; with ``anew``, or where there is none or an old one, a new one.

        A new one may still be under way after ``at_most_seconds``.
        """
        running = self._task is not None and not self._task.done()
        known = self.finding
        old = known is not None and known.at is not None and self._database.clock() - known.at >= _GOOD_FOR
        if not running and (anew or known is None or old):
            self.finding = Finding()
            self._task = asyncio.create_task(self._check(), name="audit-check")
            running = True
        if running and self._task is not None:
            await asyncio.wait({self._task}, timeout=at_most_seconds)
        return self.finding or Finding()

    async def end(self) -> None:
        """Stop checking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _check(self) -> None:
        finding, at = Finding(), 0
        try:
            while (part := await self._database.read(_check_chunk, at)) is not None:
                at, length, broken = part
                finding = Finding(
                    finding.checked + length, (finding.broken + broken)[: self._SHOWN], finding.count + len(broken)
                )
                self.finding = finding
                await asyncio.sleep(_PAUSE_SECONDS)
        except Exception:
            log.exception("the audit log could not be checked")
            self.finding = replace(finding, failed=True, at=self._database.clock())
            return
        self.finding = replace(finding, at=self._database.clock())


def _check_chunk(work: UnitOfWork, after: int) -> tuple[int, int, tuple[BrokenLink, ...]] | None:
    ids = list(
        work.session.scalars(select(AuditEntry.id).where(AuditEntry.id > after).order_by(AuditEntry.id).limit(_CHUNK))
    )
    if not ids:
        return None
    return ids[-1], len(ids), tuple(verify(work, after, ids[-1]))


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search.actor:
        wanted.append(AuditEntry.actor == search.actor)
    if search.action:
        wanted.append(AuditEntry.action == search.action)
    if search.subject:
        wanted.append(AuditEntry.subject.startswith(search.subject, autoescape=True))
    if search.since is not None:
        wanted.append(AuditEntry.at >= search.since)
    if search.until is not None:
        wanted.append(AuditEntry.at < search.until)
    return wanted


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return written.getvalue()
