"""``python -m analytics …``: the numbers from the command line."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from sqlalchemy.exc import OperationalError

from analytics.case_history import UnreadableEvent
from analytics.firm_zone import firm_zone
from analytics.recount import Difference, recount
from analytics.recovery_steps import RECOVERY
from analytics.references.command import references
from analytics.roll_up import roll_up
from analytics.service_steps import SERVICE
from analytics.sigma import Convention, WrongInput
from analytics.sigma_summary import PROCESSES, SPLITS, sigma_summary
from analytics.sigma_table import sigma_table
from store.blueprint import read_blueprint
from store.database import Database
from store.firm_files import FirmDataError
from store.migrate import is_current
from store.settings import Settings, SettingsError, load_settings

_PROGRESS_EVERY = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 1 where a recount or a reference case differs; 2 where the settings, the firm's files or what was asked are
        wrong.
    """
    options = _parser().parse_args(arguments)
    if options.command == "references":
        return references(options.paths, options.json)
    try:
        settings = load_settings()
        with Database(settings.database) as database:
            if not is_current(database):
                print("the database is not set up: `make run` does it, or `python -m store migrate`", file=sys.stderr)
                return 2
            command = _sigma if options.command == "sigma" else _recount
            return command(options, settings, database)
    except (SettingsError, FirmDataError, UnreadableEvent, WrongInput) as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"the database does not answer: {error.orig}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analytics", description="The numbers of Amends.")
    commands = parser.add_subparsers(dest="command", required=True)
    sigma = commands.add_parser("sigma", help="defects, yields and sigma levels of a process")
    sigma.add_argument("--process", choices=PROCESSES, default=RECOVERY)
    sigma.add_argument("--since", type=_day, metavar="DAY", help="first day, such as 2026-10-01, in the firm's zone")
    sigma.add_argument("--until", type=_day, metavar="DAY", help="last day, itself included")
    sigma.add_argument("--by", choices=SPLITS, default="step")
    sigma.add_argument("--shift", type=float, default=1.5, help="of the sigma level; 1.5, or 0 for none")
    sigma.add_argument("--confidence", type=float, default=0.95, help="of the intervals (default %(default)s)")
    again = commands.add_parser("recount", help="prove that the roll-up is what the raw events say")
    cases = commands.add_parser("references", help="check charts and statistics against reference cases from files")
    cases.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder with such files")
    for command in (sigma, again, cases):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no day such as 2026-10-01") from None


def _sigma(options: argparse.Namespace, settings: Settings, database: Database) -> int:
    convention = Convention(options.shift, options.confidence)
    zone = firm_zone(settings.firm)
    blueprint = read_blueprint(settings.firm) if options.process == SERVICE else None
    roll_up(database, zone)
    with database.reading() as work:
        summary = sigma_summary(
            work, options.process, options.since, options.until, options.by, blueprint=blueprint, convention=convention
        )
    if options.json:
        print(json.dumps({**summary.to_json(), "zone": zone.key}, ensure_ascii=False, indent=2))
    else:
        print(sigma_table(summary, zone))
    return 0


def _recount(options: argparse.Namespace, settings: Settings, database: Database) -> int:
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


if __name__ == "__main__":
    sys.exit(main())
