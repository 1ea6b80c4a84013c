"""What customers send to an official account, and do there, as the intake gets it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.tencent.documents import read_document, read_xml
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wechat.messages import UNSUPPORTED, message_key, read_message

SENT_AT = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
BASE = {"ToUserName": "gh_1", "FromUserName": "alice", "CreateTime": str(int(SENT_AT.timestamp())), "MsgId": "7001"}


def _read(**fields: Any) -> Incoming:
    return read_message({**BASE, **fields})


def _event(name: str, **fields: Any) -> Incoming:
    return read_message({**BASE, "MsgId": "", "MsgType": "event", "Event": name, **fields})


def test_words() -> None:
    assert _read(MsgType="text", Content="包裹没到") == Incoming(
        "alice", "message:7001", Kind.TEXT, SENT_AT, words="包裹没到"
    )


def test_a_tapped_choice() -> None:
    incoming = _read(MsgType="text", Content="退款", bizmsgmenuid="12-1")
    assert (incoming.kind, incoming.words, incoming.choice) == (Kind.TEXT, "退款", "12-1")


@pytest.mark.parametrize("content", [UNSUPPORTED, f" {UNSUPPORTED}\n", "", "  "])
def test_what_tencent_does_not_pass_on(content: str) -> None:
    incoming = _read(MsgType="text", Content=content)
    assert (incoming.kind, incoming.words) == (Kind.UNREADABLE, "")


def test_voice_with_and_without_the_words_that_were_recognised() -> None:
    with_words = _read(MsgType="voice", MediaId="m", Format="amr", Recognition="我要退款")
    assert (with_words.kind, with_words.words, with_words.media) == (Kind.VOICE, "我要退款", Media("m"))
    assert _read(MsgType="voice", MediaId="m", Format="amr").words == ""


@pytest.mark.parametrize(
    ("message_type", "kind"),
    [("image", Kind.IMAGE), ("video", Kind.VIDEO), ("shortvideo", Kind.VIDEO), ("voice", Kind.VOICE)],
)
def test_media(message_type: str, kind: Kind) -> None:
    incoming = _read(MsgType=message_type, MediaId="m", PicUrl="http://mmbiz.example/1")
    assert (incoming.kind, incoming.media, incoming.words) == (kind, Media("m"), "")
    # The address of a picture opens it to anybody: it goes no further.
    assert "http" not in json.dumps(incoming.shown)


def test_a_file_is_named_and_cannot_be_fetched() -> None:
    incoming = _read(MsgType="file", Title="invoice.pdf", FileKey="k")
    assert (incoming.kind, incoming.media, incoming.shown) == (Kind.FILE, None, {"title": "invoice.pdf"})


@pytest.mark.parametrize(
    ("fields", "kind", "shown"),
    [
        (
            {"MsgType": "location", "Location_X": "23.1", "Location_Y": "113.3", "Label": "天河路", "Scale": "20"},
            Kind.LOCATION,
            {"address": "天河路", "latitude": "23.1", "longitude": "113.3"},
        ),
        (
            {"MsgType": "link", "Title": "Order", "Description": "late", "Url": "https://shop.example/1"},
            Kind.LINK,
            {"title": "Order", "description": "late", "url": "https://shop.example/1"},
        ),
        (
            {"MsgType": "miniprogrampage", "Title": "订单", "AppId": "wx1", "PagePath": "pages/1", "ThumbUrl": "x"},
            Kind.CARD,
            {"title": "订单", "page": "pages/1"},
        ),
        ({"MsgType": "link"}, Kind.LINK, {}),
        ({"MsgType": "something_new"}, Kind.UNREADABLE, {}),
        ({"MsgType": "device_text", "Content": "MTIz"}, Kind.OTHER, {}),
    ],
)
def test_what_has_no_words_is_shown_to_people(fields: dict[str, str], kind: Kind, shown: dict[str, str]) -> None:
    incoming = _read(**fields)
    assert (incoming.kind, incoming.shown, incoming.words) == (kind, shown, "")


@pytest.mark.parametrize(
    ("event", "fields", "kind", "details"),
    [
        ("subscribe", {}, Kind.FOLLOWED, {}),
        ("subscribe", {"EventKey": ""}, Kind.FOLLOWED, {}),
        ("subscribe", {"EventKey": "qrscene_bind-1", "Ticket": "t"}, Kind.FOLLOWED, {"scene": "bind-1"}),
        ("subscribe", {"EventKey": "last_trade_no_400"}, Kind.FOLLOWED, {}),
        ("unsubscribe", {"EventKey": ""}, Kind.UNFOLLOWED, {}),
        ("SCAN", {"EventKey": "bind-1", "Ticket": "t"}, Kind.SCANNED, {"scene": "bind-1"}),
        ("scan", {"EventKey": "bind-1"}, Kind.SCANNED, {"scene": "bind-1"}),
        ("CLICK", {"EventKey": "complain"}, Kind.TAPPED, {"menu_key": "complain"}),
        (
            "scancode_waitmsg",
            {"EventKey": "6", "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "A-1"}},
            Kind.TAPPED,
            {"menu_key": "6", "scanned": "A-1"},
        ),
        ("scancode_push", {"EventKey": "6", "ScanCodeInfo": "odd"}, Kind.TAPPED, {"menu_key": "6"}),
        # These open no minute in which we may write.
        ("VIEW", {"EventKey": "https://shop.example"}, Kind.OTHER, {}),
        ("pic_weixin", {"EventKey": "6"}, Kind.OTHER, {}),
        ("location_select", {"EventKey": "6"}, Kind.OTHER, {}),
        ("LOCATION", {"Latitude": "23", "Longitude": "113"}, Kind.OTHER, {}),
        ("something_new", {}, Kind.OTHER, {}),
        ("TEMPLATESENDJOBFINISH", {"MsgID": "200", "Status": "success"}, Kind.SENT_OR_NOT, {"200": "success"}),
        (
            "TEMPLATESENDJOBFINISH",
            {"MsgID": "200", "Status": "failed:user block"},
            Kind.SENT_OR_NOT,
            {"200": "failed:user block"},
        ),
        ("TEMPLATESENDJOBFINISH", {"Status": "success"}, Kind.SENT_OR_NOT, {}),
        (
            "subscribe_msg_sent_event",
            {"SubscribeMsgSentEvent": {"List": {"TemplateId": "t", "MsgID": "17", "ErrorCode": "0"}}},
            Kind.SENT_OR_NOT,
            {"17": "success"},
        ),
        (
            "subscribe_msg_sent_event",
            {"List": [{"TemplateId": "t", "MsgID": "17", "ErrorCode": "43101", "ErrorStatus": "refused"}]},
            Kind.SENT_OR_NOT,
            {"17": "refused"},
        ),
        (
            "subscribe_msg_popup_event",
            {"SubscribeMsgPopupEvent": {"List": [
                {"TemplateId": "a", "SubscribeStatusString": "accept"},
                {"TemplateId": "b", "SubscribeStatusString": "reject"},
            ]}},
            Kind.SUBSCRIBED,
            {"a": "accept", "b": "reject"},
        ),
        (
            "subscribe_msg_change_event",
            {"List": [{"TemplateId": "a", "SubscribeStatusString": "reject"}, "odd"]},
            Kind.SUBSCRIBED,
            {"a": "reject"},
        ),
        ("subscribe_msg_change_event", {}, Kind.SUBSCRIBED, {}),
    ],
)  # fmt: skip
def test_deeds(event: str, fields: dict[str, Any], kind: Kind, details: dict[str, str]) -> None:
    incoming = _event(event, **fields)
    assert (incoming.kind, incoming.details, incoming.words) == (kind, details, "")


def test_a_repeated_message_has_the_same_key_whatever_its_words() -> None:
    assert _read(MsgType="text", Content="a").key == _read(MsgType="text", Content="b").key
    assert _read(MsgType="text", Content="a").key != _read(MsgType="text", Content="a", MsgId="7002").key


def test_deeds_of_the_same_second_are_told_apart() -> None:
    keys = [
        _event("CLICK", EventKey="a").key,
        _event("CLICK", EventKey="b").key,
        _event("VIEW", EventKey="a").key,
        _event("CLICK", EventKey="a", CreateTime="17").key,
        _event("TEMPLATESENDJOBFINISH", MsgID="1").key,
        _event("TEMPLATESENDJOBFINISH", MsgID="2").key,
        _read(MsgType="text", Content="a", MsgId="").key,
        _read(MsgType="text", Content="b", MsgId="").key,
    ]
    assert len(set(keys)) == len(keys)
    assert _event("CLICK", EventKey="a", Ticket="x").key == keys[0]


def test_no_key_is_longer_than_the_store_holds() -> None:
    long = "x" * 5000
    keys = [
        _read(MsgType="text", MsgId=long).key,
        _event(long, CreateTime=long).key,
        _event("CLICK", EventKey=long).key,
    ]
    assert max(map(len, keys)) <= 100
    assert _read(MsgType="text", MsgId=long + "1").key != keys[0]


@pytest.mark.parametrize("time", ["", "{time}", "yesterday", "-1", "99999999999999", "9" * 5000, None, {"a": "b"}])
def test_an_unreadable_time_does_not_cost_the_message(time: object) -> None:
    fields = {**BASE, "MsgType": "text", "Content": "a", "CreateTime": time}
    assert read_message(fields, SENT_AT).at == SENT_AT
    assert read_message(fields).at.tzinfo is UTC


@pytest.mark.parametrize("name", ["FromUserName", "MsgType"])
@pytest.mark.parametrize("value", [None, "", ["a"], {"a": "b"}])
def test_without_a_sender_or_a_kind_it_is_refused(name: str, value: object) -> None:
    with pytest.raises(EnvelopeRefused):
        _read(**{"MsgType": "text", "Content": "a", name: value})


def test_a_sender_s_name_has_an_end() -> None:
    with pytest.raises(EnvelopeRefused):
        _read(MsgType="text", Content="a", FromUserName="o" * 129)


def test_an_event_without_a_name_is_refused() -> None:
    with pytest.raises(EnvelopeRefused):
        _event("")


def test_xml_and_json_are_read_alike() -> None:
    xml = b"""<xml><FromUserName><![CDATA[alice]]></FromUserName><CreateTime>1763431200</CreateTime>
      <MsgType> <![CDATA[text]]> </MsgType><Content><![CDATA[hi]]></Content><MsgId>6054768590064713728</MsgId></xml>"""
    body = (
        b'{"FromUserName":"alice","CreateTime":1763431200,"MsgType":"text","Content":"hi","MsgId":6054768590064713728}'
    )
    assert read_message(read_xml(xml)) == read_message(read_document(body))


_NAMES = st.sampled_from(
    ["FromUserName", "MsgType", "Event", "CreateTime", "Content", "MsgId", "MsgID", "EventKey", "List", "ScanCodeInfo",
     "SubscribeMsgPopupEvent", "SubscribeMsgSentEvent", "MediaId", "Recognition", "bizmsgmenuid", "Title"]
)  # fmt: skip
_KNOWN = st.sampled_from(
    [
        "text",
        "event",
        "voice",
        "file",
        "subscribe",
        "SCAN",
        "CLICK",
        "subscribe_msg_sent_event",
        "subscribe_msg_popup_event",
    ]
)
_VALUES = st.recursive(
    st.text(max_size=8) | _KNOWN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=8), st.sampled_from(["alice", ""]))
def test_nothing_but_a_refusal_or_a_message_comes_out(fields: dict[str, Any], sender: str) -> None:
    try:
        incoming = read_message({**fields, "FromUserName": sender or fields.get("FromUserName", "")})
    except EnvelopeRefused:
        return
    assert incoming.external_id
    assert 0 < len(incoming.key) <= 100 and incoming.key == message_key(fields)
    assert all(isinstance(one, str) for one in [*incoming.details.values(), *incoming.shown.values(), incoming.words])
