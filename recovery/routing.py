"""Who gets a conversation that was handed over (S0: line, tree and ring).

Pure rules: who is on duty and how much each has in hand are arguments. The same situation always has the same answer,
and the answer says by a key why.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from recovery.severity import Severity


class Way(StrEnum):
    """Three ways to organise (S0), the firm's choice by clientele.

    ``line``: one named person looks after a customer. ``tree``: departments, within them by skill and load. ``ring``: a
    team around key customers, whatever the department.
    """

    LINE = "line"
    TREE = "tree"
    RING = "ring"


class RoutingReason(StrEnum):
    """Why somebody got it, or why nobody did."""

    NAMED = "named"  # looks after this customer
    DEPUTY = "deputy"  # a colleague of the named person, who is away
    TEAM = "team"  # of the team around key customers
    SKILLED = "skilled"  # skilled in what failed
    LEAST_LOADED = "least_loaded"  # has the least in hand
    FRONT_DOOR = "front_door"  # nobody of the department is on duty, or nobody who speaks the language
    URGENT = "urgent"  # critical: beyond capacity
    GIVEN = "given"  # by a person, not by rule
    BUSY = "busy"  # somebody is on duty, and nobody has room
    LANGUAGE = "language"  # somebody is on duty, and nobody speaks the language
    NOBODY = "nobody"  # nobody is on duty


# Where nobody got it, the department's whole line may take it.
UNASSIGNED = frozenset({RoutingReason.BUSY, RoutingReason.LANGUAGE, RoutingReason.NOBODY})


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who handles conversations.

    Attributes:
        departments: keys; the front door's where they have none of their own.
        skills: keys of categories; empty for who takes whatever comes.
        languages: spoken with customers; empty for all.
        capacity: conversations at once; with 0 they are given none.
        load: conversations in hand, given ones included.
        last_given_at: when they were given one last, aware; None for never.
    """

    id: int
    departments: frozenset[str]
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: int = 10
    load: int = 0
    on_duty: bool = True
    in_team: bool = False
    last_given_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person is wanted for.

    Attributes:
        department: by the leading category; the front door's where there is no case.
        categories: of the case, the leading one first.
        way: how the firm organises for this customer's tier.
        named_id: of the person who looks after the customer, if there is one.
        passed_over: ids of those who had it and did not take it, or passed it on.
    """

    department: str
    front_door: str
    categories: tuple[str, ...] = ()
    severity: Severity = Severity.LOW
    language: str = "zh"
    way: Way = Way.TREE
    named_id: int | None = None
    passed_over: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Routed:
    """Who gets it, if anybody, and why."""

    staff_id: int | None
    reason: RoutingReason


def route(wanted: Wanted, staff: Sequence[Colleague]) -> Routed:
    """Decide who gets it.

    Line: the named person, however much they have in hand; a colleague of theirs while they are away. Ring: the team.
    Where these have nobody, and for all others, tree: who is on duty in the department, or at the front door where
    nobody of the department is, or nobody who speaks the language. Among those who fit, language is a must; then skill,
    then the smallest share of capacity in hand, then who was given one longest ago.
    """
    present = [one for one in staff if one.on_duty and one.id not in wanted.passed_over]
    if wanted.way is Way.LINE and wanted.named_id is not None:
        found = _by_line(wanted, staff, present)
        if found is not None:
            return found
    if wanted.way is Way.RING:
        chosen = _choose(wanted, [one for one in present if one.in_team])
        if chosen is not None:
            return Routed(chosen.id, RoutingReason.TEAM)
    return _by_tree(wanted, staff, present)


def _by_line(wanted: Wanted, staff: Sequence[Colleague], present: Sequence[Colleague]) -> Routed | None:
    named = next((one for one in staff if one.id == wanted.named_id), None)
    if named is None:
        return None
    if named in present:
        return Routed(named.id, RoutingReason.NAMED)
    deputy = _choose(wanted, [one for one in present if one.departments & named.departments])
    return Routed(deputy.id, RoutingReason.DEPUTY) if deputy is not None else None


def _by_tree(wanted: Wanted, staff: Sequence[Colleague], present: Sequence[Colleague]) -> Routed:
    mine = [one for one in present if wanted.department in one.departments]
    door = [one for one in present if wanted.front_door in one.departments]
    # The front door keeps what nobody else is there for (S0: it has case and voice), or can talk about.
    at_door = wanted.department != wanted.front_door and (
        not mine or (not _any_speaks(mine, wanted.language) and _any_speaks(door, wanted.language))
    )
    candidates = door if at_door else mine
    chosen = _choose(wanted, candidates)
    if chosen is not None:
        if at_door:
            return Routed(chosen.id, RoutingReason.FRONT_DOOR)
        skilled = _fit(wanted, chosen) < _GENERALIST
        return Routed(chosen.id, RoutingReason.SKILLED if skilled else RoutingReason.LEAST_LOADED)
    speakers = [one for one in candidates if _speaks(one, wanted.language)]
    if wanted.severity is Severity.CRITICAL and any(one.capacity for one in speakers):
        # Danger does not wait for somebody to have room.
        nearest = min((one for one in speakers if one.capacity), key=_order(wanted))
        return Routed(nearest.id, RoutingReason.URGENT)
    if not candidates:
        # Whoever did not take it is there all the same.
        reach = {wanted.department, wanted.front_door}
        there = any(one.on_duty and one.departments & reach for one in staff)
        return Routed(None, RoutingReason.BUSY if there else RoutingReason.NOBODY)
    return Routed(None, RoutingReason.BUSY if speakers else RoutingReason.LANGUAGE)


def _choose(wanted: Wanted, candidates: Sequence[Colleague]) -> Colleague | None:
    """The best of those who speak the language and have room, or None."""
    fitting = [one for one in candidates if _speaks(one, wanted.language) and one.load < one.capacity]
    return min(fitting, key=_order(wanted)) if fitting else None


# How well skills fit: the leading category, another one, takes whatever comes, skilled in other things.
_GENERALIST = 2


def _fit(wanted: Wanted, colleague: Colleague) -> int:
    if wanted.categories and wanted.categories[0] in colleague.skills:
        return 0
    if colleague.skills.intersection(wanted.categories):
        return 1
    return _GENERALIST if not colleague.skills else _GENERALIST + 1


def _order(wanted: Wanted) -> Callable[[Colleague], tuple[int, Fraction, float, int]]:
    def order(colleague: Colleague) -> tuple[int, Fraction, float, int]:
        share = Fraction(colleague.load, max(colleague.capacity, 1))
        given = colleague.last_given_at.timestamp() if colleague.last_given_at else 0.0
        return (_fit(wanted, colleague), share, given, colleague.id)

    return order


def _any_speaks(colleagues: Sequence[Colleague], language: str) -> bool:
    return any(_speaks(one, language) for one in colleagues)


def _speaks(colleague: Colleague, language: str) -> bool:
    return not colleague.languages or language in colleague.languages
