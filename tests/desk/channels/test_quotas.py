"""How much a channel lets through: expected values by hand, from Tencent's tables."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from desk.channels.quotas import Window, give_back, is_open, room, shut, spend, tapped, until, wrote

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)


def after(**span: float) -> datetime:
    return NOON + timedelta(**span)


def spent(window: Window, *moments: datetime) -> Window:
    for moment in moments:
        window = spend(window, moment)
    return window


def test_who_never_wrote_is_sent_nothing() -> None:
    assert room(Window(), NOON) == 0 and until(Window(), NOON) is None and not is_open(Window(), NOON)


def test_a_word_allows_five_within_two_days() -> None:
    window = wrote(Window(), NOON)
    assert room(window, NOON) == 5
    assert until(window, NOON) == after(hours=48)
    assert room(spent(window, *[after(seconds=10)] * 4), after(minutes=1)) == 1
    assert room(spent(window, *[after(seconds=10)] * 5), after(minutes=1)) == 0
    assert room(window, after(hours=47, minutes=59)) == 5
    assert room(window, after(hours=48)) == 0 and not is_open(window, after(hours=48))


def test_a_call_that_would_arrive_after_the_end_is_not_begun() -> None:
    assert room(wrote(Window(), NOON), after(hours=47, minutes=59, seconds=58)) == 0


def test_the_next_word_allows_five_anew_and_no_more() -> None:
    window = wrote(spent(wrote(Window(), NOON), after(seconds=10), after(seconds=20)), after(minutes=5))
    assert room(window, after(minutes=5)) == 5


def test_a_tap_allows_three_within_a_minute() -> None:
    window = tapped(Window(), NOON)
    assert room(window, after(seconds=5)) == 3
    assert room(spent(window, *[after(seconds=5)] * 3), after(seconds=10)) == 0
    assert room(window, after(seconds=60)) == 0


def test_a_tap_adds_nothing_to_what_a_word_allows() -> None:
    window = tapped(wrote(Window(), NOON), after(minutes=1))
    assert room(window, after(minutes=1, seconds=5)) == 5
    window = spent(window, *[after(minutes=1, seconds=5)] * 5)
    assert room(window, after(minutes=1, seconds=6)) == 0
    # After five, a tap lets three more through.
    assert room(tapped(window, after(minutes=9)), after(minutes=9, seconds=1)) == 3


def test_what_went_out_before_a_word_was_taken_in_counts_against_that_word() -> None:
    window = spent(wrote(Window(), NOON), after(minutes=10, seconds=4))
    assert room(wrote(window, after(minutes=10)), after(minutes=10, seconds=12)) == 4


def test_a_word_told_late_takes_nothing_away() -> None:
    window = wrote(wrote(Window(), after(minutes=10)), NOON)
    assert until(window, after(minutes=11)) == after(hours=48, minutes=10)


def test_what_was_not_taken_is_given_back_once() -> None:
    window = spent(wrote(Window(), NOON), after(seconds=5))
    assert room(give_back(window, after(seconds=5)), after(seconds=9)) == 5
    assert give_back(window, after(seconds=6)) == window


def test_what_the_channel_says_holds_until_the_customer_is_heard_again() -> None:
    window = shut(wrote(Window(), NOON), after(minutes=5))
    assert room(window, after(minutes=6)) == 0 and until(window, after(minutes=6)) is None
    assert room(wrote(window, after(minutes=3)), after(minutes=6)) == 0
    assert room(wrote(window, after(minutes=7)), after(minutes=7)) == 5


@given(st.lists(st.tuples(st.sampled_from(["word", "tap", "bubble"]), st.integers(0, 200_000)), max_size=30))
def test_no_order_of_events_allows_more_than_five_after_a_word_and_three_after_a_tap(
    events: list[tuple[str, int]],
) -> None:
    window, sent, words, taps = Window(), [], [], []
    for kind, second in sorted(events, key=lambda event: event[1]):
        now = after(seconds=second)
        if kind == "word":
            window, words = wrote(window, now), [*words, now]
        elif kind == "tap":
            window, taps = tapped(window, now), [*taps, now]
        elif room(window, now):
            window, sent = spend(window, now), [*sent, now]
            since_word = [one for one in sent if words and one >= words[-1]]
            since_tap = [one for one in sent if taps and one >= taps[-1]]
            by_word = words and now < words[-1] + timedelta(hours=48) and len(since_word) <= 5
            by_tap = taps and now < taps[-1] + timedelta(minutes=1) and len(since_tap) <= 3
            assert by_word or by_tap
