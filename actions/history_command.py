"""``python -m actions history``: what happened to a case, or how it stood at a past moment."""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.case_history import CasePicture, history_flaws, picture_at, read_history
from actions.firm import Firm, load_firm
from actions.words.formats import show_money
from recovery.case_history import CaseHistory
from recovery.money import Money
from store.database import Database, UnitOfWork
from store.settings import Settings
from store.tables import Case


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "history", help="the steps that a case took, or, with --at, how it stood at a past moment"
    )
    parser.add_argument("case", metavar="CASE", help="its number, such as AM-7K3Q-9F2D")
    parser.add_argument(
        "--at", metavar="MOMENT", help="such as 2026-11-18T10:00, by the firm's clock; or with an offset"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    """Print the timeline or the picture; 1 where the history contradicts itself, 2 where what was asked is wrong."""
    firm = load_firm(settings.firm)
    moment = None
    if options.at is not None:
        try:
            moment = datetime.fromisoformat(options.at)
        except ValueError:
            print(f"--at: {options.at!r} is no moment such as 2026-11-18T10:00", file=sys.stderr)
            return 2
        moment = moment if moment.tzinfo else moment.replace(tzinfo=firm.zone)
    with database.reading() as work:
        number = options.case.strip().upper()
        case = work.session.scalars(select(Case).where(Case.number == number)).first()
        if case is None:
            print(f"there is no case {number}", file=sys.stderr)
            return 2
        if moment is not None:
            return _picture(work, firm, case, moment, options.json)
        return _timeline(work, firm, case, options.json)


def _timeline(work: UnitOfWork, firm: Firm, case: Case, as_json: bool) -> int:
    history, found = read_history(work, case), history_flaws(work, case)
    if as_json:
        print(json.dumps(_history(case, history) | {"flaws": list(found)}, indent=2, ensure_ascii=False))
    else:
        print(f"{case.number}, opened {_told(firm, case.opened_at)}, now {case.state}")
        for step in history.steps:
            why = f"  ({step.reason})" if step.reason else ""
            print(f"{_told(firm, step.at)}  {step.transition:17} {step.before} → {step.after}  by {step.by}{why}")
        if not history.steps:
            print("nothing has happened to it since")
    for flaw in found:
        print(f"flaw: {flaw}", file=sys.stderr)
    return 1 if found else 0


def _history(case: Case, history: CaseHistory) -> dict[str, Any]:
    steps = [
        {
            "transition": step.transition,
            "from": step.before,
            "to": step.after,
            "by": step.by,
            "at": step.at.isoformat(),
            "reason": step.reason,
        }
        for step in history.steps
    ]
    return {"number": case.number, "opened_at": case.opened_at.isoformat(), "state": case.state, "steps": steps}


def _picture(work: UnitOfWork, firm: Firm, case: Case, moment: datetime, as_json: bool) -> int:
    picture = picture_at(work, case, moment)
    if picture is None:
        print(f"{case.number} was opened later: {_told(firm, case.opened_at)}", file=sys.stderr)
        return 2
    if as_json:
        print(json.dumps(asdict(picture), indent=2, ensure_ascii=False, default=datetime.isoformat))
    else:
        _print(firm, picture)
    return 0


def _print(firm: Firm, picture: CasePicture) -> None:
    def money(amount: Money) -> str:
        return f" {show_money(amount, 'en')}" if amount.minor else ""

    had = picture.holder or {"bot": "the bot", "queued": "nobody yet, in the queue"}.get(picture.control, "staff")
    print(f"{picture.number} on {_told(firm, picture.at)}: {picture.state}, with {had}")
    severity = picture.severity or "not kept"
    print(f"severity    {severity}" + (f" ({', '.join(picture.rules)})" if picture.rules else ""))
    print(f"categories  {', '.join(picture.categories) or '–'}; emotion {picture.emotion}")
    print(f"risks       {', '.join(picture.risks) or '–'}")
    for offer in picture.offers:
        print(f"offer       {offer.round}.{offer.position} {' + '.join(offer.kinds)}{money(offer.cost)}: {offer.state}")
    for remedy in picture.remedies:
        print(f"remedy      {remedy.kind}{money(remedy.amount)}: {remedy.state}")
    for promise in picture.promises:
        print(f"promise     {promise.kind}, due {_told(firm, promise.due_at)}")
    for score in picture.ratings:
        print(f"rating      {score}")


def _told(firm: Firm, moment: datetime) -> str:
    return f"{firm.local(moment):%Y-%m-%d %H:%M:%S}"
