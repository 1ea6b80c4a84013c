"""``python -m actions experience``: what the firm's own offers have taught."""

import argparse
import json
import sys
from typing import Any

from sqlalchemy import func, select

from actions.experience import cells
from actions.firm import load_firm
from actions.learning import recalculate
from recovery.estimates import Estimate
from recovery.experience import NOTHING, Cell, Counts
from store.database import Database
from store.settings import Settings
from store.tables import RemedyExperience

_CONFIDENCE = 0.9


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "experience", help="how often remedies were accepted, and who came back, beside what the priors foresee"
    )
    parser.add_argument("--recalculate", action="store_true", help="count anew first; the service does so daily")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    """Print the table, the largest cells first."""
    firm = load_firm(settings.firm)
    if options.recalculate:
        recalculate(database, firm)
    with database.reading() as work:
        found = cells(work)
        as_of = work.session.scalar(select(func.max(RemedyExperience.as_of)))
    strength = firm.value.priors.strength
    rows = [_row(cell, strength) for cell in found]
    if options.json:
        told = None if as_of is None else as_of.isoformat()
        print(json.dumps({"as_of": told, "confidence": _CONFIDENCE, "cells": rows}, indent=2, ensure_ascii=False))
        return 0
    if as_of is None:
        print("nothing was learnt yet: no offer was answered, or nobody has counted (--recalculate)", file=sys.stderr)
        return 0
    when = f"{firm.local(as_of):%Y-%m-%d %H:%M}"
    print(f"as of {when}; {100 * _CONFIDENCE:.0f} % intervals, priors count for {strength:g} cases")
    columns = ("remedies", "payout", "category", "tier", "offered", "accepted", "foreseen", "came back", "foreseen")
    lines = [columns]
    lines += [
        (
            "(nothing)" if cell.key.remedies == NOTHING else cell.key.remedies,
            cell.key.band,
            cell.key.category,
            cell.key.tier,
            str(int(cell.offers.cases)),
            _shares(cell.offers, strength),
            _foreseen(cell.offers),
            _shares(cell.customers, strength),
            _foreseen(cell.customers),
        )
        for cell in found
    ]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _posterior(counts: Counts, strength: float) -> Estimate | None:
    """What a cell says by itself, with its prior and without its kin."""
    if not counts.cases:
        return None
    return Estimate(min(1.0, counts.foreseen / counts.cases), strength).updated(counts.good, counts.cases)


def _shares(counts: Counts, strength: float) -> str:
    found = _posterior(counts, strength)
    if found is None:
        return "–"
    low, high = found.interval(_CONFIDENCE)
    return f"{int(counts.good)} of {int(counts.cases)}, {100 * low:.0f}–{100 * high:.0f} %"


def _foreseen(counts: Counts) -> str:
    return f"{100 * counts.foreseen / counts.cases:.0f} %" if counts.cases else "–"


def _row(cell: Cell, strength: float) -> dict[str, Any]:
    row: dict[str, Any] = {
        "remedies": cell.key.remedies.split("+") if cell.key.remedies != NOTHING else [],
        "band": cell.key.band,
        "category": cell.key.category,
        "tier": cell.key.tier,
    }
    for name, good, counts in (("offered", "accepted", cell.offers), ("followed", "retained", cell.customers)):
        found = _posterior(counts, strength)
        row |= {name: int(counts.cases), good: int(counts.good), f"{good}_foreseen": round(counts.foreseen, 3)}
        row[f"{good}_share"] = None if found is None else round(found.mean, 4)
        row[f"{good}_interval"] = None if found is None else [round(end, 4) for end in found.interval(_CONFIDENCE)]
    return row
