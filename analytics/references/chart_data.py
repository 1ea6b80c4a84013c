"""Brings the data of a chart into one form, however a file tells them."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.references.reference import Reference, UnreadableReference, plain


def joined_data(reference: Reference, mains: Sequence[str]) -> Reference:
    """The same case, where the data are told in two stretches: the first gives the limits, the second is watched.

    Args:
        mains: names of the column that is charted, the first that is there.

    Raises:
        UnreadableReference: the second stretch has a column that the first lacks.
    """
    data = {plain(key): value for key, value in reference.data.items()}
    parts = [(key, value) for key, value in data.items() if isinstance(value, Mapping)]
    later = {
        key.removeprefix("new").strip("_"): value for key, value in data.items()
        if key.startswith("new") and isinstance(value, list)
    }  # fmt: skip
    if len(parts) == 2 and len(parts) == len(data) and all(_lists(value) for _, value in parts):
        first, second = (dict(_lists(value)) for _, value in parts)
    elif later:
        first = {key: value for key, value in data.items() if isinstance(value, list) and not key.startswith("new")}
        second = dict(later)
        main = next((key for key in mains if key in first), next(iter(first), ""))
        for name in ("data", ""):
            if name in second:
                second[main] = second.pop(name)
    else:
        return reference
    if set(second) - set(first):
        raise UnreadableReference(f"has new data that the first have not: {', '.join(set(second) - set(first))}")
    size = max(len(value) for value in first.values())
    reference.heeded("data")
    columns: dict[str, Any] = {key: [*value, *second.get(key, [])] for key, value in first.items()}
    others = {key: value for key, value in data.items() if not isinstance(value, (list, Mapping))}
    return reference.holding({**others, **columns, "baseline": size})


def _lists(part: Mapping[str, Any]) -> dict[str, Any]:
    return {plain(key): value for key, value in part.items() if isinstance(value, list)}
