"""What Measure and Analyse of a project ask of the data: can it be measured, and which inputs drive the output."""

from datetime import timedelta
from typing import Any

from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.gates.inputs_tested import tested_input
from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Analyse, Measure
from analytics.improvement.proof.evidence import case_values, unit_of
from analytics.periods import Period

# Of all tests of one project together (Bonferroni over the inputs that Measure names).
LEVEL = 0.05
_LEAST_VALUES = 20
# Ratings and times are read case by case: what can be measured shows in the last days already.
_LOOKED_AT = timedelta(days=91)


def measurable(look: Look) -> list[Finding]:
    """One finding for each output and input: whether the data of the baseline hold it."""
    document, baseline = look.documents.get("measure"), look.baseline
    if not isinstance(document, Measure) or baseline is None:
        return []
    period = Period(baseline.since, baseline.until)
    lately = Period(max(baseline.since, baseline.until - _LOOKED_AT), baseline.until)
    findings = []
    for source in dict.fromkeys(output.source for output in document.outputs):
        if source == "defects":
            have = look.freezes.get("baseline", {}).get("have", 0)
        else:
            have = case_values(look.work, look.around, look.part, source, lately).size
        figures = {"output": source, "have": have, "needed": _LEAST_VALUES, "unit": unit_of(look.part, source)}
        findings.append(Finding("output_measurable", have >= _LEAST_VALUES, figures))
    for entry in dict.fromkeys(one.source for one in document.inputs):
        found = tested_input(look, entry, period)
        findings.append(Finding("input_measurable", found.measurable, {"input": entry, "why_not": found.why_not}))
    return findings


def analysed(look: Look) -> list[Finding]:
    """That each input chosen is shown to drive the output; the tests of all inputs are frozen with it."""
    chosen, document, baseline = look.documents.get("analyse"), look.documents.get("measure"), look.baseline
    if not isinstance(chosen, Analyse) or not isinstance(document, Measure) or baseline is None:
        return look.has("analyse")
    period = Period(baseline.since, baseline.until)
    named = list(dict.fromkeys(one.source for one in document.inputs))
    level = LEVEL / len(named)
    tested = {source: tested_input(look, source, period) for source in named}
    look.freezes["inputs"] = [found.to_json() for found in tested.values()]
    findings = [Finding("analyse_written", True)]
    for source in chosen.inputs:
        found = tested.get(source)
        shown = found is not None and found.p is not None and found.p < level
        figures: dict[str, Any] = {"input": source, "level": level, "named": source in named}
        if found is not None:
            figures |= {"p": found.p, "strength": found.strength, "keys": [list(key) for key in found.keys]}
        findings.append(Finding("input_drives_output", shown, figures))
    # Two or three may matter alike; all of them are no choice.
    few = len(chosen.inputs) < len(named) or len(named) == 1
    findings.append(Finding("inputs_are_few", few, {"chosen": len(chosen.inputs), "named": len(named)}))
    return findings
