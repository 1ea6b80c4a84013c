"""Cases as tests imagine them: short ways to write their events, and to record them as the product does."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from recovery import events
from recovery.events import CaseDimensions, OutcomeEvent
from store.database import UnitOfWork
from store.tables.outcomes import OutcomeEventRow

SHANGHAI = ZoneInfo("Asia/Shanghai")

# Noon in Shanghai on a Thursday.
NOON = datetime(2026, 10, 1, 4, tzinfo=UTC)
DELIVERY = CaseDimensions("delivery", "logistics", "web", "regular", "zh")
QUALITY = CaseDimensions("product_quality", "after_sales", "rest", "vip", "en")


class ImaginedCase:
    """Writes events of one case; times are minutes after noon."""

    def __init__(self, number: str = "AM-2222-2222", dimensions: CaseDimensions = DELIVERY) -> None:
        self.number = number
        self.dimensions = dimensions

    def opened(self, minute: float = 0, step: str = "delivery") -> OutcomeEvent:
        at = _after(minute)
        return events.CaseOpened(**self._shared(at), heard_at=at, severity="medium", service_step=step)

    def anticipated(self, minute: float = 0) -> OutcomeEvent:
        return events.CaseAnticipated(**self._shared(_after(minute)), origin="guarantee")

    def acknowledged(self, minute: float = 0, due: float = 1) -> OutcomeEvent:
        return events.CaseAcknowledged(**self._shared(_after(minute)), due_at=_after(due))

    def judged(self, valid: bool, minute: float = 5, step: str = "delivery") -> OutcomeEvent:
        return events.CaseJudged(**self._shared(_after(minute)), valid=valid, service_step=step)

    def reassessed(self, minute: float = 4, step: str = "delivery") -> OutcomeEvent:
        return events.CaseReassessed(**self._shared(_after(minute)), service_step=step)

    def corrected(self, minute: float = 6, step: str = "delivery") -> OutcomeEvent:
        return events.AssessmentCorrected(**self._shared(_after(minute)), service_step=step)

    def answered(self, accepted: bool, minute: float = 10, offer_round: int = 1) -> OutcomeEvent:
        return events.OfferAnswered(**self._shared(_after(minute)), accepted=accepted, round=offer_round)

    def promise(self, kept: bool, minute: float = 20, promise: str = "p1") -> OutcomeEvent:
        return events.PromiseSettled(**self._shared(_after(minute)), promise=promise, kept=kept)

    def resolved(self, minute: float = 30, due: float = 120) -> OutcomeEvent:
        return events.CaseResolved(**self._shared(_after(minute)), due_at=_after(due))

    def reopened(self, minute: float = 60) -> OutcomeEvent:
        return events.CaseReopened(**self._shared(_after(minute)))

    def rated(self, score: int, minute: float = 90) -> OutcomeEvent:
        return events.CaseRated(**self._shared(_after(minute)), score=score)

    def withdrawn(self, minute: float = 15) -> OutcomeEvent:
        return events.CaseWithdrawn(**self._shared(_after(minute)))

    def undone(self, minute: float = 7, step: str = "delivery") -> OutcomeEvent:
        return events.CorrectionUndone(**self._shared(_after(minute)), service_step=step)

    def merged(self, minute: float = 15, into: str = "AM-3333-3333") -> OutcomeEvent:
        return events.CaseMerged(**self._shared(_after(minute)), into=into)

    def unmerged(self, minute: float = 16) -> OutcomeEvent:
        return events.CaseUnmerged(**self._shared(_after(minute)))

    def closed(self, minute: float = 100) -> OutcomeEvent:
        return events.CaseClosed(**self._shared(_after(minute)))

    def made_whole(self, score: int = 5) -> list[OutcomeEvent]:
        """All that happens to a case that goes well."""
        return [
            self.opened(),
            self.acknowledged(),
            self.answered(True),
            self.promise(True),
            self.resolved(),
            self.rated(score),
            self.closed(),
        ]

    def _shared(self, at: datetime) -> dict[str, Any]:
        return {"case_number": self.number, "at": at, "dimensions": self.dimensions}


def record(work: UnitOfWork, recorded: Iterable[OutcomeEvent]) -> None:
    """Record events once for their key, as the product does."""
    for event in recorded:
        if work.session.scalar(select(OutcomeEventRow.id).where(OutcomeEventRow.key == event.key)) is None:
            work.session.add(
                OutcomeEventRow(
                    key=event.key,
                    kind=event.kind,
                    case_number=event.case_number,
                    at=event.at,
                    dimensions=asdict(event.dimensions),
                    details=event.details(),
                )
            )
    work.session.flush()


def _after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)
