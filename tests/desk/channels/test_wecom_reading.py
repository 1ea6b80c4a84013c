"""What is read from WeCom is kept together with how far it went, once, on both databases."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from actions.firm import Firm
from desk.channels.intake import take_in
from desk.channels.wecom import cursors, reading
from desk.channels.wecom.client import SyncPage
from desk.channels.wecom.cursors import CLAIM, POLL_EVERY, ClaimLost, Reading
from desk.channels.wecom.reading import Entered
from recovery.control import Control
from store.database import Database
from store.tables import (
    AuditEntry,
    Conversation,
    Customer,
    HandOver,
    Identity,
    InboxRow,
    Message,
    OutboxRow,
    ReplyWindow,
    SyncCursor,
)
from tests.conftest import Clock
from tests.desk.channels.wecom_server import DESK, KEY, SHOP, WeComServer, account

PAIRS = frozenset({(KEY, DESK), (KEY, SHOP)})


class Reader:
    """One process that reads."""

    def __init__(self, database: Database, firm: Firm, clock: Clock, owner: str = "one", **more: Any) -> None:
        self.database, self.firm, self.clock, self.owner = database, firm, clock, owner
        self.account = account(**more)

    def does(self, deed: Any, *arguments: Any) -> Any:
        with self.database.begin() as work:
            result = deed(work, *arguments)
            work.commit()
            return result

    def begins(self) -> None:
        self.does(cursors.begin, PAIRS)

    def is_called(self, open_kfid: str = DESK, token: str = "T") -> None:
        self.does(cursors.note_callback, KEY, [open_kfid], token)

    def claims(self) -> Reading:
        claimed = self.does(cursors.claim, self.owner, PAIRS)
        assert isinstance(claimed, Reading)
        return claimed

    def claims_nothing(self) -> bool:
        return self.does(cursors.claim, self.owner, PAIRS) is None

    def takes(
        self, claimed: Reading, entries: Sequence[Any], cursor: str = "c1", more: bool = False
    ) -> tuple[Reading | None, list[Entered]]:
        page = SyncPage(tuple(entries), cursor, more)
        found: tuple[Reading | None, list[Entered]] = self.does(
            reading.take_page, self.firm, self.account, claimed, page
        )
        return found

    def reads(self, *entries: Any, open_kfid: str = DESK) -> list[Entered]:
        """A callback comes, and everything is read in one page."""
        self.is_called(open_kfid)
        claimed = self.claims()
        assert claimed.open_kfid == open_kfid
        return self.takes(claimed, entries, f"c{self.clock.now.timestamp()}")[1]

    def row(self, open_kfid: str = DESK) -> SyncCursor:
        with self.database.reading() as work:
            return work.session.get_one(SyncCursor, (KEY, open_kfid))

    def all(self, table: type[Any]) -> list[Any]:
        with self.database.reading() as work:
            return list(work.session.scalars(select(table)).all())

    @property
    def conversation(self) -> Conversation:
        (found,) = self.all(Conversation)
        assert isinstance(found, Conversation)
        return found


@pytest.fixture
def reader(database: Database, firm: Firm, clock: Clock) -> Reader:
    reader = Reader(database, firm, clock)
    reader.begins()
    for open_kfid in (DESK, SHOP):
        claimed = reader.claims()
        reader.takes(claimed, [], f"begun at {open_kfid}")
    clock.advance(seconds=10)
    return reader


def test_a_callback_has_the_account_read_and_its_messages_kept(reader: Reader, wecom: WeComServer) -> None:
    assert reader.claims_nothing()
    reader.is_called()
    claimed = reader.claims()
    assert (claimed.open_kfid, claimed.callback_token, claimed.wanted) == (DESK, "T", 1)
    assert reader.takes(claimed, [wecom.says("wmLi", "快递三天没到")], "c1") == (None, [])
    (row,) = reader.all(InboxRow)
    assert (row.text, row.state) == ("快递三天没到", "open")
    assert reader.conversation.identity.public == "wecom:wmLi"
    kept = reader.row()
    assert (kept.cursor, kept.done, kept.claimed_by, kept.callback_token) == ("c1", 1, None, None)
    assert reader.claims_nothing()


def test_reading_goes_on_while_there_is_more_though_a_page_is_empty(reader: Reader, wecom: WeComServer) -> None:
    reader.is_called()
    more, _ = reader.takes(reader.claims(), [], "c1", more=True)
    assert more is not None
    assert (more.cursor, more.callback_token) == ("c1", "T")
    done, _ = reader.takes(more, [wecom.says("wmLi", "喂")], "c2")
    assert done is None
    assert [row.text for row in reader.all(InboxRow)] == ["喂"]


def test_a_callback_that_comes_while_it_is_read_has_it_read_again(reader: Reader, wecom: WeComServer) -> None:
    reader.is_called()
    claimed = reader.claims()
    reader.is_called(token="T2")
    reader.takes(claimed, [], "c1")
    again = reader.claims()
    assert (again.cursor, again.callback_token, again.wanted) == ("c1", "T2", 2)


def test_the_same_page_twice_is_taken_in_once(reader: Reader, wecom: WeComServer, clock: Clock) -> None:
    entries = [
        wecom.says("wmLi", "快递三天没到"),
        wecom.servicer_says("wmLi", "我是店长，马上查"),
        wecom.happens("session_status_change", "wmLi", change_type=3, old_servicer_userid="zhang"),
    ]
    reader.reads(*entries)
    clock.advance(seconds=1)
    reader.reads(*entries)
    assert len(reader.all(InboxRow)) == 1
    assert [message.author for message in reader.all(Message)] == ["customer", "staff"]
    assert reader.conversation.control == Control.BOT


def test_one_reader_at_a_time_and_who_lost_the_claim_keeps_nothing(
    reader: Reader, wecom: WeComServer, database: Database, firm: Firm, clock: Clock
) -> None:
    other = Reader(database, firm, clock, owner="two")
    reader.is_called()
    claimed = reader.claims()
    assert other.claims_nothing()
    # The first one hangs for longer than its claim holds.
    clock.advance(seconds=CLAIM.total_seconds() + 1)
    entry = wecom.says("wmLi", "喂")
    other.takes(other.claims(), [entry], "c1")
    with pytest.raises(ClaimLost):
        reader.takes(claimed, [entry], "c1")
    assert len(reader.all(InboxRow)) == 1


def test_what_was_said_before_this_service_knew_the_account_is_passed_over(
    database: Database, firm: Firm, clock: Clock, wecom: WeComServer
) -> None:
    old = wecom.says("wmOld", "前天的投诉")
    clock.advance(hours=40)
    reader = Reader(database, firm, clock)
    reader.begins()
    fresh = wecom.says("wmNew", "刚刚的投诉")
    for _ in range(2):
        claimed = reader.claims()
        reader.takes(claimed, [old, fresh] if claimed.open_kfid == DESK else [], "c2")
    assert [row.text for row in reader.all(InboxRow)] == ["刚刚的投诉"]
    assert reader.row().cursor == "c2"


def test_what_came_while_the_service_was_away_is_all_taken_in(
    reader: Reader, clock: Clock, wecom: WeComServer, database: Database, firm: Firm
) -> None:
    entries = [wecom.says("wmLi", "在吗")]
    clock.advance(hours=50)
    restarted = Reader(database, firm, clock, owner="after the restart")
    restarted.begins()
    # Nobody calls: what was told while it was away is not told again.
    claimed = {one.open_kfid: one for one in (restarted.claims(), restarted.claims())}
    restarted.takes(claimed[DESK], entries)
    assert [row.text for row in reader.all(InboxRow)] == ["在吗"]


def test_an_account_is_read_now_and_then_though_nobody_calls(reader: Reader, clock: Clock) -> None:
    clock.advance(seconds=POLL_EVERY.total_seconds())
    assert reader.claims().callback_token is None


def test_a_failed_reading_is_tried_later_and_later_and_at_once_when_somebody_calls(
    reader: Reader, clock: Clock
) -> None:
    reader.is_called()
    waits = []
    for _ in range(3):
        claimed = reader.claims()
        reader.does(cursors.put_off, claimed, "errcode -1")
        waits.append(reader.row().next_attempt_at - clock.now)
        assert reader.claims_nothing()
        clock.now = reader.row().next_attempt_at
    assert waits == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    reader.does(cursors.put_off, reader.claims(), "errcode -1", timedelta(minutes=1))
    assert reader.claims_nothing()
    reader.is_called()
    assert reader.claims().wanted == 2


def test_who_writes_to_two_accounts_of_one_corporation_is_one_person_in_two_conversations(
    reader: Reader, wecom: WeComServer, clock: Clock
) -> None:
    reader.reads(wecom.says("wmLi", "坏了"))
    clock.advance(seconds=1)
    reader.reads(wecom.says("wmLi", "还是坏的", SHOP), open_kfid=SHOP)
    assert len(reader.all(Customer)) == 1
    assert len(reader.all(Conversation)) == 2
    assert {one.account for one in reader.all(Identity)} == {f"{KEY}/{DESK}", f"{KEY}/{SHOP}"}


def test_messages_of_other_accounts_and_what_cannot_be_read_keep_nothing_out(
    reader: Reader, wecom: WeComServer
) -> None:
    reader.reads(
        "nonsense",
        {"msgid": "x"},
        wecom.says("wmLi", "给另一个号的", SHOP),
        wecom.happens("servicer_status_change", "", servicer_userid="zhang", status=1),
        wecom.happens("msg_send_fail", "wmLi", fail_msgid="unknown", fail_type=4),
        wecom.says("wmLi", "喂"),
    )
    assert [row.text for row in reader.all(InboxRow)] == ["喂"]


@pytest.mark.parametrize(
    "broken",
    [
        {"external_userid": "wm\ud800"},
        {"external_userid": "wm\0"},
        {"msgid": "m\0"},
        {"text": {"content": 10**5000}},
        {"msgtype": "merged_msg", "merged_msg": {"item": [{"msg_content": "[" * 900 + "]" * 900}]}},
    ],
)
def test_what_no_database_keeps_keeps_nothing_out(reader: Reader, wecom: WeComServer, broken: dict[str, Any]) -> None:
    reader.reads(wecom.says("wmLi", "怪") | broken, wecom.says("wmWang", "喂"))
    assert "喂" in [row.text for row in reader.all(InboxRow)]


def test_one_that_always_fails_keeps_the_others_out_for_a_while_only(
    reader: Reader, wecom: WeComServer, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:

    def breaks(work: Any, firm: Any, channel: Any, account: Any, incoming: Any) -> Any:
        if incoming.words == "怪":
            raise RuntimeError("nobody thought of this")
        return take_in(work, firm, channel, account, incoming)

    monkeypatch.setattr(reading, "take_in", breaks)
    entries = [wecom.says("wmLi", "怪"), wecom.says("wmWang", "喂")]
    reader.is_called()
    for _ in range(reading.TRIED_TOGETHER):
        claimed = reader.claims()
        with pytest.raises(RuntimeError):
            reader.takes(claimed, entries)
        reader.does(cursors.put_off, claimed, "RuntimeError")
        assert not reader.all(InboxRow)
        clock.advance(seconds=20)
    with capture_logs() as logs:
        reader.takes(reader.claims(), entries)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["entry cannot be taken in"]
    rows = {row.text: row for row in reader.all(InboxRow)}
    assert rows.pop("喂").state == "open"
    # What cannot be kept as it is, a person gets to see came.
    ((_, strange),) = rows.items()
    assert (strange.state, strange.caller_metadata["kind"]) == ("done", "unreadable")


# --- people in WeCom -------------------------------------------------------------------------------------------------


def test_a_person_in_wecom_takes_it_speaks_and_ends_it(reader: Reader, wecom: WeComServer, clock: Clock) -> None:
    reader.reads(wecom.says("wmLi", "转人工"))
    clock.advance(seconds=5)
    wecom.servicer_takes("wmLi")
    reader.reads(wecom.entries[DESK][-1])
    conversation = reader.conversation
    assert (conversation.control, conversation.taken_by_id) == (Control.STAFF, None)
    # The bot does not answer any more.
    assert [row.state for row in reader.all(InboxRow)] == ["done"]
    window = reader.all(ReplyWindow)[0]
    assert (window.service_state, window.servicer, window.mirrored) == (3, "zhang", Control.STAFF)
    clock.advance(seconds=5)
    reader.reads(wecom.servicer_says("wmLi", "您好，我来处理"), wecom.says("wmLi", "好的"))
    said = {message.text: message for message in reader.all(Message)}
    assert (said["您好，我来处理"].direction, said["您好，我来处理"].author) == ("out", "staff")
    # It is with the customer already.
    assert not reader.all(OutboxRow)
    assert [row.disposition for row in reader.all(InboxRow)] == ["console", "console"]
    (hand_over,) = reader.all(HandOver)
    assert (hand_over.reason, hand_over.by, hand_over.taken_by_id) == ("taken", "wecom", None)
    clock.advance(seconds=5)
    wecom.servicer_ends("wmLi")
    reader.reads(wecom.entries[DESK][-1])
    assert reader.conversation.control == Control.BOT
    assert reader.all(HandOver)[0].ended_at == clock.now
    assert reader.all(ReplyWindow)[0].service_state == 4


def test_words_of_a_person_in_wecom_show_that_they_have_it(reader: Reader, wecom: WeComServer) -> None:
    reader.reads(wecom.says("wmLi", "喂"), wecom.servicer_says("wmLi", "我在"))
    assert reader.conversation.control == Control.STAFF


def test_who_audits_sees_that_somebody_refuses_a_customer(reader: Reader, wecom: WeComServer) -> None:
    refused = wecom.happens("reject_customer_msg_switch_change", "wmLi", servicer_userid="zhang", reject_switch=1)
    again = wecom.happens("reject_customer_msg_switch_change", "wmLi", servicer_userid="zhang", reject_switch=0)
    reader.reads(wecom.says("wmLi", "喂"), refused, refused, again)
    entries = [(entry.actor, entry.action, entry.subject) for entry in reader.all(AuditEntry)]
    public_id = reader.conversation.public_id
    assert entries == [("wecom", "refuse_customer", public_id), ("wecom", "hear_customer", public_id)]


def test_words_that_a_person_in_wecom_took_back_are_marked(reader: Reader, wecom: WeComServer) -> None:
    said = wecom.servicer_says("wmLi", "马上退款")
    back = wecom.happens("servicer_recall_msg", "wmLi", servicer_userid="zhang", recall_msgid=said["msgid"])
    unknown = wecom.happens("servicer_recall_msg", "wmLi", servicer_userid="zhang", recall_msgid="unknown")
    reader.reads(wecom.says("wmLi", "喂"), said, back, back, unknown)
    assert [message.text for message in reader.all(Message)] == ["喂", "〔已撤回〕马上退款"]


def test_words_with_long_ids_of_one_beginning_are_told_apart(reader: Reader, wecom: WeComServer) -> None:
    words = [wecom.servicer_says("wmLi", text) | {"msgid": f"{'m' * 70}{text}"} for text in ("一", "二")]
    reader.reads(*words, *words)
    assert [message.text for message in reader.all(Message)] == ["一", "二"]


def test_a_picture_of_theirs_is_shown_as_a_line(reader: Reader, wecom: WeComServer) -> None:
    picture = wecom.servicer_says("wmLi", "") | {"msgtype": "image", "image": {"media_id": "M"}}
    reader.reads(wecom.says("wmLi", "喂"), picture)
    assert [message.text for message in reader.all(Message)] == ["喂", "〔图片〕"]


def test_what_a_colleague_at_our_desk_has_is_not_ended_over_there(reader: Reader, wecom: WeComServer) -> None:
    reader.reads(wecom.says("wmLi", "喂"))
    with reader.database.begin() as work:
        conversation = work.session.get_one(Conversation, reader.conversation.id)
        conversation.control = Control.QUEUED
        work.commit()
    reader.reads(wecom.happens("session_status_change", "wmLi", change_type=3, old_servicer_userid="zhang"))
    assert reader.conversation.control == Control.QUEUED


def test_who_enters_may_be_welcomed(reader: Reader, wecom: WeComServer, clock: Clock) -> None:
    entry = wecom.happens("enter_session", "wmLi", scene="s", scene_param="", welcome_code="W")
    (entered,) = reader.reads(entry)
    assert (entered.code, entered.address.external_id, entered.at) == ("W", "wmLi", clock.now)
    clock.advance(seconds=1)
    assert not reader.reads(entry)
    assert not reader.reads(wecom.happens("enter_session", "wmLi", scene="s"))
