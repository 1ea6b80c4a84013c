"""Figures on pages: data for the script to draw, beside a table that says the same without one."""

import asyncio
import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from aiohttp import web
from markupsafe import Markup
from plotly import graph_objects as go
from plotly.offline import get_plotlyjs_version

from desk.console.permissions import PREFIX

QUALITY = f"{PREFIX}/analytics"
# Its version is part of the address, so that browsers keep it for good.
PLOTLY = f"{QUALITY}/plotly.js"
PLOTLY_ADDRESS = f"{PLOTLY}?v={get_plotlyjs_version()}"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, ready for the page.

    Attributes:
        key: tells it from the others of the page.
        label: what it shows, for those who do not see it.
        height: in pixels, kept free until it is drawn.
        cases: where a click on a point leads, less the days or key of the point; empty for nowhere.
        asks: the parameters that a point has for that address, in the order of its ``customdata``.
    """

    key: str
    label: str
    height: int
    data: Markup
    cases: str = ""
    asks: str = ""


def picture(key: str, figure: "go.Figure", label: str, cases: str = "", asks: str = "") -> Picture:
    """The figure as a picture of a page."""
    # Within a script element only this ends it, whatever stands in names.
    data = str(figure.to_json(engine="json")).replace("<", "\\u003c")
    return Picture(key, label, int(figure.layout.height or 320), Markup(data), cases, asks)


async def plotly_script(request: web.Request) -> web.StreamResponse:
    """Plotly's own JavaScript, as it lies in the Python package."""
    packed = await asyncio.to_thread(_packed)
    accepts = "gzip" in request.headers.get("Accept-Encoding", "")
    headers = {"Vary": "Accept-Encoding"}
    if accepts:
        headers["Content-Encoding"] = "gzip"
    body = packed if accepts else await asyncio.to_thread(gzip.decompress, packed)
    return web.Response(body=body, headers=headers, content_type="text/javascript", charset="utf-8")


@cache
def _packed() -> bytes:
    return gzip.compress((files("plotly") / "package_data" / "plotly.min.js").read_bytes(), 6)


@cache
def plotly_styles() -> tuple[str, ...]:
    """Ids of the elements that the script writes styles into as it begins, unless they are there already.

    Our pages allow no styles of their own, and need none of those.
    """
    script = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(re.findall(r'getElementById\("([0-9a-f]{64})"\)', script)))


def csv_response(name: str, rows: Iterable[list[Any]]) -> web.Response:
    """Rows as a file to download; ``name`` without its ending."""
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    text = "\ufeff" + "".join(_lines(rows))
    disposition = f'attachment; filename="{name}.csv"'
    return web.Response(text=text, content_type="text/csv", headers={"Content-Disposition": disposition})


def _lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    for row in rows:
        written = io.StringIO()
        csv.writer(written, lineterminator="\r\n").writerow([_cell(cell) for cell in row])
        yield written.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
