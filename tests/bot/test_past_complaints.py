"""The firm's past complaints are read as they stand, and a mistake is told with its file and line."""

from __future__ import annotations

import codecs

import pytest
from firms import SAMPLE, firm

from bot.nlu.complaint_assessor import labels_of
from bot.past_complaints import ROOT, PastComplaintsError, category_keys, firm_folder, read_past_complaints
from bot.standalone import shipped_examples, training_examples

HEADER = "text,label,emotion,risk\n"


def test_a_firm_without_past_complaints_has_none(tmp_path):
    assert read_past_complaints(firm(tmp_path)) == []
    assert read_past_complaints(tmp_path / "nowhere") == []


def test_a_row_is_a_complaint_with_its_labels(tmp_path):
    (row,) = read_past_complaints(
        firm(tmp_path, HEADER + "卡里少了两百，这是骗人,gift_card; billing_price,2,fraud;churn\n")
    )
    assert (row.text, row.intent, row.categories) == (
        "卡里少了两百，这是骗人",
        "complain",
        ("gift_card", "billing_price"),
    )
    assert (row.emotion, row.risk, row.line) == (2, ("fraud", "churn"), 2)
    assert row.data == {
        "text": "卡里少了两百，这是骗人",
        "intent": "complain",
        "metadata": {
            "intent": {"categories": ["gift_card", "billing_price"], "risk": ["fraud", "churn"], "emotion": 2}
        },
    }


def test_what_is_no_complaint_carries_its_intent_and_no_labels(tmp_path):
    (row,) = read_past_complaints(firm(tmp_path, HEADER + "Do gift cards expire?,intent:ask_policy,1,\n"))
    assert row.data == {"text": "Do gift cards expire?", "intent": "ask_policy"}


def test_emotion_and_risk_may_be_left_out(tmp_path):
    (row,) = read_past_complaints(firm(tmp_path, "label,text\ndelivery,Still not here\n"))
    assert (row.text, row.categories, row.emotion, row.risk) == ("Still not here", ("delivery",), None, ())


def test_a_byte_order_mark_quoted_line_breaks_and_what_spreadsheets_leave_are_read(tmp_path):
    content = '"text","label",,\r\n"第一行\r\n第二行，""坏了""",product_quality,,\r\n,,,\r\n\r\nlate again,delivery\r\n'
    rows = read_past_complaints(firm(tmp_path, codecs.BOM_UTF8 + content.encode("utf-8")))
    assert [(row.line, row.text) for row in rows] == [(2, '第一行\r\n第二行，"坏了"'), (6, "late again")]


def test_several_labels_may_be_parted_by_a_chinese_semicolon(tmp_path):
    (row,) = read_past_complaints(firm(tmp_path, "text,label\n又晚又坏,delivery；product_quality\n"))
    assert row.categories == ("delivery", "product_quality")


def test_several_files_are_read_in_order(tmp_path):
    firm(tmp_path, "text,label\nlate,delivery\n", "complaints_2025.csv")
    firm(tmp_path, "text,label\nrude,service_attitude\n", "complaints_2026.csv")
    assert [row.text for row in read_past_complaints(tmp_path)] == ["late", "rude"]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "'text' is missing"),
        ("text\nlate\n", 1, "'label' is missing"),
        ("text,label,shop\nlate,delivery,7\n", 1, "unknown column 'shop'"),
        ("text;label\nlate;delivery\n", 1, "unknown column 'text;label'"),
        ("text,label,text\nlate,delivery,late\n", 1, "'text' stands here twice"),
        ("text,label\nlate,delivery\n ,delivery\n", 3, "the text is empty"),
        ("text,label\nlate,\n", 2, "the label is empty"),
        ("text,label\nlate, ; \n", 2, "the label is empty"),
        ("text,label\n" + "晚" * 4001 + ",delivery\n", 2, "4,001 characters"),
        ("text,label\nlate,delivary\n", 2, "no category 'delivary'"),
        ("text,label\nlate,delivery;weather\n", 2, "no category 'weather'"),
        ("text,label\nlate,intent:complain\n", 2, "labelled by what failed"),
        ("text,label\nlate,intent:nlu_fallback\n", 2, "no intent 'nlu_fallback'"),
        ("text,label\nlate,intent:buy\n", 2, "no intent 'buy'"),
        ("text,label\nlate,delivery;intent:praise\n", 2, "an intent stands alone"),
        (HEADER + "late,delivery,4,\n", 2, "the emotion is '4'"),
        (HEADER + "late,delivery,angry,\n", 2, "the emotion is 'angry'"),
        (HEADER + "late,delivery,,weather\n", 2, "no risk 'weather'"),
        ("text,label\nlate, again,delivery\n", 2, "3 cells for 2 columns"),
        ('text,label\n"first\nsecond",delivery\nlate,weather\n', 4, "no category 'weather'"),
        ('text,label\nlate,delivery\n"never closed,delivery\nlate,delivery\n', 3, "no valid CSV"),
        ("text,label\nlate\0,delivery\n", 2, "no valid CSV"),
        ("text,label\nlate,delivery\n".encode() + "晚了,delivery\n".encode("gbk"), 3, "is not UTF-8"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path, content, line, words):
    folder = firm(tmp_path, content)
    with pytest.raises(PastComplaintsError) as mistake:
        read_past_complaints(folder)
    assert str(mistake.value).startswith(f"{folder / 'complaints.csv'}:{line}: ") and words in str(mistake.value)


def test_the_longest_text_that_is_read_whole_is_no_mistake(tmp_path):
    (row,) = read_past_complaints(firm(tmp_path, "text,label\n" + "晚" * 4000 + ",delivery\n"))
    assert len(row.text) == 4000


def test_wrong_rows_are_told_together_but_not_without_end(tmp_path):
    folder = firm(tmp_path, "text,label\n" + "late,weather\n" * 30)
    with pytest.raises(PastComplaintsError) as mistake:
        read_past_complaints(folder)
    lines = str(mistake.value).splitlines()
    assert len(lines) == 21 and lines[-1] == "… and 10 more mistakes"


@pytest.mark.parametrize(
    ("taxonomy", "place"),
    [
        (None, ":1: cannot be read"),
        ("categories: [\n", ":2: no valid YAML"),
        ("categories: 5\n", ":1: must list"),
        ("- a\n", ":1: must list"),
    ],
)
def test_a_taxonomy_that_cannot_be_read_is_told(tmp_path, taxonomy, place):
    firm(tmp_path, HEADER)
    path = tmp_path / "taxonomy.yml"
    path.unlink() if taxonomy is None else path.write_text(taxonomy, encoding="utf-8")
    with pytest.raises(PastComplaintsError) as mistake:
        read_past_complaints(tmp_path)
    assert str(mistake.value).startswith(f"{path}{place}")


def test_the_firms_folder_is_the_one_of_the_settings(tmp_path):
    assert firm_folder({}) == firm_folder({"AMENDS_FIRM": ""}) == ROOT / "data" / "firm"
    assert firm_folder({"AMENDS_FIRM": str(tmp_path)}) == tmp_path
    (tmp_path / "where").write_text(f"{tmp_path}\n", encoding="utf-8")
    assert firm_folder({"AMENDS_FIRM_FILE": str(tmp_path / "where")}) == tmp_path
    with pytest.raises(PastComplaintsError, match="AMENDS_FIRM_FILE"):
        firm_folder({"AMENDS_FIRM_FILE": str(tmp_path / "nowhere")})


def test_the_sample_shows_the_form(tmp_path):
    rows = read_past_complaints(firm(tmp_path, SAMPLE.read_bytes()))
    assert len(rows) >= 30
    assert sum("gift_card" in row.categories for row in rows) >= 20
    assert {row.intent for row in rows} == {"complain", "ask_policy", "praise"}
    assert any("\n" in row.text for row in rows) and any(len(row.categories) > 1 for row in rows)


def test_training_examples_are_the_shipped_ones_and_then_the_firms(tmp_path, monkeypatch):
    monkeypatch.setenv("AMENDS_FIRM", str(firm(tmp_path, HEADER + "card is empty,gift_card,,\n")))
    shipped = shipped_examples()
    *others, last = training_examples()
    assert [each.data for each in others] == [each.data for each in shipped]
    assert last.get("text") == "card is empty" and labels_of(last)["categories"] == ["gift_card"]
    assert "gift_card" in category_keys(firm_folder())


def test_git_is_told_to_leave_past_complaints_alone():
    assert "data/firm/complaints*.csv" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
