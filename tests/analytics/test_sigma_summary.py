"""The sigma summary of both processes, from events and volumes."""

from datetime import UTC, date, datetime

import pytest

from analytics.roll_up import roll_up
from analytics.sigma import Convention, DefectRate, NoDenominator, RolledYield, WrongInput
from analytics.sigma_summary import SigmaLine, SigmaSummary, sigma_summary
from analytics.sigma_table import sigma_table
from recovery.events import OutcomeEvent
from store.blueprint import Blueprint
from store.database import Database
from store.tables.outcomes import Volume
from tests.analytics.imagined_cases import QUALITY, SHANGHAI, ImaginedCase, record

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)
BLUEPRINT = Blueprint.model_validate(
    {
        "service_steps": [
            {"key": "ordering", "name": {"zh": "下单", "en": "ordering"}},
            {"key": "delivery", "name": {"zh": "配送", "en": "delivery"}, "categories": ["delivery"]},
        ]
    }
)


def happened(database: Database, *events: OutcomeEvent) -> None:
    with database.begin() as work:
        record(work, events)
        work.commit()
    roll_up(database, SHANGHAI)


def volume(database: Database, opportunities: int, step: str = "", day: date = FIRST, **keys: str) -> None:
    with database.begin() as work:
        now = datetime(2026, 10, 3, tzinfo=UTC)
        process = keys.pop("process", "service")
        work.session.add(
            Volume(day=day, process=process, step=step, opportunities=opportunities, updated_at=now, **keys)
        )
        work.commit()


def ask(
    database: Database,
    process: str = "service",
    by: str = "step",
    since: date | None = None,
    until: date | None = None,
) -> SigmaSummary:
    with database.reading() as work:
        return sigma_summary(work, process, since, until, by, blueprint=BLUEPRINT)


def line(summary: SigmaSummary, key: str) -> SigmaLine:
    return next(line for line in summary.lines if line.key == key)


def told(line: SigmaLine) -> tuple[int, int] | str:
    """(defects, opportunities), or why there is no denominator."""
    return line.rate.reason if isinstance(line.rate, NoDenominator) else (line.rate.defects, line.rate.opportunities)


def test_recovery_by_step_and_overall(database: Database) -> None:
    for number in range(4):
        happened(database, *ImaginedCase(f"AM-{number}").made_whole(score=3 if number == 0 else 5))
    summary = ask(database, "recovery")
    assert told(line(summary, "content")) == (1, 4)
    assert told(summary.overall) == (1, 28)
    assert isinstance(summary.overall.rolled, RolledYield)
    assert summary.overall.rolled.value == 0.75
    assert [found.key for found in summary.lines][:2] == ["acknowledged_in_time", "understood_right"]


def test_recovery_steps_nobody_reached_have_no_denominator(database: Database) -> None:
    happened(database, ImaginedCase().opened())
    summary = ask(database, "recovery")
    assert told(line(summary, "content")) == "no opportunities"
    assert isinstance(summary.overall.rolled, RolledYield)
    assert summary.overall.rolled.steps == ("understood_right",)
    assert len(summary.overall.rolled.missing) == 6


def test_recovery_by_channel_rolls_each_channel_by_itself(database: Database) -> None:
    happened(database, *ImaginedCase("AM-1").made_whole(score=1), *ImaginedCase("AM-2", QUALITY).made_whole())
    summary = ask(database, "recovery", by="channel")
    rolled = {found.key: found.rolled for found in summary.lines}
    assert {key: value.value for key, value in rolled.items() if isinstance(value, RolledYield)} == {
        "web": 0.0,
        "rest": 1.0,
    }
    assert told(summary.overall) == (1, 14)


def test_a_period_takes_its_first_and_its_last_day(database: Database) -> None:
    happened(database, ImaginedCase("AM-1").opened(0), ImaginedCase("AM-2").opened(1440))
    assert told(ask(database, "recovery").overall) == (0, 2)
    assert told(ask(database, "recovery", since=SECOND).overall) == (0, 1)
    assert told(ask(database, "recovery", until=FIRST).overall) == (0, 1)
    assert told(ask(database, "recovery", since=FIRST, until=SECOND).overall) == (0, 2)


def test_the_service_without_volumes_has_no_denominator(database: Database) -> None:
    happened(database, ImaginedCase().opened())
    summary = ask(database)
    assert [(found.key, told(found)) for found in summary.lines] == [
        ("ordering", "no volumes"),
        ("delivery", "no volumes"),
    ]
    assert line(summary, "delivery").without_denominator == 1
    assert (told(summary.overall), summary.overall.without_denominator) == ("no volumes", 1)
    assert isinstance(summary.overall.rolled, NoDenominator)


def test_the_service_with_volumes(database: Database) -> None:
    happened(database, ImaginedCase().opened())
    volume(database, 100, "ordering")
    volume(database, 4, "delivery")
    volume(database, 6, "delivery", category="delivery")
    volume(database, 5000, "delivery", process="another")
    summary = ask(database)
    assert told(line(summary, "delivery")) == (1, 10)
    assert told(summary.overall) == (1, 110)
    assert isinstance(summary.overall.rolled, RolledYield)
    assert summary.overall.rolled.value == pytest.approx(0.9)


def test_defects_of_a_day_without_a_volume_are_not_divided_by_other_days(database: Database) -> None:
    happened(database, ImaginedCase("AM-1").opened(0), ImaginedCase("AM-2").opened(1440))
    volume(database, 10, "delivery")
    delivery = line(ask(database), "delivery")
    assert (told(delivery), delivery.without_denominator) == ((1, 10), 1)


def test_volumes_not_told_apart_stand_for_the_steps_without_their_own(database: Database) -> None:
    happened(database, ImaginedCase("AM-1").opened(step="delivery"), ImaginedCase("AM-2").opened(step="ordering"))
    volume(database, 50)
    volume(database, 20, "ordering")
    summary = ask(database)
    assert told(line(summary, "ordering")) == (1, 20)
    assert told(line(summary, "delivery")) == "no volumes of its own; counted with what is not told apart"
    assert told(line(summary, "")) == (1, 50)
    assert told(summary.overall) == (2, 70)


def test_a_valid_complaint_that_fits_no_step_is_shown(database: Database) -> None:
    happened(database, ImaginedCase().opened(step=""))
    volume(database, 20, "ordering")
    summary = ask(database)
    assert line(summary, "").without_denominator == 1
    assert (told(summary.overall), summary.overall.without_denominator) == ((0, 20), 1)


def test_the_service_by_what_volumes_do_not_know_is_pooled_and_not_guessed(database: Database) -> None:
    happened(database, ImaginedCase().opened())
    volume(database, 20, "delivery")
    summary = ask(database, by="channel")
    assert told(line(summary, "web")) == "no volumes of its own; counted with what is not told apart"
    assert told(summary.overall) == (1, 20)
    assert summary.overall.rolled is None


def test_more_defects_than_the_volume_is_told_and_not_divided(database: Database) -> None:
    happened(database, ImaginedCase("AM-1").opened(), ImaginedCase("AM-2").opened())
    volume(database, 1, "delivery")
    assert told(line(ask(database), "delivery")) == "2 defects on a volume of 1: the volumes cannot be right"


def test_wrong_questions_are_refused(database: Database) -> None:
    with database.reading() as work:
        with pytest.raises(WrongInput, match="no process 'sales'"):
            sigma_summary(work, "sales")
        with pytest.raises(WrongInput, match="cannot split by 'moon'"):
            sigma_summary(work, by="moon")
        with pytest.raises(WrongInput, match="ends on 2026-10-01 before it begins on 2026-10-02"):
            sigma_summary(work, since=SECOND, until=FIRST)


def test_json_has_all_that_the_dashboards_show(database: Database) -> None:
    happened(database, *ImaginedCase().made_whole())
    with database.reading() as work:
        found = sigma_summary(work, since=FIRST, convention=Convention(shift=0)).to_json()
    assert (found["since"], found["until"], found["convention"]["shift"]) == ("2026-10-01", None, 0)
    overall = found["overall"]
    assert (overall["opportunities"], overall["defects"], overall["dpmo"], overall["yield"]) == (7, 0, 0, 1)
    assert overall["sigma_level"] is None and overall["sigma_interval"][1] is None
    # The exact upper bound for none of seven is 1 - 0.025^(1/7) = 40.96 %, whose normal quantile is 0.2285.
    assert overall["dpmo_interval"] == [0, pytest.approx(409_616, abs=1)]
    assert overall["sigma_interval"][0] == pytest.approx(0.2285, abs=1e-3)
    assert found["lines"][0]["name"] == {"zh": "及时受理", "en": "acknowledged in time"}


def test_the_table_states_bounds_and_convention(database: Database) -> None:
    happened(database, *ImaginedCase().made_whole(score=1))
    text = sigma_table(ask(database, "recovery"), SHANGHAI)
    assert "shift of 1.5" in text and "Clopper-Pearson" in text and "Asia/Shanghai" in text
    content = next(row for row in text.splitlines() if row.startswith("content"))
    assert "≤" in content and "1,000,000.0" in content
    assert "≥" in next(row for row in text.splitlines() if row.startswith("not_reopened"))
    assert isinstance(ask(database, "recovery").overall.rate, DefectRate)
