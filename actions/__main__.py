"""``python -m actions …``: what was done on cases, from the command line."""

import argparse
import sys
from pathlib import Path

from sqlalchemy.exc import OperationalError

from actions.corrections import FEW_EXAMPLES, read_corrections, write_csv
from actions.firm import FirmDataError, load_firm
from store.database import Database
from store.migrate import is_current
from store.settings import Settings, SettingsError, load_settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 2 where the settings, the firm's files or what was asked are wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        with Database(settings.database) as database:
            if not is_current(database):
                print("the database is not set up: `make run` does it, or `python -m store migrate`", file=sys.stderr)
                return 2
            return _corrections(settings, database, options)
    except (SettingsError, FirmDataError) as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"the database does not answer: {error.orig}", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m actions", description="What was done on the cases of Amends.")
    commands = parser.add_subparsers(dest="command", required=True)
    corrections = commands.add_parser(
        "corrections", help="export assessments that staff corrected, for `make train`, without personal data"
    )
    corrections.add_argument(
        "--csv", type=Path, required=True, metavar="FILE", help="such as data/firm/complaints-corrected.csv"
    )
    return parser


def _corrections(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    firm = load_firm(settings.firm)
    with database.reading() as work:
        found = read_corrections(work, firm)
    write_csv(options.csv, found.rows)
    print(f"{options.csv}: {len(found.rows)} corrected complaints")
    if found.passed_over:
        print(f"{found.passed_over} passed over: taxonomy.yml knows none of their categories", file=sys.stderr)
    if not found.rows:
        print("nobody has corrected an assessment yet", file=sys.stderr)
    if found.scarce:
        told = ", ".join(f"{key} {number}" for key, number in found.scarce.items())
        print(
            f"too few to teach a category by themselves (at least {FEW_EXAMPLES} are needed): {told}", file=sys.stderr
        )
    if found.rows:
        print("names that nobody introduced may still stand in the texts: read them before training", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
