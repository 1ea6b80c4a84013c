"""The gates between phases: they look at data, not at ticks (S0: 按计划目标检查执行结果)."""

from collections.abc import Callable

from analytics.improvement.gates.freezing import baseline_findings
from analytics.improvement.gates.gate_report import Finding, GateReport
from analytics.improvement.gates.gates_of_analysis import analysed, measurable
from analytics.improvement.gates.holding import holds
from analytics.improvement.gates.look import Look
from analytics.improvement.gates.standards import standard_findings
from analytics.improvement.loops.documents import Causes, Control, MainCause, ParetoSlice, Sponsor
from analytics.improvement.loops.measures import measures_of
from analytics.improvement.loops.phases import next_phase
from analytics.improvement.policy import read_departments
from analytics.improvement.proof.checking import check
from analytics.improvement.proof.evidence import unit_of
from analytics.improvement.proof.planning import level_of, plan
from analytics.periods import Period
from analytics.recovery_steps import RECOVERY
from analytics.series import counts_by_day
from analytics.service_steps import SERVICE
from analytics.sigma import Convention, DefectRate, WrongInput, measure
from analytics.statistics.pareto import pareto
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement

__all__ = ["Finding", "GateReport", "examine"]

_WHYS = 5


def examine(work: UnitOfWork, around: Surroundings, improvement: Improvement) -> GateReport:
    """What the gate of the present phase sees; nothing is changed.

    Args:
        work: may read; what is not rolled up yet does not count.
        improvement: one that is not closed.

    Raises:
        FirmDataError: a file of the firm is wrong.
        TookTooLong: the time there is for the answer is over.
    """
    look = Look(work, around, improvement)
    to_phase = next_phase(improvement.kind, improvement.phase)
    findings = tuple(_GATES[improvement.phase](look))
    return GateReport(improvement.phase, to_phase, findings, look.freezes)


def _plan(look: Look) -> list[Finding]:
    return [
        *look.has("problem"),
        *baseline_findings(look),
        *_causes(look),
        *_measures_planned(look),
        *_test_named(look),
    ]


def _do(look: Look) -> list[Finding]:
    begin = look.test.intervention_date if look.test else None
    return [
        *_measures_done(look),
        Finding(
            "intervention_reached",
            begin is not None and begin <= look.today,
            {"intervention_date": begin and begin.isoformat(), "today": look.today.isoformat()},
        ),
    ]


def _check(look: Look) -> list[Finding]:
    result, findings = check(look)
    if result is None or (result["reached"] and result["shown"]):
        return findings
    return [*findings, Finding("deviations_written", "deviations" in look.documents)]


def _act(look: Look) -> list[Finding]:
    return [*standard_findings(look), *_rest(look)]


def _define(look: Look) -> list[Finding]:
    findings = look.has("sponsor", "define")
    sponsor = look.documents.get("sponsor")
    if isinstance(sponsor, Sponsor):
        findings.append(Finding("time_frame_open", look.today <= sponsor.ends, {"ends": sponsor.ends.isoformat()}))
    return findings


def _measure(look: Look) -> list[Finding]:
    return [*look.has("measure"), *baseline_findings(look), *measurable(look)]


def _analyse(look: Look) -> list[Finding]:
    return analysed(look)


def _improve(look: Look) -> list[Finding]:
    findings = [*look.has("improve"), *_measures_planned(look), *_test_named(look)]
    # Before all of that stands and is done there is nothing that could be checked, and the test is run once.
    for following in (_do, _check):
        if any(finding.met is False for finding in findings):
            break
        findings += following(look)
    return findings


def _control(look: Look) -> list[Finding]:
    findings = look.has("control")
    control = look.documents.get("control")
    if isinstance(control, Control):
        findings += holds(look, control)
    return [*findings, *standard_findings(look), *_rest(look)]


_GATES: dict[str, Callable[[Look], list[Finding]]] = {
    "plan": _plan,
    "do": _do,
    "check": _check,
    "act": _act,
    "define": _define,
    "measure": _measure,
    "analyse": _analyse,
    "improve": _improve,
    "control": _control,
}


def _causes(look: Look) -> list[Finding]:
    causes, main = look.documents.get("causes"), look.documents.get("main_cause")
    if not isinstance(causes, Causes):
        return [Finding("causes_written", False), *look.has("main_cause")]
    deepest = max((len(chain) for chain in causes.whys), default=0)
    findings = [
        Finding("causes_written", bool(causes.all), {"causes": len(causes.all)}),
        Finding("five_whys", deepest >= _WHYS, {"whys": deepest, "needed": _WHYS}),
        *_pareto(look, causes.pareto),
        *look.has("main_cause"),
    ]
    if isinstance(main, MainCause):
        findings.append(Finding("main_cause_is_a_cause", main.cause in causes.all))
    return findings


def _pareto(look: Look, chosen: ParetoSlice | None) -> list[Finding]:
    """What part of the defects the slice makes; complaints where they are told apart, missed steps else."""
    if chosen is None or look.baseline is None:
        return [Finding("pareto_slice", False)]
    period = Period(look.baseline.since, look.baseline.until)
    counted = counts_by_day(look.work, look.part.slice(), period, chosen.dimension)
    numbers = {key: sum(count.defects for count in days.values()) for key, days in counted.items()}
    numbers = {key: number for key, number in numbers.items() if number}
    if chosen.key not in numbers:
        return [Finding("pareto_slice", False, {"dimension": chosen.dimension, "key": chosen.key, "defects": 0})]
    table = pareto(numbers)
    rank, row = next((at, row) for at, row in enumerate(table.rows, 1) if row.category == chosen.key)
    figures = {
        "dimension": chosen.dimension, "key": chosen.key, "defects": int(row.count), "of": int(table.total),
        "share": row.share, "rank": rank,
    }  # fmt: skip
    look.freezes["pareto"] = figures
    return [Finding("pareto_slice", True, figures)]


def _measures_planned(look: Look) -> list[Finding]:
    measures = measures_of(look.work, look.improvement)
    departments = read_departments(look.around.folder)
    incomplete = [one.public_id for one in measures if not (one.resources.strip() and one.target.strip())]
    foreign = sorted({one.department for one in measures} - set(departments))
    return [
        Finding("measures_planned", bool(measures), {"measures": len(measures)}),
        Finding("measures_complete", not incomplete, {"incomplete": incomplete}),
        Finding("departments_known", not foreign, {"unknown": foreign, "departments": list(departments)}),
    ]


def _measures_done(look: Look) -> list[Finding]:
    measures = measures_of(look.work, look.improvement)
    still = [one.public_id for one in measures if one.done_on is None or one.done_on > look.today]
    return [Finding("measures_done", bool(measures) and not still, {"open": still, "measures": len(measures)})]


def _test_named(look: Look) -> list[Finding]:
    test, baseline = look.test, look.baseline
    if test is None or baseline is None:
        return [Finding("test_written", test is not None)]
    begin = test.intervention_date
    process = {"two_proportions": RECOVERY, "two_rates": SERVICE}.get(test.kind)
    written = {name: look.written_on(name) for name in ("baseline", "test")}
    in_time = all(day is not None and day < begin for day in written.values())
    age = (begin - baseline.until).days
    findings = [
        Finding("test_written", True),
        Finding(
            "test_fits_process", process in (None, look.part.process), {"kind": test.kind, "process": look.part.process}
        ),
        Finding(
            "test_named_beforehand",
            in_time,
            {
                "intervention_date": begin.isoformat(),
                **{f"{name}_written": day and day.isoformat() for name, day in written.items()},
            },
        ),
        Finding(
            "baseline_recent",
            0 < age <= look.policy.baseline_age_days,
            {"days": age, "most": look.policy.baseline_age_days},
        ),
    ]
    return [*findings, *_size_planned(look)]


def _size_planned(look: Look) -> list[Finding]:
    test, before = look.test, look.before()
    if test is None or before is None or not before.size:
        return [Finding("test_planned", False)]
    told = {"measure": test.measure, "unit": unit_of(look.part, test.measure)}
    try:
        planned = plan(test, before)
    except WrongInput as error:
        return [Finding("test_planned", False, {"why": str(error), **told, "before": level_of(before, test.measure)})]
    figures = {**planned.to_json(), **told}
    a_day = before.size / max(1, len(set(before.days)))
    figures["least_before"] = planned.least_before
    figures["days_expected"] = None if planned.after is None else max(test.days_after, round(planned.after / a_day))
    look.freezes["plan"] = figures
    return [
        Finding("test_planned", True, figures),
        Finding(
            "baseline_large_enough",
            planned.after is not None,
            {"have": planned.have, "needed": planned.least_before, "unit": told["unit"]},
        ),
        Finding(
            "test_in_reach",
            figures["days_expected"] is None or figures["days_expected"] <= look.policy.longest_check_days,
            {"days_expected": figures["days_expected"], "most": look.policy.longest_check_days},
        ),
    ]


def _rest(look: Look) -> list[Finding]:
    """What is left goes into the next round: the target that was missed, and all that is below the standard."""
    result = look.figures.get("result", {})
    reached = bool(result.get("reached"))
    sigma_low = _sigma_low(look, result)
    standard = look.policy.control_standard_sigma
    at_standard = sigma_low is None or sigma_low >= standard
    figures = {"target_reached": reached, "sigma_low": sigma_low, "standard": standard}
    return [Finding("rest_written_where_left", (reached and at_standard) or "rest" in look.documents, figures)]


def _sigma_low(look: Look, result: dict[str, object]) -> float | None:
    """What the sigma level after is at least; None for ratings and times, which have none."""
    defects, opportunities = result.get("after_defects"), result.get("after_size")
    if not isinstance(defects, int) or not isinstance(opportunities, int):
        return None
    try:
        rate = measure(defects, opportunities, Convention(look.policy.shift, look.policy.confidence))
    except WrongInput:
        return float("-inf")
    return rate.sigma_low if isinstance(rate, DefectRate) else None
