"""The worker for WeCom against a small WeCom over HTTP: keeping the states of conversations in line."""

from typing import Any

import pytest

from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import lock_conversation, say
from actions.firm import Firm
from actions.staff.talking import answer, give_back, take
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import disposition
from desk.channels.tencent.sending import read_refusal
from desk.channels.transport import Outgoing, Transport
from desk.channels.wecom import mirroring
from desk.channels.wecom.transport import WeComTransport
from desk.hub import Hub
from desk.workers.outbox import OutboxWorker
from recovery.control import Control, HandOverReason
from store.tables import Conversation, OutboxRow
from tests.conftest import Clock
from tests.desk.channels.wecom_server import DESK, KEY, WeComServer
from tests.desk.channels.wecom_service import Service


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
