"""Is a complaint about how an earlier one was handled? Then the recovery failed, too: double deviation (S0).

What makes customers leave is rarely the failure but how the firm reacted (domain.md section 1). The rule is
conservative: without words or categories that speak of the handling a complaint is about the failure.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from recovery.case_states import UNSETTLED, CaseState
from recovery.failures import Category

# Failures that the handling of a complaint itself can have: how people behaved, how long it took, what after-sales did.
OF_HANDLING = frozenset({Category.SERVICE_ATTITUDE, Category.SERVICE_DELAY, Category.AFTER_SALES})


@dataclass(frozen=True, slots=True)
class Handled:
    """The earlier complaint, as far as the rule needs it.

    Attributes:
        categories: the fixed ones that the firm's own stand for.
        by_person: whether a person has had it.
        promise_broken: whether something promised in it was not kept.
        settled_at: when it was resolved, closed or withdrawn; None while unsettled.
    """

    state: CaseState
    categories: frozenset[str]
    by_person: bool
    promise_broken: bool
    settled_at: datetime | None


def is_about_handling(
    handled: Handled | None, categories: Collection[str], words_say_so: bool, at: datetime, window: timedelta
) -> bool:
    """Whether a complaint is about how ``handled`` was handled.

    | there is an earlier complaint | its handling is named | the categories | so |
    |---|---|---|---|
    | no, or it was taken back | any | any | no |
    | yes | yes | any | yes |
    | yes, it is recent, and somebody handled it | no | only of handling, none that it was about | yes |
    | yes | no | else | no |

    Recent: unsettled, or settled within the window. Somebody handled it: a person had it, or a promise was broken.

    Args:
        categories: said now; the fixed ones that the firm's own stand for.
        at: when it was said, aware.
        window: for how long after the settlement a word is about the same complaint (``firm.yml``, ``reopen_window``).
    """
    if handled is None or handled.state in (CaseState.WITHDRAWN, CaseState.MERGED):
        return False
    if words_say_so:
        return True
    said = frozenset(categories) - {Category.OTHER}
    recent = handled.state in UNSETTLED or (handled.settled_at is not None and at - handled.settled_at <= window)
    only_handling = bool(said) and said <= OF_HANDLING and not said & handled.categories
    return recent and only_handling and (handled.by_person or handled.promise_broken)


def repeats_the_failure(handled: Handled, categories: Collection[str]) -> bool:
    """Whether what is said also tells the earlier failure anew, beside its handling."""
    return bool((frozenset(categories) - OF_HANDLING - {Category.OTHER}) & (handled.categories - OF_HANDLING))
