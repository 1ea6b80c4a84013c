"""``python -m analytics improvement …``: PDCA cycles and DMAIC projects from the command line."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from analytics.commands.asking import Commands
from analytics.firm_zone import firm_zone
from analytics.improvement.gates.gate_report import GateReport
from analytics.improvement.ledger import KINDS as ENTRIES
from analytics.improvement.ledger import book, reverse
from analytics.improvement.loops import keeping
from analytics.improvement.loops.documents import FORMS
from analytics.improvement.loops.phases import KINDS
from analytics.improvement.loops.refusals import CODES, ImprovementRefused
from analytics.improvement.naming import Names
from analytics.improvement.part import Part
from analytics.improvement.policy import read_policy
from analytics.periods import read_day
from analytics.questions.improvements import PHASES, ImprovementQuestion, ImprovementsQuestion, LedgerQuestion
from analytics.questions.improvements_text import finding_text
from analytics.questions.question import Question
from analytics.questions.slices import names_of_steps
from analytics.roll_up import roll_up
from analytics.sigma import WrongInput
from analytics.sigma_summary import PROCESSES
from analytics.surroundings import Surroundings
from store import audit
from store.database import Database, UnitOfWork
from store.settings import Settings

_BY = "command"
_MOST_BYTES = 64 * 1024
# In the audit log, as the desk has it.
_ACTIONS = {
    "open": "open_improvement",
    "write": "write_improvement",
    "add": "plan_measure",
    "change": "plan_measure",
    "finish": "finish_measure",
    "remove": "remove_measure",
    "advance": "advance_improvement",
    "back": "step_improvement_back",
    "drop": "drop_improvement",
    "carry-on": "carry_improvement_on",
    "book": "book_improvement",
    "reverse": "reverse_improvement_entry",
}
Deed = Callable[[UnitOfWork, Surroundings], Any]


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    help_ = "PDCA cycles and DMAIC projects: open, write, pass gates, carry on; and what they gained"
    parser = commands.add_parser("improvement", help=help_, description=help_)
    deeds = parser.add_subparsers(dest="deed", required=True)
    _list(_deed(deeds, "list", "which improvements there are", _ask(_listed)))
    _number(_deed(deeds, "show", "one improvement, and what its gate sees today", _ask(_shown)), revision=False)
    _open(_deed(deeds, "open", "open a cycle or project, or find the one that is open on this cause", _do(_opened)))
    write = _number(_deed(deeds, "write", "write a section from JSON", _do(_written)))
    write.add_argument("section", choices=tuple(FORMS))
    write.add_argument("document", help="@FILE, @- for standard input, or the JSON itself; null takes the section away")
    measure = _number(_deed(deeds, "measure", "add, change, finish or remove a measure", _do(_measured)))
    measure.add_argument("what", choices=("add", "change", "finish", "remove"))
    measure.add_argument(
        "given", nargs="+", help="add DOCUMENT, change ID DOCUMENT, finish ID DOCUMENT or remove ID: a document as for "
        "`write`, the id as `show` tells it"
    )  # fmt: skip
    _number(_deed(deeds, "advance", "try to pass the gate of the present phase", _do(_advanced)))
    for name, help_ in (("back", "go back to the phase before"), ("drop", "close without a result")):
        _number(_deed(deeds, name, help_, _do(_BACK[name]))).add_argument("--reason", required=True)
    _number(_deed(deeds, "carry-on", "close what did not reach its aim, and open the next round", _do(_carried_on)))
    money = _deed(deeds, "ledger", "what improvements cost and gained, in minor units", _ask(_ledger))
    money.add_argument("number", nargs="?", help="of one improvement")
    booked = _number(_deed(deeds, "book", "book an investment, or a gain that a test has shown", _do(_booked)))
    booked.add_argument("entry", choices=ENTRIES)
    booked.add_argument("amount", type=int, help="in minor units")
    booked.add_argument("currency")
    booked.add_argument("--day", type=_day, required=True, metavar="DAY")
    booked.add_argument("--note", default="")
    back = _number(_deed(deeds, "reverse", "take an entry of the ledger back", _do(_reversed)))
    back.add_argument("entry", help="its public id")
    back.add_argument("--note", default="")


def _deed(deeds: Any, name: str, help_: str, run: Callable[..., int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = deeds.add_parser(name, help=help_, description=help_)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _number(parser: argparse.ArgumentParser, *, revision: bool = True) -> argparse.ArgumentParser:
    parser.add_argument("number", help="such as PD-7K3Q-9F2D")
    if revision:
        parser.add_argument("revision", type=int, help="that you looked at, as `show` tells it")
    return parser


def _list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--phase", choices=PHASES)
    parser.add_argument("--cause")


def _open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=(*KINDS, "both"))
    parser.add_argument("process", choices=PROCESSES)
    parser.add_argument("title")
    for name in ("step", "category", "department", "channel"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--cause", default="", help="the same each time; the part's defects without")
    parser.add_argument("--due", type=_day, metavar="DAY")


def _day(value: str) -> date:
    try:
        return read_day(value)  # type: ignore[return-value]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _ask(question_of: Callable[[argparse.Namespace], Question]) -> Callable[..., int]:
    def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
        around = _around(settings, database)
        with database.reading() as work:
            answer = _told(lambda: question_of(options).answer(work, around))
        print(json.dumps(answer.to_json(), ensure_ascii=False, indent=2) if options.json else answer.to_text())
        return 0

    return run


def _do(deed_of: Callable[[argparse.Namespace], Deed]) -> Callable[..., int]:
    def run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
        deed = deed_of(options)
        around = _around(settings, database)
        with database.begin() as work:
            told, passed = _said(_told(lambda: deed(work, around)), options)
            action = _ACTIONS[options.what if options.deed == "measure" else options.deed]
            audit.append(work, _BY, action, getattr(options, "number", told["number"]))
            work.commit()
        if options.json:
            print(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            print("\n".join(f"{name} {value}" for name, value in told.items() if name != "gate"))
            for finding in told.get("gate", {}).get("missing", ()):
                print(f"  {finding}")
        return 0 if passed else 1

    return run


def _around(settings: Settings, database: Database) -> Surroundings:
    zone = firm_zone(settings.firm)
    roll_up(database, zone)
    return Surroundings(zone, settings.firm)


def _told(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    except ImprovementRefused as refused:
        raise WrongInput(_refusal(refused)) from None


def _refusal(refused: ImprovementRefused) -> str:
    """In one line; what is wrong in a form by its place."""
    if refused.code != "wrong_form":
        return str(refused)
    wrong = "; ".join(f"{place}: {message}" if place else message for place, message in refused.facts["errors"])
    return f"{refused.facts['section']}: {CODES[refused.code]}: {wrong}"


def _said(found: Any, options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """What a deed brought about, and whether the gate opened where there was one."""
    if isinstance(found, keeping.Moved):
        told = found.to_json()
        if not options.json:
            told["gate"] = {"missing": _missing(found.report)}
        return told, found.passed
    if isinstance(found, tuple):
        cycle, project = found
        return {**_state(cycle), "project": project.number}, True
    if hasattr(found, "phase"):
        # What carries the rest on has a number of its own.
        of = {"carried_on": options.number} if options.deed == "carry-on" else {}
        return {**_state(found), **of}, True
    told = {"number": options.number, "revision": options.revision + 1}
    return told | ({"id": found.public_id} if found is not None else {}), True


def _state(found: Any) -> dict[str, Any]:
    return {"number": found.number, "phase": found.phase, "revision": found.revision}


def _missing(report: GateReport) -> list[str]:
    return [finding_text(finding) for finding in report.missing]


def _listed(options: argparse.Namespace) -> Question:
    return ImprovementsQuestion(kind=options.kind, phase=options.phase, cause=options.cause)


def _shown(options: argparse.Namespace) -> Question:
    return ImprovementQuestion.model_construct(number=options.number)


def _ledger(options: argparse.Namespace) -> Question:
    return LedgerQuestion.model_construct(number=options.number)


def _opened(options: argparse.Namespace) -> Deed:
    part = Part(options.process, options.step, options.category, options.department, options.channel)
    kind = "pdca" if options.kind == "both" else options.kind
    draft = keeping.Draft(kind, part, options.title, cause=options.cause, due_on=options.due)
    opening: Callable[..., Any] = keeping.start_both if options.kind == "both" else keeping.open_improvement

    def deed(work: UnitOfWork, around: Surroundings) -> Any:
        _see_that_it_is_known(part, around)
        return opening(work, draft, _BY)

    return deed


def _see_that_it_is_known(part: Part, around: Surroundings) -> None:
    """What is misspelt has no data, and would wait for them for ever."""
    names = Names(around)
    for name, known in (
        ("step", names_of_steps(part.process, around)),
        ("category", names.categories),
        ("department", names.departments),
    ):
        key = getattr(part, name)
        if key and known and key not in known:
            raise WrongInput(f"--{name}: there is no {key!r}; there are {', '.join(known)}")


def _written(options: argparse.Namespace) -> Deed:
    document = _document(options.document)
    return lambda work, around: keeping.write_section(
        work, options.number, options.revision, options.section, document, _BY
    )


def _measured(options: argparse.Namespace) -> Deed:
    takes = {"add": ("DOCUMENT",), "remove": ("ID",)}.get(options.what, ("ID", "DOCUMENT"))
    if len(options.given) != len(takes):
        raise WrongInput(f"{options.what} takes {' and '.join(takes)}: which measure, `show` tells their ids")
    given = [_document(word) if name == "DOCUMENT" else word for name, word in zip(takes, options.given, strict=True)]
    deed: Callable[..., Any] = getattr(keeping, f"{options.what}_measure")
    return lambda work, around: deed(work, options.number, options.revision, *given, _BY)


def _advanced(options: argparse.Namespace) -> Deed:
    return lambda work, around: keeping.advance(work, around, options.number, options.revision, _BY)


def _stepped_back(options: argparse.Namespace) -> Deed:
    return lambda work, around: keeping.step_back(work, options.number, options.revision, _BY, options.reason)


def _dropped(options: argparse.Namespace) -> Deed:
    return lambda work, around: keeping.drop(work, options.number, options.revision, _BY, options.reason)


_BACK = {"back": _stepped_back, "drop": _dropped}


def _carried_on(options: argparse.Namespace) -> Deed:
    return lambda work, around: keeping.carry_on(
        work, options.number, options.revision, _BY, read_policy(around.folder)
    )


def _booked(options: argparse.Namespace) -> Deed:
    return lambda work, around: book(
        work, options.number, options.revision, options.entry, options.amount, options.currency, options.day,
        options.note, _BY,
    )  # fmt: skip


def _reversed(options: argparse.Namespace) -> Deed:
    return lambda work, around: reverse(work, options.number, options.revision, options.entry, _BY, options.note)


def _document(given: str) -> Any:
    """JSON from the command line, a file or standard input.

    Raises:
        WrongInput: it cannot be read, or is no JSON.
    """
    try:
        if given == "@-":
            text = sys.stdin.read(_MOST_BYTES + 1)
        elif given.startswith("@"):
            with Path(given[1:]).open(encoding="utf-8") as file:
                text = file.read(_MOST_BYTES + 1)
        else:
            text = given
        if len(text) > _MOST_BYTES:
            raise WrongInput(f"the document is longer than {_MOST_BYTES:,} characters")
        return json.loads(text)
    except OSError as error:
        raise WrongInput(f"{given[1:]}: cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInput(f"the document is no JSON: {error}") from None
