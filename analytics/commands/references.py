"""``python -m analytics references``: check charts and statistics against reference cases from files."""

import argparse
from pathlib import Path

from analytics.references.command import references
from store.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("references", help="check charts and statistics against reference cases from files")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder with such files")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_references, without_store=True)


def _references(_: Settings | None, __: None, options: argparse.Namespace) -> int:
    return references(options.paths, options.json)
