"""How a question becomes a command: options from its parameters, the answer as text, JSON or CSV."""

import argparse
import csv
import json
import sys
from typing import TYPE_CHECKING, TypeAlias

from analytics.firm_zone import firm_zone
from analytics.questions.question import Question, add_options, given_options, read_question
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database
from store.settings import Settings

_PROGRESS_EVERY = 10_000

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    # argparse's own class takes no parameters when the program runs.
    Commands = argparse._SubParsersAction


def add_question(commands: Commands, name: str, kind: type[Question], help: str, *, with_csv: bool = False) -> None:
    """Add the command ``name`` that asks questions of this kind.

    Args:
        with_csv: its answers have ``to_csv()``.
    """
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    add_options(parser, kind)
    parser.add_argument("--json", action="store_true", help="print JSON")
    if with_csv:
        parser.add_argument("--csv", action="store_true", help="print CSV")

    def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
        question = read_question(kind, given_options(options, kind))
        zone = firm_zone(settings.firm)
        roll_up(database, zone)
        told = sys.stderr.isatty()
        around = Surroundings(zone, settings.firm, progress=_tell if told else None)
        with database.reading() as work:
            answer = question.answer(work, around)
        if told:
            print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)
        if options.json:
            print(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
        elif with_csv and options.csv:
            csv.writer(sys.stdout, lineterminator="\n").writerows(answer.to_csv())  # type: ignore[attr-defined]
        else:
            print(answer.to_text())
        return 0

    parser.set_defaults(run=run)


def _tell(cases: int) -> None:
    if cases % _PROGRESS_EVERY < 500:
        print(f"\r{cases:,} cases read", end="", file=sys.stderr, flush=True)
