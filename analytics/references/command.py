"""``python -m analytics references PATH…``: needs no database and no settings."""

import json
from collections.abc import Sequence
from pathlib import Path

from analytics.references.checking import check_paths


def references(paths: Sequence[Path], as_json: bool = False) -> int:
    """Check files and folders, print a line each.

    Returns:
        0 if all hold, else 1.
    """
    verdicts = []
    for verdict in check_paths(paths):
        verdicts.append(verdict)
        if not as_json:
            print(verdict.line(), flush=True)
    failed = sum(not verdict.holds for verdict in verdicts)
    if as_json:
        shown = [verdict.to_json() for verdict in verdicts]
        print(json.dumps({"cases": shown, "failed": failed}, ensure_ascii=False, indent=2))
    else:
        print(f"{len(verdicts)} cases, " + (f"{failed} failed" if failed else "all hold"))
    return 1 if failed or not verdicts else 0
