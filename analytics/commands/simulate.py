"""``python -m analytics simulate``: a made-up history in an empty store, with truths planted in it."""

import argparse
import json
import sys
from datetime import date, timedelta

from analytics.commands.asking import Commands
from analytics.firm_zone import firm_zone
from analytics.periods import read_day
from analytics.simulating.history import see_that_it_is_empty, simulate
from analytics.simulating.plan import CASES, DAYS, SEED, Plan
from analytics.simulating.rounds import Rounds
from store.database import Database
from store.settings import Settings

_HELP = "write a made-up history with planted truths to an empty store, for whoever wants to look around"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("simulate", help=_HELP, description=_HELP[0].upper() + _HELP[1:] + ".")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same history (default %(default)s)")
    parser.add_argument("--days", type=int, default=DAYS, help="how long it is (default %(default)s)")
    parser.add_argument(
        "--cases", type=int, default=CASES, help="complaints expected in all; chance decides (default %(default)s)"
    )
    parser.add_argument("--until", type=_day, metavar="DAY", help="last day, in the firm's zone (default yesterday)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_simulate)


def _day(value: str) -> date:
    try:
        return read_day(value)  # type: ignore[return-value]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _simulate(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    yesterday = database.clock().astimezone(firm_zone(settings.firm)).date() - timedelta(days=1)
    plan = Plan(options.seed, options.days, options.cases, options.until or yesterday)
    see_that_it_is_empty(database)
    rounds = Rounds(plan, settings.firm, _tell_line)
    made = simulate(database, settings.firm, plan, rounds.deeds, _tell)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if options.json:
        print(json.dumps(made.to_json(), ensure_ascii=False, indent=2))
        return 0
    print(f"{made.cases:,} complaints of {made.customers:,} customers, {plan.since} to {plan.until} (seed {plan.seed})")
    print("what is planted in them:")
    for truth in plan.truths.to_json():
        print(f"  {truth['day'] or 'always':<10}  {truth['about']}: {truth['truth']}")
    return 0


def _tell(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words:<60}", end="", file=sys.stderr, flush=True)


def _tell_line(words: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{words:<60}", file=sys.stderr, flush=True)
