"""``python -m actions simulate``: what a way of deciding keeps and costs, before it is switched on."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from actions.days import read_day
from actions.experience import experience
from actions.firm import Firm, load_firm
from actions.firm.trying import load_firm_with
from actions.simulating.cases import DAYS, Complaint, draw_chance, make_up
from actions.simulating.comparing import Arm, Compared, compare
from actions.simulating.past import AT_MOST, Period, read_past
from actions.simulating.report import as_json, as_text
from actions.simulating.worlds import WORLDS, World, as_learnt
from recovery.decision import ChooseBy, Policy
from recovery.experience import NO_EXPERIENCE, Experience
from store.database import Database
from store.settings import Settings

_TELL_EVERY_SECONDS = 5.0


class CannotSimulate(Exception):
    """What was asked cannot be simulated; the message says why."""


def add(commands: Any) -> None:
    """Add the command's parser; only ``--past`` needs the store."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "simulate",
        help="play a year of complaints: the optimum against the table, or a new policy against the present one",
    )
    parser.add_argument(
        "--seed", type=_whole(0, 2**63), default=1, metavar="N", help="same seed, same result (default %(default)s)"
    )
    parser.add_argument(
        "--cases", type=_whole(1, 1_000_000), default=2000, metavar="K", help="in the year (default %(default)s)"
    )
    parser.add_argument(
        "--replications",
        type=_whole(2, 1000),
        default=10,
        metavar="R",
        help="years played, two or more, so that there is an interval (default %(default)s)",
    )
    parser.add_argument(
        "--budget",
        type=_whole(0, 2**53),
        metavar="MINOR",
        help="a day, in minor units, for both; else that of budgets.yml",
    )
    parser.add_argument(
        "--world", choices=list(WORLDS), action="append", help="how customers behave; may be repeated (default: all)"
    )
    parser.add_argument("--no-learning", action="store_true", help="decide by the priors throughout")
    parser.add_argument(
        "--policy", type=Path, metavar="DIR", help="compare with these changed files of data/firm instead"
    )
    parser.add_argument(
        "--past",
        dest="without_store",
        action="store_false",
        help="play past complaints of the store instead of made-up ones",
    )
    parser.add_argument("--since", type=read_day, metavar="DAY", help="first day of the past, such as 2026-10-01")
    parser.add_argument("--until", type=read_day, metavar="DAY", help="last day of the past, itself included")
    parser.add_argument("--json", action="store_true", help="for machines; amounts in minor units")
    parser.set_defaults(run=run)


def run(settings: Settings, database: Database | None, options: argparse.Namespace) -> int:
    """Simulate and print.

    Args:
        database: only for ``--past``.

    Raises:
        FirmDataError: a folder of the firm's files is wrong.
    """
    try:
        simulate(settings, database, options)
    except CannotSimulate as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def simulate(settings: Settings, database: Database | None, options: argparse.Namespace) -> None:
    """As :func:`run`.

    Raises:
        CannotSimulate: what was asked does not go together, or there is nothing to play.
        FirmDataError: a folder of the firm's files is wrong.
    """
    past = not options.without_store
    firm = load_firm(settings.firm)
    other = load_firm_with(settings.firm, options.policy) if options.policy is not None else None
    if other is not None and other.policy.currency != firm.policy.currency:
        raise CannotSimulate(
            f"{options.policy} is in {other.policy.currency}, {settings.firm} in {firm.policy.currency}"
        )
    if (options.since or options.until) and not past:
        raise CannotSimulate("--since and --until are for --past")
    if past and options.world:
        raise CannotSimulate("--past has one world only: customers as your experience says")
    seeds = np.random.SeedSequence(options.seed).spawn(options.replications)
    if past:
        assert database is not None
        found, period, learnt = _past(database, firm, options)
        replications, days = [draw_chance(seed, found) for seed in seeds], period.days
        worlds = [as_learnt(firm.value.priors, learnt)]
    else:
        replications = [make_up(seed, options.cases, firm.value.priors) for seed in seeds]
        days, learnt = DAYS, NO_EXPERIENCE
        worlds = [WORLDS[name](firm.value.priors) for name in options.world or WORLDS]
    # The past has been learnt from already.
    learns = not options.no_learning and not past
    arms = _arms(firm, other, learnt, options.budget, learns)
    compared = _compare(arms, worlds, firm, replications, days)
    if options.json:
        print(json.dumps(as_json(compared, _asked(options, learns, days, replications)), indent=2))
    else:
        print(as_text(compared, firm.policy.currency))


def _arms(firm: Firm, other: Firm | None, learnt: Experience, budget: int | None, learns: bool) -> tuple[Arm, Arm]:
    """The table and the optimum of one policy; or the present policy and the other, each as its file says."""

    def arm(name: str, of: Firm, by: ChooseBy) -> Arm:
        rules = of.policy
        if budget is not None:
            rules = replace(rules, budgets=replace(rules.budgets, per_day=budget))
        after = max(1, of.value.learning.retention_window.days) if learns and by is ChooseBy.OPTIMUM else None
        return Arm(name, Policy(rules, by, of.value.priors, learnt), after)

    if other is None:
        return arm("table", firm, ChooseBy.TABLE), arm("optimum", firm, ChooseBy.OPTIMUM)
    return arm("present", firm, ChooseBy(firm.value.choose_by)), arm("new", other, ChooseBy(other.value.choose_by))


def _past(database: Database, firm: Firm, options: argparse.Namespace) -> tuple[list[Complaint], Period, Experience]:
    last = options.until or firm.local(database.clock()).date()
    try:
        period = Period(options.since or last - timedelta(days=DAYS - 1), last)
    except ValueError as error:
        raise CannotSimulate(str(error)) from None
    found = read_past(database, firm, period)
    if not found:
        raise CannotSimulate(f"there are no complaints from {period.first} to {period.last}")
    if len(found) == AT_MOST:
        print(f"only the first {AT_MOST} complaints are played; take a shorter period for the others", file=sys.stderr)
    with database.reading() as work:
        return found, period, experience(work)


def _compare(
    arms: tuple[Arm, Arm],
    worlds: Sequence[World],
    firm: Firm,
    replications: Sequence[Sequence[Complaint]],
    days: int,
) -> list[Compared]:
    tell = _progress(2 * len(worlds) * sum(map(len, replications)))
    return [compare(arms, world, firm.value.priors, replications, days, tell) for world in worlds]


def _progress(total: int) -> Callable[[int], None]:
    """Tells on standard error how far it has come, every few seconds."""
    done, told = 0, time.monotonic()

    def tell(_: int) -> None:
        nonlocal done, told
        done += 1
        if time.monotonic() - told >= _TELL_EVERY_SECONDS:
            told = time.monotonic()
            print(f"{100 * done // total} % of {total} complaints decided", file=sys.stderr)

    return tell


def _asked(
    options: argparse.Namespace, learns: bool, days: int, replications: Sequence[Sequence[Complaint]]
) -> dict[str, Any]:
    return {
        "seed": options.seed,
        "cases": len(replications[0]),
        "replications": len(replications),
        "days": days,
        "budget_per_day_minor": options.budget,
        "learning": learns,
        "policy": str(options.policy) if options.policy is not None else None,
        "past": not options.without_store,
    }


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")
        return number

    return read
