"""When a complaint is about how another one was handled (S0: double deviation), and which case it joins then."""

from datetime import UTC, datetime, timedelta

import pytest

from recovery.case_states import CaseState
from recovery.handling import Handled, is_about_handling, repeats_the_failure
from recovery.joining import FocusCase, Joining, Said, decide_joining

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
WINDOW = timedelta(days=7)
S = CaseState


def handled(state: CaseState = S.RESOLVED, ago: timedelta = timedelta(days=1), **values: object) -> Handled:
    settled = None if state in (S.OPEN, S.WITH_STAFF) else NOW - ago
    base = {"categories": frozenset({"delivery"}), "by_person": True, "promise_broken": False, "settled_at": settled}
    return Handled(state=state, **(base | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("earlier", "categories", "words", "about"),
    [
        (None, {"service_attitude"}, True, False),  # no earlier complaint
        (handled(S.WITHDRAWN), {"service_attitude"}, True, False),  # taken back: there was no recovery
        (handled(S.MERGED), {"service_attitude"}, True, False),
        (handled(), {"delivery"}, True, True),  # the words say so
        (handled(), set(), True, True),
        (handled(ago=timedelta(days=90)), {"other"}, True, True),  # however long ago
        (handled(), {"service_attitude"}, False, True),  # attitude, waiting, after-sales: said of who handled it
        (handled(), {"service_delay"}, False, True),
        (handled(), {"after_sales", "other"}, False, True),
        (handled(S.OPEN), {"service_delay"}, False, True),
        (handled(ago=timedelta(days=8)), {"service_attitude"}, False, False),  # too long ago to tell
        (handled(by_person=False), {"service_attitude"}, False, False),  # the bot's handling has no attitude
        (handled(by_person=False, promise_broken=True), {"service_delay"}, False, True),  # every promise is kept (S0)
        (handled(), {"service_attitude", "product_quality"}, False, False),  # something else failed, too
        (handled(categories=frozenset({"service_attitude"})), {"service_attitude"}, False, False),  # what it was about
        (handled(), set(), False, False),
        (handled(), {"other"}, False, False),
        (handled(), {"delivery"}, False, False),
    ],
)
def test_the_table_of_handling(earlier: Handled | None, categories: set[str], words: bool, about: bool) -> None:
    assert is_about_handling(earlier, categories, words, NOW, WINDOW) is about


@pytest.mark.parametrize(
    ("before", "said", "repeats"),
    [
        ({"delivery"}, {"delivery", "service_delay"}, True),
        ({"delivery"}, {"service_delay"}, False),
        ({"service_attitude"}, {"service_attitude"}, False),
        ({"delivery", "other"}, {"other"}, False),
    ],
)
def test_whether_the_failure_is_told_anew(before: set[str], said: set[str], repeats: bool) -> None:
    assert repeats_the_failure(handled(categories=frozenset(before)), said) is repeats


@pytest.mark.parametrize(
    ("state", "settled_ago", "repeats", "order", "so"),
    [
        (S.OPEN, None, False, None, Joining.JOIN),
        (S.WITH_STAFF, None, True, None, Joining.JOIN),
        (S.RESOLVED, 1, False, None, Joining.OPEN_ABOUT_HANDLING),
        (S.CLOSED, 1, False, None, Joining.OPEN_ABOUT_HANDLING),
        (S.CLOSED, 60, False, None, Joining.OPEN_ABOUT_HANDLING),
        (S.RESOLVED, 1, True, None, Joining.REOPEN),
        (S.CLOSED, 60, True, None, Joining.OPEN_LINKED),
        (S.RESOLVED, 1, False, "B", Joining.OPEN_LINKED),  # another order: another failure
        (S.OPEN, None, False, "B", Joining.OPEN_LINKED),
    ],
)
def test_which_case_a_complaint_about_the_handling_joins(
    state: CaseState, settled_ago: int | None, repeats: bool, order: str | None, so: Joining
) -> None:
    settled = NOW - timedelta(days=settled_ago) if settled_ago is not None else None
    focus = FocusCase(state, "A", ("delivery",), settled)
    categories = ("delivery", "service_delay") if repeats else ("service_delay",)
    said = Said(order, categories, NOW, about_handling=True, repeats_failure=repeats)
    assert decide_joining(focus, said, WINDOW) is so
