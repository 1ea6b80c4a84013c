"""One way to the database: units of work that commit on purpose and roll back otherwise.

SQLite: one file, WAL, ``BEGIN IMMEDIATE`` behind an advisory file lock (without it a second process starves),
``synchronous=FULL``, one writer thread a process. PostgreSQL: psycopg 3, rows locked by ``FOR UPDATE``.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Engine, create_engine, event, func, make_url, select
from sqlalchemy.orm import Session

import store.indexing  # noqa: F401  (what a unit of work writes is indexed for search)

Clock = Callable[[], datetime]
R = TypeVar("R")


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class UnitOfWork:
    """One transaction. Leaving it without ``commit()`` rolls everything back.

    Attributes:
        session: the SQLAlchemy session; flushes by itself before it reads.
        now: the moment the work began; one moment for all it writes.
        touched: ids of conversations in which something changed; told to listeners after the commit.
    """

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.touched: set[int] = set()
        self.committed = False

    def commit(self) -> None:
        self.session.commit()
        self.committed = True


class _FileLock:
    """Advisory lock that makes writers of several processes wait in line instead of polling SQLite."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._line = threading.Condition()
        self._taken = False
        self._first = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits who comes first."""
        return self._first > 0

    @contextmanager
    def held(self, first: bool = False) -> Iterator[None]:
        """Hold the lock; whoever comes ``first`` waits for nobody of this process but who holds it now."""
        with self._line:
            self._first += first
            self._line.wait_for(lambda: not self._taken and (first or not self._first))
            self._first -= first
            self._taken = True
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            with self._line:
                self._taken = False
                self._line.notify_all()

    def close(self) -> None:
        os.close(self._descriptor)


class Database:
    """The store of one process.

    Args:
        url: ``sqlite:///path`` or ``postgresql+psycopg://…``.
        clock: gives the present moment; tests pass their own.
        threads: on PostgreSQL, how many units of work may run at once from the event loop.
    """

    def __init__(self, url: str, clock: Clock = utc_now, threads: int = 8) -> None:
        self.url = url
        self.clock = clock
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._listeners: list[Callable[[set[int]], None]] = []
        self._file_lock: _FileLock | None = None
        if self.is_sqlite:
            path = Path(make_url(url).database or "")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file_lock = _FileLock(path.with_name(path.name + ".lock"))
            self.engine = _sqlite_engine(url, "BEGIN IMMEDIATE", pool_size=1)
            self._read_engine = _sqlite_engine(url, "BEGIN", pool_size=4)
        else:
            # Hidden parameters: what customers say must not reach the logs inside an error.
            self.engine = create_engine(
                url, pool_size=threads, max_overflow=4, pool_pre_ping=True, hide_parameters=True
            )
            event.listen(self.engine, "connect", _prepare_postgresql)
            self._read_engine = self.engine
        self._writers = ThreadPoolExecutor(1 if self.is_sqlite else threads, "store-writer")
        self._first = ThreadPoolExecutor(1, "store-first")
        self._readers = ThreadPoolExecutor(4, "store-reader")

    @contextmanager
    def begin(self, first: bool = False) -> Iterator[UnitOfWork]:
        """A unit of work that may write.

        Args:
            first: stand in front of whoever else of this process waits for SQLite's writer.
        """
        with self._turn_in_line(first), Session(self.engine, expire_on_commit=False) as session:
            work = UnitOfWork(session, self._moment(session))
            yield work
        if work.committed and work.touched:
            for listener in self._listeners:
                listener(work.touched)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """A unit of work that only reads; a consistent picture that waits for no writer."""
        with Session(self._read_engine, expire_on_commit=False) as session:
            yield UnitOfWork(session, self._moment(session))

    @property
    def is_wanted(self) -> bool:
        """Whether :meth:`run_first` waits for SQLite's writer: whoever holds it should come to an end."""
        return self._file_lock is not None and self._file_lock.is_wanted

    async def run_first(self, function: Callable[..., R], *args: Any) -> R:
        """As :meth:`run`, but not behind whatever else this process is about to write: for what somebody waits for."""

        def call() -> R:
            with self.begin(first=True) as work:
                result = function(work, *args)
                work.commit()
                return result

        return await asyncio.get_running_loop().run_in_executor(self._first, call)

    async def run(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Call ``function(work, …)`` in one unit of work off the event loop, and commit when it returns.

        An error rolls back and is raised here.
        """

        def call() -> R:
            with self.begin() as work:
                result = function(work, *args, **kwargs)
                work.commit()
                return result

        return await asyncio.get_running_loop().run_in_executor(self._writers, call)

    async def read(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Call ``function(work, …)`` off the event loop in a unit of work that only reads."""

        def call() -> R:
            with self.reading() as work:
                return function(work, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    def on_commit(self, listener: Callable[[set[int]], None]) -> None:
        """Have ``listener`` told, in the committing thread, which conversations a commit of this process touched."""
        self._listeners.append(listener)

    def close(self) -> None:
        self._writers.shutdown()
        self._first.shutdown()
        self._readers.shutdown()
        self.engine.dispose()
        self._read_engine.dispose()
        if self._file_lock is not None:
            self._file_lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _moment(self, session: Session) -> datetime:
        """The present moment; on PostgreSQL the server's, since several machines compare leases, and clocks differ."""
        if self.is_sqlite or self.clock is not utc_now:
            return self.clock()
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)

    @contextmanager
    def _turn_in_line(self, first: bool) -> Iterator[None]:
        if self._file_lock is None:
            yield
        else:
            with self._file_lock.held(first):
                yield


def _prepare_postgresql(connection: Any, _: object) -> None:
    # Compiling a statement takes PostgreSQL a second, for lists that it then reads in a tenth of one.
    connection.execute("SET jit TO off")
    connection.commit()


def _sqlite_engine(url: str, begin: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=0 if pool_size == 1 else 8, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # The driver must not begin transactions by itself: it would begin deferred ones.
        connection.isolation_level = None
        # What is erased is overwritten, too; some builds of SQLite leave it in the file.
        for pragma in (
            "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "secure_delete=ON"
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
