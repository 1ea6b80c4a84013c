"""New words and groups of complaints: what was planted is found, chance is not, and nobody can be recognised."""

import json
import math
from datetime import timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from analytics.complaint_texts import complaint_words
from analytics.periods import Period
from analytics.questions.novelty import NoveltyAnswer, NoveltyQuestion
from analytics.questions.question import read_question
from analytics.sigma import WrongInput
from analytics.statistics.novelty import Told, rise_p_values, risen_terms
from analytics.statistics.terms import overlap, terms_of
from analytics.statistics.text_clusters import MOST_TEXTS, text_clusters
from analytics.surroundings import Surroundings
from store.database import Database, UnitOfWork
from store.tables import Assessment, Case, Customer, InboxRow, Message, Staff, Turn
from tests.analytics.conftest import ROOT, Command
from tests.analytics.imagined_cases import SHANGHAI
from tests.analytics.imagined_history import BEGIN, Complaint, keep_case, place

THEN, NOW = "2026-03-02:2026-03-08", ("--since", "2026-03-09", "--until", "2026-03-15")
ORDINARY = (
    "快递太慢了",
    "衣服颜色不对",
    "客服不回消息",
    "The parcel came late",
    "包裹破损",
    "发票一直没开",
    "价格变了",
)


def told(*texts: str, first: int = 0) -> list[Told]:
    return [Told(number, terms_of(text)) for number, text in enumerate(texts, first)]


def test_words_are_cut_without_a_dictionary() -> None:
    assert {"充电宝", "爆炸", "充电宝爆"} <= terms_of("我的充电宝爆炸了！")
    assert terms_of("The BATTERY pack, battery caught fire") == {
        "battery", "pack", "battery pack", "caught", "fire", "battery caught", "caught fire",
    }  # fmt: skip
    # Full-width letters are letters; a number is no word and ends a phrase.
    assert terms_of("ＡＰＰ闪退") == {"app", "闪退"}
    assert terms_of("订单12345退款") == {"订单", "退款"}
    assert terms_of("13800138000 *** 42!") == frozenset()


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_term_holds_a_digit_or_is_longer_than_a_phrase(text: str) -> None:
    for term in terms_of(text):
        assert not any(sign.isdigit() for sign in term)
        assert len(term) >= 2 and len(term.split()) <= 2


def test_overlaps_are_parts_of_one_phrase() -> None:
    assert overlap("充电", "充电宝") and overlap("充电宝", "宝爆炸") and overlap("battery pack", "pack")
    assert not overlap("充电宝", "爆炸") and not overlap("app", "闪退") and not overlap("fire", "firefly")


def test_a_new_word_is_found_once_and_by_its_longest_name() -> None:
    before = told(*ORDINARY * 20)
    after = told(*ORDINARY * 18, *["充电宝爆炸了"] * 14, first=1000)
    found = risen_terms(before, after, fewest=5)
    assert (found.customers_before, found.customers_after) == (140, 140)
    names = [one.term for one in found.terms]
    assert names == ["充电宝爆"] or names[0].startswith("充电宝") or names[0].endswith("爆炸")
    assert len(names) == 1
    first = found.terms[0]
    assert (first.before, first.after, first.ratio) == (0, 14, math.inf)
    assert first.after_share == pytest.approx(0.1)
    # By R: fisher.test(matrix(c(14, 126, 0, 140), 2), alternative = "greater").
    assert first.p == pytest.approx(fisher_exact([[14, 126], [0, 140]], "greater").pvalue)
    assert first.p <= first.q <= 0.05


def test_one_customer_who_repeats_a_word_is_no_news() -> None:
    before = told(*ORDINARY * 20)
    angry = [Told(7, terms_of("骗子公司")) for _ in range(50)]
    assert not risen_terms(before, [*told(*ORDINARY * 20, first=1000), *angry]).terms
    # Nor are few customers, however surely the word is new.
    few = told(*["量子马桶"] * 4, first=5000)
    assert not risen_terms(before * 9, few, fewest=5).terms


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=8),
)
@settings(max_examples=40, deadline=None)
def test_many_tests_at_once_are_fishers_exact_test(pairs: list[tuple[int, int]]) -> None:
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = rise_p_values(before, after, 30, 20)
    for at, (old, new) in enumerate(pairs):
        expected = fisher_exact([[new, 20 - new], [old, 30 - old]], "greater").pvalue
        assert found[at] == pytest.approx(expected, abs=1e-12)


def test_where_nothing_changed_words_are_told_no_more_often_than_promised() -> None:
    generator = np.random.default_rng(20261128)
    vocabulary = [f"{chr(0x4E00 + 7 * at)}{chr(0x5E00 + 11 * at)}" for at in range(60)]
    chances = 0.5 / np.arange(2, 62)
    wrong, runs, level = 0, 300, 0.1
    for _ in range(runs):
        halves = []
        for size in (90, 60):
            said = generator.random((size, 60)) < chances
            halves.append([Told(at, frozenset(np.array(vocabulary)[row].tolist())) for at, row in enumerate(said)])
        wrong += bool(risen_terms(*halves, false_discoveries=level).terms)
    # Where nothing rose every discovery is false, so their expected share is the chance of any (Benjamini, Hochberg).
    assert wrong <= runs * level + 4 * math.sqrt(runs * level * (1 - level))


def test_complaints_that_say_alike_things_are_one_group() -> None:
    texts = [f"{word}充电宝爆炸起火{word}" for word in ("昨天", "今天", "家里", "车上", "突然", "半夜")]
    others = [
        "宠物寄养的狗病了",
        "停车场抬杆砸了人",
        "会员日礼品没有了",
        "电梯里有异味",
        "排队三小时",
        "学习班换了老师",
    ]
    found = text_clusters(told(*others, *texts), [True] * 12, fewest=5)
    assert len(found) == 1
    assert set(found[0].members) == set(range(6, 12))
    assert found[0].terms and all(term in "充电宝爆炸起火" for term in found[0].terms)
    assert (found[0].before, found[0].after, found[0].p) == (0, 6, None)


def test_a_group_that_rose_is_tested_against_the_time_before() -> None:
    before = told(*["会员积分清零了"] * 10, *["停车场太远"] * 30)
    after = told(*["会员积分清零了"] * 10, *["停车场太远"] * 10, *["直播间假赠品"] * 20, first=100)
    found = {
        one.terms[0]: one for one in text_clusters([*before, *after], [False] * 40 + [True] * 40, fewest=5)
    }  # fmt: skip
    risen = next(one for name, one in found.items() if name in "直播间假赠品")
    assert risen.p is not None and risen.p < 0.001 and (risen.before, risen.after) == (0, 20)
    assert all(one.p is None or one.p > 0.05 for one in found.values() if one is not risen)


def test_one_customer_is_no_group() -> None:
    alone = [Told(1, terms_of("充电宝爆炸起火"))] * 20
    assert text_clusters([*alone, *told(*ORDINARY, first=10)], [True] * 27, fewest=5) == ()
    assert text_clusters([], []) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: risen_terms([], told("a word")),
        lambda: risen_terms(told("a word"), []),
        lambda: risen_terms(told("a"), told("b"), fewest=1),
        lambda: risen_terms(told("a"), told("b"), false_discoveries=1),
        lambda: risen_terms(told("a"), told("b"), most=0),
        lambda: text_clusters(told("a"), []),
        lambda: text_clusters(told("a"), [True], fewest=1),
        lambda: text_clusters(told("a"), [True], alike=0),
        lambda: text_clusters([Told(1, frozenset())] * (MOST_TEXTS + 1), [True] * (MOST_TEXTS + 1)),
    ],
)
def test_it_refuses_what_makes_no_sense(wrong: object) -> None:
    with pytest.raises(WrongInput):
        wrong()  # type: ignore[operator]


# From the store.

NUMBERS = count(1)
# What they have in common is one word.
GIFTS = (
    "直播送的赠品是假的", "说好的赠品没给", "赠品一用就碎", "主播答应赠品，现在不认", "拿到赠品发现是坏的",
    "换一个赠品吧", "你们赠品算什么东西", "这赠品根本没法用", "等了半月赠品还没影", "写明有赠品却没有",
)  # fmt: skip
UNSURE = {"categories": [{"key": "delivery", "confidence": 0.3}]}


def write(database: Database, day: float, words: str, customer: str | None = None, category: str = "delivery") -> str:
    number = next(NUMBERS)
    complaint = Complaint(number, 0, place(category), hour=24 * day)
    keep_case(database, complaint, customer or f"customer-{number}", words=words)
    return complaint.number


def ask(database: Database, **asked: str) -> NoveltyAnswer:
    words = {"since": "2026-03-09", "until": "2026-03-15", "against": THEN, **asked}
    question = read_question(NoveltyQuestion, {name: [word] for name, word in words.items()})
    with database.reading() as work:
        return question.answer(work, Surroundings(SHANGHAI, ROOT / "data" / "firm"))


def two_weeks(database: Database) -> None:
    """Sixty complaints in the first week and twenty in the second, all about the same things."""
    for at in range(60):
        write(database, at % 7, ORDINARY[at % len(ORDINARY)])
    for at in range(20):
        write(database, 7 + at % 7, ORDINARY[at % len(ORDINARY)])


def test_the_command_names_new_words_and_where_to_read_on(analytics: Command, database: Database) -> None:
    two_weeks(database)
    cases = [write(database, 7 + at / 2, text, category="other") for at, text in enumerate(GIFTS)]
    done = analytics("novelty", *NOW, "--against", THEN, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["complaints"] == {"before": 60, "after": 30}
    word = answer["words"][0]
    assert (word["term"], word["before"], word["after"], word["ratio"]) == ("赠品", 0, 10, None)
    assert word["uncovered"] == 1 and word["categories"] == [{"category": "other", "complaints": 10}]
    # The newest first.
    assert word["cases"] == cases[:-6:-1]
    group = answer["clusters"][0]
    assert (group["complaints"], group["after"], group["before"]) == (10, 10, 0)
    text = analytics("novelty", *NOW, "--against", THEN).stdout
    assert word["term"] in text and cases[-1] in text and "without a fitting category" in text
    rows = analytics("novelty", *NOW, "--against", THEN, "--csv").stdout.splitlines()
    assert rows[0].startswith("kind,terms,") and any(row.startswith("word,") for row in rows[1:])


@pytest.mark.parametrize("kind", ["database", "postgresql_database"])
def test_complaints_are_read_in_batches_the_newest_first(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Database = request.getfixturevalue(kind)
    # Several at the same moment, and an order in which they did not come.
    written = [write(store, day, "赠品是假的") for day in (3, 1, 1, 2, 1, 3, 0)]
    with store.begin() as work:
        message = work.session.query(Message).order_by(Message.id).first()
        assert message is not None
        case = work.session.get_one(Case, message.case_id)
        message.inbox_id, message.case_id = heard(work, case, UNSURE), None
        work.commit()
    monkeypatch.setattr("analytics.complaint_texts._BATCH", 2)
    with store.reading() as work:
        around = Surroundings(SHANGHAI, ROOT / "data" / "firm")
        read = list(complaint_words(work, around, Period()))
        assert [one.number for one in read] == [written[at] for at in (5, 0, 3, 4, 2, 1, 6)]
        assert [one.uncovered for one in read] == [False, True, *[False] * 5]
        assert [one.number for one in complaint_words(work, around, Period(), most=3)] == [
            written[at] for at in (5, 0, 3)
        ]  # fmt: skip


def test_an_empty_store_says_so(analytics: Command) -> None:
    assert json.loads(analytics("novelty", "--json").stdout)["empty"] is True
    assert "no cases yet" in analytics("novelty").stdout


def test_without_a_time_before_it_says_that_nothing_can_be_compared(database: Database) -> None:
    for at in range(6):
        write(database, 8, "直播间赠品是假的", f"new-{at}", "other")
    answer = ask(database)
    assert answer.words == () and answer.no_words is not None and "before" in answer.no_words
    assert "No words: no customer complained before" in answer.to_text()
    # Groups are seen all the same.
    assert [seen.cluster.p for seen in answer.clusters] == [None]


def test_nobody_can_be_recognised(database: Database) -> None:
    two_weeks(database)
    with database.begin() as work:
        work.session.add(Staff(login="wang", name="王晓梅", role="agent", password_digest="x", created_at=BEGIN))
        work.commit()
    secrets = ("13800138000", "王晓梅", "晓梅", "欧阳慕云", "慕云", "幸福路", "ouyang@example.com", "SF1234567890")
    for at in range(10):
        write(
            database, 8, "我叫欧阳慕云，电话13800138000，住在杭州市西湖区幸福路12号3单元。晓梅收了钱，王晓梅不认账。"
            "运单SF1234567890，写信到ouyang@example.com，赠品是假的", f"ouyang-{at}", "other",
        )  # fmt: skip
    with database.begin() as work:
        for customer in work.session.query(Customer).filter(Customer.public_id.like("public-ouyang%")):
            customer.name = "欧阳慕云"
        work.commit()
    answer = ask(database)
    shown = [answer.to_text(), json.dumps(answer.to_json(), ensure_ascii=False), str(list(answer.to_csv()))]
    assert "赠品" in shown[0]
    for secret in secrets:
        assert not any(secret in text for text in shown), secret
    # A word of few is told to nobody, and whole messages never.
    assert all(word.term.after >= 5 for word in answer.words)


def test_what_went_elsewhere_or_was_erased_is_not_read(database: Database) -> None:
    kept = write(database, 1, "赠品是假的")
    numbers = [write(database, 1, "赠品是假的") for _ in range(3)]
    silent = write(database, 1, "")
    with database.begin() as work:
        merged, foreseen, erased = (work.session.query(Case).filter_by(number=number).one() for number in numbers)
        merged.merged_into_id = 1
        foreseen.origin = "incident"
        erased.erased_at = BEGIN
        work.commit()
    with database.reading() as work:
        around = Surroundings(SHANGHAI, ROOT / "data" / "firm")
        read = [one.number for one in complaint_words(work, around, Period())]
    assert read == [kept] and silent not in read


def test_the_bot_being_unsure_leaves_a_complaint_uncovered_until_a_person_judges(database: Database) -> None:
    number = write(database, 1, "赠品是假的")
    with database.begin() as work:
        case = work.session.query(Case).filter_by(number=number).one()
        message = work.session.query(Message).filter_by(case_id=case.id).one()
        # Before there was a case, it belonged to none.
        message.inbox_id, message.case_id = heard(work, case, UNSURE), None
        work.commit()

    def uncovered() -> bool:
        with database.reading() as work:
            found = list(complaint_words(work, Surroundings(SHANGHAI, ROOT / "data" / "firm"), Period()))
        assert len(found) == 1
        return found[0].uncovered

    assert uncovered()
    with database.begin() as work:
        case = work.session.query(Case).filter_by(number=number).one()
        work.session.add(
            Assessment(case_id=case.id, by="ada", categories=["delivery"], emotion=0, risks=[], words={}, at=BEGIN)
        )
        work.commit()
    assert not uncovered()


def heard(work: UnitOfWork, case: Case, understanding: dict[str, Any]) -> str:
    """The turn in which the bot heard the complaint; the key of its message."""
    row = InboxRow(
        number=1, conversation_id=case.conversation_id, identity_id=case.conversation.identity_id, message_key="m",
        text="", caller_metadata={}, seen_revision=0, received_at=case.opened_at, next_attempt_at=case.opened_at,
    )  # fmt: skip
    work.session.add(row)
    work.session.flush()
    work.session.add(
        Turn(
            inbox_id=row.id, conversation_id=case.conversation_id, command="action_hear_complaint",
            understanding=understanding, at=case.opened_at,
        )
    )  # fmt: skip
    return row.id


def test_the_time_before_ends_where_the_time_asked_for_begins(database: Database) -> None:
    with database.reading() as work:
        around = Surroundings(SHANGHAI, ROOT / "data" / "firm")
        today = work.now.astimezone(SHANGHAI).date()
        answer = NoveltyQuestion().answer(work, around)
        assert answer.period == Period(today - timedelta(days=27), today)
        assert answer.before == Period(today - timedelta(days=111), today - timedelta(days=28))
        with pytest.raises(WrongInput, match="must end before"):
            NoveltyQuestion(against=Period(today, today)).answer(work, around)
