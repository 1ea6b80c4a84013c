"""The bodies of callbacks: XML and JSON come out alike, tricks and giants are refused, texts stay texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.tencent.documents import MOST_BYTES, MOST_DEEP, MOST_ELEMENTS, read_document, read_xml, write_xml
from desk.channels.tencent.envelopes import EnvelopeRefused


def test_xml_is_read_into_texts_dictionaries_and_lists() -> None:
    body = """<?xml version="1.0"?><xml a="b"><!-- c --><Content><![CDATA[a<b>&c]]></Content>
      <CreateTime> 17 </CreateTime><Empty/>
      <Info><Count>2</Count><List><item><Md5>x</Md5></item><item><Md5>y</Md5></item></List></Info></xml>"""
    assert read_xml(body.encode()) == {
        "Content": "a<b>&c",
        "CreateTime": "17",
        "Empty": "",
        "Info": {"Count": "2", "List": {"item": [{"Md5": "x"}, {"Md5": "y"}]}},
    }


def test_json_comes_out_as_xml_does() -> None:
    body = """{"MsgId": 6054768590064713728, "Price": 1.50, "Content": "退款",
      "List": [{"Id": 1}, {"Id": 2}],
      "No": null, "Is": true}"""
    assert read_document(body.encode()) == {
        "MsgId": "6054768590064713728",
        "Price": "1.50",
        "Content": "退款",
        "List": [{"Id": "1"}, {"Id": "2"}],
        "No": "",
        "Is": "true",
    }


@pytest.mark.parametrize(
    "body", [b"<xml><A>b</A></xml>", b'{"A": "b"}', b" \n<xml><A>b</A></xml>\n", b'\xef\xbb\xbf{"A": "b"}']
)
def test_the_form_is_told_from_the_body(body: bytes) -> None:
    assert read_document(body) == {"A": "b"}


def test_blanks_around_a_section_are_layout_and_within_are_words() -> None:
    body = "<xml><MsgType> \n<![CDATA[event]]> </MsgType><Content><![CDATA[ two  words ]]></Content></xml>"
    assert read_xml(body.encode()) == {"MsgType": "event", "Content": " two  words "}


def test_a_long_text_keeps_the_blanks_within() -> None:
    text = "word " * 8000 + "end"
    assert read_xml(f"<xml><A>{text}</A></xml>".encode()) == {"A": text}


def test_the_five_entities_and_numbers_are_read() -> None:
    assert read_xml(b"<xml><A>&lt;&gt;&amp;&quot;&apos;&#36864;</A></xml>") == {"A": "<>&\"'退"}


def test_control_characters_do_not_cost_the_message() -> None:
    """XML forbids them and PostgreSQL refuses one; phones send them nevertheless."""
    assert read_xml("<xml><A><![CDATA[a\x00b\x08c\x1fd\te\ufffff]]></A></xml>".encode()) == {"A": "abcd\tef"}
    assert read_document(b'{"A": "a\\u0000b\x01c"}') == {"A": "abc"}


def test_half_an_emoji_becomes_a_sign() -> None:
    text = read_document(b'{"A": "x\\ud83d"}')["A"]
    assert text == "x\ufffd"


_BOMB = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><A>&b;</A></xml>'
_FILE = '<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><A>&f;</A></xml>'
_PARAMETER = '<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><xml><A>b</A></xml>'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (_BOMB, "document_type"),
        (_FILE, "document_type"),
        (_PARAMETER, "document_type"),
        ('<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml><A>b</A></xml>', "document_type"),
        ("<!DOCTYPE xml><xml><A>b</A></xml>", "document_type"),
        ("<!DOC\x01TYPE xml><xml><A>b</A></xml>", "document_type"),
        ("<xml><A>&nbsp;</A></xml>", "not_xml"),
        ("<xml><A>&f;</A></xml>", "not_xml"),
        ("<xml><A>b</A>", "not_xml"),
        ("<xml><A>b</B></xml>", "not_xml"),
        ("<xml><A><![CDATA[b</A></xml>", "not_xml"),
        ("<xml><A>b</A></xml><xml/>", "not_xml"),
        ("<xml><A>b</A></xml>words", "not_xml"),
        ("words", "not_xml"),
        ("", "not_xml"),
        ("[]", "not_xml"),
        ("<xml>words</xml>", "no_fields"),
        ("<xml/>", "no_fields"),
        ("{}", "no_fields"),
        ("{", "not_json"),
        ('{"A": NaN}', "not_json"),
        ('{"A": "b"} x', "not_json"),
        ('{"A": ' + "[" * 5000, "not_json"),
        ('{"A": ' + "[" * 20000 + "]" * 20000 + "}", "not_json"),
        ('{"A": ' + "[" * (MOST_DEEP + 1) + "]" * (MOST_DEEP + 1) + "}", "too_deep"),
        ("{" + ",".join(f'"{number}":1' for number in range(MOST_ELEMENTS + 1)) + "}", "too_many_elements"),
        ("<xml>" + "<a>" * MOST_DEEP + "</a>" * MOST_DEEP + "</xml>", "too_deep"),
        ("<xml>" + "<a/>" * MOST_ELEMENTS + "</xml>", "too_many_elements"),
        (f"<xml><A>{'b' * MOST_BYTES}</A></xml>", "oversized"),
    ],
    ids=lambda value: value[:40],
)
def test_tricks_and_giants_are_refused(body: str, why: str) -> None:
    with pytest.raises(EnvelopeRefused) as refused:
        read_document(body.encode())
    assert refused.value.why == why


@pytest.mark.parametrize(
    "body",
    [
        "<xml><A>退</A></xml>".encode("gb18030"),
        "<xml><A>b</A></xml>".encode("utf-16"),
        '<?xml version="1.0" encoding="GBK"?><xml><A>退</A></xml>'.encode("gbk"),
        b"<xml><A>\xed\xa0\x80</A></xml>",
        b"<xml><A>\xc0\xbc</A></xml>",
        b'{"A": "\xff"}',
    ],
)
def test_only_utf8_is_read(body: bytes) -> None:
    with pytest.raises(EnvelopeRefused):
        read_document(body)


def test_what_a_document_says_of_its_encoding_does_not_count() -> None:
    assert read_xml('<?xml version="1.0" encoding="ISO-8859-1"?><xml><A>退</A></xml>'.encode()) == {"A": "退"}


def test_an_external_entity_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr("builtins.open", lambda *arguments, **_: opened.append(arguments))
    for body in (_FILE, _PARAMETER):
        with pytest.raises(EnvelopeRefused):
            read_xml(body.encode())
    assert opened == []


def test_a_reply_cannot_break_out_of_its_section() -> None:
    evil = "hello]]></Content><ToUserName>somebody else</ToUserName><Content><![CDATA["
    written = write_xml({"ToUserName": "alice", "Content": evil})
    assert read_xml(written.encode()) == {"ToUserName": "alice", "Content": evil}


def test_fields_are_written_as_tencent_writes_them() -> None:
    fields = {"Content": "好", "CreateTime": 17, "Image": {"MediaId": "m"}, "Item": ["a", "b"]}
    expected = (
        "<xml><Content><![CDATA[好]]></Content><CreateTime>17</CreateTime>"
        "<Image><MediaId><![CDATA[m]]></MediaId></Image><Item><![CDATA[a]]></Item><Item><![CDATA[b]]></Item></xml>"
    )
    assert write_xml(fields) == expected


@pytest.mark.parametrize("name", ["", "a b", "a>", "a/", "1a", "a&", "<a"])
def test_no_name_breaks_out_either(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        write_xml({name: "x"})


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
# Every XML parser makes one line's end of \r\n and of \r.
_TEXTS = st.text(max_size=30).map(lambda text: text.replace("\r", "")) | st.sampled_from(
    ["]]>", "]]]]>>", "<![CDATA[", "]]"]
)
_FIELDS = st.recursive(
    st.dictionaries(_NAMES, _TEXTS, min_size=1, max_size=4),
    lambda inner: st.dictionaries(
        _NAMES, inner | st.lists(inner | _TEXTS, min_size=2, max_size=3), min_size=1, max_size=3
    ),
    max_leaves=8,
)


def _cleaned(value: Any) -> Any:
    """What may come back: without control characters, and with a sign for each half of an emoji."""
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    kept = "".join(one for one in value if one in "\t\n" or " " <= one not in "\ufffe\uffff")
    return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in kept)


@given(_FIELDS)
def test_what_is_written_is_read_again(fields: dict[str, Any]) -> None:
    assert read_xml(write_xml(fields).encode()) == _cleaned(fields)


@given(_FIELDS)
def test_json_is_read_as_it_was_written(fields: dict[str, Any]) -> None:
    assert read_document(json.dumps(fields).encode()) == _cleaned(fields)


_PIECES = st.sampled_from(
    ["<xml>", "</xml>", "<A>", "</A>", "<A/>", "<![CDATA[", "]]>", "<!DOCTYPE x [", "]>", "<!ENTITY a 'b'>", "&a;",
     "&#0;", "&#x110000;", "<?xml version='1.0'?>", "<?x?>", "<!--", "-->", "{", "}", '"A":', "[", "]", ",",
     '"\\ud800"', "1e999", " "]
)  # fmt: skip


@given(
    st.binary(max_size=60)
    | st.lists(_PIECES | st.text(max_size=3), max_size=14).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    )
)
def test_nothing_but_a_refusal_or_fields_comes_out(body: bytes) -> None:
    for read in (read_xml, read_document):
        try:
            fields = read(body)
        except EnvelopeRefused:
            continue
        assert fields
        json.dumps(fields, ensure_ascii=False).encode()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_another_encoding_does_not_pass_for_utf8(encoding: str) -> None:
    with pytest.raises(EnvelopeRefused, match="not_utf8"):
        read_document("<xml><A>b</A></xml>".encode(encoding))
