"""``python -m analytics watch``: look at everything that is watched, and open the work it calls for."""

import argparse
import json

from analytics.commands.asking import Commands
from analytics.firm_zone import firm_zone
from analytics.improvement.elastic.watching import watch_in_parts
from analytics.improvement.policy import read_policy
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database
from store.settings import Settings


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    help_ = "look at everything that is watched now, record signals and open the work they call for"
    parser = commands.add_parser("watch", help=help_, description=help_[0].upper() + help_[1:] + ".")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    policy = read_policy(settings.firm)
    zone = firm_zone(settings.firm)
    roll_up(database, zone)
    found = watch_in_parts(database, Surroundings(zone, settings.firm), policy)
    if options.json:
        print(json.dumps(found.to_json(), indent=2))
        return 0
    print(f"{found.found} findings, {len(found.new)} of them new; {len(found.opened)} improvements opened")
    for number in found.opened:
        print(f"  {number}")
    return 0
