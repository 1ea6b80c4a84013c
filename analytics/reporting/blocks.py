"""What a section of the report is made of; how it looks is the page's business."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from plotly import graph_objects as go

Tone = Literal["", "better", "worse", "note"]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; its tone is told by more than a colour."""

    words: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short sentences."""

    items: Sequence[str]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first column names the row, numbers stand to the right."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    # Columns of text beyond the first, which stand to the left.
    text: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure; what it shows also stands in words or in a table beside it."""

    figure: "go.Figure"
    caption: str


@dataclass(frozen=True, slots=True)
class Heading:
    words: str


Block = Words | Points | Table | Picture | Heading


@dataclass(slots=True)
class Section:
    """A part of the report."""

    key: str
    title: str
    blocks: list[Block] = field(default_factory=list)
