"""Questions as a person asks them: ``python -m analytics chart|pareto|compare|times|forecast|recovery|export``."""

import csv
import io
import json
import math
from datetime import date, timedelta
from typing import Any

import pytest

from analytics.questions.chart import ChartQuestion
from analytics.questions.question import Question, read_question
from analytics.questions.recovery import RecoveryQuestion
from analytics.questions.times import TimesQuestion
from analytics.roll_up import roll_up
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import Database
from tests.analytics.conftest import ROOT, Command
from tests.analytics.imagined_cases import SHANGHAI
from tests.analytics.imagined_history import BEGIN, Complaint, bought, keep, keep_case, place

FIRST = BEGIN.date()
SPAN = ("--before", "2026-03-02:2026-03-08", "--after", "2026-03-09:2026-03-15")
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("chart",), ("chart", "--process", "service"), ("chart", "--measure", "rating"), ("pareto",),
    ("compare", *SPAN), ("compare", *SPAN, "--process", "service"), ("compare", *SPAN, "--measure", "rating"),
    ("times",), ("forecast",), ("recovery",), ("export",),
)  # fmt: skip


def told(run: Command, *arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def days(number: int) -> list[str]:
    return [(FIRST + timedelta(days=at)).isoformat() for at in range(number)]


def a_month(database: Database) -> None:
    """Ten complaints a day for four weeks; each day one is late, from the fourth week on five."""
    number = 0
    found = []
    for day in range(28):
        for at in range(10):
            number += 1
            late = at < (5 if day >= 21 else 1)
            where = place("product_quality" if at == 9 else "delivery", "wechat" if at % 2 else "web")
            found.append(Complaint(number, day, where).resolved(30 if late else 1 + at).rated(2 if late else 5))
    keep(database, found)


@pytest.mark.parametrize("arguments", QUESTIONS)
def test_an_empty_store_is_no_mistake(analytics: Command, arguments: tuple[str, ...]) -> None:
    assert told(analytics, *arguments)["empty"] is True
    done = analytics(*arguments)
    assert done.returncode == 0 and done.stderr == ""
    if arguments[0] not in ("export", "compare"):
        assert "no cases yet" in done.stdout
    if arguments[0] == "compare":
        assert "no test: " in done.stdout


def test_a_chart_names_every_rule_that_is_broken_and_says_what_to_do(analytics: Command, database: Database) -> None:
    a_month(database)
    asked = ("chart", "--step", "resolved_in_time", "--baseline", f"{days(28)[0]}:{days(28)[20]}", "--limits", "normal")
    found = told(analytics, *asked, "--kind", "p")["charts"][0]
    points = found["chart"]["points"]
    # A late case counts on the day it was resolved, a day later: days 0 (none) to 28.
    assert points[1]["centre"] == pytest.approx(20 / 209, abs=0.002)
    upper = points[20]["centre"] + 3 * math.sqrt(points[20]["centre"] * (1 - points[20]["centre"]) / 10)
    assert points[20]["upper"] == pytest.approx(upper)
    worse = [signal for signal in found["signals"] if signal["direction"] == "worse"]
    assert {signal["label"] for signal in worse} >= set(days(29)[22:28])
    assert any("nelson_1" in signal["rules"] for signal in worse)
    text = analytics(*asked).stdout
    assert "it has become worse  (nelson_1" in text
    assert "One point lies beyond a control limit." in text and "what to do: Open the cases" in text


def test_a_chart_as_csv_has_a_row_for_each_point(analytics: Command, database: Database) -> None:
    a_month(database)
    rows = list(csv.DictReader(io.StringIO(analytics("chart", "--split", "category", "--csv").stdout)))
    assert {row["key"] for row in rows} == {"delivery", "product_quality"}
    assert {"label", "value", "lower", "centre", "upper", "rules"} <= set(rows[0])


def test_without_volumes_a_share_of_the_service_is_refused(analytics: Command, database: Database) -> None:
    a_month(database)
    done = analytics("chart", "--process", "service", "--kind", "u")
    assert done.returncode == 2
    assert done.stderr.startswith("no denominator: no volumes were posted (POST /api/v1/volumes)")
    found = told(analytics, "chart", "--process", "service")["charts"][0]
    assert found["kind"] == "c" and found["no_denominator"] is not None


def test_ratings_are_charted_from_the_events(analytics: Command, database: Database) -> None:
    a_month(database)
    found = told(analytics, "chart", "--measure", "rating", "--every", "week")["charts"][0]
    # Ratings are given two days later; a week has nine fives to one two, the fourth five of each.
    values = [point["value"] for point in found["chart"]["main"]["points"]]
    assert values[:3] == pytest.approx([4.7, 4.7, 4.7]) and min(values) == pytest.approx(3.5)


@pytest.mark.parametrize("arguments", QUESTIONS)
def test_the_farthest_days_can_be_reckoned_with(
    analytics: Command, database: Database, arguments: tuple[str, ...]
) -> None:
    keep(database, [Complaint(1, 0).resolved(2).rated(4), Complaint(2, 9).resolved(3).rated(5)])
    for ends in ((("--since", "1970-01-01"), ("--until", "2999-12-31")), (("--until", "1970-01-01"),)):
        added = () if arguments[0] == "compare" else tuple(word for end in ends for word in end)
        assert analytics(*arguments, *added).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chart", "--since", "tomorrow"), "since: 'tomorrow' is no day such as 2026-10-01"),
        (("chart", "--since", "2026-10-02", "--until", "2026-10-01"), "the period ends on 2026-10-01 before it begins"),
        (("chart", "--kind", "pie"), "kind: must be 'auto', 'p', 'np'"),
        (("chart", "--kind", "p", "--kind", "u"), "kind: is given 2 times"),
        (("chart", "--rules", "nelson_9"), "there is no rule 'nelson_9'"),
        (("chart", "--step", "dispatch"), "step: the recovery process has no step 'dispatch'"),
        (("chart", "--multiplier", "0"), "multiplier: must be greater than 0"),
        (("chart", "--baseline", "2026-10-01"), "baseline: must be two days with a colon"),
        (("chart", "--baseline", "2026-10-01:", "--phase", "2026-10-05"), "baseline and phase exclude each other"),
        (("chart", "--measure", "rating", "--split", "step"), "split: a rating is of a whole case"),
        (("compare", "--before", ":2026-10-05", "--after", "2026-10-05:"), "the two periods overlap"),
        (("times", "--split", "category", "--against", ":2026-10-05"), "split and against exclude each other"),
        (("times", "--target", "-1"), "target: must be greater than 0"),
        (("times", "--target", "inf"), "target: must be a finite number"),
        (("times", "--until", "9999-12-31"), "until: must lie between 1970-01-01 and 2999-12-31"),
        (("forecast", "--until", "0001-01-01"), "until: must lie between 1970-01-01 and 2999-12-31"),
        (("forecast", "--days", "1000"), "days: must be less than or equal to 180"),
        (("recovery", "--never-failed", "1,2"), "never_failed: five numbers are needed"),
        (("recovery", "--never-failed", "1,2,3,4,9999999"), "a million ratings are the most"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(analytics: Command, arguments: tuple[str, ...], message: str) -> None:
    done = analytics(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and len(done.stderr.splitlines()) == 1


def test_an_unknown_parameter_is_named_with_those_there_are() -> None:
    with pytest.raises(WrongInput, match="colour: there is no such parameter; there are process, step"):
        read_question(ChartQuestion, {"colour": ["red"]})


def test_lists_may_be_written_with_commas_or_said_again() -> None:
    question = read_question(ChartQuestion, {"rules": ["nelson_1,nelson_2", "nelson_5"], "kind": ["u-prime"]})
    assert question.rules == ("nelson_1", "nelson_2", "nelson_5") and question.kind == "u'"


def test_pareto_orders_and_tests_the_mix(analytics: Command, database: Database) -> None:
    found = [Complaint(number, 0, place("delivery" if number < 80 else "other")) for number in range(100)]
    later = [Complaint(number, 10, place("delivery" if number < 130 else "safety")) for number in range(100, 200)]
    keep(database, [*found, *later])
    answer = told(analytics, "pareto", "--until", days(1)[0], "--against", f"{days(11)[10]}:")
    rows = answer["pareto"]["rows"]
    assert [(row["category"], row["count"], row["cumulative_share"]) for row in rows] == [
        ("delivery", 80, 0.8), ("other", 20, 1.0),
    ]  # fmt: skip
    assert answer["pareto"]["vital"] == 1
    assert answer["change"]["p"] < 1e-6 and answer["change"]["moves"][0]["category"] in ("delivery", "safety")
    assert "The mix has changed" in analytics("pareto", "--until", days(1)[0], "--against", f"{days(11)[10]}:").stdout


def test_two_shares_are_compared_with_the_test_named(analytics: Command, database: Database) -> None:
    # 56 of 70 content before, 48 of 80 after: Newcombe (1998), table II, example (a).
    made = []
    for number in range(150):
        content = number < 56 or 70 <= number < 118
        made.append(Complaint(number, 0 if number < 70 else 10).resolved(1).rated(4 if content else 1, 2))
    keep(database, made)
    asked = ("compare", "--step", "content", "--before", f":{days(6)[5]}", "--after", f"{days(6)[5]}:")
    assert analytics(*asked).returncode == 2, "a day cannot stand on both sides"
    answer = told(analytics, *asked[:3], "--before", f":{days(6)[4]}", "--after", f"{days(6)[5]}:")
    result = answer["result"]
    assert result["difference"] == pytest.approx(0.2)
    assert (result["interval"]["low"], result["interval"]["high"]) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert answer["test"] == "score test of two shares (Pearson 1900)" and answer["changed"] is True


def test_without_volumes_complaints_a_day_are_compared_and_it_says_so(analytics: Command, database: Database) -> None:
    keep(database, [*(Complaint(n, 0) for n in range(10)), *(Complaint(n, 8) for n in range(10, 40))])
    answer = told(analytics, "compare", "--process", "service", *SPAN)
    assert answer["result"]["before_rate"] == pytest.approx(10 / 7)
    assert answer["result"]["ratio"] == pytest.approx(3.0)
    assert "a day" in answer["test"]
    # Ten complaints on one day and none on the others: they did not come by chance one by one.
    assert [note.split()[0] for note in answer["notes"]] == ["the", "the", "no"]


def test_open_cases_are_censored_and_withdrawn_ones_end_their_watch(analytics: Command, database: Database) -> None:
    # Times 1, 2, 3+, 4 hours: after 4 hours 1 - 3/4 · 2/3 · 0 are over; the median is 2 (Kaplan and Meier by hand).
    made = [
        Complaint(1, 0).resolved(1), Complaint(2, 0).resolved(2), Complaint(3, 0).withdrawn(3),
        Complaint(4, 0).resolved(4), Complaint(5, 0).merged("AM-0004"),
    ]  # fmt: skip
    keep(database, made)
    (group,) = told(analytics, "times")["groups"]
    assert (group["cases"], group["ended"], group["open"]) == (4, 3, 1)
    assert group["ended_share_at_hours"]["1"] == pytest.approx(1 / 4)
    assert group["ended_share_at_hours"]["2"] == pytest.approx(1 / 2)
    assert group["ended_share_at_hours"]["4"] == pytest.approx(1.0)
    (group,) = told(analytics, "times", "--target", "1.5")["groups"]
    assert (group["within_limit"]["successes"], group["within_limit"]["total"]) == (1, 4)


def test_the_time_to_a_persons_answer_comes_from_the_case(analytics: Command, database: Database) -> None:
    made = [Complaint(number, 0) for number in range(1, 4)]
    made[2].resolved(1)
    keep(database, made)
    keep_case(database, made[0], "ann", first_response=2)
    keep_case(database, made[1], "ben", first_response=6)
    # Settled by the bot alone: nobody had to answer.
    keep_case(database, made[2], "eve")
    (group,) = told(analytics, "times", "--to", "first_response")["groups"]
    assert (group["cases"], group["ended"]) == (2, 2)
    assert (group["within_limit"]["successes"], group["within_limit"]["total"]) == (1, 2)


def test_groups_and_periods_are_compared_by_the_log_rank_test(analytics: Command, database: Database) -> None:
    slow = [Complaint(number, 0, place("other")).resolved(10 + number) for number in range(20)]
    fast = [Complaint(number, 8).resolved(1 + number / 100) for number in range(20, 40)]
    keep(database, [*slow, *fast])
    answer = told(analytics, "times", "--split", "category")
    assert [group["group"] for group in answer["groups"]] == ["delivery", "other"]
    assert answer["log_rank"]["p"] < 0.001
    answer = told(analytics, "times", "--until", days(4)[3], "--against", f"{days(5)[4]}:")
    assert {group["group"] for group in answer["groups"]} == {"this period", "the other period"}


def test_a_forecast_knows_weekdays_and_tells_its_error(analytics: Command, database: Database) -> None:
    number, made = 0, []
    for day in range(70):
        for _ in range(2 if (FIRST + timedelta(days=day)).weekday() >= 5 else 8):
            number += 1
            made.append(Complaint(number, day))
    keep(database, made)
    answer = told(analytics, "forecast", "--until", days(70)[69], "--days", "7")
    assert [one["category"] for one in answer["forecasts"]] == ["all", "delivery"]
    found = answer["forecasts"][0]
    by_day = dict(zip(found["days"], found["mean"], strict=True))
    assert all((mean > 6) == (date.fromisoformat(day).weekday() < 5) for day, mean in by_day.items())
    assert found["backtest"]["mean_absolute_error"] < 1
    rows = list(csv.reader(io.StringIO(analytics("forecast", "--until", days(70)[69], "--csv").stdout)))
    assert rows[0] == ["category", "day", "expected", "low", "high"] and len(rows) == 1 + 2 * 14


def test_recoveries_are_told_with_what_they_cost_and_who_came_back(analytics: Command, database: Database) -> None:
    made = [
        Complaint(1, 0).resolved(1).rated(5, fair=(5, 5, 5)).paid(1000, "r1"),
        Complaint(2, 0).resolved(20).rated(4, fair=(4, 5, 4)).paid(3000, "r2").reopened(),
        Complaint(3, 1).resolved(50).rated(1, fair=(1, 2, 2)).broke_a_promise(),
        Complaint(4, 2).resolved(90).rated(3, fair=(3, 3, 4)).paid(500, "r4", back=True),
        Complaint(5, 30).resolved(2).rated(5),
    ]
    made.append(Complaint(6, 5).about_handling_of(made[3]))
    keep(database, made)
    for complaint, customer in zip(made, ("ann", "ben", "eve", "dan", "ann", "dan"), strict=True):
        keep_case(database, complaint, customer)
    bought(database, "ann", *range(-40, 0, 8), 20)
    bought(database, "ben", -3)
    found = told(analytics, "recovery", "--never-failed", "0,0,1,2,3")
    parts = {name: part["result"] for name, part in found["parts"].items()}
    assert (parts["fives"]["successes"], parts["fives"]["total"]) == (2, 5)
    # Of five that were settled: one reopened, one promise broken (and rated 1), one handling complained of.
    assert (parts["double_deviation"]["rate"]["successes"], parts["double_deviation"]["rate"]["total"]) == (3, 5)
    assert parts["double_deviation"]["by_reason"]["low rating"]["successes"] == 1
    assert [group["count"] for group in parts["paradox"]["groups"]] == [6, 2, 3]
    # Ann came back after the first complaint; 10 and 30 yuan were spent, the third payment was taken back.
    assert (parts["cost"]["regained"], parts["cost"]["total_cost"], parts["cost"]["value"]) == (1, 4000, 4000)
    assert found["currency"] == "CNY"
    # Ann after 30 days, Dan after 3: two of six were followed by another within 90 days.
    assert (parts["repeats"]["rate"]["successes"], parts["repeats"]["rate"]["total"]) == (2, 6)
    assert parts["concentration"]["customers"] == 4
    assert (parts["drifting"]["judged"], parts["drifting"]["found"]) == (1, 1)
    assert parts["drifting"]["named"][0]["customer"] == "public-ann"
    assert parts["speed"]["bands"][0]["up_to"] == 2.0 and len(parts["fairness"]) == 3
    text = analytics("recovery").stdout
    assert "40.00 CNY" in text and "tell their ratings by never_failed" in text


@pytest.mark.parametrize("name", ["chart", "times", "recovery"])
def test_events_are_read_alike_on_postgresql(postgresql_database: Database, name: str) -> None:
    made = [Complaint(number, number % 5).resolved(1 + number).rated(1 + number % 5) for number in range(12)]
    keep(postgresql_database, made)
    keep_case(postgresql_database, made[0], "ann", first_response=2)
    roll_up(postgresql_database, SHANGHAI)
    bought(postgresql_database, "ann", *range(0, 40, 8))
    asked: dict[str, tuple[type[Question], dict[str, list[str]]]] = {
        "chart": (ChartQuestion, {"measure": ["resolution"], "every": ["week"], "since": days(1)}),
        "times": (TimesQuestion, {"until": [days(5)[4]]}),
        "recovery": (RecoveryQuestion, {}),
    }
    around = Surroundings(SHANGHAI, ROOT / "data" / "firm", 30)
    with postgresql_database.reading() as work, around.limiting(work):
        answer = read_question(*asked[name]).answer(work, around).to_json()
    assert answer["empty"] is False
    if name == "times":
        assert answer["groups"][0]["ended"] == 12
    if name == "recovery":
        assert (answer["cases"], answer["parts"]["drifting"]["result"]["judged"]) == (12, 1)


def test_counts_are_exported_with_their_opportunities(analytics: Command, database: Database) -> None:
    keep(database, [Complaint(1, 0).resolved(1), Complaint(2, 0).resolved(30), Complaint(3, 1).resolved(2)])
    for arguments in (("export", "--csv"), ("export",)):
        rows = list(csv.reader(io.StringIO(analytics(*arguments, "--step", "resolved_in_time").stdout)))
        assert rows == [
            ["process", "all", "day", "defects", "opportunities"],
            ["recovery", "", days(1)[0], "0", "1"],
            ["recovery", "", days(2)[1], "1", "2"],
        ]
