"""The Check itself: the named test, run once, when all its data are there.

Until then only sizes are told and no result, for who looks at every interim result stops at a lucky one. How long the
time after is depends on sizes alone, never on what came out.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Test
from analytics.improvement.losses import remedies_of
from analytics.improvement.proof.evidence import Side, before_of, unit_of
from analytics.improvement.proof.planning import Planned, plan
from analytics.improvement.proof.proving import Proof, prove
from analytics.periods import Period
from analytics.sigma import WrongInput

_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class After:
    """The time after: its days, and what is there of it.

    Attributes:
        over: the planned days are over, and late outcomes are in.
        needed: size that it takes.
    """

    period: Period
    side: Side
    over: bool
    needed: int

    @property
    def complete(self) -> bool:
        return self.over and self.side.size >= self.needed


def after_of(look: Look, test: Test, planned: Planned) -> After:
    """The time after the measures: the planned days, then whole weeks until the planned size is there."""
    begin, needed = test.intervention_date, planned.after or planned.needed
    end = begin + timedelta(days=test.days_after - 1)
    over = end <= look.settled
    if look.settled < begin:
        nothing = look.read(Period(begin, begin)).within(Period(begin, begin - timedelta(days=1)))
        return After(Period(begin, end), nothing, False, needed)
    known = look.read(Period(begin, look.settled))
    side = known.within(Period(begin, end))
    while over and side.size < needed and end + _WEEK <= look.settled:
        end += _WEEK
        side = known.within(Period(begin, end))
    return After(Period(begin, end), side, over, needed)


def tried_before(look: Look) -> int:
    """How many tests were named, had begun, and were given up for another one: each halves the level."""
    tests = look.improvement.content.get("tests", [])
    tried = 0
    for named, later in pairwise(tests):
        replaced = datetime.fromisoformat(later["at"]).astimezone(look.around.zone).date()
        tried += date.fromisoformat(named["test"]["intervention_date"]) <= replaced
    return tried


def check(look: Look) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The result of the named test, if there is one yet, and what is still missing.

    A result found now is added to what the look freezes.
    """
    result = look.figures.get("result")
    if result is None:
        result, findings = _run(look)
        if result is None:
            return None, findings
        look.freezes["result"] = result
    complete = Finding("data_complete", True, {"since": result["since"], "until": result["until"]})
    named = ("kind", "measure", "p", "level", "effect", "interval", "no_change", "before", "after", "tried_before")
    shown = {name: result[name] for name in named}
    return result, [
        complete,
        Finding("change_shown", result["shown"], shown),
        Finding("target_reached", None, {name: result[name] for name in ("reached", "target", "after", "measure")}),
    ]


def _run(look: Look) -> tuple[dict[str, Any] | None, list[Finding]]:
    test, before = look.test, look.before()
    if test is None or before is None:
        return None, [Finding("test_written", False)]
    try:
        planned = plan(test, before)
    except WrongInput as error:
        return None, [Finding("test_planned", False, {"why": str(error)})]
    after = after_of(look, test, planned)
    figures = {
        "until": after.period.until and after.period.until.isoformat(),
        "settled_until": look.settled.isoformat(),
        "have": after.side.size,
        "needed": after.needed,
        "unit": unit_of(look.part, test.measure),
    }
    if not after.complete:
        return None, [Finding("data_complete", False, figures)]
    try:
        proof = prove(test, before, after.side, look.policy.confidence)
    except WrongInput as error:
        return None, [Finding("data_complete", False, {**figures, "why": str(error)})]
    return _told(look, test, planned, after, proof), []


def _told(look: Look, test: Test, planned: Planned, after: After, proof: Proof) -> dict[str, Any]:
    tried = tried_before(look)
    level = test.alpha / 2**tried
    reached = proof.after is not None and (
        proof.after >= planned.target if test.rises else proof.after <= planned.target
    )
    assert after.period.since and after.period.until
    return {
        **proof.to_json(),
        "kind": test.kind,
        "measure": test.measure,
        "alternative": test.alternative,
        "since": after.period.since.isoformat(),
        "until": after.period.until.isoformat(),
        "level": level,
        "tried_before": tried,
        "target": planned.target,
        "reached": reached,
        "shown": proof.better and proof.p < level,
        "excludes_no_change": proof.excludes_no_change,
        "unit": unit_of(look.part, test.measure),
        "remedies": _remedies(look, test, after.period),
        "at": look.work.now.isoformat(),
    }


def _remedies(look: Look, test: Test, after: Period) -> dict[str, Any] | None:
    """What was paid for complaints on both sides, for the ledger."""
    if test.measure != "defects" or look.baseline is None:
        return None
    periods = {"before": before_of(look.baseline, test), "after": after}
    found = {side: remedies_of(look.work, look.around, look.part, period) for side, period in periods.items()}
    return {side: told.to_json() for side, told in found.items() if told is not None}
