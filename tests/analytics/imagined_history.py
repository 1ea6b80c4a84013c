"""A store with a few weeks of complaints, small enough to be counted by hand."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from recovery import events
from recovery.events import CaseDimensions, OutcomeEvent
from store.database import Database
from store.tables import Case, Conversation, Customer, Identity, Message, Order, OrderIdentity
from store.tables.outcomes import OutcomeEventRow

# Nine in the morning in Shanghai on a Monday, so long ago that every window is over.
BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)


def place(category: str = "delivery", channel: str = "web") -> CaseDimensions:
    return CaseDimensions(category, "logistics", channel, "regular", "zh")


class Complaint:
    """One complaint on a day, and what became of it; hours count from when it was heard."""

    def __init__(self, number: int, day: int, where: CaseDimensions | None = None, hour: float = 0) -> None:
        self.number = f"AM-{number:04d}"
        self.where = where or place()
        self.heard = BEGIN + timedelta(days=day, hours=hour)
        at = self.heard
        self.events: list[OutcomeEvent] = [
            events.CaseOpened(**self._shared(0), heard_at=at, severity="medium", service_step="delivery"),
            events.CaseAcknowledged(**self._shared(1 / 360), due_at=at + timedelta(seconds=30)),
        ]

    def _shared(self, hours: float) -> dict[str, object]:
        return {"case_number": self.number, "at": self.heard + timedelta(hours=hours), "dimensions": self.where}

    def resolved(self, hours: float, limit: float = 24) -> "Complaint":
        due = self.heard + timedelta(hours=limit)
        self.events.append(events.CaseResolved(**self._shared(hours), due_at=due))  # type: ignore[arg-type]
        return self

    def rated(self, score: int, hours: float = 48, fair: tuple[int, int, int] | None = None) -> "Complaint":
        outcome, procedure, interaction = fair or (None, None, None)
        self.events.append(
            events.CaseRated(
                **self._shared(hours), score=score, outcome=outcome, procedure=procedure, interaction=interaction
            )  # type: ignore[arg-type]
        )
        return self

    def reopened(self, hours: float = 50) -> "Complaint":
        self.events.append(events.CaseReopened(**self._shared(hours)))  # type: ignore[arg-type]
        return self

    def withdrawn(self, hours: float) -> "Complaint":
        self.events.append(events.CaseWithdrawn(**self._shared(hours)))  # type: ignore[arg-type]
        return self

    def merged(self, into: str) -> "Complaint":
        self.events.append(events.CaseMerged(**self._shared(1), into=into))  # type: ignore[arg-type]
        return self

    def paid(self, amount: int, reference: str, back: bool = False) -> "Complaint":
        values = {"remedy": "refund", "amount_minor": amount, "currency": "CNY", "reference": reference}
        self.events.append(events.RemedyExecuted(**self._shared(2), **values))  # type: ignore[arg-type]
        if back:
            self.events.append(events.RemedyReversed(**self._shared(3), **values))  # type: ignore[arg-type]
        return self

    def broke_a_promise(self) -> "Complaint":
        self.events.append(
            events.PromiseSettled(**self._shared(5), promise=self.number, kept=False)  # type: ignore[arg-type]
        )
        return self

    def about_handling_of(self, first: "Complaint") -> "Complaint":
        self.events.append(
            events.HandlingComplained(**self._shared(0), first_case=first.number)  # type: ignore[arg-type]
        )
        return self


def keep(database: Database, complaints: Iterable[Complaint]) -> None:
    """Record what happened, as it was recorded then."""
    rows = [
        {
            "key": event.key,
            "kind": event.kind,
            "case_number": event.case_number,
            "at": event.at,
            "dimensions": asdict(event.dimensions),
            "details": event.details(),
            "counted": False,
        }
        for complaint in complaints
        for event in complaint.events
    ]
    with database.begin() as work:
        work.session.execute(insert(OutcomeEventRow), rows)
        work.commit()


def keep_case(
    database: Database,
    complaint: Complaint,
    customer: str,
    first_response: float | None = None,
    limit: float = 4,
    words: str | None = None,
) -> None:
    """The case itself, of a customer on the web, and what they wrote; hours as for the complaint."""
    with database.begin() as work:
        session = work.session
        identity = session.query(Identity).filter_by(channel="web", external_id=customer).one_or_none()
        if identity is None:
            person = Customer(public_id=f"public-{customer}", tier="vip", created_at=complaint.heard)
            identity = Identity(customer=person, channel="web", external_id=customer)
            session.add_all([person, identity])
            session.flush()
            session.add(Conversation(identity_id=identity.id, channel_label="web", created_at=complaint.heard))
            session.flush()
        conversation = session.query(Conversation).filter_by(identity_id=identity.id).one()
        answered = None if first_response is None else complaint.heard + timedelta(hours=first_response)
        case = Case(
            number=complaint.number, customer_id=identity.customer_id, conversation_id=conversation.id,
            language="zh", channel="web", tier="vip", failure_type="other_core", dimension="outcome",
            severity="medium", emotion=0, department="logistics", opened_at=complaint.heard,
            categories=[complaint.where.category],
            first_response_due=complaint.heard + timedelta(hours=limit), first_response_at=answered,
            resolution_due=complaint.heard + timedelta(hours=24),
        )  # fmt: skip
        session.add(case)
        if words is not None:
            session.flush()
            conversation.last_number += 1
            session.add(
                Message(
                    conversation_id=conversation.id, number=conversation.last_number, direction="in",
                    author="customer", text=words, case_id=case.id, at=complaint.heard,
                )
            )  # fmt: skip
        work.commit()


def bought(database: Database, customer: str, *days: float) -> None:
    """Orders of a customer on the web, by days after the beginning."""
    with database.begin() as work:
        for at in days:
            number = f"{customer}-{at:g}"
            work.session.add(
                Order(
                    number=number, placed_at=BEGIN + timedelta(days=at), total=100, currency="CNY", items=[],
                    status="done", updated_at=BEGIN, identities=[OrderIdentity(identity=f"web:{customer}")],
                )
            )  # fmt: skip
        work.commit()
