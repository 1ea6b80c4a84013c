"""What WeCom's customer service tells of, read."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.incoming import Kind
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wecom.messages import Origin, Synced, read_entry

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def read(msgtype: str, body: Any, **more: Any) -> Synced:
    entry = {
        "msgid": "id-1",
        "open_kfid": "wkDesk01",
        "external_userid": "wmLi",
        "send_time": 1763431200,
        "origin": 3,
        "msgtype": msgtype,
        msgtype: body,
        **more,
    }
    return read_entry(entry, NOW)


def test_it_reads_what_a_customer_typed() -> None:
    entry = read("text", {"content": "快递三天没到"})
    assert (entry.origin, entry.open_kfid, entry.event) == (Origin.CUSTOMER, "wkDesk01", "")
    assert (entry.incoming.kind, entry.incoming.words, entry.incoming.choice) == (Kind.TEXT, "快递三天没到", None)
    assert (entry.incoming.external_id, entry.incoming.key) == ("wmLi", "id-1")
    assert entry.incoming.at == datetime(2025, 11, 18, 2, 0, tzinfo=UTC)


def test_a_tapped_item_of_a_menu_names_it() -> None:
    entry = read("text", {"content": "退款20元", "menu_id": "17-0"})
    assert (entry.incoming.words, entry.incoming.choice) == ("退款20元", "17-0")


@pytest.mark.parametrize("words", ["", "  ", "【收到不支持的消息类型，暂无法显示】"])
def test_words_that_say_nothing_are_unreadable(words: str) -> None:
    assert read("text", {"content": words}).incoming.kind is Kind.UNREADABLE


@pytest.mark.parametrize(
    ("msgtype", "kind"),
    [("image", Kind.IMAGE), ("voice", Kind.VOICE), ("video", Kind.VIDEO), ("file", Kind.FILE)],
)
def test_it_reads_files(msgtype: str, kind: Kind) -> None:
    incoming = read(msgtype, {"media_id": "MEDIA"}).incoming
    assert incoming.kind is kind
    assert incoming.media is not None
    assert (incoming.media.media_id, incoming.media.name) == ("MEDIA", "")
    assert read(msgtype, {}).incoming.kind is Kind.UNREADABLE


@pytest.mark.parametrize(
    ("msgtype", "body", "kind", "shown"),
    [
        (
            "location",
            {"latitude": 23.1, "longitude": 113.3, "name": "正佳广场", "address": "天河路228号"},
            Kind.LOCATION,
            {"title": "正佳广场", "address": "天河路228号", "x": "23.1", "y": "113.3"},
        ),
        (
            "link",
            {"title": "TITLE", "desc": "DESC", "url": "https://shop.example", "pic_url": "https://shop.example/p"},
            Kind.LINK,
            {"title": "TITLE", "description": "DESC", "url": "https://shop.example"},
        ),
        ("business_card", {"userid": "li"}, Kind.CARD, {"title": "li"}),
        (
            "miniprogram",
            {"title": "下单", "appid": "wx1", "pagepath": "pages/index", "thumb_media_id": "M"},
            Kind.CARD,
            {"title": "下单", "page": "pages/index", "app": "wx1"},
        ),
        (
            "channels_shop_product",
            {"product_id": "77", "title": "杯子", "sales_price": "1990", "shop_nickname": "小店"},
            Kind.CARD,
            {"title": "杯子", "shop": "小店", "product": "77", "price": "¥19.90"},
        ),
        (
            "channels",
            {"sub_type": 1, "nickname": "小店", "title": "直播"},
            Kind.CARD,
            {"title": "直播", "shop": "小店"},
        ),
    ],
)
def test_it_reads_what_people_must_look_at(msgtype: str, body: Any, kind: Kind, shown: dict[str, str]) -> None:
    incoming = read(msgtype, body).incoming
    assert (incoming.kind, incoming.shown, incoming.words) == (kind, shown, "")


def test_an_order_that_is_sent_as_a_card_is_also_words() -> None:
    body = {"order_id": "3702", "product_titles": "杯子", "price_wording": "¥19.90", "state": "已发货"}
    incoming = read("channels_shop_order", body).incoming
    assert (incoming.kind, incoming.words) == (Kind.TEXT, "订单号：3702\n杯子")
    assert incoming.shown["status"] == "已发货"


def test_a_forwarded_chat_shows_who_said_what() -> None:
    said = [
        {"msgtype": "text", "sender_name": "客户", "msg_content": '{"msgtype": "text", "text": {"content": "坏了"}}'},
        {"msgtype": "image", "sender_name": "店员", "msg_content": '{"msgtype": "image", "image": {}}'},
        {"sender_name": "", "msg_content": "no json"},
        "nonsense",
    ]
    incoming = read("merged_msg", {"title": "聊天记录", "item": said}).incoming
    assert incoming.kind is Kind.CARD
    assert incoming.shown == {"title": "聊天记录", "description": "客户: 坏了\n店员: [image]\nno json"}


def test_a_menu_is_read_as_its_lines() -> None:
    body = {
        "head_content": "请选择",
        "list": [{"type": "click", "click": {"id": "1", "content": "是"}}, {"type": "text", "text": {"content": "否"}}],
        "tail_content": "谢谢",
    }
    assert read("msgmenu", body, origin=5).incoming.words == "请选择\n是\n否\n谢谢"


@pytest.mark.parametrize("msgtype", ["note", "meeting", "schedule", "hologram"])
def test_what_is_not_passed_on_is_unreadable_and_reaches_a_person(msgtype: str) -> None:
    incoming = read(msgtype, {}).incoming
    assert (incoming.kind, incoming.details) == (Kind.UNREADABLE, {"msgtype": msgtype})


@pytest.mark.parametrize(
    ("event", "kind", "details"),
    [
        (
            {"event_type": "enter_session", "scene": "S", "scene_param": "P", "welcome_code": "C"},
            Kind.ENTERED,
            {"scene": "S", "scene_param": "P", "welcome_code": "C"},
        ),
        (
            {"event_type": "msg_send_fail", "fail_msgid": "F", "fail_type": 0},
            Kind.SENT_OR_NOT,
            {"receipt": "F", "fail_type": "0"},
        ),
        ({"event_type": "user_recall_msg", "recall_msgid": "R"}, Kind.RECALLED, {"recalled": "R"}),
        ({"event_type": "servicer_recall_msg", "recall_msgid": "R"}, Kind.OTHER, {"recalled": "R"}),
        (
            {"event_type": "session_status_change", "change_type": 1, "new_servicer_userid": "zhang"},
            Kind.OTHER,
            {"change_type": "1", "new_servicer": "zhang"},
        ),
        ({"event_type": "servicer_status_change", "status": 2}, Kind.OTHER, {"status": "2"}),
        (
            {"event_type": "reject_customer_msg_switch_change", "reject_switch": 1},
            Kind.OTHER,
            {"reject_switch": "1"},
        ),
        ({"event_type": "something_new"}, Kind.OTHER, {}),
    ],
)
def test_it_reads_events(event: dict[str, Any], kind: Kind, details: dict[str, str]) -> None:
    event = {"open_kfid": "wkDesk01", "external_userid": "wmLi", **event}
    entry = read_entry({"msgid": "e", "send_time": 1, "origin": 4, "msgtype": "event", "event": event}, NOW)
    assert (entry.event, entry.open_kfid, entry.origin) == (event["event_type"], "wkDesk01", Origin.SYSTEM)
    assert (entry.incoming.kind, entry.incoming.details, entry.incoming.external_id) == (kind, details, "wmLi")


def test_one_without_a_time_is_of_now() -> None:
    assert read("text", {"content": "x"}, send_time=None).incoming.at == NOW
    assert read("text", {"content": "x"}, send_time=10**30).incoming.at == NOW


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        "text",
        {},
        {"msgid": "a", "msgtype": "text", "text": {"content": "x"}},
        {"msgid": "a" * 200, "msgtype": "text", "external_userid": "w"},
        {"msgid": "a", "msgtype": "text", "external_userid": "w" * 200},
        {"msgid": ["a"], "msgtype": "text", "external_userid": "w"},
    ],
)
def test_what_names_nobody_is_refused(entry: Any) -> None:
    with pytest.raises(EnvelopeRefused):
        read_entry(entry, NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_KINDS = st.sampled_from(
    ["text", "image", "location", "link", "msgmenu", "merged_msg", "channels_shop_order", "event", "note"]
)


@given(
    kind=_KINDS,
    body=_JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("content", "menu_id", "media_id", "list", "item", "event_type", "external_userid", "title"), _JSON
        ),
    ),
    rest=st.dictionaries(st.sampled_from(["send_time", "origin", "open_kfid", "servicer_userid"]), _JSON),
)
def test_nothing_but_a_refusal_ever_comes_out(kind: str, body: Any, rest: dict[str, Any]) -> None:
    entry = {"msgid": "a", "external_userid": "wm", "msgtype": kind, kind: body, **rest}
    try:
        found = read_entry(entry, NOW)
    except EnvelopeRefused:
        return
    assert found.incoming.key == "a"
    assert all(isinstance(value, str) for value in {**found.incoming.shown, **found.incoming.details}.values())
