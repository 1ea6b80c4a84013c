"""What failed: the leading category, type (S2) and dimension (S0)."""

import pytest

from recovery.failures import (
    Category,
    Dimension,
    FailureType,
    fixed_category,
    leading_category,
    leading_first,
    read_failure,
)

# Three categories of a firm's own: one goes by the rules of billing, two by those of the dangers.
LIKE = {"gift_card": Category.BILLING_PRICE, "choking": Category.SAFETY, "leaked_recipe": Category.PRIVACY_SECURITY}


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


def test_a_firms_own_category_is_read_like_the_one_it_names() -> None:
    assert read_failure(["gift_card"], LIKE) == read_failure(["billing_price"])
    assert read_failure(["choking"], LIKE) == read_failure(["safety"])
    assert fixed_category("gift_card", LIKE) is Category.BILLING_PRICE
    assert fixed_category("weather", LIKE) is Category.OTHER
    assert fixed_category("delivery", {"delivery": Category.SAFETY}) is Category.DELIVERY


@pytest.mark.parametrize(
    ("categories", "leading"),
    [
        (["gift_card", "delivery"], "gift_card"),
        (["delivery", "gift_card"], "delivery"),
        (["delivery", "choking"], "choking"),
        (["leaked_recipe", "choking"], "choking"),
        # Where a fixed danger is named, it leads, with and without the firm's likeness at hand.
        (["choking", "privacy_security"], "privacy_security"),
        (["choking", "safety"], "safety"),
    ],
)
def test_a_danger_of_the_firms_own_leads_too(categories: list[str], leading: str) -> None:
    assert leading_category(categories, LIKE) == leading
    first = leading_first(categories, LIKE)
    assert first[0] == leading and sorted(first) == sorted(categories)
    # Kept in this order, what leads is known without the firm.
    assert leading_category(first) == leading


def test_no_category_at_all_is_kept_as_other() -> None:
    assert leading_first([]) == ["other"] and leading_first(["delivery", "delivery"]) == ["delivery"]
