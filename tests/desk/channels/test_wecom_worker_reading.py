"""The worker for WeCom against a small WeCom over HTTP: reading page by page, and welcoming who comes."""

from typing import Any

from sqlalchemy import update

from actions.conversations import lock_conversation, say
from desk.channels.wecom import cursors, reading
from store.tables import InboxRow, Message, OutboxRow, SyncCursor
from tests.conftest import Clock
from tests.desk.channels.wecom_server import DESK, KEY, WeComServer
from tests.desk.channels.wecom_service import Service

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
