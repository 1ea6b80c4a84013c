"""The bodies of callbacks, XML or JSON, as dictionaries of texts.

Both forms come out alike: an element is a text, a dictionary, or, where it stands several times, a list of these.
Numbers stay the texts that they are in XML, so that a number of 19 digits remains itself.
"""

import json
import re
from typing import Any, NoReturn
from xml.parsers import expat

from desk.channels.tencent.envelopes import EnvelopeRefused

# What the service accepts as a body anywhere; the longest message that a phone lets one type fits in several times.
MOST_BYTES = 64 * 1024
MOST_DEEP = 16
MOST_ELEMENTS = 2000

# Forbidden in XML, of no meaning in a message, refused by PostgreSQL (NUL); yet phones do put them into messages, and a
# message must not be lost over one.
_CONTROL = dict.fromkeys([*(code for code in range(32) if chr(code) not in "\t\n\r"), 0xFFFE, 0xFFFF])
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_document(body: bytes) -> dict[str, Any]:
    """The fields of a body: of a JSON object if it begins with a brace, else of XML.

    Raises:
        EnvelopeRefused: it is neither, or breaks the limits.
    """
    text = _text_of(body)
    return _read_json(text) if text.startswith("{") else _read_xml(text)


def read_xml(body: bytes) -> dict[str, Any]:
    """The elements within the root; attributes and comments are left out, blanks at the ends of a text as well, unless
    they stand within CDATA.

    Raises:
        EnvelopeRefused: no well-formed XML in UTF-8; a document type or entities beyond the five that XML names itself;
            or over the limits of size, depth or number of elements.
    """
    return _read_xml(_text_of(body))


def write_xml(fields: dict[str, Any]) -> str:
    """``<xml>…</xml>`` of these fields: texts as CDATA, whole numbers bare, dictionaries nested, lists repeated.

    Raises:
        ValueError: a name that XML does not allow.
    """
    return f"<xml>{''.join(_element(name, value) for name, value in fields.items())}</xml>"


def _element(name: str, value: Any) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("no name of an XML element")
    match value:
        case list() | tuple():
            return "".join(_element(name, one) for one in value)
        case dict():
            inner = "".join(_element(key, one) for key, one in value.items())
        case int():
            inner = str(int(value))
        case _:
            # The end mark of a section is spread over two sections, so that no text can end one and write elements.
            inner = f"<![CDATA[{_clean(str(value)).replace(']]>', ']]]]><![CDATA[>')}]]>"
    return f"<{name}>{inner}</{name}>"


def _text_of(body: bytes) -> str:
    if len(body) > MOST_BYTES:
        raise EnvelopeRefused("oversized")
    # The marks of UTF-16 and UTF-32 (XML 1.0, appendix F): without their NULs some would read as UTF-8.
    if b"\0" in body[:4]:
        raise EnvelopeRefused("not_utf8")
    try:
        return body.decode("utf-8-sig").translate(_CONTROL).strip()
    except UnicodeDecodeError as error:
        raise EnvelopeRefused("not_utf8") from error


def _clean(text: str) -> str:
    """Without control characters; half an emoji, as a cut text may end in, becomes the sign for what is unreadable."""
    return text.translate(_CONTROL).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reader:
    """Builds the fields from expat's events."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._elements = 0
        self._exact = False

    def start(self, name: str, _: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= MOST_DEEP:
            raise EnvelopeRefused("too_deep")
        if self._elements > MOST_ELEMENTS:
            raise EnvelopeRefused("too_many_elements")
        self._open.append((name, {}, []))

    def text(self, data: str) -> None:
        self._open[-1][2].append(data if self._exact else data.strip())

    def start_exact(self) -> None:
        self._exact = True

    def end_exact(self) -> None:
        self._exact = False

    def end(self, _: str) -> None:
        name, children, texts = self._open.pop()
        value: Any = children or "".join(texts)
        if not self._open:
            self.root = value
        elif name not in (siblings := self._open[-1][1]):
            siblings[name] = value
        elif isinstance(siblings[name], list):
            siblings[name].append(value)
        else:
            siblings[name] = [siblings[name], value]


def _read_xml(text: str) -> dict[str, Any]:
    reader = _Reader()
    # The text was decoded above: whatever the document says of its encoding counts no more.
    parser = expat.ParserCreate("utf-8")
    # Each text comes in one piece, so that the blanks at its ends are those of the text.
    parser.buffer_text = True
    parser.buffer_size = MOST_BYTES
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartCdataSectionHandler = reader.start_exact
    parser.EndCdataSectionHandler = reader.end_exact
    # Without a document type there are no entities but XML's own five; any other is an error of expat's.
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        raise EnvelopeRefused("not_xml") from error
    if not isinstance(reader.root, dict):
        raise EnvelopeRefused("no_fields")
    return reader.root


def _refuse_document_type(*_: Any) -> NoReturn:
    raise EnvelopeRefused("document_type")


def _read_json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant, strict=False)
    except (ValueError, RecursionError) as error:
        raise EnvelopeRefused("not_json") from error
    count = 0

    def plain(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        if depth > MOST_DEEP:
            raise EnvelopeRefused("too_deep")
        if count > MOST_ELEMENTS:
            raise EnvelopeRefused("too_many_elements")
        match value:
            case dict():
                return {_clean(name): plain(one, depth + 1) for name, one in value.items()}
            case list():
                return [plain(one, depth + 1) for one in value]
            case bool():
                return "true" if value else "false"
            case None:
                return ""
        return _clean(value)

    fields = plain(document, 0)
    if not fields:
        raise EnvelopeRefused("no_fields")
    return dict(fields)


def _refuse_constant(_: str) -> NoReturn:
    raise EnvelopeRefused("not_json")
