"""What can fail, in the field's terms (domain.md section 4; sources S0 and S2)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType


class Category(StrEnum):
    """What failed. The keys are fixed; a firm may add its own beside them."""

    PRODUCT_QUALITY = "product_quality"
    PRODUCT_MISMATCH = "product_mismatch"
    DELIVERY = "delivery"
    SERVICE_ATTITUDE = "service_attitude"
    SERVICE_DELAY = "service_delay"
    BILLING_PRICE = "billing_price"
    AFTER_SALES = "after_sales"
    DIGITAL_APP = "digital_app"
    FACILITY_ENVIRONMENT = "facility_environment"
    SAFETY = "safety"
    PRIVACY_SECURITY = "privacy_security"
    OTHER = "other"


# Which fixed category's rules apply to each of the firm's own categories.
Likeness = Mapping[str, Category]
NO_LIKENESS: Likeness = MappingProxyType({})
# A danger to people or data leads whatever else was said.
_URGENT = (Category.SAFETY, Category.PRIVACY_SECURITY)


class Dimension(StrEnum):
    """Whether what was delivered failed, or how it was delivered (S0)."""

    OUTCOME = "outcome"
    PROCESS = "process"


class FailureType(StrEnum):
    """S2's thirteen types: core service, response to needs, unprompted employee action, problem customers."""

    UNAVAILABLE = "unavailable_service"
    SLOW = "unreasonably_slow_service"
    OTHER_CORE = "other_core_service_failure"
    SPECIAL_NEED = "special_need"
    PREFERENCE = "customer_preference"
    CUSTOMER_ERROR = "customer_error"
    DISRUPTIVE_OTHERS = "disruptive_others"
    ATTENTION = "level_of_attention"
    UNUSUAL_ACTION = "unusual_action"
    CULTURAL_NORM = "breach_of_cultural_norm"
    ABUSE = "verbal_or_physical_abuse"
    BREAKING_POLICY = "breaking_policy"
    UNCOOPERATIVE = "uncooperative"


class Risk(StrEnum):
    """What may grow out of the complaint beyond the loss itself."""

    SAFETY = "safety"
    LEGAL = "legal"
    MEDIA = "media"
    FRAUD = "fraud"
    CHURN = "churn"
    VULNERABLE = "vulnerable"
    PRIVACY = "privacy"
    ABUSE = "abuse"


# First reading of type and dimension from the category alone; staff may correct it.
_READING: dict[Category, tuple[FailureType, Dimension]] = {
    Category.SAFETY: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.PRIVACY_SECURITY: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.PRODUCT_MISMATCH: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.PRODUCT_QUALITY: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.BILLING_PRICE: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.DELIVERY: (FailureType.SLOW, Dimension.OUTCOME),
    Category.DIGITAL_APP: (FailureType.UNAVAILABLE, Dimension.OUTCOME),
    Category.FACILITY_ENVIRONMENT: (FailureType.OTHER_CORE, Dimension.OUTCOME),
    Category.AFTER_SALES: (FailureType.SPECIAL_NEED, Dimension.PROCESS),
    Category.SERVICE_ATTITUDE: (FailureType.ATTENTION, Dimension.PROCESS),
    Category.SERVICE_DELAY: (FailureType.SLOW, Dimension.PROCESS),
    Category.OTHER: (FailureType.OTHER_CORE, Dimension.OUTCOME),
}


def fixed_category(key: str, like: Likeness = NO_LIKENESS) -> Category:
    """The fixed category whose rules apply to ``key``: itself, what the firm says it is like, else ``other``."""
    return Category(key) if key in set(Category) else like.get(key, Category.OTHER)


def leading_category(categories: Sequence[str], like: Likeness = NO_LIKENESS) -> str:
    """The category that steers words, offer and department.

    A danger to people or data leads whatever else was said; otherwise the one judged most likely, which stands first.

    Args:
        categories: keys, most likely first; may be empty.
    """
    for urgent in _URGENT:
        if urgent in categories:
            return urgent
    own = next((key for urgent in _URGENT for key in categories if like.get(key) is urgent), None)
    if own is not None:
        return own
    return categories[0] if categories else Category.OTHER


def leading_first(categories: Sequence[str], like: Likeness = NO_LIKENESS) -> list[str]:
    """The categories, each once, the leading one first: so kept, a case says by itself what leads it."""
    return list(dict.fromkeys([str(leading_category(categories, like)), *categories]))


def read_failure(categories: Sequence[str], like: Likeness = NO_LIKENESS) -> tuple[FailureType, Dimension]:
    """Type (S2) and dimension (S0) of a failure, from its leading category."""
    return _READING[fixed_category(leading_category(categories, like), like)]
