"""The simulated year: the same for a seed, never above its budget, fair to both ways of deciding, and told clearly."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest, ttest_1samp

from actions.__main__ import main
from actions.firm import Firm
from actions.simulating.cases import DAYS, Complaint, draw_chance, make_up, taste
from actions.simulating.comparing import Arm, compare, paired
from actions.simulating.past import Period, read_past
from actions.simulating.worlds import WORLDS, as_learnt
from actions.simulating.year import Learning, play
from recovery.decision import ChooseBy, Policy
from recovery.experience import NO_EXPERIENCE, Cell, CellKey, Counts, Experience
from recovery.remedies import RemedyKind
from recovery.value import ValuePriors, cell_of, prior_acceptance
from store.database import Database
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT, Clock
from tests.recovery.worth import situation

BUDGET = 25_000


def made_up(firm: Firm, seed: int, number: int) -> list[Complaint]:
    return make_up(np.random.SeedSequence(seed), number, firm.value.priors)


def policy(firm: Firm, by: ChooseBy, budget: int | None = None, owed: bool = True) -> Policy:
    rules = firm.policy
    if budget is not None:
        rules = replace(rules, budgets=replace(rules.budgets, per_day=budget))
    if not owed:
        rules = replace(rules, rules=tuple(replace(rule, owed=False) for rule in rules.rules))
    return Policy(rules, by, firm.value.priors)


def test_a_seed_gives_the_same_complaints(firm: Firm) -> None:
    one, two, other = made_up(firm, 1, 50), made_up(firm, 1, 50), made_up(firm, 2, 50)
    assert [c.situation for c in one] == [c.situation for c in two] != [c.situation for c in other]
    assert [c.tastes for c in one] == [c.tastes for c in two] != [c.tastes for c in other]


def test_complaints_come_in_their_order_within_the_year(firm: Firm) -> None:
    found = made_up(firm, 3, 400)
    moments = [(one.day, -one.day_left) for one in found]
    assert moments == sorted(moments)
    assert all(0 <= one.day < DAYS and 0.0 < one.day_left < 1.0 for one in found)


@pytest.mark.parametrize("by", list(ChooseBy))
@pytest.mark.parametrize("budget", [0, 1_000, BUDGET])
def test_no_budget_is_exceeded(firm: Firm, by: ChooseBy, budget: int) -> None:
    priors = firm.value.priors
    rules = policy(firm, by, budget, owed=False)
    by_day: dict[int, list[Complaint]] = {}
    for one in made_up(firm, 4, 300):
        by_day.setdefault(one.day, []).append(one)
    for complaints in by_day.values():
        year = play(rules, complaints, WORLDS["assumed"](priors), priors, days=1)
        assert year.granted_minor <= budget
        assert year.over_minor == 0


def test_what_is_owed_goes_beyond_the_budget_and_is_told_apart(firm: Firm) -> None:
    priors = firm.value.priors
    year = play(policy(firm, ChooseBy.TABLE, 0), made_up(firm, 5, 200), WORLDS["assumed"](priors), priors)
    assert year.over_minor == year.granted_minor > 0


@pytest.mark.parametrize("world", ["assumed", "wrong_acceptance", "drifting_retention"])
def test_the_optimum_does_no_worse_than_the_table(firm: Firm, world: str) -> None:
    """On the generator that it assumes never beyond the interval; for the others see docs/recovery-value.md."""
    priors = firm.value.priors
    arms = (
        Arm("table", policy(firm, ChooseBy.TABLE, BUDGET)),
        Arm("optimum", policy(firm, ChooseBy.OPTIMUM, BUDGET), 90),
    )
    found = compare(arms, WORLDS[world](priors), priors, [made_up(firm, seed, 400) for seed in range(5)])
    assert found.differences["net_minor"].verdict != "loses"


def test_both_arms_meet_the_same_chance(firm: Firm) -> None:
    priors = firm.value.priors
    arms = (Arm("one", policy(firm, ChooseBy.TABLE)), Arm("two", policy(firm, ChooseBy.TABLE)))
    found = compare(arms, WORLDS["assumed"](priors), priors, [made_up(firm, seed, 60) for seed in range(2)])
    assert all(difference.mean == 0.0 == difference.high for difference in found.differences.values())
    assert all(difference.mean == 0.0 for difference in found.segments.values())


def test_segments_add_up_to_the_whole(firm: Firm) -> None:
    priors = firm.value.priors
    year = play(policy(firm, ChooseBy.OPTIMUM), made_up(firm, 6, 150), WORLDS["assumed"](priors), priors)
    for kind in ("tier", "severity", "category"):
        nets = [net for segment, net in year.nets.items() if segment.startswith(f"{kind}:")]
        # Each segment was rounded down by less than one.
        assert abs(sum(nets) - year.net_minor) <= len(nets) + 1


def test_what_is_seen_corrects_wrong_priors(firm: Firm) -> None:
    """After a year among customers of another mind, the learnt chance lies nearer the true one than the prior does."""
    priors = firm.value.priors
    world = WORLDS["wrong_acceptance"](priors)
    learning = Learning(priors, 90)
    complaints = made_up(firm, 7, 2000)
    play(policy(firm, ChooseBy.TABLE), complaints, world, priors, learning)
    learnt = learning.experience(2 * DAYS)
    errors: dict[str, list[float]] = {"prior": [], "learnt": []}
    for key, _ in sorted(learnt.acceptance.items()):
        if len(key) == 4 and learnt.acceptance[key].cases >= 50:
            counts = learnt.acceptance[key]
            foreseen, seen = counts.foreseen / counts.cases, counts.good / counts.cases
            found = learnt.acceptance_of(CellKey(*key), foreseen, priors.strength)
            errors["prior"].append(abs(foreseen - seen))
            errors["learnt"].append(abs(found.mean - seen))
    assert len(errors["prior"]) >= 5
    assert sum(errors["learnt"]) < 0.5 * sum(errors["prior"])


def test_on_the_assumed_generator_what_is_foreseen_is_what_is_seen(firm: Firm) -> None:
    priors = firm.value.priors
    learning = Learning(priors, 90)
    play(policy(firm, ChooseBy.OPTIMUM), made_up(firm, 8, 2000), WORLDS["assumed"](priors), priors, learning)
    counts = learning.experience(2 * DAYS).acceptance[()]
    # Offers of two rounds side by side: within four standard errors of the binomial.
    assert abs(counts.good - counts.foreseen) < 4 * (counts.foreseen * (1 - counts.foreseen / counts.cases)) ** 0.5


def test_who_came_back_is_known_only_when_the_window_has_passed(firm: Firm) -> None:
    learning = Learning(firm.value.priors, 90)
    learning.settled(10, situation(), None, True)
    assert learning.experience(99).retention == {}
    assert sum(counts.good for counts in learning.experience(100).retention.values()) > 0


def test_the_past_is_played_by_what_was_learnt(firm: Firm) -> None:
    priors: ValuePriors = firm.value.priors
    key = cell_of(priors, situation(), ())
    world = as_learnt(
        priors, Experience.of([Cell(key, Counts(1e6, 9e5, 1e6 * prior_acceptance(priors, situation(), ())))])
    )
    assert world.inclination(situation(), ()) == pytest.approx(np.log(9.0), abs=1e-3)
    plain = as_learnt(priors, NO_EXPERIENCE)
    assert plain.comes_back(situation(), None, 0.5) == pytest.approx(priors.retention.without[situation().severity])
    assert plain.comes_back(situation(), (), 0.5) == pytest.approx(priors.retention.fast)


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [-3.0, 5.0, 0.5, 0.5, 7.0]])
def test_intervals_are_those_of_student(values: Sequence[float]) -> None:
    low, high = ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = paired(values)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [([5.0, 6.0, 5.5], "gains"), ([-5.0, -6.0, -5.5], "loses"), ([1.0, -1.0], "open")],
)
def test_a_difference_says_what_it_proves(values: Sequence[float], verdict: str) -> None:
    assert paired(values).verdict == verdict


def test_one_replication_proves_nothing() -> None:
    with pytest.raises(ValueError, match="two replications"):
        paired([2.0])


def test_customers_choose_by_the_logit_whatever_is_put_side_by_side() -> None:
    """Each combination of remedies has a taste of its own, also those that no shipped rule has."""
    kinds = [
        "+".join(sorted(kind.value for kind in together))
        for number in (1, 2)
        for together in combinations(RemedyKind, number)
    ]
    drawn = np.array([[taste(seed, one) for one in ("", *kinds)] for seed in range(2000)])
    assert kstest(drawn.ravel(), "gumbel_r").pvalue > 0.001
    between = np.corrcoef(drawn, rowvar=False)[np.triu_indices(len(kinds) + 1, 1)]
    # 1 / sqrt(2000) is the standard deviation of a correlation where there is none.
    assert np.abs(between).max() < 5.5 / 2000**0.5


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs ``python -m actions simulate``: its status, what it printed and what it said on standard error."""
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["simulate", "--cases", "60", "--replications", "2", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_it_prints_the_same_for_a_seed_and_needs_no_store(command: Any, tmp_path: Path) -> None:
    one, two = (command("--seed", "7", "--json", "--world", "assumed") for _ in range(2))
    assert one == two
    assert one[0] == 0
    assert command("--seed", "8", "--json", "--world", "assumed")[1] != one[1]
    assert not (tmp_path / "var" / "amends.db").exists()


def test_json_tells_what_was_asked_and_all_worlds_in_whole_minor_units(command: Any) -> None:
    found = json.loads(command("--json", "--budget", "30000")[1])
    assert found["asked"]["budget_per_day_minor"] == 30_000
    assert [world["world"] for world in found["worlds"]] == [
        "assumed",
        "wrong_acceptance",
        "drifting_retention",
        "impatient",
    ]
    for world in found["worlds"]:
        assert set(world["means"]) == {"table", "optimum"}
        net = world["differences"]["net_minor"]
        assert net["low"] <= net["mean"] <= net["high"] and isinstance(net["mean"], int)
        assert world["net_by_segment"]


def test_people_read_a_table_and_hear_how_far_it_is(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.simulate_command._TELL_EVERY_SECONDS", 0.0)
    status, said, told = command("--world", "drifting_retention", "--no-learning")
    assert status == 0
    assert "drifting retention, 2 replications" in said and "95 % interval" in said and "value kept" in said
    assert "100 % of 240 complaints decided" in told


def test_the_same_policy_makes_no_difference(command: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "firm", tmp_path / "other")
    found = json.loads(command("--policy", str(tmp_path / "other"), "--json", "--world", "assumed")[1])
    assert set(found["worlds"][0]["means"]) == {"present", "new"}
    assert all(one["mean"] == 0 for one in found["worlds"][0]["differences"].values())


def test_another_policy_shows_what_it_would_have_cost(command: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "firm", tmp_path / "other")
    value = tmp_path / "other" / "value.yml"
    value.write_text(
        value.read_text(encoding="utf-8").replace("choose_by: optimum", "choose_by: table"), encoding="utf-8"
    )
    budgets = tmp_path / "other" / "budgets.yml"
    budgets.write_text("per_day: 0\n", encoding="utf-8")
    found = json.loads(command("--policy", str(tmp_path / "other"), "--json", "--world", "assumed")[1])
    assert found["worlds"][0]["differences"]["cost_minor"]["mean"] < 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "2026-01-01"), "--since and --until are for --past"),
        (("--policy", "nowhere"), "nowhere: is no folder"),
    ],
)
def test_mistakes_are_told_in_a_line(command: Any, arguments: tuple[str, ...], words: str) -> None:
    status, said, told = command(*arguments)
    assert (status, said) == (2, "")
    assert words in told and "Traceback" not in told


def test_a_policy_in_another_currency_is_refused(command: Any, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data" / "firm", tmp_path / "other")
    firm = tmp_path / "other" / "firm.yml"
    firm.write_text(firm.read_text(encoding="utf-8").replace("currency: CNY", "currency: EUR"), encoding="utf-8")
    status, _, told = command("--policy", str(tmp_path / "other"))
    assert status == 2 and "EUR" in told


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--cases", "0", "'0' is no whole number from 1 to 1,000,000"),
        ("--seed", "x", "'x' is no whole number from 0"),
        ("--budget", "-1", "'-1' is no whole number from 0"),
        ("--replications", "1", "'1' is no whole number from 2 to 1,000"),
        ("--since", "2026-13-01", "'2026-13-01' is no day such as 2026-10-01"),
    ],
)
def test_what_is_no_number_or_day_is_refused_with_what_it_may_be(
    command: Any, capsys: pytest.CaptureFixture[str], option: str, value: str, words: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        command(option, value)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err


# --- the past ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def past(shop: Shop) -> Shop:
    """Three complaints: one about an order, one without, one withdrawn."""
    wang, mary, john = Customer(shop, "wang"), Customer(shop, "mary", "en"), Customer(shop, "john")
    number = shop.sells("20260001", 20_000, "rest:wang")
    wang.complains("delivery")
    wang.gives_order(number)
    shop.clock.advance(days=1)
    mary.complains("service_attitude")
    john.complains("delivery")
    john.withdraws()
    return shop


def test_past_complaints_are_read_as_they_were(past: Shop, clock: Clock) -> None:
    today = past.firm.local(clock.now).date()
    found = read_past(past.database, past.firm, Period(today - timedelta(days=1), today))
    assert [(one.day, one.situation.category, one.situation.at_stake_minor) for one in found] == [
        (0, "delivery", 20_000),
        (1, "service_attitude", None),
    ]
    # It was ten in the morning: fourteen of 24 hours were left.
    assert found[0].day_left == pytest.approx(14 / 24, abs=0.01)
    drawn = draw_chance(np.random.SeedSequence(1), found)
    assert [one.situation for one in drawn] == [one.situation for one in found]
    assert drawn[0].tastes != found[0].tastes
    assert read_past(past.database, past.firm, Period(today, today))[0].day == 0


def test_more_of_the_past_than_is_read_at_once(past: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.simulating.past._CHUNK", 1)
    today = past.firm.local(clock.now).date()
    assert len(read_past(past.database, past.firm, Period(today - timedelta(days=1), today))) == 2


def test_a_period_must_not_end_before_it_begins(clock: Clock) -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Period(clock.now.date(), clock.now.date() - timedelta(days=1))


def test_the_command_plays_the_past(
    past: Shop, sqlite_database: Database, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    today = past.firm.local(past.clock.now).date()
    period = ("--past", "--since", str(today - timedelta(days=1)), "--until", str(today))
    status, said, told = command(*period, "--json")
    assert status == 0, told
    found = json.loads(said)
    assert (found["asked"]["cases"], found["asked"]["days"], found["asked"]["past"]) == (2, 2, True)
    assert [world["world"] for world in found["worlds"]] == ["as_learnt"]
    status, _, told = command("--past", "--since", "2020-01-01", "--until", "2020-01-02")
    assert status == 2 and "there are no complaints from 2020-01-01 to 2020-01-02" in told
    status, _, told = command(*period, "--world", "assumed")
    assert status == 2 and "one world only" in told


def test_the_command_shows_what_was_learnt(
    past: Shop, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    assert main(["experience"]) == 0
    assert "nothing was learnt yet" in capsys.readouterr().err
    customer = Customer(past, "wang")
    customer._written = 10
    customer.chooses(1)
    assert main(["experience", "--recalculate", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    cells = found["cells"]
    assert found["as_of"] is not None and sum(cell["accepted"] for cell in cells) == 1
    for cell in cells:
        low, high = cell["accepted_interval"]
        assert 0 <= low <= cell["accepted_share"] <= high <= 1
        assert cell["retained_share"] is None
    assert main(["experience"]) == 0
    said = capsys.readouterr().out
    assert "remedies" in said and "delivery" in said and "90 % intervals" in said
