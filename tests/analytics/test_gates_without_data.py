"""Whatever people write, in whatever order, nothing passes Check without data; and of two at once one is told."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.improvement.ledger import book, reverse
from analytics.improvement.loops import keeping
from analytics.improvement.loops.keeping import ImprovementRefused
from analytics.improvement.loops.reading import read_improvement
from analytics.improvement.part import Part
from store.database import Database
from store.tables.improvement import Improvement, ImprovementMove
from tests.analytics.improving import LATE, Works
from tests.conftest import Clock

DEEDS = (
    "plan", "rewrite", "test", "deviations", "standard", "rest", "measure", "finish", "advance", "back", "wait",
    "wait long", "erase",
)  # fmt: skip
START = Clock()()


@given(deeds=st.lists(st.sampled_from(DEEDS), min_size=5, max_size=15))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_writes_passes_check_without_data(
    sqlite_database: Database, clock: Clock, deeds: list[str]
) -> None:
    clock.now = START
    works = Works(sqlite_database, clock)
    with sqlite_database.begin() as work:
        if not work.session.query(Improvement).count():
            # Of the days before there are data in plenty, of those after none.
            works.fails_in(work, LATE, works.today - timedelta(days=98), [(20, 100)] * 98)
        for old in work.session.query(Improvement).filter(Improvement.open_key.is_not(None)):
            old.open_key = None
        work.commit()
    at = works.opens()
    for deed in ("plan", "advance", "finish", "advance", *deeds):
        with suppress(ImprovementRefused):
            do(works, at, deed)
        now = works.now(at)
        assert "result" not in now.content.get("figures", {})
        assert now.phase in ("plan", "do", "check") and now.outcome == ""


def do(works: Works, at: Improvement, deed: str) -> None:
    now = works.now(at)
    sections: dict[str, Any] = {
        "deviations": {"causes": [{"cause": "rain", "weight": 1}]},
        "standard": {"changes": [{"kind": "procedure", "reference": "book"}]},
        "rest": {"words": "more"},
        "test": works.test(),
    }
    if deed in sections:
        works.writes(now, **{deed: sections[deed]})
    elif deed == "plan" and now.phase == "plan":
        works.plans(now)
    elif deed == "rewrite":
        works.writes(now, baseline=works.baseline(35), test=works.test(alpha=0.1, days_after=7))
    elif deed == "erase":
        works.writes(now, test=None)
    elif deed == "measure":
        works.plans_a_measure(now)
    elif deed == "finish":
        works.turns_to(works.today + timedelta(days=1))
        works.finishes_all(now)
    elif deed == "advance":
        works.advances(now)
    elif deed == "back":
        works.does(keeping.step_back, now.number, now.revision, "ada", "again")
    elif deed == "wait":
        works.turns_to(works.today + timedelta(days=7))
    elif deed == "wait long":
        works.turns_to(works.today + timedelta(days=60))


def test_a_stale_revision_is_refused(database_of_both: Works) -> None:
    works = database_of_both
    at = works.opens()
    works.writes(at, problem={"statement": "late"})
    for deed, given_ in (
        (keeping.write_section, ("problem", {"statement": "early"}, "bob")),
        (keeping.advance, None),
        (keeping.step_back, ("bob", "why not")),
        (keeping.drop, ("bob", "why not")),
        (keeping.add_measure, (works.measure(), "bob")),
        (book, ("investment", 100, "CNY", works.today, "", "bob")),
    ):
        with pytest.raises(ImprovementRefused) as refused:
            if given_ is None:
                works.does(deed, works.around, at.number, at.revision, "bob")
            else:
                works.does(deed, at.number, at.revision, *given_)
        assert refused.value.code == "changed_meanwhile"
    assert works.now(at).content["problem"]["statement"] == "late"


@pytest.fixture
def database_of_both(sqlite_database: Database, clock: Clock, engine: str, request: pytest.FixtureRequest) -> Works:
    database = sqlite_database if engine == "sqlite" else request.getfixturevalue("postgresql_database")
    return Works(database, clock)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def at_once(*deeds: Any) -> list[Any]:
    """What came of each, or its error."""
    ready, found = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(at: int) -> None:
        ready.wait()
        try:
            found[at] = deeds[at]()
        except ImprovementRefused as refused:
            found[at] = refused  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def test_two_who_open_one_cause_at_once_find_one_improvement(database_of_both: Works) -> None:
    works = database_of_both
    part = Part("service", "delivery")
    found = at_once(*(lambda: works.opens(part=part) for _ in range(4)))
    assert len({one.number for one in found}) == 1
    with works.database.reading() as work:
        assert work.session.query(Improvement).count() == 1


def test_of_two_who_write_at_once_one_is_told(database_of_both: Works) -> None:
    works = database_of_both
    at = works.opens()
    found = at_once(
        *(
            lambda who=who: works.does(
                keeping.write_section, at.number, at.revision, "problem", {"statement": who}, who
            )
            for who in ("ada", "bob")
        )
    )
    refused = [one for one in found if isinstance(one, ImprovementRefused)]
    assert [one.code for one in refused] == ["changed_meanwhile"]
    assert works.now(at).revision == at.revision + 1


def test_of_two_who_advance_at_once_one_moves(database_of_both: Works) -> None:
    works = database_of_both
    works.fails(LATE, works.today - timedelta(days=78), [(20, 100)] * 71)
    at = works.plans(works.opens())
    found = at_once(*(lambda: works.does(keeping.advance, works.around, at.number, at.revision, "x") for _ in range(2)))
    assert sorted(isinstance(one, ImprovementRefused) for one in found) == [False, True]
    with works.database.reading() as work:
        assert work.session.query(ImprovementMove).count() == 1


def test_an_entry_is_taken_back_once(database_of_both: Works) -> None:
    works = database_of_both
    at = works.opens()
    entry = works.does(book, at.number, at.revision, "investment", 5_000_000_000, "CNY", works.today, "a lorry", "ada")
    revision = works.now(at).revision
    found = at_once(*(lambda: works.does(reverse, at.number, revision, entry.public_id, "ada") for _ in range(2)))
    assert sorted(getattr(one, "code", "done") for one in found) == ["changed_meanwhile", "done"]
    with pytest.raises(ImprovementRefused) as refused:
        works.does(reverse, at.number, works.now(at).revision, entry.public_id, "ada")
    assert refused.value.code == "already_reversed"


@pytest.mark.parametrize("number", ["\0", "PD-\0", "\ud800"])
def test_what_no_number_can_be_is_not_found(database_of_both: Works, number: str) -> None:
    works = database_of_both
    with works.database.reading() as work, pytest.raises(ImprovementRefused, match="no such improvement"):
        read_improvement(work, number)
    with pytest.raises(ImprovementRefused, match="no such improvement"):
        works.does(keeping.drop, number, 1, "bob", "why not")
