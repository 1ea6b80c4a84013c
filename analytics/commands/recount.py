"""``python -m analytics recount``: prove that the roll-up is what the raw events say, or repair it."""

import argparse
import json
import sys
import time

from analytics.firm_zone import firm_zone
from analytics.recount import Difference, recount
from analytics.repair import repair
from analytics.roll_up import fill_measures, roll_up
from store.database import Database
from store.settings import Settings

# So often in seconds something is told of how far it is.
_TELL_EVERY = 5.0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("recount", help="prove that the roll-up is what the raw events say")
    parser.add_argument(
        "--repair",
        action="store_true",
        help="first make anew what is not, a little at a time beside the service; goes on where it was stopped",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_recount)


def _recount(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    zone = firm_zone(settings.firm)
    tell = _Teller()
    roll_up(database, zone)
    fill_measures(database, zone, lambda reached: tell(f"measures filled up to case {reached}"))
    if options.repair:
        repair(database, zone, lambda reached: tell(f"repaired up to {reached}"))
    with database.reading() as work:
        found = recount(work, zone, lambda what, done: tell(f"{done:,} {what} counted"))
    if options.json:
        print(json.dumps({**found.to_json(), "zone": zone.key}, ensure_ascii=False, indent=2))
    else:
        for difference in found.differences:
            print(_line(difference))
        differing = sum(found.differing.values())
        if more := differing - len(found.differences):
            print(f"… and {more:,} more")
        verdict = f"{differing:,} differ: `recount --repair` makes them anew" if differing else "all as the events say"
        print(f"{found.events} events of {found.cases} cases, {found.daily_counts} daily counts: {verdict}")
    return 1 if found.differing else 0


class _Teller:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, words: str) -> None:
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            print(words, file=sys.stderr, flush=True)


def _line(difference: Difference) -> str:
    where = " ".join(str(part) or "-" for part in difference.key.values())
    expected, kept = (_told(values) for values in (difference.expected, difference.kept))
    return f"{difference.table} {where}: should be {expected}, is {kept}"


def _told(values: dict[str, object] | None) -> str:
    return "nothing" if values is None else ", ".join(f"{name} {value}" for name, value in values.items())
