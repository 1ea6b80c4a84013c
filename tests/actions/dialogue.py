"""How the tests of whole dialogues play the shop, its customers and the bot that reads them; Rasa is not needed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from actions.commands.catalogue import command_for
from actions.connectors.refunds import RefundTwin
from actions.connectors.shipments import ShipmentTwin
from actions.connectors.systems import Connectors
from actions.connectors.vouchers import VoucherTwin
from actions.conversations import Address, receive
from actions.due import fire
from actions.firm import Firm
from actions.turns import TurnKey, take_turn
from actions.understanding import read_understanding
from store.database import Database
from store.tables import (
    Case,
    Conversation,
    Identity,
    InboxRow,
    Message,
    Offer,
    Order,
    OrderIdentity,
    OutcomeEventRow,
    Staff,
    Timer,
)
from store.tables.base import Base
from tests.conftest import Clock

R = TypeVar("R")
Row = TypeVar("Row", bound=Base)


class Shop:
    """The firm: its store, its other systems, its people."""

    def __init__(self, database: Database, firm: Firm, clock: Clock) -> None:
        self.database, self.firm, self.clock = database, firm, clock
        self.refunds = RefundTwin(database)
        self.vouchers = VoucherTwin(database, firm.file.voucher_valid)
        self.shipments = ShipmentTwin(database)

    @property
    def connectors(self) -> Connectors:
        return Connectors(self.refunds, self.vouchers, self.shipments)

    def sells(
        self, number: str, total: int, to: str | None = None, phone_last4: str | None = None, currency: str = "CNY"
    ) -> str:
        """An order of ``total`` minor units; ``to`` is the identity that the merchant lists it with."""
        with self.database.begin() as work:
            work.session.add(
                Order(
                    number=number,
                    phone_last4=phone_last4,
                    placed_at=work.now - timedelta(days=3),
                    total=total,
                    currency=currency,
                    items=[],
                    status="delivered",
                    updated_at=work.now,
                    identities=[OrderIdentity(identity=to)] if to else [],
                )
            )
            work.commit()
        return number

    def hires(self, login: str, role: str) -> Staff:
        with self.database.begin() as work:
            person = Staff(login=login, name=login.title(), role=role, password_digest="-", created_at=work.now)
            work.session.add(person)
            work.commit()
        return person

    def does(self, deed: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Something staff do, in one unit of work."""
        with self.database.begin() as work:
            result = deed(work, *args, **kwargs)
            work.commit()
            return result

    def fires_due(self) -> None:
        """Fire what is due by now, the oldest first, until nothing is left."""
        while True:
            with self.database.reading() as work:
                due = select(Timer.id).where(Timer.state == "open", Timer.due_at <= self.clock.now)
                timer = work.session.scalars(due.order_by(Timer.due_at, Timer.id)).first()
            if timer is None:
                return
            fire(self.database, self.firm, self.connectors, timer)

    def waits(self, **span: float) -> None:
        """Time passes, and what is due happens."""
        self.clock.advance(**span)
        self.fires_due()

    def all(self, table: type[Row]) -> Sequence[Row]:
        with self.database.reading() as work:
            rows = work.session.scalars(select(table)).all()
            return sorted(rows, key=lambda row: str(getattr(row, "id", "")).zfill(9))

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The details of the outcome events of a kind, as recorded."""
        return [row.details for row in self.all(OutcomeEventRow) if row.kind == kind]


_WORDS = {
    "zh": {
        "complain": "快递晚了三天还没到",
        "order": "订单号是",
        "digits": "后四位",
        "yes": "好的",
        "no": "都不要",
        "person": "转人工",
        "status": "我的投诉怎么样了",
        "withdraw": "算了,不投诉了",
        "insult": "你个废物",
        "mumble": "嗯唔呃",
        "neither": "都不是",
        "greet": "你好",
        "rate": "分",
    },
    "en": {
        "complain": "My parcel is three days late",
        "order": "The order is",
        "digits": "It ends in",
        "yes": "Yes",
        "no": "None of these",
        "person": "Let me speak to a person",
        "status": "Where is my complaint?",
        "withdraw": "Never mind, forget it",
        "insult": "You useless piece of junk",
        "mumble": "mmh uhm",
        "neither": "Neither",
        "greet": "Hello",
        "rate": "points",
    },
}


class Customer:
    """Somebody who writes, in one language, and is understood as the test says."""

    def __init__(self, shop: Shop, name: str, language: str = "zh") -> None:
        self.shop, self.language = shop, language
        self.address = Address("rest", name)
        self._written = 0

    # --- what they do ------------------------------------------------------------------------------------------------

    def types(self, text: str) -> str:
        """Write, without being answered yet; the inbox id."""
        self._written += 1
        with self.shop.database.begin() as work:
            received = receive(work, self.address, text, f"{self.address.external_id}-{self._written}")
            work.commit()
        return received.inbox_id

    def is_answered(
        self,
        inbox_id: str,
        action: str,
        *,
        categories: Sequence[str] = (),
        emotion: int = 0,
        risk: Sequence[str] = (),
        hand_over: str | None = None,
        nearest: Sequence[str] = ("any",),
        read: dict[str, Any] | None = None,
        **facts: Any,
    ) -> str:
        """The bot reads a message so and takes its turn; what it says, empty where it is silent.

        Args:
            read: more keys of the understanding.
        """
        with self.shop.database.begin() as work:
            row = work.session.get_one(InboxRow, inbox_id)
            if row.state == "done":
                return ""
            understanding = read_understanding(
                {
                    "language": self.language,
                    "script": "hans" if self.language == "zh" else "latin",
                    "text": row.text,
                    "sure": action != "action_catch_all",
                    "readings": [{"intent": intent, "confidence": 0.3} for intent in nearest],
                    "categories": [{"key": key, "confidence": 0.9, "words": []} for key in categories],
                    "emotion": {"level": emotion, "words": []},
                    "risk": [{"key": key, "words": []} for key in risk],
                    "facts": facts,
                    "hand_over": {"reason": hand_over, "words": []} if hand_over else None,
                    **(read or {}),
                }
            )
            fence = work.session.get_one(Conversation, row.conversation_id).fence
            take_turn(work, self.shop.firm, TurnKey(inbox_id, fence), action, understanding, command_for(action))
            work.commit()
        with self.shop.database.reading() as work:
            said = select(Message.text).where(Message.inbox_id == inbox_id, Message.direction == "out")
            return "\n".join(work.session.scalars(said.order_by(Message.number)))

    def writes(self, action: str, text: str, **understood: Any) -> str:
        """Write and be answered; then what is due at once happens, and a little time passes."""
        answer = self.is_answered(self.types(text), action, **understood)
        self.shop.fires_due()
        self.shop.clock.advance(seconds=20)
        return answer

    def _says(self, words: str, action: str, text: str | None = None, **understood: Any) -> str:
        return self.writes(action, text or _WORDS[self.language][words], **understood)

    def complains(self, *categories: str, text: str | None = None, **understood: Any) -> str:
        return self._says(
            "complain", "action_hear_complaint", text, categories=categories, **({"emotion": 1} | understood)
        )

    def gives_order(self, number: str) -> str:
        text = f"{_WORDS[self.language]['order']} {number}"
        return self.writes("action_record_fact", text, order_number=number)

    def gives_digits(self, digits: str) -> str:
        return self.writes("action_record_fact", f"{_WORDS[self.language]['digits']} {digits}", phone_last4=digits)

    def chooses(self, number: int) -> str:
        return self.writes("action_accept_offer", str(number), choice=number)

    def chooses_by_name(self, kind: str, text: str) -> str:
        return self.writes("action_accept_offer", text, wished_remedy=kind)

    def wishes(self, text: str, kind: str | None = None) -> str:
        facts = {"wished_remedy": kind} if kind else {}
        return self.writes("action_record_wish", text, **facts)

    def says_yes(self) -> str:
        return self._says("yes", "action_affirm")

    def says_no(self) -> str:
        return self._says("no", "action_deny")

    def asks_for_a_person(self, *categories: str, reason: str | None = "asked", **understood: Any) -> str:
        return self._says("person", "action_request_person", categories=categories, hand_over=reason, **understood)

    def asks_for_status(self) -> str:
        return self._says("status", "action_case_status")

    def withdraws(self) -> str:
        return self._says("withdraw", "action_withdraw")

    def rates(self, score: int) -> str:
        text = f"{score} {_WORDS[self.language]['rate']}"
        return self.writes("action_record_rating", text, rating=score)

    def insults(self) -> str:
        return self._says("insult", "action_answer_abuse", emotion=3, risk=["abuse"])

    def mumbles(self, *nearest: str, text: str | None = None, **understood: Any) -> str:
        """Something that could be read as the ``nearest`` intents, if as any."""
        return self._says("mumble", "action_catch_all", text, nearest=nearest, **understood)

    def means_neither(self) -> str:
        return self._says("neither", "action_deny")

    def greets(self) -> str:
        return self._says("greet", "action_greet")

    # --- what one can see of them ------------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        with self.shop.database.reading() as work:
            statement = select(Conversation).join(Identity, Conversation.identity_id == Identity.id)
            return work.session.scalars(statement.where(Identity.external_id == self.address.external_id)).one()

    @property
    def control(self) -> str:
        return self.conversation.control

    @property
    def awaited(self) -> str | None:
        awaited = self.conversation.awaited
        return awaited["kind"] if awaited else None

    @property
    def cases(self) -> list[Case]:
        """Their cases, oldest first, with all that belongs to them."""
        mine = self.conversation.id
        with self.shop.database.reading() as work:
            found = list(work.session.scalars(select(Case).where(Case.conversation_id == mine).order_by(Case.id)))
            for case in found:
                for belonging in (case.facts, case.offers, case.remedies, case.promises, case.ratings, case.hand_overs):
                    len(belonging)
            return found

    @property
    def case(self) -> Case:
        """Their only case."""
        (case,) = self.cases
        return case

    @property
    def reasons(self) -> list[str]:
        """Why they were handed over, in order."""
        return [hand_over.reason for hand_over in self.case.hand_overs]

    @property
    def choices(self) -> list[Offer]:
        """What is on offer to them now, as shown."""
        return [offer for offer in self.cases[-1].offers if offer.state == "open"]

    @property
    def was_told(self) -> list[str]:
        """All they were told, in order."""
        mine = self.conversation.id
        with self.shop.database.reading() as work:
            said = select(Message.text).where(Message.conversation_id == mine, Message.direction == "out")
            return list(work.session.scalars(said.order_by(Message.number)))

    @property
    def buttons(self) -> list[dict[str, str]]:
        """The quick replies under what they were told last."""
        mine = self.conversation.id
        with self.shop.database.reading() as work:
            said = select(Message).where(Message.conversation_id == mine, Message.direction == "out")
            return list(work.session.scalars(said.order_by(Message.number)).all()[-1].buttons)

    def words(self, key: str, **values: Any) -> str:
        """A reply of the firm's catalogue in their language."""
        return self.shop.firm.words.render(self.language, key, **values)
