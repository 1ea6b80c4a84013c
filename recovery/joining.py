"""Which case does a complaint join? (design.md section 2, line 12)"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recovery.case_states import UNSETTLED, CaseState
from recovery.failures import Category


class Joining(StrEnum):
    JOIN = "join"
    REOPEN = "reopen"
    OPEN_LINKED = "open_linked"
    # Linked, and about the handling of the first: double deviation.
    OPEN_ABOUT_HANDLING = "open_about_handling"
    OPEN_NEW = "open_new"


@dataclass(frozen=True, slots=True)
class FocusCase:
    """The case in focus, as far as the decision needs it.

    Attributes:
        settled_at: when it was resolved, closed or withdrawn; None while unsettled.
    """

    state: CaseState
    order_number: str | None
    categories: tuple[str, ...]
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """The complaint just heard.

    Attributes:
        about_handling: it is about how the case in focus was handled (:mod:`recovery.handling`).
        repeats_failure: beside that it tells the earlier failure anew.
    """

    order_number: str | None
    categories: tuple[str, ...]
    at: datetime
    about_handling: bool = False
    repeats_failure: bool = False


def decide_joining(focus: FocusCase | None, said: Said, reopen_window: timedelta) -> Joining:
    """The table of line 12.

    | case in focus | the message | so |
    |---|---|---|
    | none | any | open a new one |
    | unsettled | names another order | open a new one, linked |
    | unsettled | else, its handling among it | join it |
    | settled | its handling, and nothing of the failure or another order | open a new one about that, linked (S0) |
    | settled within the window | same failure, or names nothing new | reopen it |
    | settled | else | open a new one, linked |

    The same failure: the same order where both name one, otherwise a category in common. Nothing new: no order, and no
    category that says what failed ("it is still not solved").
    """
    if focus is None:
        return Joining.OPEN_NEW
    both_named = said.order_number is not None and focus.order_number is not None
    other_order = both_named and said.order_number != focus.order_number
    if focus.state in UNSETTLED:
        return Joining.OPEN_LINKED if other_order else Joining.JOIN
    if said.about_handling and not said.repeats_failure and not other_order:
        return Joining.OPEN_ABOUT_HANDLING
    within = focus.settled_at is not None and said.at - focus.settled_at <= reopen_window
    same_failure = (both_named and not other_order) or bool(set(said.categories) & set(focus.categories))
    nothing_new = said.order_number is None and set(said.categories) <= {Category.OTHER}
    if within and (same_failure or nothing_new) and not other_order:
        return Joining.REOPEN
    return Joining.OPEN_LINKED
