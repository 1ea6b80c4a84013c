"""``python -m actions dry-run``: last month's cases under other rules, before they are switched on."""

import argparse
import json
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from actions.days import read_day
from actions.dry_run import DryRun, dry_run
from actions.firm import Firm, load_firm
from actions.firm.trying import load_firm_with
from actions.words.formats import show_money
from recovery.money import Money
from store.database import Database
from store.settings import Settings

_DAYS = 31
_SHOWN = 20


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("dry-run", help="what the cases of a period would be offered under changed files")
    parser.add_argument(
        "--policy", type=Path, required=True, metavar="DIR", help="a folder with the changed files of data/firm"
    )
    parser.add_argument("--since", type=read_day, metavar="DAY", help="first day; such that there are 31, by default")
    parser.add_argument("--until", type=read_day, metavar="DAY", help="last day, itself included; today by default")
    parser.add_argument("--json", action="store_true", help="all of it, every changed case included")
    parser.set_defaults(run=_dry_run)


def _dry_run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    firm = load_firm(settings.firm)
    changed = load_firm_with(settings.firm, options.policy)
    now = datetime.now(UTC)
    today = firm.local(now).date()
    last = options.until or today
    first = options.since or last - timedelta(days=_DAYS - 1)
    if first > last:
        print(f"the period ends on {last} before it begins on {first}", file=sys.stderr)
        return 2
    since, until = (_midnight(firm, day) for day in (first, last + timedelta(days=1)))
    shown = sys.stderr.isatty()
    run = dry_run(database, firm, changed, since, until, _tell if shown else None)
    if shown:
        print("\r" + " " * 20 + "\r", end="", file=sys.stderr, flush=True)
    print(json.dumps(run.to_json(), ensure_ascii=False, indent=2) if options.json else _as_text(run, first, last))
    return 0


def _midnight(firm: Firm, day: date) -> datetime:
    return datetime.combine(day, time(), firm.zone)


def _tell(done: int) -> None:
    print(f"\r{done} cases", end="", file=sys.stderr, flush=True)


def _as_text(run: DryRun, first: date, last: date) -> str:
    period = f"Cases opened from {first} to {last}: {run.cases}"
    if not run.cases:
        return f"{period}\nThere is nothing to compare with; `simulate --policy` tries the rules on cases made up."
    lines = [
        period,
        f"Offered something else: {len(run.changed)}",
        "",
        f"{'':34}{'now':>16}{'changed':>16}",
        _row("offers made", str(run.now.offers), str(run.new.offers)),
        _row("first choices, if all took them", *(_money(run, s.first_choice) for s in (run.now, run.new))),
        _row("what was taken then, at its price", *(_money(run, s.accepted) for s in (run.now, run.new))),
        _row("taken then, not offered", str(run.now.no_longer), str(run.new.no_longer)),
    ]
    for name in ("bot", "agent", "supervisor", "manager"):
        lines.append(_row(f"first choice granted by {name}", *(str(s.authority[name]) for s in (run.now, run.new))))
    reasons = sorted({*run.now.nothing, *run.new.nothing})
    lines += [_row(f"no offer: {why}", str(run.now.nothing[why]), str(run.new.nothing[why])) for why in reasons]
    lines += ["", f"{'category':34}{'cases':>8}{'changed':>10}"]
    lines += [f"{key:34}{c['cases']:>8}{c['changed']:>10}" for key, c in sorted(run.by_category.items())]
    for one in run.changed[:_SHOWN]:
        lines += ["", f"{one.number}  {one.category}, {one.severity}", f"  now: {one.now}", f"  new: {one.then}"]
    if len(run.changed) > _SHOWN:
        lines.append(f"\n… and {len(run.changed) - _SHOWN} more; --json shows all")
    return "\n".join(lines)


def _row(name: str, now: str, new: str) -> str:
    return f"{name:34}{now:>16}{new:>16}"


def _money(run: DryRun, minor: int) -> str:
    return show_money(Money(minor, run.currency), "en")
