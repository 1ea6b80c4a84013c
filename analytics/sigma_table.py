"""A sigma summary as text for the terminal."""

from zoneinfo import ZoneInfo

from analytics.recovery_steps import RECOVERY
from analytics.sigma import DefectRate, NoDenominator, RolledYield
from analytics.sigma_summary import SigmaLine, SigmaSummary

_HEADINGS = ("opportunities", "defects", "DPMO", "yield", "sigma level", "interval")
_WIDTHS = (13, 8, 11, 9, 12, 15)


def sigma_table(summary: SigmaSummary, zone: ZoneInfo) -> str:
    """The summary as lines of text, ended by the convention it was computed with."""
    period = _period(summary)
    if summary.empty:
        start = f"The {summary.process} process, {period}: nothing is on record yet."
        if summary.process == RECOVERY:
            return f"{start}\nNumbers appear with the first complaint that is heard."
        return f"{start}\nThere is no denominator before volumes are posted (POST /api/v1/volumes)."
    width = max(len(_label(line, summary.by)) for line in (*summary.lines, summary.overall))
    headings = "  ".join(heading.rjust(size) for heading, size in zip(_HEADINGS, _WIDTHS, strict=True))
    rows = [f"The {summary.process} process, {period}", "", f"{summary.by.ljust(width)}  {headings}"]
    rows += [_row(line, _label(line, summary.by), width) for line in summary.lines]
    rows += ["", _row(summary.overall, "overall", width)]
    if summary.overall.rolled is not None:
        rows.append(f"rolled yield {_rolled(summary.overall.rolled)}")
    convention = summary.convention
    rows += [
        "",
        f"Convention: a sigma level with a shift of {convention.shift:g}; exact (Clopper-Pearson) two-sided "
        f"{100 * convention.confidence:g} % intervals,",
        f"opportunities taken as independent; days in {zone.key}. Zero defects give a bound (≥), not a level.",
    ]
    return "\n".join(rows)


def _period(summary: SigmaSummary) -> str:
    if summary.since is None and summary.until is None:
        return "all days"
    return " ".join(
        f"{word} {day}" for word, day in (("since", summary.since), ("until", summary.until)) if day is not None
    )


def _label(line: SigmaLine, by: str) -> str:
    return line.key or f"({by} not told)"


def _row(line: SigmaLine, label: str, width: int) -> str:
    text = f"{label.ljust(width)}  {_cells(line.rate)}"
    if line.without_denominator:
        text += f"  ({line.without_denominator} defects without a denominator)"
    if line.rolled is not None and label != "overall":
        text += f"  rolled {_rolled(line.rolled)}"
    return text


def _cells(rate: DefectRate | NoDenominator) -> str:
    if isinstance(rate, NoDenominator):
        return f"no denominator: {rate.reason}"
    if rate.sigma_level is not None:
        level = f"{rate.sigma_level:.2f}"
    elif rate.sigma_low is not None:
        level = f"≥ {rate.sigma_low:.2f}"
    else:
        level = f"≤ {rate.sigma_high:.2f}"
    low = "…" if rate.sigma_low is None else f"{rate.sigma_low:.2f}"
    high = "…" if rate.sigma_high is None else f"{rate.sigma_high:.2f}"
    cells = (
        f"{rate.opportunities:,}",
        f"{rate.defects:,}",
        f"{rate.dpmo:,.1f}",
        f"{100 * rate.process_yield:.2f} %",
        level,
        f"{low} to {high}",
    )
    return "  ".join(cell.rjust(size) for cell, size in zip(cells, _WIDTHS, strict=True))


def _rolled(rolled: RolledYield | NoDenominator) -> str:
    if isinstance(rolled, NoDenominator):
        return f"has no denominator: {rolled.reason}"
    text = f"{100 * rolled.value:.2f} %"
    if rolled.sigma_level is not None:
        text += f" (sigma level {rolled.sigma_level:.2f})"
    if rolled.missing:
        measured, all_steps = len(rolled.steps), len(rolled.steps) + len(rolled.missing)
        text += f" over {measured} of {all_steps} steps; no denominator for {', '.join(rolled.missing)}"
    return text
