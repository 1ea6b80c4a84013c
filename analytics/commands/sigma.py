"""``python -m analytics sigma``: defects, yields and sigma levels of a process."""

import argparse
import json
from datetime import date

from analytics.firm_zone import firm_zone
from analytics.periods import read_day
from analytics.recovery_steps import RECOVERY
from analytics.roll_up import roll_up
from analytics.service_steps import SERVICE
from analytics.sigma import Convention
from analytics.sigma_summary import PROCESSES, SPLITS, sigma_summary
from analytics.sigma_table import sigma_table
from store.blueprint import read_blueprint
from store.database import Database
from store.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("sigma", help="defects, yields and sigma levels of a process")
    parser.add_argument("--process", choices=PROCESSES, default=RECOVERY)
    parser.add_argument("--since", type=_day, metavar="DAY", help="first day, such as 2026-10-01, in the firm's zone")
    parser.add_argument("--until", type=_day, metavar="DAY", help="last day, itself included")
    parser.add_argument("--by", choices=SPLITS, default="step")
    parser.add_argument("--shift", type=float, default=1.5, help="of the sigma level; 1.5, or 0 for none")
    parser.add_argument("--confidence", type=float, default=0.95, help="of the intervals (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_sigma)


def _day(value: str) -> date:
    try:
        return read_day(value)  # type: ignore[return-value]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _sigma(settings: Settings, database: Database, options: argparse.Namespace) -> int:
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
