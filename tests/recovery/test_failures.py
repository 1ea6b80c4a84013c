"""What failed: the leading category, type (S2) and dimension (S0)."""

import pytest

from recovery.failures import Category, Dimension, FailureType, leading_category, read_failure


@pytest.mark.parametrize(
    ("categories", "leading"),
    [
        ([], "other"),
        (["delivery"], "delivery"),
        (["service_attitude", "delivery"], "service_attitude"),
        (["delivery", "safety"], "safety"),
        (["delivery", "privacy_security"], "privacy_security"),
        (["privacy_security", "safety"], "safety"),
        (["weather", "delivery"], "weather"),
    ],
)
def test_danger_leads_else_what_is_most_likely(categories: list[str], leading: str) -> None:
    assert leading_category(categories) == leading


def test_the_twelve_categories_are_those_of_the_domain() -> None:
    assert {category.value for category in Category} == {
        "product_quality", "product_mismatch", "delivery", "service_attitude", "service_delay", "billing_price",
        "after_sales", "digital_app", "facility_environment", "safety", "privacy_security", "other",
    }  # fmt: skip


def test_there_are_thirteen_types() -> None:
    """S2: three of the delivery system, four responses to needs, three of employees, three of problem customers."""
    assert len(FailureType) == 13


@pytest.mark.parametrize(
    ("category", "dimension"),
    [
        # what was delivered (S0)
        ("product_quality", Dimension.OUTCOME),
        ("product_mismatch", Dimension.OUTCOME),
        ("delivery", Dimension.OUTCOME),
        ("billing_price", Dimension.OUTCOME),
        ("digital_app", Dimension.OUTCOME),
        ("facility_environment", Dimension.OUTCOME),
        ("safety", Dimension.OUTCOME),
        # how it was delivered
        ("service_attitude", Dimension.PROCESS),
        ("service_delay", Dimension.PROCESS),
        ("after_sales", Dimension.PROCESS),
    ],
)
def test_the_dimension_tells_what_from_how(category: str, dimension: Dimension) -> None:
    assert read_failure([category])[1] is dimension


@pytest.mark.parametrize(
    ("category", "failure_type"),
    [
        ("delivery", FailureType.SLOW),
        ("service_delay", FailureType.SLOW),
        ("digital_app", FailureType.UNAVAILABLE),
        ("service_attitude", FailureType.ATTENTION),
        ("product_quality", FailureType.OTHER_CORE),
    ],
)
def test_the_type_is_read_from_the_category(category: str, failure_type: FailureType) -> None:
    assert read_failure([category])[0] is failure_type


def test_every_category_and_a_firms_own_can_be_read() -> None:
    for category in Category:
        read_failure([category])
    assert read_failure(["weather"]) == read_failure(["other"])
