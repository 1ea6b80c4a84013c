"""Improvements for a person at a terminal."""

import json

from analytics.improvement.gates.gate_report import Finding, GateReport
from analytics.improvement.ledger import Ledger, LedgerLine
from analytics.improvement.loops.reading import Line, View


def line_text(line: Line) -> str:
    """One line of a list."""
    state = line.outcome or line.phase
    measures = f"  measures {line.measures_done}/{line.measures}" if line.measures else ""
    return f"{line.number}  {line.kind:<5}  {state:<12}  {line.opened_at:%Y-%m-%d}  {line.title}{measures}"


def view_text(view: View, gate: GateReport | None) -> str:
    """All that is on record, and what the gate says."""
    line = view.line
    lines = [
        f"{line.number}  {line.title}",
        f"{' > '.join(phase.upper() if phase == line.phase else phase for phase in view.phases)}"
        + (f"  ({line.outcome})" if line.outcome else ""),
        f"cause {line.cause}, opened {line.opened_at:%Y-%m-%d} by {line.opened_by} ({line.origin}), "
        f"revision {line.revision}",
    ]
    for name, document in view.documents.items():
        lines += ["", f"{name}: {json.dumps(document, ensure_ascii=False)}"]
    if view.measures:
        lines += ["", "measures:"]
    for measure in view.measures:
        done = f"done {measure['done_on']}" if measure["done_on"] else f"due {measure['due_on']}"
        lines.append(
            f"  {measure['public_id']}  {measure['words']} ({measure['owner']}, {measure['department']}, {done})"
        )
    for linked, told in (("previous round", view.previous), ("project", view.project)):
        if told is not None:
            lines += ["", f"{linked}: {line_text(told)}"]
    for linked, several in (("next round", view.following), ("cycle", view.cycles)):
        lines += [f"{linked}: {line_text(told)}" for told in several]
    if gate is not None:
        lines += ["", f"gate {gate.phase} -> {gate.to_phase}: {'open' if gate.passes else 'closed'}"]
        lines += [f"  {finding_text(finding)}" for finding in gate.findings]
    return "\n".join(lines)


def finding_text(finding: Finding) -> str:
    """What a gate looked at, with a mark in front."""
    mark = {True: "ok ", False: "-- ", None: "   "}[finding.met]
    figures = ", ".join(f"{name} {_short(value)}" for name, value in finding.figures.items())
    return f"{mark}{finding.code.replace('_', ' ')}{f': {figures}' if figures else ''}"


def ledger_text(ledger: Ledger) -> str:
    """The ledger; amounts in minor units."""
    if not ledger.lines:
        return "Nothing was booked or checked yet."
    lines = [_entry(line) for line in ledger.lines]
    for one in ledger.sums:
        lines.append(
            f"in all, {one.currency}: invested {one.invested_minor:,}, gain {one.gain_minor:,} "
            f"({one.gain_low:,} to {one.gain_high:,}), booked as gain {one.booked_minor:,}"
        )
    return "\n".join(lines)


_WHY = {
    "not_checked": "not checked yet",
    "not_shown": "no gain is shown",
    "not_counted": "no defects were counted, so no money can be told",
    None: "",
}


def _entry(line: LedgerLine) -> str:
    invested = line.invested_minor.get(line.currency, 0)
    head = f"{line.number}  {line.title}: invested {invested:,} {line.currency}"
    if line.gain is None:
        return f"{head}; {_WHY[line.no_gain]}"
    gain = line.gain
    return (
        f"{head}; gain {gain.minor:,} ({gain.confidence:.0%} interval {gain.low:,} to {gain.high:,}) until {gain.until}"
        f", {gain.defects_avoided:,.0f} defects avoided"
    )


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict) and {"low", "high"} <= set(value):
        return f"{_short(value['low'])} to {_short(value['high'])}"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(_short, value)) + "]"
    return str(value)
