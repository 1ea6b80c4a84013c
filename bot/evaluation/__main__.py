"""Measures the understanding on texts it was not trained on (apart from everyday one-liners), prints a table, writes JSON.

usage: python -m bot.evaluation [--data DIR] [--out FILE] [--parts …] [--sets …] [--diet]

The shipped components are trained on ``data/training/nlu`` first; reference texts measure only. On the public sets the
same components are trained on the set's own training part. Figures of speed depend on the machine and what else it does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot import ROOT
from bot.evaluation import complaints, cost
from bot.evaluation.goals import judged
from bot.evaluation.intent_scores import compared
from bot.evaluation.intent_sets import SETS, intent_set
from bot.evaluation.readers import AmendsReader, Reader, SupportVectorMachine
from bot.evaluation.reference import Reference, WrongFormError, progress
from bot.evaluation.table import table
from bot.standalone import shipped_examples

PARTS = ("complaints", "intents", "cost")
_PACKAGES = ("rasa", "scikit-learn", "numpy", "scipy", "tensorflow")


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        wanted = [name.strip() for name in text.split(",")]
        unknown = [name for name in wanted if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"not known: {', '.join(unknown)}; there are {', '.join(known)}")
        return [name for name in known if name in wanted]

    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot.evaluation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=data, help="reference data (REFERENCE_DATA, %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "evaluate.json", help="default %(default)s")
    parser.add_argument(
        "--parts", type=_some_of(PARTS), default=list(PARTS), help=f"some of {','.join(PARTS)}; default all"
    )
    parser.add_argument(
        "--sets", type=_some_of(tuple(SETS)), default=list(SETS), help=f"some of {','.join(SETS)}; default all"
    )
    parser.add_argument(
        "--diet", action="store_true", help="compare with Rasa's stock pipeline, too; takes hours with cost"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, measures, prints and writes.

    Returns:
        0; 1 where something to measure on is missing; 2 where a file of it has another form.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    # Rasa's libraries complain about each other.
    warnings.simplefilter("ignore")
    reference = Reference()
    try:
        results = {"command": f"python -m bot.evaluation {shlex.join(arguments)}", **_measured(options, reference)}
    except WrongFormError as error:
        print(error, file=sys.stderr)
        return 2
    print(table(results))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    progress(f"written to {options.out}")
    return 1 if reference.missing else 0


def _measured(options: argparse.Namespace, reference: Reference) -> dict[str, Any]:
    results: dict[str, Any] = {
        "versions": {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}},
        "machine": {"processors": os.cpu_count(), "system": platform.platform(), "load_before": os.getloadavg()[0]},
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if {"complaints", "cost"} & set(options.parts):
            examples = shipped_examples()
            progress(f"training on the {len(examples)} shipped examples …")
            understander, seconds = cost.trained_from_cold(examples, folder / "shipped")
            results["shipped_examples"] = len(examples)
        if "complaints" in options.parts:
            results["complaints"] = complaints.measured(understander, options.data, reference)
        if "intents" in options.parts:
            results["intent_sets"] = _intent_sets(options, folder, reference)
        if "cost" in options.parts:
            diet_folder = folder / "diet" if options.diet else None
            results["cost"] = cost.measured(understander, seconds, examples, folder / "shipped", diet_folder, reference)
    results["machine"]["load_after"] = os.getloadavg()[0]
    return {**results, "goals": judged(results), "missing": [str(path) for path in reference.missing]}


def _intent_sets(options: argparse.Namespace, folder: Path, reference: Reference) -> dict[str, Any]:
    kinds: dict[str, Callable[[], Reader]] = {"amends": AmendsReader, "svm": SupportVectorMachine}
    if options.diet:
        # Imported only where it is asked for: it takes seconds.
        from bot.evaluation.stock_diet import StockDiet

        kinds["diet"] = StockDiet
    results = {}
    for name in options.sets:
        intents = intent_set(name, options.data, reference)
        if intents is not None:
            progress(f"training and testing on {name} …")
            results[name] = compared({reader: kind() for reader, kind in kinds.items()}, intents, folder / name)
    return results


if __name__ == "__main__":
    sys.exit(main())
