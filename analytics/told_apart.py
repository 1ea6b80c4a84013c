"""What totals are told apart by: everything, one dimension, or two.

A chart asks for few dimensions at once. Each daily count is therefore added up beforehand by all dimensions singly and
in pairs, for its step and for all steps, so that a chart reads one row a day however many cases there were
(docs/decisions/0023-totals-by-two-dimensions.md).
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from recovery.events import CaseDimensions

DIMENSIONS = ("category", "department", "channel", "tier", "language")

# No step is called so: the blueprint's are letters, and a defect that belongs to none has an empty one.
ALL_STEPS = "*"

# From more than two dimensions at once the daily counts themselves are read.
AT_MOST = 2

TOLD_APART: tuple[tuple[str, ...], ...] = tuple(
    chosen for number in range(AT_MOST + 1) for chosen in combinations(DIMENSIONS, number)
)


class Place(NamedTuple):
    """Where a total is kept; the names are the columns'."""

    dimension: str
    key: str
    second: str


class Where(NamedTuple):
    """Which totals answer a question.

    Attributes:
        dimension: as kept.
        fixed: the columns that are asked for with their values.
        split: the column that tells the answers apart; None where nothing does.
    """

    dimension: str
    fixed: Mapping[str, str]
    split: str | None


# Many cases share their places; labels of channels are whatever integrators write.
@lru_cache(maxsize=4096)
def places_of(dimensions: CaseDimensions) -> tuple[Place, ...]:
    """All places in which something with these dimensions is added up."""
    return tuple(_places(dimensions))


def _places(dimensions: CaseDimensions) -> Iterator[Place]:
    for chosen in TOLD_APART:
        keys = [getattr(dimensions, name) for name in chosen]
        yield Place("+".join(chosen), *keys, *([""] * (AT_MOST - len(keys))))


def where(chosen: Mapping[str, str], split: str | None) -> Where | None:
    """Which totals tell of a part, split or not; None where none do, since more than two dimensions are asked for.

    Args:
        chosen: dimensions with their values; a step among them is not looked at.
    """
    asked = _in_order({*chosen, *([split] if split else [])})
    if len(asked) > AT_MOST:
        return None
    columns = dict(zip(asked, ("key", "second"), strict=False))
    fixed = {columns[name]: value for name, value in chosen.items() if name in columns}
    return Where("+".join(asked), fixed, columns.get(split or ""))


def _in_order(names: Collection[str]) -> list[str]:
    return [name for name in DIMENSIONS if name in names]
