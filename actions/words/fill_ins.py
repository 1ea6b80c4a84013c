"""Texts that staff write with places to fill in: checked when they are saved, filled in when they are chosen.

Only ``{{ name }}`` and ``{% if name %}…{% endif %}`` are taken, with names out of one list: no calls, loops or filters,
so that a text can neither run long nor reach anything but what it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from actions.words.formats import show_moment

# What a text may name, in the order it is explained.
NAMES = ("customer", "case", "order", "agent", "department", "due", "amount", "firm")
_TAKEN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
# What stands where nothing is known, for the person to see and write over.
GAPS = {
    "zh": {
        "customer": "【客户称呼】", "case": "【工单号】", "order": "【订单号】", "agent": "【姓名】",
        "department": "【部门】", "due": "【时间】", "amount": "【金额】", "firm": "【公司】",
    },
    "en": {
        "customer": "[customer's name]", "case": "[case number]", "order": "[order number]", "agent": "[your name]",
        "department": "[department]", "due": "[time]", "amount": "[amount]", "firm": "[company]",
    },
}  # fmt: skip


class TextRefused(Exception):
    """A text cannot be filled in.

    Attributes:
        code: ``text_unreadable``, ``unknown_name`` or ``text_too_clever``.
        what: the name or sign that is wrong.
    """

    def __init__(self, code: str, what: str) -> None:
        super().__init__(code)
        self.code, self.what = code, what


@dataclass(frozen=True, slots=True)
class Filled:
    """A text, filled in.

    Attributes:
        gaps: names for which nothing was known; each stands in the text as a word in brackets.
    """

    text: str
    gaps: tuple[str, ...]


def check_text(text: str) -> None:
    """See that a text can be filled in.

    Raises:
        TextRefused: it cannot be read, names what nobody knows, or holds more than names and conditions.
    """
    try:
        tree = _ENVIRONMENT.parse(text)
        found = _all(tree)
        for node in found:
            if not isinstance(node, _TAKEN):
                raise TextRefused("text_too_clever", type(node).__name__)
        if unknown := sorted({node.name for node in found if isinstance(node, nodes.Name)} - set(NAMES)):
            raise TextRefused("unknown_name", ", ".join(unknown))
        _ENVIRONMENT.compile(tree)
    except TemplateSyntaxError as error:
        raise TextRefused("text_unreadable", error.message or "") from None
    except (SyntaxError, RecursionError, MemoryError):
        # Conditions within conditions, deeper than Python goes.
        raise TextRefused("text_too_clever", "If") from None


def fill_in(text: str, language: str, values: Mapping[str, Any]) -> Filled:
    """The text with its places filled in; ``due`` is a moment in the firm's zone, all else is words.

    What ``values`` does not know becomes a word in brackets; a condition takes it for absent.
    """
    named = _names(text)
    known = {name: value for name, value in values.items() if value}
    if "due" in known:
        known["due"] = show_moment(known["due"], language)
    shown = _template(text).render({name: _Value(known.get(name), GAPS[language][name]) for name in named}).strip()
    # A gap within a condition that is not met is no gap.
    gaps = tuple(name for name in NAMES if name in named and name not in known and GAPS[language][name] in shown)
    return Filled(shown, gaps)


class _Value:
    """A value, or the word that stands for one that is not known."""

    def __init__(self, value: Any, gap: str) -> None:
        self._value, self._gap = value, gap

    def __str__(self) -> str:
        return str(self._value) if self._value else self._gap

    def __bool__(self) -> bool:
        return bool(self._value)


_ENVIRONMENT = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)


@lru_cache(maxsize=1024)
def _template(text: str) -> Template:
    check_text(text)
    return _ENVIRONMENT.from_string(text)


@lru_cache(maxsize=1024)
def _names(text: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))


def _all(node: nodes.Node) -> "list[nodes.Node]":
    return [node, *(below for child in node.iter_child_nodes() for below in _all(child))]
