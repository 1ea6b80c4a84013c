"""Full-text search on both engines: what is written is found, and what is forgotten is gone."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from actions.conversations import Address, open_conversation, receive, say
from actions.persons import merge_customers
from store import search
from store.database import Database
from store.migrate import drift, is_current, migrate
from store.tables import Case, Conversation, Fact, Note, Staff

WANG, LI = Address("rest", "wang"), Address("web", "li-4711")


def hears(database: Database, text: str, who: Address = WANG, key: str = "") -> int:
    with database.begin() as work:
        received = receive(work, who, text, key or text[:100])
        work.commit()
        return received.conversation_id


def found(database: Database, question: str) -> set[int]:
    with database.reading() as work:
        pieces = search.read_question(question)
        return set(work.session.scalars(search.find(work, pieces))) if pieces else set()


def marked(database: Database, question: str) -> list[tuple[str, str]]:
    """Kind and marked text of each excerpt."""
    with database.reading() as work:
        pieces = search.read_question(question)
        ids = list(work.session.scalars(search.find(work, pieces)))
        excerpts = search.excerpts(work, pieces, ids)
        return [
            (one.kind, "".join(f"[{part.text}]" if part.found else part.text for part in one.parts))
            for _, one in sorted(excerpts.items())
        ]


def with_case(database: Database, conversation_id: int, **facts: str) -> Case:
    with database.begin() as work:
        conversation = work.session.get_one(Conversation, conversation_id)
        case = Case(
            number="AM-7K3Q-9F2D",
            customer_id=conversation.identity.customer_id,
            conversation_id=conversation_id,
            language="zh",
            channel="rest",
            tier="regular",
            failure_type="-",
            dimension="outcome",
            severity="low",
            emotion=0,
            department="customer_service",
            opened_at=work.now,
            first_response_due=work.now,
            resolution_due=work.now,
            facts=[Fact(key=key, value=value, at=work.now) for key, value in facts.items()],
        )
        work.session.add(case)
        work.commit()
        return case


def test_messages_both_ways_are_found_in_both_languages(database: Database) -> None:
    wang, li = hears(database, "杯子的质量很差,要退款"), hears(database, "My parcel was DELIVERED late", LI)
    with database.begin() as work:
        say(work, open_conversation(work, WANG), "我们马上为您退货")
        work.commit()
    for question in ("质量", "质量很差", "差", "退款", "退货", "杯子 退款", "货"):
        assert found(database, question) == {wang}, question
    for question in ("deliver", "delivered late", '"delivered late"', "parcel LATE", "ｌａｔｅ"):
        assert found(database, question) == {li}, question
    for question in ("差质", "量差", '"late delivered"', "parcel 退款", "arcel", '"deliver late"', "没有"):
        assert found(database, question) == set(), question


def test_words_may_stand_in_different_messages(database: Database) -> None:
    wang = hears(database, "杯子碎了")
    hears(database, "要退款")
    hears(database, "杯子很好", LI)
    assert found(database, "杯子 退款") == {wang}


def test_numbers_names_facts_and_notes_are_found(database: Database) -> None:
    wang, li = hears(database, "坏了"), hears(database, "坏了", LI)
    with_case(database, wang, order_number="202611120007", amount="30000 CNY", product="电热水壶")
    with database.begin() as work:
        amy = Staff(login="amy", name="Amy", role="agent", password_digest="-", created_at=work.now)
        work.session.add(amy)
        work.session.flush()
        work.session.add(Note(conversation_id=wang, staff_id=amy.id, text="仓库说要等三天", at=work.now))
        work.session.get_one(Conversation, wang).identity.customer.name = "王小明"
        work.commit()
    for question in ("AM-7K3Q-9F2D", "am7k3q9f2d", "7k3q9f2d", "AM-7K3Q", "202611120007", "2026111", "热水", "仓库"):
        assert found(database, question) == {wang}, question
    for question in ("王小明", "小明", "rest:wang", "wang", "王小明 仓库"):
        assert found(database, question) == {wang}, question
    for question in ("web:li-4711", "li-47", "4711"):
        assert found(database, question) == {li}, question
    assert found(database, "30000") == set()


def test_what_changes_is_found_anew_and_no_longer_as_it_was(database: Database) -> None:
    wang = hears(database, "坏了")
    case = with_case(database, wang, order_number="111122223333")
    with database.begin() as work:
        fact = work.session.scalars(select(Fact).where(Fact.case_id == case.id)).one()
        fact.value = "444455556666"
        work.session.get_one(Conversation, wang).identity.customer.name = "李雷"
        work.commit()
    assert (found(database, "111122223333"), found(database, "444455556666")) == (set(), {wang})
    assert found(database, "李雷") == {wang}


def test_a_case_that_goes_on_in_another_conversation_is_found_there(database: Database) -> None:
    wang, li = hears(database, "坏了"), hears(database, "你好", LI)
    case = with_case(database, wang, order_number="202611120007")
    with database.begin() as work:
        work.session.get_one(Case, case.id).conversation_id = li
        work.commit()
    assert found(database, "AM-7K3Q") == found(database, "202611120007") == {li}
    assert found(database, "坏了") == {wang}


def test_customers_who_are_one_are_found_by_either_name(database: Database) -> None:
    wang, li = hears(database, "坏了"), hears(database, "你好", LI)
    with database.begin() as work:
        kept, merged = (work.session.get_one(Conversation, one).identity.customer for one in (wang, li))
        kept.name = "王小明"
        work.session.flush()
        merge_customers(work, kept, merged, "same_order", "bot")
        work.commit()
    assert found(database, "小明") == {wang, li}


def test_what_is_rolled_back_is_not_found(database: Database) -> None:
    with database.begin() as work:
        receive(work, WANG, "后悔了", "1")
    assert found(database, "后悔") == set()


def test_what_is_forgotten_is_gone_from_the_index_itself(database: Database) -> None:
    wang, li = hears(database, "绝密的事"), hears(database, "绝密的事", LI)
    with database.begin() as work:
        search.forget(work, wang)
        work.commit()
    assert found(database, "绝密") == {li}
    with database.reading() as work:
        column = "words" if database.is_sqlite else "vector::text"
        table = "search_index" if database.is_sqlite else "search_documents"
        rows = " ".join(work.session.scalars(text(f"SELECT {column} FROM {table}")))
        assert "wang" not in rows and "li" in rows


@pytest.mark.parametrize(
    "question",
    [
        '" OR 1=1 --',
        "words:绝密",
        "a* NEAR(b c)",
        "'; DROP TABLE search_documents; --",
        "!& | <-> :*",
        "^坏",
        "{words}",
        "\\",
    ],
)
def test_no_question_is_syntax(database: Database, question: str) -> None:
    hears(database, "坏了 NEAR OR AND drop")
    found(database, question)
    assert len(found(database, "坏了")) == 1


def test_any_question_can_be_asked(sqlite_database: Database) -> None:
    hears(sqlite_database, "坏了")

    @hypothesis_settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.text(max_size=60))
    def ask(question: str) -> None:
        found(sqlite_database, question)

    ask()


def test_excerpts_mark_what_was_found_in_the_best_place(database: Database) -> None:
    hears(database, "<b>坏了</b> 要退款", key="1")
    hears(database, "还是要退款", key="2")
    hears(database, "好" * 200 + "退款" + "吧" * 300, LI)
    assert marked(database, "坏了 退款")[0] == ("message", "<b>[坏了]</b> 要[退款]")
    (first, second) = marked(database, "退款")
    assert first == ("message", "还是要[退款]")
    assert second[1].startswith("…好") and "[退款]" in second[1] and second[1].endswith("吧…") and len(second[1]) < 130
    assert marked(database, "li-47") == [("who", "[li-4711]")]


def test_a_long_text_is_found_by_its_beginning_and_harms_nothing(database: Database) -> None:
    wang = hears(database, "开头 " + "x" * 3000 + " 很长的话" * 9000)
    assert found(database, "开头") == {wang}
    assert found(database, "很长的话") == {wang}


def test_the_index_can_be_built_anew(database: Database) -> None:
    ids = {hears(database, f"第{number}次投诉", Address("rest", f"c{number}")) for number in range(3)}
    with_case(database, min(ids), order_number="202611120007", amount="30000 CNY")
    before = {question: found(database, question) for question in ("投诉", "AM-7K3Q", "2026111", "rest:c1")}
    assert before["投诉"] == ids
    count = search.rebuild(database)
    assert count == 3 * 2 + 2
    assert {question: found(database, question) for question in before} == before


def test_what_was_there_before_search_is_found_after_the_migration(tmp_path: object) -> None:
    with Database(f"sqlite:///{tmp_path}/old.db") as database:
        migrate(database, "0002")
        with database.begin() as work:
            work.session.execute(
                text(
                    "INSERT INTO customers (id, public_id, tier, created_at, name) "
                    "VALUES (1, 'c', 'regular', '2026-01-01', '王小明')"
                )
            )
            work.session.execute(
                text(
                    "INSERT INTO identities (id, customer_id, channel, account, external_id) "
                    "VALUES (1, 1, 'rest', '', 'wang')"
                )
            )
            work.session.execute(
                text(
                    "INSERT INTO conversations (id, public_id, identity_id, channel_label, control, awaited_revision,"
                    " fence, last_number, introduced, unclear_turns, abuse_warned, queue_rank, created_at)"
                    " VALUES (1, 'v', 1, 'rest', 'bot', 0, 0, 1, 0, 0, 0, 1, '2026-01-01')"
                )
            )
            work.session.execute(
                text(
                    "INSERT INTO messages (id, conversation_id, number, direction, author, text, buttons, at)"
                    " VALUES (1, 1, 1, 'in', 'customer', '以前的话', '[]', '2026-01-01')"
                )
            )
            work.commit()
        migrate(database)
        assert is_current(database) and drift(database) == []
        assert found(database, "以前") == found(database, "小明") == found(database, "wang") == {1}


def test_the_models_and_the_migrations_agree_on_postgresql(postgresql_database: Database) -> None:
    assert drift(postgresql_database) == []


def test_places_are_kept_in_order(database: Database) -> None:
    """A phrase is a phrase on both engines, however often its words stand elsewhere."""
    wang = hears(database, " ".join(["late"] * 200) + " again and again")
    assert found(database, '"late again"') == {wang}
    words = ["late", "again", "and"]
    assert all(found(database, f'"{b} {a}"') == set() for a, b in pairwise(words) if (b, a) != ("and", "again"))
