"""Lists of order numbers, as people have them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.incidents.lists import ORDERS_AT_MOST, LineProblem, ListRefused, Problem, read_list


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("A1\nA2\n\nA3", ["A1", "A2", "A3"]),
        ("A1, A2;A3、A4，A5\tA6", ["A1", "A2", "A3", "A4", "A5", "A6"]),
        ("＃Ａ１　#A2", ["A1", "A2"]),
        ('order_number,note\nA1,late\nA2,"late, and wet"\n', ["A1", "A2"]),
        ("备注;订单号\n晚了;A1\n湿了;A2", ["A1", "A2"]),
        ("\ufeffOrder Number\tDay\nA1\t2026-11-01\n", ["A1"]),
        ('["A1", "A2", 20261112]', ["A1", "A2", "20261112"]),
        ('{"orders": [{"order_number": "A1"}, {"number": "A2"}]}', ["A1", "A2"]),
    ],
)
def test_it_reads_what_was_pasted_csv_and_json(text: str, numbers: list[str]) -> None:
    read = read_list(text)
    assert [one.number for one in read.numbers] == numbers and read.problems == ()


def test_what_is_wrong_is_told_with_its_line() -> None:
    read = read_list("order_number,note\nA1,x\n,y\nA 1,z\nA1,again\n")
    assert [one.number for one in read.numbers] == ["A1"]
    assert read.problems == (
        LineProblem(3, ",y", Problem.NO_NUMBER),
        LineProblem(4, "A 1", Problem.NO_NUMBER),
        LineProblem(5, "A1", Problem.REPEATED),
    )


def test_entries_of_json_that_are_no_numbers_are_told() -> None:
    read = read_list('["A1", null, true, {"other": 1}, ["A2"]]')
    assert [problem.line for problem in read.problems] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "list_empty"),
        (" \n,,;", "list_empty"),
        ("[1,", "list_no_json"),
        ('{"other": []}', "list_no_json"),
        ("[]", "list_empty"),
        ("[" * 100_000, "list_no_json"),
        ("\n".join(f"A{number}" for number in range(ORDERS_AT_MOST + 1)), "list_too_long"),
        ("x" * (512 * 1024 + 1), "list_too_long"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_as_a_whole(text: str, code: str) -> None:
    with pytest.raises(ListRefused, match=code):
        read_list(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_and_every_number_is_one(text: str) -> None:
    try:
        read = read_list(text)
    except ListRefused:
        return
    numbers = [one.number for one in read.numbers]
    assert len(set(numbers)) == len(numbers)
    assert all(number.isascii() and 1 <= len(number) <= 64 for number in numbers)
