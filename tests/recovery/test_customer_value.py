"""Tiers by share of value (S3: customer pyramid, 80/20); expected tiers reckoned by hand beside each example."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.customer_value import CustomerTier, TierLines, TierShares, draw_lines

VIP, MAJOR, REGULAR, SMALL = CustomerTier
USUAL = TierShares(vip=50, major=80, regular=95)


def lines(values: list[int], shares: TierShares = USUAL) -> TierLines | None:
    return draw_lines(sorted(Counter(values).items(), reverse=True), shares)


def tiers(values: list[int], shares: TierShares = USUAL) -> list[CustomerTier]:
    drawn = lines(values, shares)
    assert drawn is not None
    return [drawn.tier_of(value) for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # S3, 80/20: two of ten make 800 of 1,000. Before the second of them 400 are reached: 40 % < 50 %, both VIP.
        # Before the last of the eight 975: 97.5 % >= 95 %, all eight small.
        ([400] * 2 + [25] * 8, [VIP] * 2 + [SMALL] * 8),
        # 40 + 25 + 15 + 10 + 6 + 4 = 100. Before each: 0, 40, 65, 80, 90, 96 %.
        ([40, 25, 15, 10, 6, 4], [VIP, VIP, MAJOR, REGULAR, REGULAR, SMALL]),
        # One who makes it all is a VIP: before them nothing is reached.
        ([1000], [VIP]),
        # 90 + 10: before the second 90 %, regular.
        ([90, 10], [VIP, REGULAR]),
        # Ties take the lowest: before the last of the three 30s of 100 there are 70 %, major for all three.
        ([30, 30, 30, 10], [MAJOR, MAJOR, MAJOR, REGULAR]),
        # All alike: nobody stands out.
        ([5, 5, 5, 5], [REGULAR] * 4),
        # Who bought nothing, or got back more than they paid, is worth nothing, and takes no share.
        ([90, 10, 0, -5], [VIP, REGULAR, SMALL, SMALL]),
    ],
)
def test_tiers_reckoned_by_hand(values: list[int], expected: list[CustomerTier]) -> None:
    assert tiers(values) == expected


def test_the_few_of_80_20_are_vip_and_major() -> None:
    """A hundred customers after Pareto: the n-th is worth 1/n of the first.

    By hand: 1/1 + ... + 1/100 = 5.1874. Half of it (2.5937) is not reached with the 7th (2.5929), so that the 8th is
    the last before whom less is reached; 80 % (4.1499) not with the 35th (4.1468), so that the 36th is the last major;
    95 % (4.9280) not with the 77th (4.9275), so that the 78th is the last regular.
    """
    values = [10**9 // number for number in range(1, 101)]
    found = Counter(tiers(values))
    assert (found[VIP], found[MAJOR], found[REGULAR], found[SMALL]) == (8, 28, 42, 22)


def test_a_vip_is_worth_a_least_amount() -> None:
    assert tiers([40, 25, 15, 10, 6, 4], TierShares(50, 80, 95, vip_at_least=30)) == [
        VIP,
        MAJOR,
        MAJOR,
        REGULAR,
        REGULAR,
        SMALL,
    ]


def test_nobody_is_small_for_being_new() -> None:
    drawn = lines([400] * 2 + [25] * 8)
    assert drawn is not None
    assert drawn.tier_of(25, is_new=True) is drawn.tier_of(0, is_new=True) is REGULAR
    assert drawn.tier_of(400, is_new=True) is VIP


def test_where_nobody_bought_anything_nothing_tells_them_apart() -> None:
    assert lines([]) is lines([0, 0, -3]) is None


def test_values_must_fall_and_shares_must_not() -> None:
    with pytest.raises(ValueError, match="must fall"):
        draw_lines([(1, 1), (2, 1)], USUAL)
    with pytest.raises(ValueError, match="must not fall"):
        TierShares(80, 50, 95)


VALUES = st.lists(st.integers(0, 10**6), min_size=1, max_size=60).filter(any)
SHARES = st.lists(st.integers(0, 100), min_size=3, max_size=3).map(sorted).map(lambda s: TierShares(*s))
FROM_THE_TOP = list(CustomerTier)


@given(VALUES, SHARES)
def test_who_is_worth_more_is_never_lower(values: list[int], shares: TierShares) -> None:
    ranks = [FROM_THE_TOP.index(tier) for _, tier in sorted(zip(values, tiers(values, shares), strict=True))]
    assert ranks == sorted(ranks, reverse=True)


@given(VALUES, SHARES, st.integers(2, 100))
def test_the_currency_does_not_matter(values: list[int], shares: TierShares, rate: int) -> None:
    assert tiers([value * rate for value in values], shares) == tiers(values, shares)


@given(VALUES, SHARES)
def test_no_tier_reaches_far_over_its_share(values: list[int], shares: TierShares) -> None:
    """Those above a line have no more than its share and the one customer who crosses it."""
    found, total = tiers(values, shares), sum(values)
    if len(set(values) - {0}) == 1:
        return
    for line, at_least in ((shares.vip, VIP), (shares.major, MAJOR), (shares.regular, REGULAR)):
        above = [v for v, t in zip(values, found, strict=True) if FROM_THE_TOP.index(t) <= FROM_THE_TOP.index(at_least)]
        assert sum(above) * 100 <= line * total + 100 * max(above, default=0)
