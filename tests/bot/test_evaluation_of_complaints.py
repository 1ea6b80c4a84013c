"""How complaints, hand-overs and answers are scored: made-up readings, scores worked out by hand."""

from __future__ import annotations

import pytest

from bot.evaluation import complaints


class Imagined:
    """Reads each text as it was told to; what is not said is the calmest reading there is."""

    def __init__(self, **readings: dict) -> None:
        self._readings = readings

    def understand(self, text: str, metadata: dict | None = None) -> dict:
        calm = {"intent": "chitchat", "categories": [], "emotion": {"level": 0}, "risk": [], "facts": {}}
        return {**calm, "hand_over": None, **self._readings.get(text, {})}


def complaint(*categories: str, emotion: int = 0, risk: tuple[str, ...] = ()) -> dict:
    return {
        "intent": "complain",
        "categories": [{"key": key} for key in categories],
        "emotion": {"level": emotion},
        "risk": [{"key": key} for key in risk],
    }


def row(text: str, *categories: str, doubtful: tuple[str, ...] = (), emotion: float = 0, risk: tuple = ()) -> dict:
    return {"text": text, "categories": categories, "doubtful": doubtful, "emotion": emotion, "risk": risk}


def test_complaints_are_scored_as_their_readme_says():
    rows = [
        # One category is found, one missed, a wrong one said; a doubtful one said counts neither way.
        row("late", "delivery", "service_delay", doubtful=("billing",), emotion=1.5, risk=("churn",)),
        # No complaint, but taken for one.
        row("calm"),
        # Only doubtful labels: no word on whether it is a case.
        row("perhaps", doubtful=("billing",)),
        # A complaint that a person has to take counts as a case.
        row("fire", "safety", emotion=3, risk=("safety",)),
    ]
    understander = Imagined(
        late=complaint("delivery", "billing", "hygiene", emotion=1, risk=("churn", "legal")),
        calm=complaint("hygiene", emotion=1),
        fire={"intent": "request_person", "hand_over": {"reason": "safety"}, "emotion": {"level": 2}},
    )
    scores = complaints.score_complaints(understander, rows)
    # 1 hit, 2 wrong (hygiene twice), 2 missed (service_delay, safety): 2 / (2 + 2 + 2).
    assert scores["micro_f1"] == pytest.approx(1 / 3, abs=1e-4)
    # |1 - 1.5|, |1 - 0|, 0 and |2 - 3|, over four.
    assert scores["emotion_mae"] == 0.625
    assert (scores["case_share"], scores["case_rows"]) == (1.0, 3)
    assert scores["case_agreement"] == pytest.approx(2 / 3, abs=1e-4)
    assert scores["risk"] == {
        "churn": {"hit": 1, "missed": 0, "wrong": 0},
        "legal": {"hit": 0, "missed": 0, "wrong": 1},
        "safety": {"hit": 0, "missed": 1, "wrong": 0},
    }


def test_the_mean_over_categories_leaves_out_those_with_fewer_than_five_rows():
    rows = [row("a", "delivery")] * 3 + [row("b", "delivery")] * 2 + [row("b", "hygiene")] * 4
    scores = complaints.score_complaints(Imagined(a=complaint("delivery")), rows)
    # Delivery alone has five rows: 3 hits, 2 missed, 6 / 8.
    assert scores["macro_f1"] == 0.75
    assert scores["per_category"]["hygiene"] == {"f1": 0.0, "hit": 0, "wrong": 0, "missed": 4}


def test_non_complaints_are_counted_by_kind():
    rows = [{"text": "hi", "kind": "greeting"}, {"text": "meh", "kind": "greeting"}, {"text": "agent", "kind": "wish"}]
    understander = Imagined(
        meh=complaint("other"), agent={"intent": "request_person", "hand_over": {"reason": "asked"}}
    )
    scores = complaints.score_non_complaints(understander, rows)
    assert scores == {"rows": 3, "no_case_share": 0.3333, "by_kind": {"greeting": "1/2", "wish": "0/1"}}


def test_hand_overs_missed_and_wrongly_triggered_are_named():
    understander = Imagined(agent={"hand_over": {"reason": "asked"}}, robot={"hand_over": {"reason": "asked"}})
    wishes = [
        {"id": "1", "text": "agent", "reason": "asked"},
        {"id": "2", "text": "robot", "reason": "refuses_machine"},
        {"id": "3", "text": "human", "reason": "asked"},
    ]
    scores = complaints.score_hand_over(understander, wishes)
    assert scores == {"rows": 3, "missed": 1, "missed_ids": ["3"], "other_reason_ids": ["2"]}
    lookalikes = [{"id": "4", "text": "robot"}, {"id": "5", "text": "agency"}]
    assert complaints.score_lookalikes(understander, lookalikes) == {
        "rows": 2,
        "wrongly_triggered": 1,
        "wrongly_triggered_ids": ["4"],
    }


def test_answers_are_scored_by_intent_and_by_facts():
    understander = Imagined(
        one={"intent": "accept_offer", "facts": {"choice": 1}}, five={"intent": "deny", "facts": {"rating": 5}}
    )
    rows = [
        {"id": "1", "text": "one", "awaited": None, "intent": "accept_offer", "facts": {"choice": 1}},
        {"id": "2", "text": "five", "awaited": None, "intent": "rate", "facts": {"rating": 5}},
        {"id": "3", "text": "one", "awaited": None, "intent": "accept_offer", "facts": {"choice": 2}},
        {"id": "4", "text": "one", "awaited": None, "intent": "accept_offer", "facts": {}},
    ]
    scores = complaints.score_dialogue_acts(understander, rows)
    assert (scores["right_intent"], scores["right_facts"]) == (0.75, 0.5)
    assert (scores["wrong_intent_ids"], scores["wrong_facts_ids"]) == (["2"], ["3", "4"])


@pytest.mark.parametrize(
    ("wanted", "found", "agree"),
    [
        ({}, {"product": "lamp", "occurred": "today"}, True),
        ({}, {"amount": 3}, False),
        ({"choice": 1}, {"choice": 1, "wished_remedy": "refund"}, True),
        ({"rating": 1}, {"rating": 1, "wished_remedy": "refund"}, False),
        ({"phone": "1"}, {}, False),
    ],
)
def test_facts_beyond_those_listed_are_wrong_but_for_those_left_open(wanted, found, agree):
    assert complaints.facts_agree(wanted, found) is agree
