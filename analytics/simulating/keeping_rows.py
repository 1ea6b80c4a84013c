"""A made-up life as the rows that the service would have left of it, cut where the history ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from analytics.simulating.lives import Life, Offered
from analytics.simulating.outcomes import events_of
from analytics.simulating.people import Bought, Person, Random, hexadecimal
from analytics.simulating.sheets import Row, Sheets
from analytics.simulating.words import Texts, texts
from recovery.case_states import CaseState, Transition
from recovery.events import OutcomeEvent
from recovery.failures import Category, read_failure
from store.indexing import case_words, who_words
from store.tables import (
    Assessment,
    Case,
    CaseTransition,
    Conversation,
    Customer,
    Fact,
    HandOver,
    Identity,
    Message,
    Offer,
    Order,
    OrderIdentity,
    Promise,
    Rating,
    Remedy,
)

_APPROVED_BY = "simulation"
_ASKED_AFTER = timedelta(hours=24)


def keep_person(sheets: Sheets, person: Person) -> None:
    """Rows of a customer who writes for the first time."""
    sheets.add(Customer, public_id=person.public_id, tier=person.tier, created_at=person.since)
    sheets.add(Identity, customer_id=person.number, channel=person.channel, external_id=person.external_id)
    sheets.add(
        Conversation,
        public_id=person.conversation,
        identity_id=person.number,
        channel_label=person.label,
        language=person.language,
        introduced=True,
        created_at=person.since,
    )
    sheets.find_by(person.number, "who", person.number, who_words(person.channel, person.external_id, None, None))


def keep_order(sheets: Sheets, person: Person, bought: Bought, currency: str, late: bool = False) -> None:
    """Rows of an order."""
    promised = bought.placed_at + timedelta(days=4)
    sheets.add(
        Order,
        number=bought.number,
        phone_last4=None,
        placed_at=bought.placed_at,
        promised_at=promised,
        delivered_at=promised + (timedelta(days=2) if late else timedelta(hours=-20)),
        total=bought.total,
        currency=currency,
        items=[{"name": bought.item, "quantity": 1, "price": bought.total}],
        status="delivered",
        updated_at=promised,
    )
    sheets.add(OrderIdentity, order_number=bought.number, identity=person.identity)


class CaseRows:
    """Writes lives down as cases.

    Attributes:
        focus: the latest case of each conversation, and since when it waits in the queue.
    """

    def __init__(self, sheets: Sheets, random: Random, currency: str, end: datetime) -> None:
        self._sheets, self._random, self._currency, self._end = sheets, random, currency, end
        self._ids: dict[str, int] = {}
        self.focus: dict[int, Row] = {}

    def keep(self, life: Life) -> list[Row]:
        """Rows of a case and all that belongs to it.

        Returns:
            Rows of its outcome events, which are written when their time has come.
        """
        case = self._case(life)
        self._ids[life.number] = case
        self._offers(life, case)
        promise = self._promise(life, case)
        reference = f"R{self._random.integers(10**9, 10**10)}"
        if life.executed_at and life.executed_at < self._end:
            self._remedy(life, case, reference)
        self._rating(life, case)
        self._facts(life, case)
        self._talk(life, case)
        for row in self._transitions(life):
            self._sheets.add(CaseTransition, case_id=case, **row)
        found = events_of(life, self._currency, promise, reference)
        return [event_row(event) for event in found if event.at < self._end]

    def _past(self, moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment < self._end else None

    def _state(self, life: Life) -> CaseState:
        if self._past(life.withdrawn_at):
            return CaseState.WITHDRAWN
        if self._past(life.closed_at):
            return CaseState.CLOSED
        if self._past(life.reopened_at) and not self._past(life.resolved_again_at):
            return CaseState.OPEN
        if self._past(life.resolved_at):
            return CaseState.RESOLVED
        if self._past(life.handed_over_at):
            return CaseState.WITH_STAFF
        return CaseState.OFFERED if life.offers and life.offers[0].at < self._end else CaseState.OPEN

    def _case(self, life: Life) -> int:
        known = life.before is None or self._past(life.corrected_at) is not None
        category, step, where = (
            (life.category, life.step, life.dimensions) if known or life.before is None else life.before
        )
        failure, dimension = read_failure([Category(category)])
        resolved = self._past(life.resolved_again_at) or self._past(life.resolved_at)
        reopened = self._past(life.reopened_at)
        if reopened and not self._past(life.resolved_again_at):
            resolved = None
        asked = life.resolved_at + _ASKED_AFTER if life.resolved_at else None
        person = life.person
        case = self._sheets.add(
            Case,
            number=life.number,
            customer_id=person.number,
            conversation_id=person.number,
            linked_case_id=self._ids.get(life.about.number) if life.about else None,
            about_handling=life.about is not None,
            state=self._state(life),
            language=person.language,
            channel=person.label,
            tier=person.tier,
            categories=[category],
            failure_type=failure,
            dimension=dimension,
            severity=life.severity,
            emotion=life.emotion,
            department=where.department,
            service_step=step,
            valid=life.valid if self._past(life.judged_at) else None,
            order_proved=life.order is not None,
            offer_round=sum(offer.at < self._end for offer in life.offers),
            opened_at=life.opened_at,
            acknowledged_at=self._past(life.acknowledged_at),
            first_response_due=life.answer_due,
            first_response_at=self._past(life.answered_at),
            resolution_due=life.resolution_due,
            resolved_at=resolved,
            closed_at=self._past(life.closed_at) or self._past(life.withdrawn_at),
            follow_up_asked_at=self._past(asked),
        )
        self._sheets.find_by(person.number, "case", case, case_words(life.number))
        self._sheets.add(
            Assessment,
            case_id=case,
            by="bot",
            categories=[(life.before or (life.category,))[0]],
            emotion=life.emotion,
            risks=[],
            words={},
            at=life.opened_at,
        )
        waits = self._past(life.handed_over_at) is not None and self._state(life) == CaseState.WITH_STAFF
        self.focus[person.number] = {
            "row": person.number,
            "focus_case_id": case,
            "control": "queued" if waits else "bot",
            "queued_at": life.handed_over_at if waits else None,
            "department": life.dimensions.department if waits else None,
        }
        return case

    def _offers(self, life: Life, case: int) -> None:
        for round_, offer in enumerate(life.offers, 1):
            if offer.at >= self._end:
                continue
            answered = self._past(offer.answered_at)
            # Cut between an answer and its remedy it would be owed, and nobody would ever carry it out.
            if offer.accepted and not self._past(life.executed_at):
                answered = None
            self._sheets.add(
                Offer,
                case_id=case,
                round=round_,
                position=1,
                remedies=[self._remedy_json(offer)],
                cost=offer.cost,
                currency=self._currency,
                authority="agent" if life.by_person else "bot",
                state="open" if answered is None else "accepted" if offer.accepted else "declined",
                rule="simulated",
                approved_by=_APPROVED_BY,
                reason="",
                public_id=hexadecimal(self._random),
                made_at=offer.at,
                answered_at=answered,
            )
            self._last_offer = self._sheets.last(Offer)

    def _remedy_json(self, offer: Offered) -> Row:
        return {"kind": offer.kind, "amount": offer.amount or None, "currency": self._currency}

    def _remedy(self, life: Life, case: int, reference: str) -> None:
        given = life.offers[-1]
        self._sheets.add(
            Remedy,
            case_id=case,
            offer_id=self._last_offer,
            kind=given.kind,
            amount=given.amount,
            currency=self._currency,
            order_number=life.order.number if life.order else None,
            state="executed",
            idempotency_key=hexadecimal(self._random),
            reference=reference,
            intended_at=given.answered_at,
            executed_at=life.executed_at,
        )

    def _promise(self, life: Life, case: int) -> str:
        public_id = hexadecimal(self._random)
        if life.promise_due is None or life.answered_at is None or life.answered_at >= self._end:
            return public_id
        settled = self._past(life.promise_settled_at)
        self._sheets.add(
            Promise,
            public_id=public_id,
            conversation_id=life.person.number,
            case_id=case,
            kind="call_back",
            text="",
            due_at=life.promise_due,
            state="open" if settled is None else "kept" if life.promise_kept else "broken",
            made_at=life.answered_at,
            settled_at=settled,
            made_by="simulation",
        )
        return public_id

    def _rating(self, life: Life, case: int) -> None:
        at = self._past(life.rated_at)
        if at is None:
            return
        outcome, procedure, interaction = life.fairness or (None, None, None)
        self._sheets.add(
            Rating,
            case_id=case,
            score=life.score,
            outcome=outcome,
            procedure=procedure,
            interaction=interaction,
            asked=True,
            at=at,
        )

    def _facts(self, life: Life, case: int) -> None:
        told = {"happening": life.words}
        if life.order:
            told["order_number"] = life.order.number
        for key, value in told.items():
            self._sheets.add(Fact, case_id=case, key=key, value=value, at=life.opened_at)
        if (at := self._past(life.handed_over_at)) is not None:
            self._sheets.add(
                HandOver,
                conversation_id=life.person.number,
                case_id=case,
                reason="offers_declined" if life.offers and life.offers[0].answered_at <= at else "asked",
                by="bot",
                at=at,
                taken_at=self._past(life.answered_at),
                ended_at=self._past(life.resolved_at),
            )

    def _talk(self, life: Life, case: int) -> None:
        for at, author, said in sorted(_said(life, texts(life.person.language)), key=lambda one: one[0]):
            if at >= self._end:
                return
            life.person.messages += 1
            message = self._sheets.add(
                Message,
                conversation_id=life.person.number,
                number=life.person.messages,
                direction="in" if author == "customer" else "out",
                author=author,
                text=said,
                case_id=case,
                at=at,
            )
            self._sheets.find_by(life.person.number, "message", message, said)

    def _transitions(self, life: Life) -> Iterator[Row]:
        moves: list[tuple[datetime, Transition, CaseState]] = []
        for offer in life.offers:
            moves.append((offer.at, Transition.OFFER, CaseState.OFFERED))
            if not offer.accepted:
                moves.append((offer.answered_at, Transition.DECLINE, CaseState.OPEN))
            elif self._past(life.executed_at):
                moves.append((offer.answered_at, Transition.ACCEPT, CaseState.REMEDYING))
        for at, transition, state in (
            (life.handed_over_at, Transition.HAND_OVER, CaseState.WITH_STAFF),
            (life.resolved_at, Transition.RESOLVE, CaseState.RESOLVED),
            (life.reopened_at, Transition.REOPEN, CaseState.OPEN),
            (life.resolved_again_at, Transition.RESOLVE, CaseState.RESOLVED),
            (life.withdrawn_at, Transition.WITHDRAW, CaseState.WITHDRAWN),
            (life.closed_at, Transition.CLOSE, CaseState.CLOSED),
        ):
            if at is not None:
                moves.append((at, transition, state))
        before: CaseState = CaseState.OPEN
        for at, transition, state in sorted(moves, key=lambda move: move[0]):
            if at < self._end:
                by = "simulation" if life.by_person else "bot"
                yield {"transition": transition, "from_state": before, "to_state": state, "by": by, "at": at}
                before = state


def _said(life: Life, words: Texts) -> Iterator[tuple[datetime, str, str]]:
    said, pick = words.said, life.opened_at.microsecond
    yield life.heard_at, "customer", life.words
    yield life.acknowledged_at, "bot", said.acknowledged.format(case=life.number)
    if life.answered_at:
        yield life.answered_at, "staff", said.person
    for offer in life.offers:
        amount = f"{offer.amount / 100:.2f}"
        remedy = words.remedies[offer.kind].format(amount=amount)
        yield offer.at, "staff" if life.by_person else "bot", said.offered.format(remedy=remedy)
        answers = said.accepted if offer.accepted else said.declined
        yield offer.answered_at, "customer", answers[pick % len(answers)]
    if life.resolved_at:
        yield life.resolved_at, "staff" if life.by_person else "bot", said.resolved
    if life.rated_at and life.resolved_at:
        yield life.resolved_at + _ASKED_AFTER, "bot", said.asked
        yield life.rated_at, "customer", str(life.score)


def event_row(event: OutcomeEvent) -> Row:
    """An outcome event as its table has it; not counted yet."""
    where = event.dimensions
    return {
        "key": event.key,
        "kind": event.kind,
        "case_number": event.case_number,
        "at": event.at,
        "dimensions": {
            "category": where.category,
            "department": where.department,
            "channel": where.channel,
            "tier": where.tier,
            "language": where.language,
        },
        "details": event.details(),
        "counted": False,
    }
