"""How the tests of the turn protocol play a customer, a worker and the bot."""

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from actions.commands.catalogue import command_for
from actions.connectors.refunds import RefundTwin
from actions.connectors.shipments import ShipmentTwin
from actions.connectors.systems import Connectors
from actions.connectors.vouchers import VoucherTwin
from actions.conversations import Address, Received, receive
from actions.due import fire
from actions.firm import Firm
from actions.timers import TimerKind
from actions.turns import TurnKey, take_turn
from actions.understanding import read_understanding
from desk.hub import Hub
from desk.rasa import RasaMessage
from desk.workers.inbox import InboxWorker
from desk.workers.leases import Lease, claim, settle
from store.database import Database
from store.tables import (
    Conversation,
    Message,
    Order,
    OrderIdentity,
    Staff,
    Timer,
)

WANG = Address("rest", "wang")
ORDER = "202611120007"


def hears(database: Database, text: str, key: str | None = None, who: Address = WANG) -> Received:
    """A message of the customer arrives."""
    with database.begin() as work:
        received = receive(work, who, text, key or f"key of {text} {work.now}")
        work.commit()
        return received


def leases(database: Database, owner: str = "worker one") -> Lease:
    """A worker takes the oldest waiting message."""
    with database.begin() as work:
        lease = claim(work, owner)
        work.commit()
    assert lease is not None
    return lease


def acts(
    database: Database,
    firm: Firm,
    lease: Lease,
    action: str = "action_hear_complaint",
    **understood: object,
) -> bool:
    """The bot's action for a lease, as the action server would run it."""
    categories = [{"key": key, "confidence": 0.9} for key in understood.pop("categories", ["delivery"])]  # type: ignore[attr-defined]
    reading = read_understanding({"language": "zh", "text": lease.text, "categories": categories, **understood})
    with database.begin() as work:
        answered = take_turn(work, firm, TurnKey(lease.inbox_id, lease.fence), action, reading, command_for(action))
        work.commit()
        return answered


def settles(database: Database, lease: Lease, reached: bool = True) -> str:
    with database.begin() as work:
        outcome = settle(work, lease, reached)
        work.commit()
        return outcome


def count(database: Database, table: type) -> int:
    with database.reading() as work:
        return work.session.scalar(select(func.count()).select_from(table)) or 0


def said_to(database: Database, who: Address = WANG) -> list[str]:
    """What the customer was told, in order."""
    with database.reading() as work:
        return list(
            work.session.scalars(select(Message.text).where(Message.direction == "out").order_by(Message.number))
        )


def conversation(database: Database) -> Conversation:
    with database.reading() as work:
        return work.session.scalars(select(Conversation)).one()


def alice(database: Database) -> Staff:
    with database.begin() as work:
        person = Staff(login="alice", name="Alice", role="agent", password_digest="-", created_at=work.now)
        work.session.add(person)
        work.commit()
        return person


def connectors(database: Database) -> Connectors:
    return Connectors(RefundTwin(database), VoucherTwin(database, timedelta(days=90)), ShipmentTwin(database))


def fires(database: Database, firm: Firm, kind: TimerKind) -> None:
    """All open timers of a kind fire."""
    with database.reading() as work:
        ids = list(work.session.scalars(select(Timer.id).where(Timer.kind == kind, Timer.state == "open")))
    for timer_id in ids:
        fire(database, firm, connectors(database), timer_id)


def with_order(database: Database) -> None:
    with database.begin() as work:
        work.session.add(
            Order(
                number=ORDER,
                placed_at=work.now,
                total=30000,
                currency="CNY",
                items=[],
                status="delivered",
                updated_at=work.now,
                identities=[OrderIdentity(identity=WANG.public)],
            )
        )
        work.commit()


def with_offer(database: Database, firm: Firm) -> None:
    """The customer complained about a late order and has choices before them."""
    with_order(database)
    hears(database, f"订单{ORDER}迟到两天")
    lease = leases(database)
    acts(database, firm, lease, facts={"order_number": ORDER})
    assert settles(database, lease) == "done"
    awaited = conversation(database).awaited
    assert awaited is not None and awaited["kind"] == "offer"


def accepts_refund(database: Database, firm: Firm) -> None:
    with_offer(database, firm)
    hears(database, "退款", key="choice")
    lease = leases(database)
    acts(database, firm, lease, "action_accept_offer", categories=[], facts={"wished_remedy": "refund"})
    assert settles(database, lease) == "done"


def at_once(times: int, deed: Callable[[int], object]) -> None:
    """Do it in so many threads at the same moment; whatever one of them raises, the test raises."""
    barrier, errors = threading.Barrier(times), []

    def run(n: int) -> None:
        barrier.wait()
        try:
            deed(n)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Bot:
    """A bot that is there, and answers as its test says.

    Args:
        answers: called with each message; may raise what a call to Rasa raises.
    """

    def __init__(self, answers: Callable[[RasaMessage], object] = lambda _: None) -> None:
        self._answers = answers
        self.asked: list[RasaMessage] = []

    async def is_ready(self) -> bool:
        return True

    async def handle(self, message: RasaMessage) -> None:
        self.asked.append(message)
        # What answers may write to the store, and wait for it.
        await asyncio.to_thread(self._answers, message)


def greets(database: Database, firm: Firm, message: RasaMessage) -> None:
    """The bot greets, as the action server would have it."""
    reading = read_understanding({"language": "zh", "text": message.text, "categories": []})
    with database.begin() as work:
        key = TurnKey(message.inbox, message.fence)
        take_turn(work, firm, key, "action_greet", reading, command_for("action_greet"))
        work.commit()


async def serving(database: Database, firm: Firm, bot: Bot, until: Callable[[], bool]) -> None:
    """Run the inbox worker against ``bot`` until something is so."""
    hub = Hub()
    worker = InboxWorker(database, firm, bot, hub, 2)  # type: ignore[arg-type]
    task = asyncio.create_task(worker.run())
    for _ in range(1500):
        if until():
            break
        hub.wake(0)
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
