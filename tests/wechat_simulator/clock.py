"""The simulator's time: it runs like the real one and can be moved ahead."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Real time plus what it was moved ahead."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, **span: float) -> None:
        """Move it ahead by ``timedelta(**span)``."""
        self._ahead += timedelta(**span)

    @property
    def ahead(self) -> timedelta:
        return self._ahead
