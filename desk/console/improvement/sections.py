"""Sections of cycles and projects as forms: fields of each document of ``analytics.improvement.loops.documents``."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from analytics.improvement.loops.documents import BRANCHES, Measured, ParetoSlice, Source, StandardKind, TestKind
from analytics.periods import Every
from desk.console.improvement.fields import ROWS, Field, Group, Part, Rows, filled, read_document
from desk.console.performing import Form, first_value

EVERY = get_args(Every)
MEASURES = get_args(Measured)
SOURCES = get_args(Source)
_DIMENSIONS = get_args(ParetoSlice.model_fields["dimension"].annotation)
_CHARTS = ("auto", "p", "u", "p'", "u'", "i", "ewma", "cusum")
_TESTS = get_args(TestKind)
# Longest texts and lines of the documents.
_TEXT, _LINE, _NAME = 4000, 200, 64

# Chains of whys that a form offers, and how deep each is.
CHAINS, DEEP = 10, 5

SECTIONS: dict[str, tuple[Part, ...]] = {
    "problem": (Field("statement", "text", required=True, length=_TEXT), Field("why", "text", length=_TEXT)),
    "baseline": (
        Field("since", "day", required=True, words="baseline_since"),
        Field("until", "day", required=True, words="baseline_until"),
        Field("every", "choice", EVERY, required=True),
    ),
    # The fishbone and the whys have an editor of their own.
    "causes": (
        Group(
            "pareto",
            (
                Field("dimension", "choice", _DIMENSIONS, words="pareto_dimension"),
                Field("key", length=64, words="pareto_key"),
            ),
        ),
    ),
    "main_cause": (
        Field("cause", "choice", required=True, words="main_cause"),
        Field("because", "text", required=True, words="main_because", length=_TEXT),
    ),
    "test": (
        Field("kind", "choice", _TESTS, required=True, words="test_kind"),
        Field("measure", "choice", MEASURES, required=True, words="test_measure"),
        Field("alternative", "choice", ("less", "greater", "two-sided"), required=True),
        Group(
            "target",
            (
                Field("kind", "choice", ("relative", "absolute"), required=True, words="target_kind"),
                Field("value", "number", required=True, words="target_value"),
            ),
        ),
        Field("intervention_date", "day", required=True),
        Field("days_before", "whole"),
        Field("days_after", "whole", required=True),
        Field("alpha", "number", required=True),
        Field("power", "number", required=True),
    ),
    "deviations": (
        Rows(
            "causes",
            (
                Field("cause", length=_LINE, words="deviation_cause"),
                Field("weight", "number", words="deviation_weight"),
                Field("what_next", length=_TEXT),
            ),
        ),
    ),
    "standard": (
        Rows(
            "changes",
            (
                Field("kind", "choice", get_args(StandardKind), words="standard_kind"),
                Field("reference", length=_LINE, words="standard_reference"),
                Field("words", length=_TEXT, words="standard_words"),
            ),
        ),
    ),
    "rest": (Field("words", "text", required=True, words="rest_words", length=_TEXT),),
    "sponsor": (
        Field("who", required=True, words="sponsor_who", length=_NAME),
        Field("aim", "text", required=True, length=_TEXT),
        Field("resources", "text", required=True, words="sponsor_resources", length=_TEXT),
        Field("begins", "day", required=True),
        Field("ends", "day", required=True),
    ),
    "define": (
        Field("need", "text", required=True, length=_TEXT),
        Field("scope", "text", required=True, length=_TEXT),
    ),
    "measure": (
        Field("target", "text", required=True, words="measure_target", length=_TEXT),
        Field("indicators", "lines", required=True, length=_TEXT),
        Rows(
            "outputs",
            (
                Field("name", length=_LINE, words="variable_name"),
                Field("definition", length=_TEXT, words="variable_definition"),
                Field("source", "choice", MEASURES, words="output_source"),
            ),
            blank=1,
        ),
        Rows(
            "inputs",
            (
                Field("name", length=_LINE, words="variable_name"),
                Field("definition", length=_TEXT, words="variable_definition"),
                Field("source", "choice", SOURCES, words="input_source"),
            ),
        ),
    ),
    "analyse": (Field("words", "text", required=True, words="analyse_words", length=_TEXT),),
    "improve": (
        Rows(
            "options",
            (
                Field("words", length=_TEXT, words="option_words"),
                Field("effect", length=_TEXT, words="option_effect"),
                Field("cost", length=_TEXT, words="option_cost"),
            ),
        ),
        Field("chosen", "whole", required=True, words="option_chosen"),
        Field("because", "text", required=True, words="option_because", length=_TEXT),
    ),
    "control": (
        Field("plan", "text", required=True, words="control_plan", length=_TEXT),
        Field("owner", required=True, words="control_owner", length=_NAME),
        Field("reaction", "text", required=True, length=_TEXT),
        Field("every", "choice", EVERY, required=True),
        Field("kind", "choice", _CHARTS, required=True, words="chart_kind"),
        Field("points", "whole", required=True),
    ),
}

MEASURE: tuple[Field, ...] = (
    Field("words", "text", required=True, words="measure_words", length=_TEXT),
    Field("owner", required=True, words="measure_owner", length=_NAME),
    Field("department", "choice", required=True),
    Field("begins_on", "day", required=True),
    Field("due_on", "day", required=True),
    Field("resources", length=_TEXT, words="measure_resources"),
    Field("target", length=_TEXT, words="measure_goal"),
)
MEASURE_DONE: tuple[Field, ...] = (
    Field("done_on", "day", required=True),
    Field("result", "text", words="measure_result", length=_TEXT),
)

# What stands in a form that nobody has filled in yet.
_BEGINNINGS: dict[str, dict[str, str]] = {
    "baseline": {"every": "day"},
    "test": {
        "kind": "two_proportions",
        "measure": "defects",
        "alternative": "less",
        "target.kind": "relative",
        "target.value": "0.3",
        "days_after": "28",
        "alpha": "0.05",
        "power": "0.8",
    },
    "control": {"every": "day", "kind": "auto", "points": "20"},
}


def read_section(name: str, form: Form) -> dict[str, Any]:
    """What was sent for a section, as its document; what is empty is left out."""
    document = read_document(SECTIONS[name], form)
    if name == "causes":
        bones = {branch: _lines(first_value(form, f"fishbone.{branch}")) for branch in BRANCHES}
        document["fishbone"] = {branch: causes for branch, causes in bones.items() if causes}
        chains = [_chain(form, number) for number in range(CHAINS)]
        document["whys"] = [chain for chain in chains if chain]
    elif name == "analyse":
        document["inputs"] = [source for source in form.get("inputs", []) if source]
    return document


def fill_section(name: str, document: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands in each input of a section's form."""
    if not document:
        return dict(_BEGINNINGS.get(name, {}))
    typed = filled(SECTIONS[name], document)
    if name == "causes":
        typed |= {f"fishbone.{branch}": "\n".join(causes) for branch, causes in document.get("fishbone", {}).items()}
        for number, chain in enumerate(document.get("whys", ())):
            typed |= {f"whys.{number}.{place}": answer for place, answer in enumerate(chain)}
    elif name == "analyse":
        typed |= {f"inputs.{source}": "yes" for source in document.get("inputs", ())}
    return typed


def chains_of(typed: Mapping[str, str]) -> range:
    """The chains of whys that a form shows: those there are and an empty one."""
    there = [number for number in range(CHAINS) if any(typed.get(f"whys.{number}.{place}") for place in range(DEEP))]
    return range(min(CHAINS, max(there, default=-1) + 2))


def words_of(parts: Sequence[Part]) -> list[str]:
    """The words whose labels and hints a form asks for."""
    found = []
    for part in parts:
        found.append(part.label)
        if not isinstance(part, Field):
            found += [field.label for field in part.fields]
    return found


def names_in(parts: Sequence[Part]) -> list[str]:
    """The names of a form's inputs, and of what holds some of them."""
    found = []
    for part in parts:
        found.append(part.name)
        if isinstance(part, Group):
            found += [f"{part.name}.{field.name}" for field in part.fields]
        elif isinstance(part, Rows):
            found += [f"{part.name}.{number}.{field.name}" for number in range(ROWS) for field in part.fields]
    return found


def inputs_of(name: str) -> list[str]:
    """The names of the inputs of a section's form."""
    found = names_in(SECTIONS[name])
    if name == "causes":
        found += [f"fishbone.{branch}" for branch in BRANCHES]
        found += [f"whys.{number}.{place}" for number in range(CHAINS) for place in range(DEEP)]
    elif name == "analyse":
        found.append("inputs")
    return found


def _chain(form: Form, number: int) -> list[str]:
    answers = (first_value(form, f"whys.{number}.{place}") for place in range(DEEP))
    return [answer for answer in answers if answer]


def _lines(written: str) -> list[str]:
    return [line.strip() for line in written.splitlines() if line.strip()]
