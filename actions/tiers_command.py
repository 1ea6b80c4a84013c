"""``python -m actions tiers``: reckon customers' values and tiers anew."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from actions.customer_value import TiersReckoned, reckon_tiers
from actions.firm import load_firm
from actions.words.formats import show_money
from recovery.money import Money
from store.database import Database
from store.settings import Settings


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "tiers",
        help="reckon anew what customers are worth and which tier follows (tiers.yml); the service does so daily",
    )
    parser.add_argument("--dry-run", action="store_true", help="say who would move, and change nothing")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    """Reckon, and print how many moved; the progress goes to standard error, where somebody looks on."""
    firm = load_firm(settings.firm)
    shown = sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown:
            print(f"\r{100 * done // max(1, total):3d} %", end="", file=sys.stderr, flush=True)

    result = reckon_tiers(database, firm, dry_run=options.dry_run, progress=progress)
    if shown:
        print("\r     \r", end="", file=sys.stderr)
    if options.json:
        print(json.dumps({**asdict(result), "as_of": result.as_of.isoformat(), "dry_run": options.dry_run}, indent=2))
        return 0
    _print(result, options.dry_run)
    return 0


def _print(result: TiersReckoned, dry_run: bool) -> None:
    def money(minor: int | None) -> str:
        return "–" if minor is None else show_money(Money(minor, result.currency), "en")

    print(f"{result.customers} customers, worth {money(result.value)} within the time that counts")
    if result.lines is None:
        print("nobody bought anything: all tiers stay as they are")
    else:
        least = {"vip": result.lines.vip, "major": result.lines.major, "regular": result.lines.regular, "small": None}
        for tier, number in result.tiers.items():
            print(
                f"  {tier:8} {number:8}  from {money(least[tier])}"
                if least[tier] is not None
                else f"  {tier:8} {number:8}"
            )
    for moved in result.moved:
        print(f"{moved.customers} {'would go' if dry_run else 'went'} from {moved.before} to {moved.after}")
    if not result.moved:
        print("nobody would move" if dry_run else "nobody moved")
    if result.by_hand:
        print(f"{result.by_hand} have their tier by hand and keep it")
    if result.other_currency:
        print(
            f"{result.other_currency} orders in other currencies than {result.currency} do not count", file=sys.stderr
        )
