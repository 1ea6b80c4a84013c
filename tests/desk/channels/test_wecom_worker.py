"""The worker for WeCom against a small WeCom over HTTP: reading, welcoming, keeping states in line."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import lock_conversation, say
from actions.firm import Firm
from actions.staff.talking import answer, give_back, take
from desk.channels.accounts import Accounts
from desk.channels.clients import Clients
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import disposition
from desk.channels.tencent.sending import read_refusal
from desk.channels.transport import Outgoing, Transport
from desk.channels.wecom import cursors, mirroring, reading
from desk.channels.wecom.transport import WeComTransport
from desk.hub import Hub
from desk.workers.outbox import OutboxWorker
from desk.workers.wecom import WeComWorker
from recovery.control import Control, HandOverReason
from store.database import Database
from store.tables import Conversation, InboxRow, Message, OutboxRow, ReplyWindow, Staff, SyncCursor
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


@pytest.fixture
def wecom(clock: Clock) -> WeComServer:
    return WeComServer(clock)


@pytest.fixture
async def service(sqlite_database: Database, firm: Firm, clock: Clock, wecom: WeComServer) -> AsyncIterator[Service]:
    async with wecom.served(sqlite_database) as (accounts, clients):
        made = Service(sqlite_database, firm, clock, accounts, clients, wecom)
        await made.worker.begin()
        await made.worker.read_waiting()
        wecom.readings.clear()
        yield made


@pytest.fixture
async def in_wecom(
    database: Database, firm: Firm, clock: Clock, wecom: WeComServer, request: pytest.FixtureRequest
) -> AsyncIterator[Service]:
    """As ``service``, with people who answer in WeCom, on both databases."""
    more = getattr(request, "param", {})
    async with wecom.served(database, people="wecom", **more) as (accounts, clients):
        made = Service(database, firm, clock, accounts, clients, wecom)
        await made.worker.begin()
        await made.worker.read_waiting()
        wecom.readings.clear()
        yield made


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_it_reads_page_by_page_from_where_it_was(service: Service, wecom: WeComServer) -> None:
    for number in range(reading.PAGE + 3):
        wecom.says(f"wm{number}", "喂")
    wecom.empty_pages = 1
    await service.reads()
    assert len(service.all(InboxRow)) == reading.PAGE + 3
    # An empty page that says there is more and goes no further is asked for again later, not at once for ever.
    assert len(wecom.readings) == 3
    assert [one.get("token") for one in wecom.readings] == ["T"] * 3
    wecom.readings.clear()
    await service.reads()
    assert [one["cursor"] for one in wecom.readings] == [f"c{reading.PAGE + 3}"]
    assert wecom.readings[0]["open_kfid"] == DESK


async def test_no_progress_is_left_for_later(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    wecom.empty_pages = 5

    def row() -> SyncCursor:
        found: SyncCursor = next(one for one in service.all(SyncCursor) if one.open_kfid == DESK)
        return found

    cursor = row().cursor
    wecom._sync = lambda body: {"next_cursor": cursor, "has_more": 1, "msg_list": []}  # type: ignore[method-assign]
    await service.reads()
    assert row().error == "no progress"
    assert row().next_attempt_at > clock.now


async def test_a_worn_out_token_of_a_callback_is_not_used_again(service: Service, wecom: WeComServer) -> None:
    wecom.says("wmLi", "喂")
    wecom.refusals["sync_msg"] = [95007]
    await service.reads()
    assert [row.text for row in service.all(InboxRow)] == ["喂"]
    assert "token" not in wecom.readings[-1]


async def test_a_refusal_is_tried_again_later(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    wecom.refusals["sync_msg"] = [-1]
    await service.reads()
    assert not service.all(InboxRow)
    clock.advance(seconds=3)
    await service.worker.read_waiting()
    assert [row.text for row in service.all(InboxRow)] == ["喂"]


async def test_a_cursor_that_is_refused_again_and_again_is_given_up(
    service: Service, wecom: WeComServer, clock: Clock
) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    wecom.says("wmLi", "在吗")
    wecom.refusals["sync_msg"] = [40058] * 6
    await service.reads()
    for _ in range(8):
        clock.advance(minutes=2)
        await service.worker.read_waiting()
    # All of it came again, and is known.
    assert [row.text for row in service.all(InboxRow)] == ["喂", "在吗"]


async def test_what_one_process_has_claimed_another_leaves(service: Service, wecom: WeComServer) -> None:
    other = service.another_worker()
    wecom.says("wmLi", "喂")
    await service.database.run(cursors.note_callback, KEY, [DESK], "T")
    claimed = await service.database.run(cursors.claim, "somebody", frozenset({(KEY, DESK)}))
    assert claimed is not None
    assert await other.read_waiting() == 0


# --- welcoming -------------------------------------------------------------------------------------------------------


async def test_who_opens_the_chat_is_told_what_can_be_done_here(service: Service, wecom: WeComServer) -> None:
    wecom.codes.add("W")
    wecom.happens("enter_session", "wmLi", welcome_code="W")
    await service.reads()
    ((code, text),) = wecom.welcomes
    assert code == "W"
    assert text.startswith(service.firm.words.render("zh", "enter.greeting"))
    assert service.firm.words.render("zh", "machine.introduction") in text
    (message,) = service.all(Message)
    (row,) = service.all(OutboxRow)
    assert (message.text, row.state, row.receipt) == (text, "sent", wecom.receipts[0])
    assert service.conversation.introduced


async def test_who_comes_back_is_told_so(service: Service, wecom: WeComServer, clock: Clock) -> None:
    for code in ("W1", "W2"):
        wecom.codes.add(code)
        wecom.happens("enter_session", "wmLi", welcome_code=code)
        await service.reads()
        clock.advance(hours=60)
    assert wecom.welcomes[1] == ("W2", service.firm.words.render("zh", "enter.back"))


async def test_a_code_that_has_run_out_is_left_alone(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.codes.add("W")
    wecom.happens("enter_session", "wmLi", welcome_code="W")
    clock.advance(seconds=25)
    await service.reads()
    assert not wecom.welcomes
    assert not service.all(Message)


async def test_what_waited_for_the_customer_is_said_first(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()

    def waits(work: Any, conversation_id: int) -> None:
        for text in ("退款20元已办好。", "编号 R-1。"):
            message = say(work, lock_conversation(work, conversation_id), text, decisive=True)
            work.session.execute(
                update(OutboxRow).where(OutboxRow.message_id == message.id).values(state="held", held_at=work.now)
            )

    await service.does(waits, service.conversation.id)
    clock.advance(hours=60)
    wecom.codes.add("W")
    wecom.happens("enter_session", "wmLi", welcome_code="W")
    await service.reads()
    assert wecom.welcomes == [("W", "退款20元已办好。\n\n编号 R-1。")]
    assert {(row.state, row.receipt) for row in service.all(OutboxRow)} == {("sent", wecom.receipts[0])}


async def test_what_is_not_taken_waits_on(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()

    def waits(work: Any, conversation_id: int) -> None:
        message = say(work, lock_conversation(work, conversation_id), "退款20元已办好。")
        work.session.execute(
            update(OutboxRow).where(OutboxRow.message_id == message.id).values(state="held", held_at=work.now)
        )

    await service.does(waits, service.conversation.id)
    clock.advance(hours=60)
    wecom.happens("enter_session", "wmLi", welcome_code="of somebody else")
    await service.reads()
    (row,) = service.all(OutboxRow)
    assert (row.state, row.claimed_by) == ("held", None)


async def test_nobody_is_greeted_while_a_person_has_the_conversation(
    service: Service, wecom: WeComServer, clock: Clock
) -> None:
    wecom.says("wmLi", "转人工")
    await service.reads()
    await service.hands_over()
    wecom.codes.add("W")
    wecom.happens("enter_session", "wmLi", welcome_code="W")
    await service.reads()
    assert not wecom.welcomes


# --- states ----------------------------------------------------------------------------------------------------------


async def test_the_bot_serves_over_there_whoever_writes(service: Service, wecom: WeComServer) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    assert await service.mirrors() == 1
    assert wecom.changes == [("wmLi", 1, "")]
    assert (service.window.service_state, service.window.mirrored) == (1, Control.BOT)
    # Known now, so not asked for again with each word.
    wecom.says("wmLi", "在吗")
    await service.reads()
    assert await service.mirrors() == 0


async def test_people_at_our_desk_answer_while_the_state_stays_the_assistants(
    service: Service, wecom: WeComServer, clock: Clock
) -> None:
    wecom.says("wmLi", "转人工")
    await service.reads()
    await service.mirrors()
    await service.hands_over()
    wu = await service.hires("wu")
    await service.does(take, service.firm, wu, service.conversation.id)
    await service.does(answer, service.firm, wu, service.conversation.id, "您好")
    await service.mirrors()
    await service.does(give_back, service.firm, wu, service.conversation.id)
    await service.mirrors()
    assert wecom.changes == [("wmLi", 1, "")]


async def test_a_hand_over_waits_in_the_pool_of_wecom(in_wecom: Service, wecom: WeComServer) -> None:
    wecom.says("wmLi", "转人工")
    await in_wecom.reads()
    await in_wecom.mirrors()
    await in_wecom.hands_over()
    assert await in_wecom.mirrors() == 1
    assert wecom.changes == [("wmLi", 1, ""), ("wmLi", 2, "")]
    assert await in_wecom.mirrors() == 0
    wecom.servicer_takes("wmLi")
    await in_wecom.reads()
    assert in_wecom.conversation.control == Control.STAFF
    assert await in_wecom.mirrors() == 0
    wecom.servicer_ends("wmLi")
    await in_wecom.reads()
    wecom.says("wmLi", "又坏了")
    await in_wecom.reads()
    await in_wecom.mirrors()
    assert in_wecom.conversation.control == Control.BOT
    assert wecom.changes[-1] == ("wmLi", 1, "")


@pytest.mark.parametrize("in_wecom", [{"servicer": "zhang"}], indirect=True)
async def test_a_hand_over_goes_to_the_named_person_or_else_to_the_pool(
    in_wecom: Service, wecom: WeComServer, clock: Clock
) -> None:
    for customer, refusals in (("wmLi", []), ("wmWang", [95014])):
        wecom.says(customer, "转人工")
        await in_wecom.reads()
        await in_wecom.mirrors()
        (conversation,) = [one for one in in_wecom.all(Conversation) if one.identity.external_id == customer]

        def deed(work: Any, conversation_id: int = conversation.id) -> None:
            locked = lock_conversation(work, conversation_id)
            hand_over_outside_turn(work, in_wecom.firm, locked, None, HandOverReason.ASKED, by="bot")

        await in_wecom.does(deed)
        in_wecom.sent_all()
        wecom.refusals["trans"] = refusals
        await in_wecom.mirrors()
    assert wecom.changes[1::2] == [("wmLi", 3, "zhang"), ("wmWang", 2, "")]


async def test_words_on_their_way_go_before_the_pool_for_a_while(
    in_wecom: Service, wecom: WeComServer, clock: Clock
) -> None:
    wecom.says("wmLi", "转人工")
    await in_wecom.reads()
    await in_wecom.mirrors()
    await in_wecom.hands_over()

    def says_more(work: Any, conversation_id: int) -> None:
        say(work, lock_conversation(work, conversation_id), "同事马上到")

    await in_wecom.does(says_more, in_wecom.conversation.id)
    assert await in_wecom.mirrors() == 0
    clock.advance(seconds=90)
    assert await in_wecom.mirrors() == 1
    assert wecom.changes[-1] == ("wmLi", 2, "")


async def test_a_person_over_there_whom_no_event_told_of_silences_the_bot(
    in_wecom: Service, wecom: WeComServer
) -> None:
    wecom.says("wmLi", "喂")
    await in_wecom.reads()
    wecom.states[DESK, "wmLi"] = (3, "zhang")
    await in_wecom.mirrors()
    assert in_wecom.conversation.control == Control.STAFF
    assert in_wecom.window.servicer == "zhang"
    assert not wecom.changes


async def test_a_refusal_for_the_state_is_looked_into_again(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    wecom.refusals["trans"] = [95016]
    await service.mirrors()
    assert not wecom.changes
    assert await service.mirrors() == 0
    clock.advance(seconds=3)
    assert await service.mirrors() == 1
    assert service.window.service_state == 1


async def test_words_refused_for_the_state_have_it_looked_into(
    service: Service, wecom: WeComServer, firm: Firm
) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    await service.mirrors()
    # No event tells that somebody over there has put it into the pool.
    wecom.states[DESK, "wmLi"] = (2, "")
    assert await service.mirrors() == 0

    class Refusing(WeComTransport):
        async def deliver(self, message: Outgoing) -> None:
            raise read_refusal(Refused(95018, disposition("wecom-kf", 95018)))

    await service.does(lambda work: say(work, lock_conversation(work, service.conversation.id), "您好"))
    transports: dict[str, Transport] = {"wecom": Refusing(service.clients.wecom)}
    await OutboxWorker(service.database, firm, Hub(), transports).deliver_waiting()
    assert [row.state for row in service.all(OutboxRow)] == ["pending"]
    assert await service.mirrors() == 1
    assert service.window.service_state == 2


async def test_what_is_refused_for_ever_is_given_up(service: Service, wecom: WeComServer, clock: Clock) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    wecom.refusals["get"] = [95000] * 50
    tried = 0
    for _ in range(20):
        tried += await service.mirrors()
        clock.advance(minutes=6)
    assert tried == mirroring.ATTEMPTS
    # The customer's next word begins anew.
    wecom.refusals["get"].clear()
    wecom.says("wmLi", "在吗")
    await service.reads()
    await service.mirrors()
    assert service.window.service_state == 1


async def test_who_dies_between_claim_and_call_leaves_it_to_another(
    service: Service, wecom: WeComServer, clock: Clock
) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    await service.database.run(mirroring.claim, service.accounts.wecom)
    assert await service.mirrors() == 0
    clock.advance(seconds=mirroring.CLAIM.total_seconds() + 1)
    assert await service.mirrors() == 1
    assert wecom.changes == [("wmLi", 1, "")]


async def test_a_person_who_has_left_again_while_the_state_was_read_is_not_believed_to_be_there(
    service: Service, wecom: WeComServer, firm: Firm
) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    (item,) = await service.database.run(mirroring.claim, service.accounts.wecom)
    wecom.servicer_takes("wmLi")
    found = await mirroring.bring_in_line(service.clients.wecom[KEY], item)
    wecom.servicer_ends("wmLi")
    await service.reads()
    await service.database.run(mirroring.note_found, firm, item, found)
    assert (service.conversation.control, service.window.service_state) == (Control.BOT, 4)
    wecom.says("wmLi", "在吗")
    await service.reads()
    await service.mirrors()
    assert (service.conversation.control, service.window.service_state) == (Control.BOT, 1)


async def test_a_word_that_comes_while_the_state_is_read_has_it_read_again(
    service: Service, wecom: WeComServer, clock: Clock, firm: Firm
) -> None:
    wecom.says("wmLi", "喂")
    await service.reads()
    (item,) = await service.database.run(mirroring.claim, service.accounts.wecom)
    wecom.states[DESK, "wmLi"] = (4, "")
    found = await mirroring.bring_in_line(service.clients.wecom[KEY], item)
    clock.advance(seconds=1)
    wecom.says("wmLi", "在吗")
    await service.reads()
    await service.database.run(mirroring.note_found, firm, item, found)
    await service.mirrors()
    assert service.window.service_state == 1
