"""Reference cases of average run lengths, by which designs of charts are chosen."""

from collections.abc import Mapping
from typing import Any

from analytics.charts.run_length import cusum_run_length, ewma_run_length, shewhart_run_length
from analytics.references.comparing import GIVEN, Candidate
from analytics.references.reference import Reference, is_number, plain

_ANSWERS = ("arl", "arl0", "arl1", "run_length", "average_run_length")

_INPUTS = (
    "h", "k", "l", "mu", "shift", "delta", "lambda", "lam", "width", "nsigma", "c", "smoothing", "r", "reference",
    "interval", "hs", "head_start", "fir", "sided", "sides",
)  # fmt: skip


def run_lengths(reference: Reference) -> list[Candidate]:
    """Lists of designs with their run lengths; the name of a list says the kind of chart."""
    values: dict[str, Any] = {}
    for key, rows in reference.expected.items():
        said = f"{reference.chart} {reference.words('chart', 'scheme', 'type', 'kind')}"
        kind = _kind(plain(key)) or _kind(plain(said))
        if kind and isinstance(rows, list):
            values[plain(key)] = [_row(reference, kind, plain(key), row) for row in rows]
        elif kind and is_number(rows):
            values[plain(key)] = _length(kind, plain(key), {**reference.params, **reference.data})
    return [Candidate("", values)]


def _kind(words: str) -> str:
    return next((kind for kind in ("cusum", "ewma", "shewhart") if kind in words), "")


def _row(reference: Reference, kind: str, key: str, row: Any) -> Any:
    if not isinstance(row, Mapping):
        return None
    design = {**reference.params, **reference.data, **row}
    inputs = {name: GIVEN for name in row if plain(name) in _INPUTS}
    return {**inputs, **{name: _length(kind, key, design) for name in row if plain(name) in _ANSWERS}}


def _length(kind: str, key: str, design: Mapping[str, Any]) -> float | None:
    given = {name if name == "L" else plain(name): value for name, value in design.items() if is_number(value)}

    def number(default: float | None, *names: str) -> float | None:
        return next((float(given[name]) for name in names if name in given), default)

    shift = number(0.0, "mu", "shift", "delta")
    assert shift is not None
    if kind == "shewhart":
        width = number(3.0, "L", "l", "width", "nsigma", "k", "c")
        assert width is not None
        return shewhart_run_length(shift, width)
    if kind == "ewma":
        smoothing, width = number(None, "lambda", "lam", "l", "smoothing", "r"), number(None, "L", "width", "c", "k")
        return None if smoothing is None or width is None else ewma_run_length(shift, smoothing, width)
    reference_value, interval = number(0.5, "k", "reference"), number(None, "h", "interval")
    if interval is None or reference_value is None:
        return None
    start = number(0.0, "hs", "head_start", "fir")
    assert start is not None
    one_sided = "one_sided" in key or "upper" in key or design.get("sided") == "one" or design.get("sides") == 1
    return cusum_run_length(
        shift,
        reference_value,
        interval,
        two_sided=not one_sided,
        # A start of 1 and more is in standard deviations.
        head_start=start if start < 1 else start / interval,
    )
