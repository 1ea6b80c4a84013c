"""How own experience replaces priors: exactly by Beta posteriors, nearer kin before farther, surer with own cases."""

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from recovery.estimates import Estimate
from recovery.experience import NO_EXPERIENCE, NOTHING, Cell, CellKey, Counts, Experience
from recovery.remedies import RemedyKind
from recovery.value import cell_of, foresee_round, prior_acceptance, worth_of
from tests.recovery.worth import PRIORS, given, paid, situation

_KEY = CellKey("refund", "to_20", "delivery", "regular")


def _seen(key: CellKey, cases: float, good: float, foreseen: float) -> Cell:
    return Cell(key, Counts(cases, good, foreseen), Counts(cases, good, foreseen))


def test_without_experience_the_prior_holds() -> None:
    found = NO_EXPERIENCE.acceptance_of(_KEY, 0.3, 20)
    assert (found.mean, found.strength) == (pytest.approx(0.3), 20)


@for_any(st.floats(0.05, 0.95), st.floats(1.0, 100.0), st.integers(1, 500), st.data())
def test_a_cell_alone_gives_the_beta_posterior(prior: float, strength: float, cases: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, cases))
    experience = Experience.of([_seen(_KEY, cases, good, prior * cases)])
    expected = Estimate(prior, strength).updated(good, cases)
    for found in (experience.acceptance_of(_KEY, prior, strength), experience.retention_of(_KEY, prior, strength)):
        assert found.mean == pytest.approx(expected.mean, abs=1e-5)
        assert found.strength == expected.strength


@for_any(st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_much_of_it_outweighs_the_prior(prior: float, truth: float) -> None:
    cases = 1_000_000
    experience = Experience.of([_seen(_KEY, cases, truth * cases, prior * cases)])
    found = experience.acceptance_of(_KEY, prior, 20)
    low, high = found.interval()
    assert found.mean == pytest.approx(truth, abs=1e-3)
    assert high - low < 0.01


def test_each_offer_counts_once_however_near_it_is() -> None:
    """Ten cells of kin and own cases: as much as one step each, never the same cases twice."""
    kin = CellKey("refund", "to_20", "delivery", "vip")
    experience = Experience.of([_seen(_KEY, 10, 9, 5), _seen(kin, 30, 6, 15)])
    # First the kin of the category, 6 of 30 against a prior of a half that counts for 20: 16 of 50. Then 9 of 10.
    by_kin = Estimate(0.5, 20).updated(6, 30)
    assert by_kin.mean == pytest.approx(16 / 50)
    found = experience.acceptance_of(_KEY, 0.5, 20)
    assert found.mean == pytest.approx((20 * 16 / 50 + 9) / 30, abs=1e-6)
    assert found.strength == 30


def test_kin_move_the_mean_and_do_not_make_surer() -> None:
    stranger = CellKey("voucher", "to_60", "billing_price", "vip")
    experience = Experience.of([_seen(_KEY, 1000, 100, 500)])
    found = experience.acceptance_of(stranger, 0.5, 20)
    assert found.mean < 0.2
    assert found.strength == 20


def test_the_nearer_kin_say_more_than_the_farther() -> None:
    same_category = CellKey("refund", "to_20", "delivery", "vip")
    elsewhere = CellKey("refund", "to_60", "other", "vip")
    experience = Experience.of([_seen(same_category, 200, 180, 100), _seen(elsewhere, 200, 20, 100)])
    assert experience.acceptance_of(_KEY, 0.5, 20).mean > 0.8


def test_what_the_priors_know_of_a_situation_stays_in_force_within_a_cell() -> None:
    experience = Experience.of([_seen(_KEY, 1000, 800, 500)])
    calm, furious = (experience.acceptance_of(_KEY, prior, 20).mean for prior in (0.5, 0.3))
    assert furious < calm < 0.81
    # The odds were four times what was foreseen, and are so for the furious, too.
    assert furious / (1 - furious) == pytest.approx(4 * 0.3 / 0.7, rel=0.05)


def test_who_took_nothing_says_nothing_of_who_took_something() -> None:
    nothing = CellKey(NOTHING, NOTHING, "delivery", "regular")
    experience = Experience.of([Cell(nothing, customers=Counts(1000, 0, 400))])
    assert experience.retention_of(_KEY, 0.9, 20).mean == pytest.approx(0.9)
    assert experience.retention_of(nothing, 0.4, 20).mean < 0.02
    taken = Experience.of([_seen(_KEY, 1000, 10, 900)])
    assert taken.retention_of(nothing, 0.4, 20).mean == pytest.approx(0.4)


def test_worth_goes_by_what_was_learnt() -> None:
    remedies = [paid(RemedyKind.REFUND, 2_500)]
    key = cell_of(PRIORS, situation(), remedies)
    assert key == CellKey("refund", "to_35", "delivery", "regular")
    learnt = worth_of(PRIORS, Experience.of([Cell(key, Counts(10_000, 9_000, 5_000))]), situation(), remedies)
    before = worth_of(PRIORS, NO_EXPERIENCE, situation(), remedies)
    assert before.acceptance.mean == pytest.approx(0.5)
    assert learnt.acceptance.mean == pytest.approx(0.9, abs=1e-3)
    assert learnt.net_minor > before.net_minor


def test_the_kinds_of_a_cell_stand_in_one_order() -> None:
    apology, voucher = given(RemedyKind.APOLOGY)[0], paid(RemedyKind.VOUCHER, 100)
    assert cell_of(PRIORS, situation(), [voucher, apology]) == cell_of(PRIORS, situation(), [apology, voucher])
    assert cell_of(PRIORS, situation(), [voucher, apology]).remedies == "apology+voucher"


def test_a_round_is_foreseen_side_by_side_and_after_what_was_declined() -> None:
    less, more = [paid(RemedyKind.REFUND, 1_000)], [paid(RemedyKind.REFUND, 2_500)]
    declined: dict[str, float] = {}
    [(_, first)] = foresee_round(PRIORS, [(situation(), less)], declined)
    [(_, second)] = foresee_round(PRIORS, [(situation(), more)], declined)
    assert first == pytest.approx(prior_acceptance(PRIORS, situation(), less))
    assert first + (1 - first) * second == pytest.approx(prior_acceptance(PRIORS, situation(), more))
