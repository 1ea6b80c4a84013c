"""``python -m actions corrections``: what staff corrected, for `make train`."""

import argparse
import sys
from pathlib import Path

from actions.corrections import FEW_EXAMPLES, read_corrections, write_csv
from actions.firm import load_firm
from store.database import Database
from store.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "corrections", help="export assessments that staff corrected, for `make train`, without personal data"
    )
    parser.add_argument(
        "--csv", type=Path, required=True, metavar="FILE", help="such as data/firm/complaints-corrected.csv"
    )
    parser.set_defaults(run=_corrections)


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
