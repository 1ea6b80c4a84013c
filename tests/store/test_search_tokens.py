"""What search takes for a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.tokens import Piece, find_spans, read_question, singles_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("质量很差", ["质量", "量很", "很差"]),
        ("差", ["差"]),
        ("订单20261112迟到iPhone15", ["订单", "20261112", "迟到", "iphone15"]),
        ("ＡＭ－７Ｋ", ["am", "7k"]),
        ("O'Neill said: it's LATE!", ["o", "neill", "said", "it", "s", "late"]),
        ("Cafe\u0301", ["café"]),
        ("", []),
        ("%_*\"'():", []),
    ],
)
def test_words_are_pairs_of_chinese_and_whole_words_of_everything_else(text: str, words: list[str]) -> None:
    assert [token.text for token in words_of(text)] == words


def test_each_chinese_character_is_known_alone() -> None:
    assert [token.text for token in singles_of("太差 ok 了")] == ["太", "差", "了"]


@pytest.mark.parametrize(
    ("question", "pieces"),
    [
        ("退款", [Piece(("退款",))]),
        ("差", [Piece(("差",), single=True)]),
        ("li-47", [Piece(("li", "47"), prefix=True)]),
        ("a", [Piece(("a",))]),
        ('"late again" 退款', [Piece(("late", "again")), Piece(("退款",))]),
        ("“很差”", [Piece(("很差",))]),
        ('"没有 说完', [Piece(("没有", "说完"))]),
        ("iPhone 差", [Piece(("iphone",), prefix=True), Piece(("差",), single=True)]),
        ('"iPhone 差"', [Piece(("iphone", "差"), prefix=True)]),
        ("% * ( OR", [Piece(("or",), prefix=True)]),
        ("late late", [Piece(("late",), prefix=True)]),
        ("", []),
    ],
)
def test_a_question_is_read_into_pieces(question: str, pieces: list[Piece]) -> None:
    assert read_question(question) == pieces


def test_what_was_found_is_where_it_stands_in_the_text() -> None:
    text = "ＡＭ的质量很差,Delivered late"
    spans = find_spans(text, read_question("am 质量很 deliver 差"))
    assert [[text[a:b] for a, b in found] for found in spans.values()] == [
        ["ＡＭ"],
        ["质量很"],
        ["Delivered"],
        ["差"],
    ]


@given(st.text())
def test_any_text_gives_tokens_of_letters_and_digits_that_stand_in_it(text: str) -> None:
    for token in [*words_of(text), *singles_of(text)]:
        assert 0 <= token.start < token.end <= len(text)
        assert not set(token.text) & set(" \"'():*&|!<>\\\t\n")


@given(st.text(min_size=1))
def test_a_text_is_found_by_itself(text: str) -> None:
    pieces = read_question(text.replace('"', " "))
    assert set(find_spans(text, pieces)) == set(pieces)
