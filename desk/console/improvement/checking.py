"""What is wrong with a form, field by field, in the reader's language."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Say = Callable[..., str]

_MISSING = frozenset({"missing", "string_too_short", "too_short", "none_required"})
_NO_NUMBER = re.compile(r"(float|int)_(parsing|type|from_float)|finite_number")
_NAMED = re.compile(r"(\w+): ")


def what_is_wrong(say: Say, form: type[BaseModel], document: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """What keeps a document from being one of its form.

    Args:
        say: gives a text of the console by its key.
        names: of the inputs of the form; what belongs to none of them is told under the empty name.

    Returns:
        By input; empty where the document is in order.
    """
    try:
        form.model_validate(document)
    except ValidationError as error:
        known, found = set(names), dict[str, str]()
        for one in error.errors():
            name, words = _told(say, form, one)
            found.setdefault(_nearest(name, known), words)
        return found
    return {}


def _told(say: Say, form: type[BaseModel], error: ErrorDetails) -> tuple[str, str]:
    place = ".".join(str(part) for part in error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind in _MISSING:
        return place, say("improve_wrong.missing")
    if kind == "string_too_long":
        return place, say("improve_wrong.too_long", most=context["max_length"])
    if kind == "too_long":
        return place, say("improve_wrong.too_many", most=context["max_length"])
    if kind == "literal_error":
        return place, say("improve_wrong.choose")
    if _NO_NUMBER.fullmatch(kind):
        return place, say("improve_wrong.number")
    if kind.startswith("greater_than"):
        return place, say("improve_wrong.at_least", least=_number(context.get("ge", context.get("gt"))))
    if kind.startswith("less_than"):
        return place, say("improve_wrong.at_most", most=_number(context.get("le", context.get("lt"))))
    if kind == "value_error":
        return _of_the_whole(say, form, place, str(context.get("error", "")))
    return place, say("improve_wrong.other")


def _of_the_whole(say: Say, form: type[BaseModel], place: str, message: str) -> tuple[str, str]:
    """What contradicts something else in the form; or a day that is none."""
    if place:
        last = place.rpartition(".")[2]
        if place == "target":
            return "target.value", say("improve_wrong.target")
        return place, say("improve_wrong.character" if "cannot be kept" in message else "improve_wrong.day", name=last)
    named = _NAMED.match(message)
    match (form.__name__, named[1] if named else ""):
        case ("Test", "days_before" | "days_after" as name):
            return name, say("improve_wrong.whole_weeks")
        case ("Test", "measure"):
            return "measure", say("improve_wrong.measure")
        case ("Test", "alternative"):
            return "alternative", say("improve_wrong.alternative")
        case ("Baseline", _):
            return "until", say("improve_wrong.ends_before")
        case ("Sponsor", _):
            return "ends", say("improve_wrong.ends_before")
        case ("MeasureForm", _):
            return "due_on", say("improve_wrong.due_before")
        case ("Improve", _):
            return "chosen", say("improve_wrong.no_such_option")
    return "", say("improve_wrong.other")


def _nearest(name: str, known: set[str]) -> str:
    """The input that a place in the document belongs to: itself, or the list or group around it."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
