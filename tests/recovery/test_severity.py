"""The rule table of severity (domain.md section 4) as it ships: derived, never said by anyone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.firm.severity import SeverityFile
from recovery.failures import Category, Risk, fixed_category
from recovery.severity import (
    Severity,
    SeverityCondition,
    SeverityInputs,
    SeverityRule,
    derive_severity,
    judge_severity,
)
from store.firm_files import read_yaml
from tests.conftest import ROOT

LOW, MEDIUM, HIGH, CRITICAL = Severity
RISING = list(Severity)
SHIPPED = read_yaml(ROOT / "data" / "firm" / "severity.yml", SeverityFile).table
# Of the shipped table: what is at stake is large from 2,000.00 on, in minor units.
LARGE = 200_000


def severity(*categories: str, emotion: int = 0, risks: tuple[str, ...] = (), **more: object) -> Severity:
    inputs = SeverityInputs(categories or ("delivery",), risks, emotion, **more)  # type: ignore[arg-type]
    return derive_severity(inputs, SHIPPED)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (severity("delivery"), LOW),
        (severity("delivery", emotion=1), LOW),
        (severity("other"), LOW),
        # GB/T 47746-2026: danger to people and data is a person's at once
        (severity("safety"), CRITICAL),
        (severity("privacy_security"), CRITICAL),
        (severity("delivery", risks=("safety",)), CRITICAL),
        (severity("delivery", risks=("privacy",)), CRITICAL),
        # domain.md section 4: threats of law and press; GB/T: people who need care
        (severity("delivery", risks=("legal",)), HIGH),
        (severity("delivery", risks=("media",)), HIGH),
        (severity("delivery", risks=("vulnerable",)), HIGH),
        # domain.md section 4: emotion 3 is furious or threatening
        (severity("delivery", emotion=3), HIGH),
        # domain.md section 4: amount
        (severity("delivery", amount_minor=LARGE), HIGH),
        # S0, double deviation: failed again and again
        (severity("delivery", earlier_cases=2), HIGH),
        # S3, customer pyramid
        (severity("delivery", tier="vip", emotion=2), HIGH),
        # anger, suspicion, leaving, a second time, several failures, the recovery failed (S0)
        (severity("delivery", emotion=2), MEDIUM),
        (severity("delivery", risks=("fraud",)), MEDIUM),
        (severity("delivery", risks=("churn",)), MEDIUM),
        (severity("delivery", earlier_cases=1), MEDIUM),
        (severity("delivery", "service_attitude"), MEDIUM),
        (severity("after_sales"), MEDIUM),
        # S0, double deviation: the complaint is about how a complaint was handled
        (severity("other", about_handling=True), MEDIUM),
        # just below, or alone not enough
        (severity("delivery", amount_minor=LARGE - 1), LOW),
        (severity("delivery", tier="vip", emotion=1), LOW),
        (severity("delivery", tier="major", emotion=1), LOW),
        (severity("delivery", risks=("abuse",)), LOW),
        # the highest rule wins
        (severity("safety", "delivery", emotion=3, risks=("legal", "churn")), CRITICAL),
        (severity("after_sales", risks=("legal",)), HIGH),
        (severity("delivery", about_handling=True, emotion=3), HIGH),
    ],
)
def test_each_row_of_the_table(found: Severity, expected: Severity) -> None:
    assert found is expected


# The table once more, written from its sources and not from the file: each row speaks where its condition holds.
FROM_THE_SOURCES: list[tuple[Callable[[SeverityInputs], bool], Severity, str]] = [
    (lambda i: _has(i, Category.SAFETY), CRITICAL, "GB/T 47746-2026: personal or property safety"),
    (lambda i: Risk.SAFETY in i.risks, CRITICAL, "GB/T 47746-2026: personal or property safety"),
    (lambda i: _has(i, Category.PRIVACY_SECURITY), CRITICAL, "GB/T 47746-2026: an information-security matter"),
    (lambda i: Risk.PRIVACY in i.risks, CRITICAL, "GB/T 47746-2026: an information-security matter"),
    (lambda i: Risk.LEGAL in i.risks, HIGH, "domain.md 4: 12315, lawyer, court"),
    (lambda i: Risk.MEDIA in i.risks, HIGH, "domain.md 4: exposure"),
    (lambda i: Risk.VULNERABLE in i.risks, HIGH, "GB/T 47746-2026: elderly people and minors"),
    (lambda i: i.emotion == 3, HIGH, "domain.md 4: furious or threatening"),
    (lambda i: (i.amount_minor or 0) >= LARGE, HIGH, "domain.md 4: amount"),
    (lambda i: i.earlier_cases >= 2, HIGH, "S0: double deviation, again and again"),
    (lambda i: i.tier == "vip" and i.emotion >= 2, HIGH, "S3: customer pyramid"),
    (lambda i: i.emotion == 2, MEDIUM, "domain.md 4: angry"),
    (lambda i: Risk.FRAUD in i.risks, MEDIUM, "domain.md 4: accuses the firm of cheating"),
    (lambda i: Risk.CHURN in i.risks, MEDIUM, "S3: keeping costs a fifth of winning"),
    (lambda i: i.earlier_cases == 1, MEDIUM, "S0: double deviation"),
    (lambda i: len(set(i.categories)) >= 2, MEDIUM, "S0: failures that come together"),
    (lambda i: _has(i, Category.AFTER_SALES), MEDIUM, "S0: the recovery failed, too"),
    (lambda i: i.about_handling, MEDIUM, "S0: double deviation, about the handling"),
]


def _has(inputs: SeverityInputs, category: Category) -> bool:
    return category in {fixed_category(key, inputs.like) for key in inputs.categories}


LIKE = {"choking": Category.SAFETY, "repair": Category.AFTER_SALES, "gift_card": Category.BILLING_PRICE}
INPUTS = st.builds(
    SeverityInputs,
    categories=st.lists(st.sampled_from([*Category, *LIKE]), min_size=1, max_size=4, unique=True).map(tuple),
    risks=st.lists(st.sampled_from(list(Risk)), max_size=4, unique=True).map(tuple),
    emotion=st.integers(0, 3),
    amount_minor=st.none() | st.sampled_from([0, LARGE - 1, LARGE, LARGE + 1]) | st.integers(0, 10**7),
    tier=st.sampled_from(["vip", "major", "regular", "small"]),
    earlier_cases=st.integers(0, 5),
    like=st.just(LIKE),
    about_handling=st.booleans(),
)


@given(INPUTS)
def test_the_shipped_table_says_what_its_sources_say(inputs: SeverityInputs) -> None:
    expected = max((s for holds, s, _ in FROM_THE_SOURCES if holds(inputs)), key=RISING.index, default=LOW)
    assert derive_severity(inputs, SHIPPED) is expected


@given(INPUTS)
def test_it_names_the_rules_that_made_it_so_severe(inputs: SeverityInputs) -> None:
    judged = judge_severity(inputs, SHIPPED)
    known = {rule.id: rule for rule in SHIPPED}
    assert all(known[key].severity is judged.severity and known[key].when.holds(inputs) for key in judged.rules)
    assert bool(judged.rules) == (judged.severity is not LOW)
    # None that speaks says more.
    spoke = [rule.severity for rule in SHIPPED if rule.when.holds(inputs)]
    assert all(RISING.index(one) <= RISING.index(judged.severity) for one in spoke)


@given(INPUTS, st.sampled_from(list(Risk)))
def test_hearing_of_another_risk_never_lowers_it(inputs: SeverityInputs, risk: Risk) -> None:
    more = replace(inputs, risks=(*inputs.risks, risk))
    assert RISING.index(derive_severity(more, SHIPPED)) >= RISING.index(derive_severity(inputs, SHIPPED))


CONDITIONS = st.builds(
    SeverityCondition,
    categories=st.frozensets(st.sampled_from(list(Category)), max_size=2),
    risks=st.frozensets(st.sampled_from(list(Risk)), max_size=2),
    emotion_at_least=st.none() | st.integers(1, 3),
    amount_at_least=st.none() | st.integers(1, 10**6),
    tiers=st.frozensets(st.sampled_from(["vip", "major", "regular", "small"]), max_size=2),
    earlier_cases_at_least=st.none() | st.integers(1, 4),
    categories_at_least=st.none() | st.integers(2, 3),
    about_handling=st.booleans(),
)


@given(INPUTS, st.lists(st.tuples(CONDITIONS, st.sampled_from(RISING)), max_size=6), st.data())
def test_no_table_of_any_firm_finds_worse_news_less_severe(
    inputs: SeverityInputs, rows: list[tuple[SeverityCondition, Severity]], data: st.DataObject
) -> None:
    table = tuple(SeverityRule(f"rule-{number}", when, given) for number, (when, given) in enumerate(rows))
    worse = replace(
        inputs,
        emotion=data.draw(st.integers(inputs.emotion, 3)),
        earlier_cases=inputs.earlier_cases + data.draw(st.integers(0, 3)),
        amount_minor=(inputs.amount_minor or 0) + data.draw(st.integers(0, 10**6)),
        categories=(*inputs.categories, data.draw(st.sampled_from(list(Category)))),
        about_handling=True,
    )
    assert RISING.index(derive_severity(worse, table)) >= RISING.index(derive_severity(inputs, table))


@given(INPUTS)
def test_danger_to_people_or_data_alone_is_critical(inputs: SeverityInputs) -> None:
    dangers = {Category.SAFETY, Category.PRIVACY_SECURITY}
    danger = dangers & {fixed_category(key, LIKE) for key in inputs.categories} or {"safety", "privacy"} & set(
        inputs.risks
    )
    assert (derive_severity(inputs, SHIPPED) is CRITICAL) == bool(danger)


def test_a_condition_without_anything_never_holds() -> None:
    assert not SeverityCondition().holds(SeverityInputs(("delivery",), (), 3))


def test_all_that_a_rule_asks_must_hold_and_one_of_each_list_is_enough() -> None:
    when = SeverityCondition(categories=frozenset({"delivery", "billing_price"}), tiers=frozenset({"vip"}))
    assert when.holds(SeverityInputs(("delivery",), (), 0, tier="vip"))
    assert not when.holds(SeverityInputs(("delivery",), (), 0, tier="small"))
    assert not when.holds(SeverityInputs(("safety",), (), 0, tier="vip"))


def test_a_rule_may_name_a_category_of_the_firms_own() -> None:
    when = SeverityCondition(categories=frozenset({"choking"}))
    assert when.holds(SeverityInputs(("choking",), (), 0, like=LIKE))
    # Not all that is like it.
    assert not when.holds(SeverityInputs(("safety",), (), 0, like=LIKE))


def test_a_firms_own_category_weighs_as_much_as_the_one_it_is_like() -> None:
    assert severity("choking", like=LIKE) is CRITICAL
    assert severity("repair", like=LIKE) is MEDIUM
    assert severity("gift_card", like=LIKE) is severity("weather") is LOW
    # Two failures that come together, although the same rules apply to both.
    assert severity("gift_card", "billing_price", like=LIKE) is MEDIUM
