"""The forms of improvement, and the words for all that its gates may say."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from analytics.improvement.loops.documents import FORMS, MeasureDone, MeasureForm, TestKind
from analytics.improvement.loops.phases import SECTIONS as PHASES
from analytics.improvement.loops.refusals import CODES
from analytics.words.sentences import in_language
from desk.console.improvement.fields import Field
from desk.console.improvement.levels import Levels
from desk.console.improvement.sections import MEASURE, MEASURE_DONE, SECTIONS, fill_section, read_section, words_of
from desk.console.pages import read_words


@pytest.mark.parametrize(
    ("measure", "value", "level"),
    [
        ("defects", 0.00342, "0.34%"),
        ("defects", 1.2, "120.0%"),
        ("rating", 4.256, "4.26"),
        ("resolution", 35.22, "35.2小时"),
    ],
)
def test_levels_are_written_as_their_measure_has_them(measure: str, value: float, level: str) -> None:
    words = read_words()
    levels = Levels("zh", lambda key, **facts: words.render("zh", key, **facts))
    assert levels.level(value, measure) == level


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("two_proportions", "−3.10个百分点"),
        ("two_rates", "之前的0.65倍"),
        ("mann_whitney", "之后更好的概率62.3%"),
        ("log_rank", "速度是之前的1.40倍"),
    ],
)
def test_effects_are_written_as_their_test_has_them(kind: str, effect: str) -> None:
    words = read_words()
    levels = Levels("zh", lambda key, **facts: words.render("zh", key, **facts))
    value = {"two_proportions": -0.031, "two_rates": 0.65, "mann_whitney": 0.623, "log_rank": 1.4}[kind]
    assert levels.effect(value, kind) == effect
    assert set(get_args(TestKind)) == {"two_proportions", "two_rates", "mann_whitney", "log_rank"}


def test_why_a_gate_stays_closed_is_said_in_chinese() -> None:
    """Each reason that improvement gives in English by itself."""
    import analytics.improvement as house

    sources = "\n".join(
        (Path(house.__path__[0]) / f"{name}.py").read_text()
        for name in ("proof/planning", "proof/proving", "gates/inputs_tested")
    )
    reasons = re.findall(r'WrongInput\("([^"]+)"\)', sources) + re.findall(r'source, False, "([^"]+)"\)', sources)
    assert len(reasons) >= 7
    assert [reason for reason in reasons if in_language(reason, "zh") == reason] == []


def test_every_section_has_a_form_that_keeps_its_document() -> None:
    """What a form shows of a document is read back as the same document, by its own input names."""
    examples: dict[str, dict[str, Any]] = {
        "problem": {"statement": "a", "why": "b"},
        "baseline": {"since": "2026-09-01", "until": "2026-10-31", "every": "week"},
        "causes": {
            "fishbone": {"people": ["a", "b"]}, "whys": [["a", "b"], ["c"]],
            "pareto": {"dimension": "category", "key": "delivery"},
        },
        "main_cause": {"cause": "a", "because": "b"},
        "test": {
            "kind": "log_rank", "measure": "resolution", "alternative": "less", "alpha": 0.05, "power": 0.8,
            "target": {"kind": "relative", "value": 0.25}, "intervention_date": "2026-12-01", "days_before": 28,
            "days_after": 56,
        },
        "deviations": {"causes": [{"cause": "a", "weight": 60.5, "what_next": "b"}, {"cause": "c", "weight": 1}]},
        "standard": {"changes": [{"kind": "policy_file", "reference": "routing.yml", "words": "x"}]},
        "rest": {"words": "a"},
        "sponsor": {"who": "a", "aim": "b", "resources": "c", "begins": "2026-11-01", "ends": "2027-02-01"},
        "define": {"need": "a", "scope": "b"},
        "measure": {
            "target": "a", "indicators": ["b", "c"],
            "outputs": [{"name": "a", "definition": "b", "source": "defects"}],
            "inputs": [{"name": "a", "definition": "b", "source": "weekday"}],
        },
        "analyse": {"inputs": ["weekday", "channel"], "words": "a"},
        "improve": {"options": [{"words": "a", "effect": "b", "cost": "c"}], "chosen": 1, "because": "d"},
        "control": {"every": "week", "kind": "p'", "points": 20, "plan": "a", "owner": "b", "reaction": "c"},
    }  # fmt: skip
    assert set(examples) == set(FORMS) == set(SECTIONS)
    assert {name for kind in PHASES.values() for names in kind.values() for name in names} == set(SECTIONS)
    for name, document in examples.items():
        expected = FORMS[name].model_validate(document)
        sent = {key: [value] for key, value in fill_section(name, document).items()}
        if name == "analyse":
            sent["inputs"] = document["inputs"]
        assert FORMS[name].model_validate(read_section(name, sent)) == expected, name


def test_every_field_of_every_document_is_in_its_form() -> None:
    for name, form in FORMS.items():
        own = {part.name for part in SECTIONS[name]}
        by_hand = {"causes": {"fishbone", "whys"}, "analyse": {"inputs"}}.get(name, set())
        assert own | by_hand == set(form.model_fields), name
    assert {field.name for field in MEASURE} == set(MeasureForm.model_fields)
    assert {field.name for field in MEASURE_DONE} == set(MeasureDone.model_fields)


def test_forms_phases_gates_and_refusals_have_their_words() -> None:
    words = read_words()
    wanted = {
        f"improve_field.{label}" for parts in (*SECTIONS.values(), MEASURE, MEASURE_DONE) for label in words_of(parts)
    }
    wanted |= {f"improve_section.{name}" for name in SECTIONS} | {f"improve_section.hint_{name}" for name in SECTIONS}
    wanted |= {f"improve_phase.{phase}" for kind in PHASES.values() for phase in kind} | {"improve_phase.closed"}
    # What leads to a page that is not there needs no sentence.
    without = {"not_found", "no_such_signal", "no_such_entry", "no_such_measure"}
    wanted |= {f"improve_refused.{code}" for code in CODES if code not in without}
    for parts in SECTIONS.values():
        fields = [field for part in parts for field in (part.fields if not isinstance(part, Field) else (part,))]
        wanted |= {f"improve_choice.{key}" for field in fields for key in field.choices if "'" not in key}
    assert {key for key in wanted if not words.has(key)} == set()


def test_every_finding_of_a_gate_has_its_words() -> None:
    import analytics.improvement as house

    words = read_words()
    sources = [path.read_text() for path in _modules(house.__path__[0])]
    codes = {code for source in sources for code in re.findall(r'Finding\(\s*"(\w+)"', source)}
    codes |= {f"{name}_written" for name in SECTIONS if name != "rest"}
    assert len(codes) > 30
    assert {code for code in codes if not words.has(f"improve_gate.{code}")} == set()


def _modules(folder: str) -> list[Any]:
    return sorted(Path(folder).rglob("*.py"))


def test_days_of_a_test_are_whole_weeks_in_the_form_that_is_offered() -> None:
    assert int(fill_section("test", None)["days_after"]) % timedelta(weeks=1).days == 0
