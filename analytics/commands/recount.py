"""``python -m analytics recount``: prove that the roll-up is what the raw events say."""

import argparse
import json
import sys

from analytics.firm_zone import firm_zone
from analytics.recount import Difference, recount
from analytics.roll_up import roll_up
from store.database import Database
from store.settings import Settings

_PROGRESS_EVERY = 100_000


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("recount", help="prove that the roll-up is what the raw events say")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_recount)


def _recount(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    zone = firm_zone(settings.firm)
    roll_up(database, zone)
    with database.reading() as work:
        found = recount(work, zone, _progress)
    if options.json:
        print(json.dumps({**found.to_json(), "zone": zone.key}, ensure_ascii=False, indent=2))
    else:
        for difference in found.differences:
            print(_line(difference))
        verdict = f"{len(found.differences)} differ" if found.differences else "all as the events say"
        print(f"{found.events} events of {found.cases} cases, {found.daily_counts} daily counts: {verdict}")
    return 1 if found.differences else 0


def _progress(cases: int) -> None:
    if cases % _PROGRESS_EVERY == 0:
        print(f"{cases:,} cases counted", file=sys.stderr)


def _line(difference: Difference) -> str:
    where = " ".join(str(part) or "-" for part in difference.key)
    sources = (("events", difference.events), ("cases", difference.cases), ("roll-up", difference.daily))
    return where + ": " + ", ".join(f"{name} {count.defects}/{count.opportunities}" for name, count in sources)
