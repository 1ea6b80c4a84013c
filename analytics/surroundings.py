"""What an answer needs to know beside the question: the firm's own files, and how much time there is."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from store.blueprint import Blueprint, read_blueprint
from store.calendar import WorkingCalendar, read_calendar
from store.database import UnitOfWork

# SQLite asks after so many steps of its machine whether to go on: a few milliseconds.
_STEPS = 100_000


class TookTooLong(Exception):
    """The answer was not ready in the time there was; the message says what to do."""


@dataclass(frozen=True)
class Surroundings:
    """The firm, and the patience of who asks.

    Attributes:
        zone: the firm's, in which days are counted.
        folder: of the firm's files; each is read when it is first needed.
        seconds: after which an answer is given up; None for never.
        progress: told how many cases have been read, where that is long.
        stopped: set by who no longer wants the answer.
    """

    zone: ZoneInfo
    folder: Path
    seconds: float | None = None
    progress: Callable[[int], None] | None = None
    stopped: threading.Event = field(default_factory=threading.Event)
    _began: float = field(default_factory=time.monotonic)

    @cached_property
    def blueprint(self) -> Blueprint:
        return read_blueprint(self.folder)

    @cached_property
    def public_days(self) -> WorkingCalendar:
        return read_calendar(self.folder)

    @property
    def over(self) -> bool:
        return self.stopped.is_set() or (self.seconds is not None and time.monotonic() - self._began > self.seconds)

    def go_on(self, cases: int | None = None) -> None:
        """Say how far it is, and see whether there is time left.

        Raises:
            TookTooLong: there is not.
        """
        if self.over:
            raise TookTooLong(f"this took longer than {self.seconds or 0:g} seconds: ask for a shorter period")
        if self.progress is not None and cases is not None:
            self.progress(cases)

    @contextmanager
    def limiting(self, work: UnitOfWork) -> Iterator[None]:
        """Have the database itself give up when the time is over.

        Raises:
            TookTooLong: it did.
        """
        if self.seconds is None:
            yield
            return
        connection = work.session.connection()
        driver = connection.connection.driver_connection
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            assert driver is not None
            driver.set_progress_handler(lambda: int(self.over), _STEPS)
        else:
            left = max(1, int(1000 * (self.seconds - (time.monotonic() - self._began))))
            connection.execute(text(f"SET LOCAL statement_timeout = {left}"))
        try:
            yield
        except OperationalError:
            self.go_on()
            raise
        finally:
            if sqlite and driver is not None:
                driver.set_progress_handler(None, 0)
