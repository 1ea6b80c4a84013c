"""Our side of WeCom in tests: a store, a worker, what staff do."""

from typing import Any

from sqlalchemy import select, update

from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import lock_conversation
from actions.firm import Firm
from desk.channels.accounts import Accounts
from desk.channels.clients import Clients
from desk.channels.wecom import cursors
from desk.hub import Hub
from desk.workers.wecom import WeComWorker
from recovery.control import HandOverReason
from store.database import Database
from store.tables import Conversation, OutboxRow, ReplyWindow, Staff
from tests.conftest import Clock
from tests.desk.channels.wecom_server import DESK, KEY, WeComServer


class Service:
    """Our side: a store, a worker, what staff do."""

    def __init__(
        self, database: Database, firm: Firm, clock: Clock, accounts: Accounts, clients: Clients, wecom: WeComServer
    ) -> None:
        self.database, self.firm, self.clock, self.wecom = database, firm, clock, wecom
        self.accounts, self.clients = accounts, clients
        self.worker = WeComWorker(database, firm, accounts, clients, Hub())

    def another_worker(self) -> WeComWorker:
        return WeComWorker(self.database, self.firm, self.accounts, self.clients, Hub())

    async def reads(self) -> None:
        """A callback came; what there is is read."""
        await self.database.run(cursors.note_callback, KEY, [DESK], "T")
        await self.worker.read_waiting()

    async def mirrors(self) -> int:
        return await self.worker.mirror_waiting()

    async def does(self, deed: Any, *arguments: Any, **named: Any) -> Any:
        return await self.database.run(deed, *arguments, **named)

    async def hands_over(self) -> None:
        """The bot hands over, and its words reach the customer."""

        def deed(work: Any, conversation_id: int) -> None:
            conversation = lock_conversation(work, conversation_id)
            hand_over_outside_turn(work, self.firm, conversation, None, HandOverReason.ASKED, by="bot")

        await self.does(deed, self.conversation.id)
        self.sent_all()

    def sent_all(self) -> None:
        with self.database.begin() as work:
            work.session.execute(update(OutboxRow).where(OutboxRow.state == "pending").values(state="sent"))
            work.commit()

    async def hires(self, login: str) -> Staff:
        def deed(work: Any) -> Staff:
            person = Staff(login=login, name=login.title(), role="agent", password_digest="-", created_at=work.now)
            work.session.add(person)
            return person

        made: Staff = await self.does(deed)
        return made

    def all(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as work:
            return list(work.session.scalars(select(table)).all())

    @property
    def conversation(self) -> Conversation:
        (found,) = self.all(Conversation)
        assert isinstance(found, Conversation)
        return found

    @property
    def window(self) -> ReplyWindow:
        (found,) = self.all(ReplyWindow)
        assert isinstance(found, ReplyWindow)
        return found
