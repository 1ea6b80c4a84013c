"""Whether an improvement holds: no adverse signal on its chart, and an interval that still excludes no change."""

from datetime import date, timedelta
from typing import Any

from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Control
from analytics.improvement.proof.proving import prove
from analytics.periods import Period, end_of
from analytics.questions.chart import ChartQuestion
from analytics.sigma import WrongInput

_STANDARD_RULES = ("nelson_1", "nelson_2", "nelson_5", "nelson_6")


def holds(look: Look, control: Control) -> list[Finding]:
    """The points since the test, judged by the level that the test found; and the test's interval up to now.

    A signal stays on record; once as many points as were agreed have come after it without another, the process is
    taken to be in control again.
    """
    result, test, before = look.figures.get("result"), look.test, look.before()
    if result is None or test is None or before is None:
        return [Finding("change_shown", False)]
    since, until = date.fromisoformat(result["since"]), date.fromisoformat(result["until"])
    needed = max(control.points, look.policy.points_in_control)
    findings = [_in_control(look, control, since, until, needed)]
    known = look.read(Period(since, look.settled))
    try:
        proof = prove(test, before, known, look.policy.confidence)
    except WrongInput as error:
        return [*findings, Finding("excludes_no_change", False, {"why": str(error)})]
    figures = {
        "kind": test.kind, "effect": proof.effect, "interval": proof.interval.to_json(), "no_change": proof.no_change,
        "until": look.settled.isoformat(),
    }  # fmt: skip
    return [*findings, Finding("excludes_no_change", proof.excludes_no_change, figures)]


def _in_control(look: Look, control: Control, since: date, until: date, needed: int) -> Finding:
    part = look.part
    figures: dict[str, Any] = {"needed": needed, "points": 0, "every": control.every, "after": until.isoformat()}
    try:
        question = ChartQuestion.model_validate(
            {
                "process": part.process,
                **part.slice().chosen,
                "measure": look.measure,
                "every": control.every,
                "kind": "auto"
                if look.measure != "defects" and control.kind not in ("i", "ewma", "cusum")
                else control.kind,
                "baseline": Period(since, until),
                "since": since,
                "until": look.settled,
                "rules": _STANDARD_RULES,
            }
        )
        answer = question.answer(look.work, look.around)
    except (WrongInput, ValueError) as error:
        return Finding("points_in_control", False, {**figures, "why": str(error)})
    if not answer.drawn or not answer.drawn[0].charts:
        return Finding(
            "points_in_control", False, {**figures, "why": answer.drawn[0].refused if answer.drawn else None}
        )
    drawn = answer.drawn[0]
    first = until + timedelta(days=1)
    labels = [point.label for point in drawn.charts[0].points]
    # A week or month counts once all of it lies after the test and is settled.
    days = [
        day for day in labels if isinstance(day, date) and day >= first and end_of(day, control.every) <= look.settled
    ]
    adverse = sorted(
        point.label
        for chart, point in drawn.signals
        if isinstance(point.label, date) and point.label in days and answer.direction(drawn, chart, point) == "worse"
    )
    without = len([day for day in days if not adverse or day > adverse[-1]])
    figures |= {
        "points": without, "all_points": len(days), "kind": drawn.kind,
        "adverse": [day.isoformat() for day in adverse[-10:]],
    }  # fmt: skip
    return Finding("points_in_control", without >= needed, figures)
