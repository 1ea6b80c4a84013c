"""The ledger: money only where a test has shown a gain, and with its interval."""

from datetime import timedelta

import pytest

from analytics.improvement.ledger import Ledger, book, ledger, reverse
from analytics.improvement.loops.documents import MeasureForm, WrongForm, read_document, read_form
from analytics.improvement.loops.keeping import ImprovementRefused
from analytics.improvement.losses import loss_of
from analytics.improvement.part import Part, shortened
from analytics.improvement.policy import read_policy
from store.database import Database
from store.firm_files import FirmDataError
from store.tables.improvement import Improvement
from tests.analytics.improving import LATE, PARCELS, Works
from tests.conftest import ROOT, Clock


@pytest.fixture
def works(sqlite_database: Database, clock: Clock) -> Works:
    return Works(sqlite_database, clock)


def read(works: Works, number: str | None = None) -> Ledger:
    with works.database.reading() as work:
        return ledger(work, works.around, number)


def test_a_gain_is_what_the_defects_avoided_would_have_cost(works: Works) -> None:
    works.fails(PARCELS, works.today - timedelta(days=78), [(30, 1000)] * 71)
    cycle = works.comes_to_check(works.opens(part=PARCELS), test=works.test(kind="two_rates"))
    works.does(book, cycle.number, works.now(cycle).revision, "investment", 400_000, "CNY", works.today, "", "ada")
    assert read(works, cycle.number).lines[0].no_gain == "not_checked"
    assert works.lets_the_test_run(cycle, [(15, 1000)] * 28).passed
    found = read(works)
    line, total = found.lines[0], found.sums[0]
    assert line.gain is not None and line.before is not None and line.after is not None
    # 28 days of 1,000 parcels: 3 % of them would have failed, 1.5 % did; 50 yuan each, and nothing was paid back.
    assert line.gain.defects_avoided == pytest.approx(28 * 15)
    assert line.gain.minor == 28 * 15 * 5_000 and line.gain.low < line.gain.minor < line.gain.high
    assert (line.before.loss_minor, line.after.loss_minor) == (30 * 56 * 5_000, 15 * 28 * 5_000)
    assert line.net_minor == 28 * 15 * 5_000 - 400_000 and line.times == pytest.approx(5.25)
    assert (total.gain_minor, total.gain_low, total.invested_minor) == (line.gain.minor, line.gain.low, 400_000)


def test_a_cycle_and_its_project_gain_the_same_money_once(works: Works) -> None:
    works.fails(PARCELS, works.today - timedelta(days=78), [(30, 1000)] * 71)
    cycle = works.comes_to_check(works.opens(part=PARCELS), test=works.test(kind="two_rates"))
    assert works.lets_the_test_run(cycle, [(15, 1000)] * 28).passed
    with works.database.begin() as work:
        found = works.now(cycle)
        columns = {one.name: getattr(found, one.name) for one in Improvement.__table__.columns if one.name != "id"}
        work.session.add(Improvement(**columns | {"number": "DM-1", "kind": "dmaic", "open_key": None}))
        work.commit()
    answer = read(works)
    assert len(answer.lines) == 2 and answer.lines[0].gain == answer.lines[1].gain
    assert answer.lines[0].gain is not None and answer.sums[0].gain_minor == answer.lines[0].gain.minor


def test_what_is_not_shown_is_no_gain(works: Works) -> None:
    works.fails(LATE, works.today - timedelta(days=78), [(20, 100)] * 71)
    cycle = works.comes_to_check(works.opens())
    # Fewer, but no more than chance lets them be.
    works.lets_the_test_run(cycle, [(19, 100), (20, 100)] * 14)
    line = read(works, cycle.number).lines[0]
    assert line.gain is None and line.no_gain == "not_shown" and line.after is not None
    with pytest.raises(ImprovementRefused) as refused:
        works.does(book, cycle.number, works.now(cycle).revision, "gain", 1, "CNY", works.today, "", "ada")
    assert refused.value.code == "gain_not_shown"


def test_an_entry_taken_back_counts_no_more_and_stays_on_record(works: Works) -> None:
    cycle = works.opens()
    entry = works.does(book, cycle.number, 1, "investment", 100, "EUR", works.today, "", "ada")
    works.does(reverse, cycle.number, 2, entry.public_id, "bob", "twice")
    found = read(works)
    assert found.lines[0].invested_minor == {"EUR": 0} and found.sums[0].invested_minor == 0


@pytest.mark.parametrize(
    ("kind", "amount", "currency", "wrong"),
    [
        ("loan", 1, "CNY", "kind"),
        ("investment", 0, "CNY", "amount_minor"),
        ("investment", -5, "CNY", "amount_minor"),
        ("investment", 10**13, "CNY", "amount_minor"),
        ("investment", 1, "yuan", "currency"),
    ],
)
def test_it_refuses_to_book(works: Works, kind: str, amount: int, currency: str, wrong: str) -> None:
    with pytest.raises(ImprovementRefused) as refused:
        works.does(book, works.opens().number, 1, kind, amount, currency, works.today, "", "ada")
    assert refused.value.facts == {"field": wrong}


def test_a_defect_costs_what_its_category_says(works: Works) -> None:
    policy = read_policy(ROOT / "data" / "firm")
    assert loss_of(works.around, policy, Part("service", category="safety")).amount_minor == 100_000
    assert loss_of(works.around, policy, Part("service", step="delivery")).amount_minor == 5_000
    # Ordering holds digital_app and privacy_security, which differ: nobody can tell, so the default.
    assert loss_of(works.around, policy, Part("service", step="ordering")).amount_minor == 5_000


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"days_after": 30}, "days_after"),
        ({"alpha": 0.5}, "alpha"),
        ({"alternative": "greater"}, "alternative"),
        ({"kind": "mann_whitney"}, "measure"),
        ({"target": {"kind": "relative", "value": 30}}, "target"),
        ({"kind": "guess"}, "kind"),
        ({"because": "x"}, "because"),
    ],
)
def test_a_test_that_proves_nothing_is_refused_with_its_place(
    works: Works, changed: dict[str, object], place: str
) -> None:
    with pytest.raises(WrongForm) as refused:
        read_document("test", works.test(**changed))
    assert [where for where, _ in refused.value.errors] == [place]


def test_forms_refuse_what_no_database_can_keep(works: Works) -> None:
    for words in ("a\0b", "\ud800", "", " ", "x" * 5_000):
        with pytest.raises(WrongForm):
            read_document("problem", {"statement": words})
    with pytest.raises(WrongForm, match="due_on"):
        read_form(MeasureForm, works.measure(due_on="2020-01-01"))


def test_long_keys_stay_apart() -> None:
    first, second = ("x" * 300 + end for end in "ab")
    assert len(shortened(first)) == 160 and shortened(first) != shortened(second)
    assert Part("service", "delivery").cause() == "defects:service;step=delivery"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("control_standard_sigma: 6\n", "cost_of_defect: Field required"),
        ("cost_of_defect: {safety: {amount_minor: 1, currency: CNY}}\n", "a default is needed"),
        ("cost_of_defect: {default: {amount_minor: 1, currency: yuan}}\n", "currency"),
        (
            "signals: [{process: service, rules: [astrology]}]\n"
            "cost_of_defect: {default: {amount_minor: 1, currency: CNY}}\n",
            ":1: signals.0.rules",
        ),
    ],
)
def test_a_mistake_in_the_policy_is_told_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, words: str, message: str
) -> None:
    folder = tmp_path_factory.mktemp("firm")
    (folder / "improvement.yml").write_text(words, encoding="utf-8")
    with pytest.raises(FirmDataError, match=message):
        read_policy(folder)


def test_a_firm_without_the_policy_opens_nothing_by_itself(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("older-firm")
    (folder / "firm.yml").write_text("zone: Asia/Shanghai\ncurrency: EUR\n", encoding="utf-8")
    policy = read_policy(folder)
    assert not policy.signals and not policy.recurrence
    assert policy.loss_of("delivery").amount_minor == 0 and policy.loss_of("").currency == "EUR"
