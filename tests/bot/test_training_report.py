"""The report on a training: nothing is read by a model that knows it, and the counts are what stands there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from firms import firm
from rasa.shared.nlu.training_data.message import Message

from bot import report
from bot.cross_validation import Reading, cross_validate, folds_of
from bot.past_complaints import PastComplaint
from bot.training_scores import (
    category_scores,
    doubtful_rows,
    emotion_scores,
    excerpt,
    f1,
    intent_scores,
    warnings_of,
)


def example(text, intent="complain", categories=(), emotion=1):
    labels = {"categories": list(categories), "emotion": emotion, "risk": []}
    return Message(data={"text": text, "intent": intent, **({"metadata": {"intent": labels}} if categories else {})})


def reading(
    text="a text",
    intent="complain",
    categories=(),
    emotion=None,
    read=None,
    confidence=0.9,
    said=(),
    level=1,
    place="",
):
    shares = dict.fromkeys(said, 0.9) if not isinstance(said, dict) else said
    return Reading(text, intent, tuple(categories), emotion, read or intent, confidence, shares, level, place)


def scored(readings):
    return {"intents": intent_scores(readings), "categories": category_scores(readings)}


# --- folds -----------------------------------------------------------------------------------------------------------


def test_near_duplicates_stay_in_one_fold():
    texts = [
        "My order 4711 is late!",
        "my order 9 is late",
        "订单123晚了",
        "订单 456 晚了。",
        "5",
        "6",
        "something else",
    ]
    folds = folds_of([example(text, categories=["delivery"]) for text in texts], 3)
    assert folds[0] == folds[1] and folds[2] == folds[3]
    assert set(folds) == {0, 1, 2}


def test_each_label_is_spread_over_all_folds():
    words = ["cup", "pan", "lid", "pot", "jug", "mug"]
    examples = [example(f"the {word} is broken", categories=["product_quality"]) for word in words]
    examples += [example(f"is the {word} blue", "ask_policy") for word in words]
    folds = folds_of(examples, 3)
    assert sorted(folds[:6]) == sorted(folds[6:]) == [0, 0, 1, 1, 2, 2]
    assert folds == folds_of(examples, 3)


def small_set():
    """Three ways to fail and two things else, each said plainly in many ways."""
    things = ["cup", "pan", "lid", "pot", "jug", "mug", "bowl", "tray", "lamp", "desk", "sofa", "rug"]
    examples = [example(f"the {thing} arrived broken", categories=["product_quality"], emotion=2) for thing in things]
    examples += [example(f"the courier lost my {thing}", categories=["delivery"]) for thing in things]
    examples += [example(f"you charged me twice for the {thing}", categories=["billing_price"]) for thing in things]
    examples += [example(f"do you have the {thing} in blue", "ask_policy") for thing in things]
    examples += [example(f"I love the {thing}, thank you", "praise") for thing in things]
    return examples


def test_each_example_is_read_once_by_a_model_that_does_not_know_it(monkeypatch):
    examples, trainings = small_set(), []

    class Spy:
        """Remembers what it was trained on, and understands nothing."""

        @classmethod
        def trained(cls, known, folder):
            assert Path(folder).is_dir()
            trainings.append({each.get("text") for each in known})
            return cls()

        def read(self, text):
            assert text not in trainings[-1]
            understanding = {"readings": []}
            assessment = {"categories": [{"key": "other", "confidence": 0.5}], "emotion": {"level": 0}}
            data = {
                "text": text,
                "understanding": understanding,
                "assessment": assessment,
                "intent": {"name": "nlu_fallback"},
            }
            return Message(data=data)

    monkeypatch.setattr("bot.cross_validation.Understander", Spy)
    told = []
    readings = cross_validate(examples, 3, told.append)
    assert [each.text for each in readings] == [each.get("text") for each in examples]
    assert [len(known) for known in trainings] == [40, 40, 40] and len(told) == 3
    assert (readings[0].read_intent, readings[0].read_confidence) == ("nlu_fallback", 0.0)


# --- counts ----------------------------------------------------------------------------------------------------------


def test_intents_are_counted():
    readings = [
        reading(),
        reading(),
        reading(read="praise"),
        reading("nice", "praise"),
        reading("so", "praise", read="thank"),
    ]
    scores = intent_scores(readings)
    assert scores["accuracy"] == 0.6
    assert scores["per_intent"]["complain"] == {"examples": 3, "f1": 0.8, "hit": 2, "wrong": 0, "missed": 1}
    assert scores["per_intent"]["praise"] == {"examples": 2, "f1": 0.5, "hit": 1, "wrong": 1, "missed": 1}
    assert scores["per_intent"]["thank"] == {"examples": 0, "f1": 0.0, "hit": 0, "wrong": 1, "missed": 0}
    assert list(scores["per_intent"]) == ["complain", "praise", "thank"]


def test_the_ten_most_frequent_confusions_are_told_with_an_example():
    readings = [reading(f"say {number}", "greet", read=f"r{number % 12:02}") for number in range(30)]
    readings += [reading("x" * 100, "thank", read="greet")] * 9
    confusions = intent_scores(readings)["confusions"]
    assert len(confusions) == 10
    assert confusions[0] == {"labelled": "thank", "read": "greet", "times": 9, "example": "x" * 59 + "…", "place": ""}
    assert confusions[1] == {"labelled": "greet", "read": "r00", "times": 3, "example": "say 0", "place": ""}


def test_categories_are_counted_among_complaints_that_carry_them():
    readings = [
        reading(categories=["delivery"], said=["delivery"]),
        reading(categories=["delivery", "safety"], said=["delivery", "other"]),
        reading(categories=["safety"], said=["safety"], read="praise"),
        reading("nice", "praise", said=["other"]),
    ]
    scores = category_scores(readings)
    assert scores["examples"] == 3
    assert scores["per_category"]["delivery"]["f1"] == 1.0
    assert scores["per_category"]["safety"] == {"examples": 2, "f1": 0.6667, "hit": 1, "wrong": 0, "missed": 1}
    # Hits 3, wrong 1, missed 1; the mean of 1 and 2/3, `other` having no example.
    assert (scores["micro_f1"], scores["macro_f1"]) == (0.75, 0.8333)
    assert scores["confusions"] == [
        {"labelled": "safety", "read": "other", "times": 1, "example": "a text", "place": ""}
    ]


def test_f1_follows_its_definition():
    assert f1(2, 1, 1) == pytest.approx(2 / 3) and f1(0, 0, 0) == 1.0 and f1(0, 1, 0) == 0.0
    assert category_scores([reading("nice", "praise")])["micro_f1"] == 1.0


def test_the_emotion_is_measured_where_it_was_labelled():
    readings = [reading(emotion=3, level=1), reading(emotion=1, level=1), reading(level=3)]
    assert emotion_scores(readings) == {"mean_absolute_error": 1.0, "examples": 2}


def test_an_excerpt_is_one_line_of_sixty_characters_at_most():
    assert excerpt("one\n  two") == "one two"
    assert excerpt("x" * 60) == "x" * 60 and len(excerpt("x" * 61)) == 60


# --- what to look at -------------------------------------------------------------------------------------------------


def test_too_few_examples_and_low_scores_are_warned_of():
    readings = [reading(categories=["delivery"], said=["delivery"])] * 30
    readings += [reading(categories=["gift_card"], said=["other"])] * 2
    readings += [reading("hi", "greet", read="complain")] * 40
    warnings = warnings_of(
        scored(readings), readings, ["delivery", "gift_card", "parking"], ["complain", "greet", "thank"]
    )
    assert warnings == [
        "category gift_card: 2 examples; at least 30 are needed",
        "category gift_card: F1 0.00; below 0.5 it misleads more than it tells",
        "category parking: no example, so it is never read",
        "intent greet: F1 0.00; below 0.5 it misleads more than it tells",
        "intent thank: no example, so it is never read",
    ]


def test_categories_that_are_not_told_apart_are_warned_of():
    readings = [reading(categories=["billing_price"], said=["billing_price"])] * 60
    readings += [reading(categories=["gift_card"], said=["billing_price"])] * 31
    readings += [reading(categories=["gift_card"], said=["gift_card"])] * 30
    readings += [reading(categories=["gift_card", "billing_price"], said=["billing_price"])] * 50
    apart = [line for line in warnings_of(scored(readings), readings, [], []) if "taken for" in line]
    assert apart == ["category gift_card: taken for billing_price 31 times, told from it 30 times"]
    readings += [reading(categories=["gift_card"], said=["gift_card"])]
    assert not [line for line in warnings_of(scored(readings), readings, [], []) if "taken for" in line]


def row(line, *categories, intent="complain"):
    return PastComplaint(Path("/firm/complaints.csv"), line, "a text", intent, categories)


def test_rows_that_a_confident_reading_contradicts_are_told():
    known = [reading(categories=["delivery"], said=["delivery"]), reading(categories=["safety"], said=["safety"])] * 20
    known += [reading("where?", "ask_policy")] * 20
    rows = [
        row(2, "delivery"),
        row(3, "delivery"),
        row(4, "delivery"),
        row(5, "delivery", "safety"),
        row(6, intent="ask_policy"),
        row(7, intent="ask_policy"),
        row(8, "delivery", "gift_card"),
    ]
    readings = [
        reading(categories=["delivery"], said={"safety": 0.81}),
        reading(categories=["delivery"], said={"safety": 0.6}),
        reading(categories=["delivery"], read="ask_policy", confidence=0.75),
        reading(categories=["delivery", "safety"], said={"safety": 0.99}),
        reading(intent="ask_policy", read="complain", confidence=0.8, said={"delivery": 0.9}),
        reading(intent="ask_policy", read="complain", confidence=0.5, said={"delivery": 0.9}),
        # A category that the model does not know is no reason to doubt the row.
        reading(categories=["delivery", "gift_card"], said={"safety": 0.9}),
    ]
    found = doubtful_rows(rows, readings, scored(known + readings))
    assert [(each["place"], each["labelled"], each["read"], each["confidence"]) for each in found] == [
        ("/firm/complaints.csv:2", ["delivery"], ["safety"], 0.81),
        ("/firm/complaints.csv:4", ["delivery"], ["intent:ask_policy"], 0.75),
        ("/firm/complaints.csv:6", ["intent:ask_policy"], ["delivery"], 0.8),
    ]


# --- the whole -------------------------------------------------------------------------------------------------------


def test_the_report_is_printed_and_written(tmp_path, monkeypatch, capsys):
    lines = [f"the {thing} was lost by the courier,delivery" for thing in ("vase", "clock", "chair")]
    lines += ["the courier lost my jacket,billing_price", "you charged me twice for the anorak,intent:case_status"]
    monkeypatch.setenv("AMENDS_FIRM", str(firm(tmp_path, "text,label\n" + "\n".join(lines) + "\n")))
    monkeypatch.setattr(report, "shipped_examples", small_set)
    out = tmp_path / "var" / "training_report.json"
    assert report.main(["--out", str(out)]) == 0

    written = json.loads(out.read_text(encoding="utf-8"))
    assert (written["examples"], written["past_complaints"], written["folds"]) == (65, 5, 3)
    assert written["intents"]["per_intent"]["complain"]["examples"] == 40
    assert written["categories"]["per_category"]["delivery"]["examples"] == 15
    assert written["categories"]["micro_f1"] > 0.7
    assert "category gift_card: no example, so it is never read" in written["warnings"]
    assert ["delivery"] in [each["read"] for each in written["doubtful_rows"]]
    assert written["doubtful_rows"][0]["place"].endswith("complaints.csv:5")
    printed = capsys.readouterr()
    assert f"accuracy {written['intents']['accuracy']:.3f}" in printed.out
    for key in ("complain", "ask_policy", "delivery", "billing_price"):
        assert f"\n  {key} " in printed.out
    assert "complaints.csv:5: billing_price, but read as delivery" in printed.out
    assert printed.err.splitlines()[-3:][0].startswith("fold 1 of 3: trained on ")


def test_what_customers_wrote_stands_in_the_file_alone(tmp_path, monkeypatch, capsys):
    rows = ["the courier lost my jacket,billing_price", "you charged me twice for the anorak,intent:case_status"]
    monkeypatch.setenv("AMENDS_FIRM", str(firm(tmp_path, "text,label\n" + "\n".join(rows) + "\n")))
    monkeypatch.setattr(report, "shipped_examples", small_set)
    out = tmp_path / "training_report.json"
    out.write_text("from long ago" * 10_000, encoding="utf-8")
    out.chmod(0o644)
    assert report.main(["--out", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600, "one that others could read is tightened"

    printed, written = capsys.readouterr(), json.loads(out.read_text(encoding="utf-8"))
    quoted = {each["place"].rpartition("/")[2]: each["text"] for each in written["doubtful_rows"]}
    assert quoted["complaints.csv:2"] == "the courier lost my jacket"
    confusion = next(each for each in written["intents"]["confusions"] if each["labelled"] == "case_status")
    assert confusion["example"] == "you charged me twice for the anorak"
    assert f" {confusion['place']}\n" in printed.out and confusion["place"].endswith("complaints.csv:3")
    for word in ("jacket", "anorak"):
        assert word not in printed.out + printed.err


def test_of_a_confusion_shipped_examples_are_quoted_and_those_of_the_firm_placed(capsys):
    readings = [
        reading("good day", "greet", read="thank"),
        reading("hello Ms Li", "greet", read="rate", place="c.csv:7"),
    ]
    categories, emotion = category_scores(readings), emotion_scores(readings)
    scores = {"intents": intent_scores(readings), "categories": categories, "emotion": emotion}
    report.show({"examples": 2, "past_complaints": 1, "folds": 3, **scores, "warnings": [], "doubtful_rows": []})
    printed = capsys.readouterr().out
    assert "good day" in printed and "c.csv:7" in printed and "Ms Li" not in printed


@pytest.mark.parametrize("broken", ["complaints.csv", "taxonomy.yml"])
def test_a_mistake_of_the_firms_ends_it_with_one_line(tmp_path, monkeypatch, capsys, broken):
    folder = firm(tmp_path, "text,label\nlate,delivery\n")
    (folder / broken).write_text("nothing\n", encoding="utf-8")
    monkeypatch.setenv("AMENDS_FIRM", str(folder))
    assert report.main(["--out", str(tmp_path / "report.json")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{folder / broken}:1: ") and error.count("\n") == 1
    assert not (tmp_path / "report.json").exists()
