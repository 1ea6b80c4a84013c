"""The rule table of severity (domain.md section 4): derived, never said by anyone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.failures import Category, Risk
from recovery.severity import HIGH_AMOUNT_MINOR, Severity, SeverityInputs, derive_severity

LOW, MEDIUM, HIGH, CRITICAL = Severity


def severity(*categories: str, emotion: int = 0, risks: tuple[str, ...] = (), **more: object) -> Severity:
    return derive_severity(SeverityInputs(categories or ("delivery",), risks, emotion, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (severity("delivery"), LOW),
        (severity("delivery", emotion=1), LOW),
        (severity("other"), LOW),
        # danger to people and data is a person's at once
        (severity("safety"), CRITICAL),
        (severity("privacy_security"), CRITICAL),
        (severity("delivery", risks=("safety",)), CRITICAL),
        (severity("delivery", risks=("privacy",)), CRITICAL),
        # threats, fury, people who need care, much at stake, failed again and again
        (severity("delivery", risks=("legal",)), HIGH),
        (severity("delivery", risks=("media",)), HIGH),
        (severity("delivery", risks=("vulnerable",)), HIGH),
        (severity("delivery", emotion=3), HIGH),
        (severity("delivery", amount_minor=HIGH_AMOUNT_MINOR), HIGH),
        (severity("delivery", earlier_cases=2), HIGH),
        (severity("delivery", tier="vip", emotion=2), HIGH),
        # anger, suspicion, leaving, a second time, several failures, the recovery failed
        (severity("delivery", emotion=2), MEDIUM),
        (severity("delivery", risks=("fraud",)), MEDIUM),
        (severity("delivery", risks=("churn",)), MEDIUM),
        (severity("delivery", earlier_cases=1), MEDIUM),
        (severity("delivery", "service_attitude"), MEDIUM),
        (severity("after_sales"), MEDIUM),
        # just below, or alone not enough
        (severity("delivery", amount_minor=HIGH_AMOUNT_MINOR - 1), LOW),
        (severity("delivery", tier="vip", emotion=1), LOW),
        (severity("delivery", risks=("abuse",)), LOW),
        # the highest rule wins
        (severity("safety", "delivery", emotion=3, risks=("legal", "churn")), CRITICAL),
        (severity("after_sales", risks=("legal",)), HIGH),
    ],
)
def test_each_row_of_the_table(found: Severity, expected: Severity) -> None:
    assert found is expected


INPUTS = st.builds(
    SeverityInputs,
    categories=st.lists(st.sampled_from(list(Category)), min_size=1, max_size=4, unique=True).map(tuple),
    risks=st.lists(st.sampled_from(list(Risk)), max_size=4, unique=True).map(tuple),
    emotion=st.integers(0, 3),
    amount_minor=st.none() | st.integers(0, 10**7),
    tier=st.sampled_from(["vip", "major", "regular", "small"]),
    earlier_cases=st.integers(0, 5),
)


@given(INPUTS, st.sampled_from(list(Risk)))
def test_hearing_of_another_risk_never_lowers_it(inputs: SeverityInputs, risk: Risk) -> None:
    rising = list(Severity)
    more = SeverityInputs(
        inputs.categories,
        (*inputs.risks, risk),
        inputs.emotion,
        inputs.amount_minor,
        inputs.tier,
        inputs.earlier_cases,
    )
    assert rising.index(derive_severity(more)) >= rising.index(derive_severity(inputs))


@given(INPUTS)
def test_danger_to_people_or_data_alone_is_critical(inputs: SeverityInputs) -> None:
    danger = {"safety", "privacy_security"} & set(inputs.categories) or {"safety", "privacy"} & set(inputs.risks)
    assert (derive_severity(inputs) is CRITICAL) == bool(danger)


def test_a_firms_own_category_weighs_as_much_as_the_one_it_is_like() -> None:
    like = {"choking": Category.SAFETY, "repair": Category.AFTER_SALES, "gift_card": Category.BILLING_PRICE}
    assert severity("choking", like=like) is CRITICAL
    assert severity("repair", like=like) is MEDIUM
    assert severity("gift_card", like=like) is severity("weather") is LOW
    # Two failures that come together, although the same rules apply to both.
    assert severity("gift_card", "billing_price", like=like) is MEDIUM
