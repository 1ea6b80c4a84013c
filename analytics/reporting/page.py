"""The report as one HTML file that holds all it needs: words, figures, and the script that draws them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analytics.reporting.blocks import Block, Heading, Picture, Points, Section, Table, Words


class _Figures:
    """The figures of a page, each with its place."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def place(self, picture: Picture) -> int:
        self.all.append(picture.figure.to_plotly_json())
        return len(self.all) - 1


def as_html(
    title: str,
    sections: list[Section],
    *,
    language: str,
    firm: str,
    made: str,
    contents: str,
    unfinished: str = "",
    empty: str = "",
) -> str:
    """The page.

    Args:
        unfinished, empty: sentences; "" where they do not hold.
    """
    figures = _Figures()
    shown = [
        {"key": section.key, "title": section.title, "blocks": [_block(block, figures) for block in section.blocks]}
        for section in sections
    ]
    return _templates().get_template("page.html").render(
        html_language="zh-CN" if language == "zh" else "en",
        title=title,
        sections=shown,
        firm=firm,
        made=made,
        contents=contents,
        unfinished=unfinished,
        empty=empty,
        figures=_as_script(figures.all) if figures.all and not empty else "",
        plotly=_plotly() if figures.all and not empty else "",
    )  # fmt: skip


def _block(block: Block, figures: _Figures) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "words": block.words}
    if isinstance(block, Words):
        return {"kind": "words", "words": block.words, "tone": block.tone}
    if isinstance(block, Points):
        return {"kind": "points", "points": block.items, "tone": block.tone}
    if isinstance(block, Picture):
        return {"kind": "picture", "caption": block.caption, "place": figures.place(block)}
    assert isinstance(block, Table)
    return {"kind": "table", "head": block.head, "rows": block.rows, "caption": block.caption, "text": block.text}


def _as_script(figures: list[dict[str, Any]]) -> Markup:
    """JSON that cannot end the script it stands in, whatever words it holds."""
    # Slow to import, so not before something is drawn.
    from plotly.io.json import to_json_plotly

    text = json.dumps(json.loads(to_json_plotly(figures)), ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


@cache
def _plotly() -> Markup:
    # The package's own file, in which nothing ends a script.
    return Markup(get_plotlyjs())


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
