"""Puts the readings together: the one `understanding` that leaves Rasa, and the intent its rules follow."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.awaited import Awaited, awaited_of
from bot.nlu.complaint_assessor import ASSESSMENT
from bot.nlu.evidence import Evidence, evidence_of
from bot.nlu.fact_extractor import FACTS
from bot.nlu.hand_over import hand_over_of
from bot.nlu.handling import handling_of
from bot.nlu.intent_classifier import INTENT_RANKING, LEAST_CONFIDENCE
from bot.nlu.lexicon import has_han
from bot.nlu.normaliser import NORMALISED
from bot.nlu.reading_choice import NEITHER, UNDECIDED, choose_reading
from bot.nlu.survey import MISSING, SURVEY_KINDS, refuses

UNDERSTANDING = "understanding"
FALLBACK = "nlu_fallback"
COMPLAIN = "complain"

_SCORE_FIRST = re.compile(
    r"^\W*(?:我)?(?:只|就|最多)?(?:能)?(?:给|打|评)?(?:你们|您)?(?:打)?\s?[1-5一二两三四五]\s?(?:颗星|星|分)|^\W*[1-5]\s?(?:/|out of)\s?5|^\W*[1-5] stars?\b"
)
_YES = re.compile(
    r"^\W*(?:是的?|对的?|好的?|好呀|好啊|好吧|行|行吧|可以|可以的?|嗯+|恩|没错|同意|确认|要|要的|需要|转吧|转|接受|没问题|当然|ok|okay|yes|yeah|yep|yup|ya|sure|please|yes please|go ahead|please do|do it|fine|correct|right|"
    r"sounds good|that works|absolutely|of course|definitely|deal|agreed|accept|i accept|i agree|得|得啦|系|冇问题|好嘅|y|k|ok吧|妥|成|中|麻烦了|好滴|好哒|嗯嗯|好 ?转吧)(?:[\s,.!~。]|谢谢|吧|的|了|哦|呀|啊|转|please|thanks|thank you|then|谢了|麻烦了|麻烦你了)*\W*$"
)
_NO = re.compile(
    r"^\W*(?:先)?(?:不用了?|不要了?|不了|不需要|不必|不行|不可以|不同意|不接受|不是|不对|不|没有|没|算了|免了|别|不好|都不(?:要|行|满意|接受|想要|好|选|可以)|先不(?:转|用|要)|不转|拒绝|哪个都不|两个都不|不想|不方便|不愿意|不知道|不记得|忘了|找不到|记不得|no|nope|nah|not really|no thanks|no thank you|"
    r"don't|do not|neither|none|not now|never mind the|i don't|i refuse|i decline|decline|reject|negative|n|唔使|唔要|冇)"
)
_DECLINES_ALL = re.compile(
    r"都不|哪个都不|两个.{0,4}不|\b(?:neither|none of (?:them|these|those)|both (?:are )?(?:no|bad)|not (?:interested|acceptable|enough)|don't want (?:any|either|it|them|that|these))\b"
)
# Another offer than those shown; "换一个" alone may be the goods.
_WANTS_OTHERS = re.compile(
    r"(?:换|改)(?:一)?(?:个|种|下)?(?:别的|其他的?|其它的?)?(?:方案|办法|方式|选择|选项|补偿)|(?:还有|有没有|有)(?:没有)?(?:别的|其他|其它|更好|另外)|换(?:一)?(?:个|种)?(?:别的|其他的?|其它的?)"
    r"|\b(?:anything|something|what) else\b|\b(?:any |some )?(?:other|another|better|different) (?:options?|offers?|choices?|solutions?|ideas?)\b"
)
_LONGEST_ANSWER = 24
# A complaint is opened from this confidence on. One bar for all but short plain questions: finer ones, by praise, length or
# bad words, fitted the texts they were chosen on and no others.
_COMPLAIN_CLEAR = 0.45
_COMPLAIN_IN_A_QUESTION = 0.5
# What rules decide (an answer to the open question, words after which a person takes over) has no share of its own.
_BY_RULE = 0.95
_TINY = 1e-6
_NEAREST = 2
_MOST_READINGS = 3
_SURELY = 0.6
_CLEARLY_ADVERTISING = 2
# Longer messages seldom only ask.
_SHORT_CLAUSES = 2


def read_answer(
    text: str, awaited: Awaited, facts: dict[str, Any], shares: dict[str, float], evidence: Evidence
) -> str | None:
    """The intent of ``text`` as an answer to the open question, or None where it does not answer it."""
    kind = awaited.kind
    if "later" in facts:
        return "deny"
    if kind is None:
        return None
    if kind == "reading":
        return _read_choice_of_reading(text, awaited, facts)
    short = _is_short(text)
    complains = shares.get(COMPLAIN, 0.0) >= _COMPLAIN_CLEAR and bool(evidence.failures)
    leaves = max(
        (shares.get(name, 0.0) for name in ("request_person", "withdraw", "ask_policy", "ask_machine", "case_status")),
        default=0.0,
    )
    if kind == "offer":
        if short and _WANTS_OTHERS.search(text) and not complains:
            return "deny"
        if short and "choice" in facts and leaves < _SURELY and not evidence.hypothetical and "?" not in text:
            return "accept_offer"
        if "wished_remedy" in facts and not complains and leaves < _SURELY and "?" not in text:
            return "wish_remedy"
        if short and _DECLINES_ALL.search(text):
            return "deny"
    elif kind == "order_number":
        if "order_number" in facts and not complains:
            return "inform"
    elif kind == "order_proof":
        if ("phone_last4" in facts or "phone" in facts) and not complains:
            return "inform"
    elif kind in SURVEY_KINDS:
        if kind != MISSING and "rating" in facts and not complains:
            return "rate"
        if short and ("skips" in facts or refuses(text)) and leaves < _SURELY:
            return "deny"
        if kind == MISSING:
            # Anything else is what was missing, or something new: the service tells the two apart.
            return None
    elif kind == "wish":
        if "wished_remedy" in facts and not complains and leaves < _SURELY:
            return "wish_remedy"
    if short and _YES.search(text) and leaves < _SURELY:
        return "affirm"
    if short and _NO.search(text) and leaves < _SURELY and not (evidence.failures and kind == "happening"):
        return "deny" if not complains else None
    if kind == "happening":
        return _read_happening(facts, shares, evidence)
    return None


def _read_choice_of_reading(text: str, awaited: Awaited, facts: dict[str, Any]) -> str | None:
    if "choice" in facts:
        return "accept_offer"
    answer = choose_reading(text, awaited.options)
    if answer == NEITHER:
        return "deny"
    # "Both" and "yes" leave open which; any other "no" begins a message of its own ("not delivered").
    return "affirm" if answer == UNDECIDED or (_is_short(text) and _YES.search(text)) else None


def _read_happening(facts: dict[str, Any], shares: dict[str, float], evidence: Evidence) -> str | None:
    if evidence.failures or evidence.negative:
        return COMPLAIN
    if facts and shares.get(COMPLAIN, 0.0) < _COMPLAIN_CLEAR:
        return "inform"
    away = max(shares, key=lambda name: shares[name], default=None)
    if away not in (COMPLAIN, "inform", None) and shares[away] >= _COMPLAIN_CLEAR:
        return None
    return COMPLAIN


def is_complaint(shares: dict[str, float], evidence: Evidence) -> bool:
    """Whether a message voices discontent."""
    share = shares.get(COMPLAIN, 0.0)
    others = {name: value for name, value in shares.items() if name != COMPLAIN}
    best = max(others, key=lambda name: others[name], default=COMPLAIN)
    if best == "spam" and len(set(evidence.advertising)) >= _CLEARLY_ADVERTISING and evidence.bad_clauses <= 1:
        return False
    spoken = evidence.failures or evidence.negative
    asks = evidence.asking or evidence.hypothetical or evidence.asks_plainly
    if asks and not spoken and evidence.clauses <= _SHORT_CLAUSES:
        return share >= _COMPLAIN_IN_A_QUESTION
    return share >= _COMPLAIN_CLEAR


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class UnderstandingComposer(GraphComponent):
    """Sets `understanding`, `intent` and `intent_ranking`; comes last, after all other components of this package."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> UnderstandingComposer:
        """Nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Composes the understanding of each message in place."""
        for message in messages:
            understanding = compose(message)
            readings = understanding["readings"]
            ranking = [{"name": reading["intent"], "confidence": reading["confidence"]} for reading in readings]
            chosen = ranking[0] if understanding["sure"] and ranking else {"name": FALLBACK, "confidence": 1.0}
            message.set(UNDERSTANDING, understanding, add_to_output=True)
            message.set(INTENT, chosen, add_to_output=True)
            message.set(INTENT_RANKING, ([] if chosen in ranking else [chosen]) + ranking, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training examples are left as they are."""
        return training_data


def compose(message: Message) -> dict[str, Any]:
    """The understanding of one message, in the form of docs/understanding.md."""
    normalised, facts = message.get(NORMALISED), message.get(FACTS) or {}
    text, awaited = normalised["matching"], awaited_of(message)
    evidence = evidence_of(text)
    shares = {each["name"]: each["confidence"] for each in message.get(INTENT_RANKING) or []}
    hand_over = hand_over_of(text)
    assessment = message.get(ASSESSMENT) or {}
    least = float(message.get(LEAST_CONFIDENCE) or 0.0)
    intent = by_rule = choose_by_rule(text, awaited, facts, shares, evidence, hand_over)
    if intent is None and shares and not _says_nothing(text):
        intent = choose_by_share(awaited, facts, shares, evidence, least)
    if intent == COMPLAIN and hand_over is None and _only_says_that(text, awaited, evidence, assessment):
        facts = {**facts, "choice": awaited.options.index(COMPLAIN) + 1}
        intent = by_rule = "accept_offer"
    readings = [
        {"intent": name, "confidence": round(share, 4)}
        for name, share in sorted(shares.items(), key=lambda item: -item[1])
        if not _says_nothing(text)
    ]
    if intent is not None:
        confidence = shares.get(intent, 0.0) if by_rule is None else max(shares.get(intent, 0.0), _BY_RULE)
        readings = [{"intent": intent, "confidence": round(min(1.0, confidence), 4)}] + [
            each for each in readings if each["intent"] != intent
        ]
    readings = readings[: _MOST_READINGS if intent is not None else _NEAREST]
    complains = intent == COMPLAIN or (hand_over is not None and (evidence.failures or evidence.negative))
    # The customer may yet say that it was meant as a complaint; then nothing of it may be lost.
    complains = complains or (intent is None and COMPLAIN in [each["intent"] for each in readings])
    risk = assessment.get("risk") or []
    return {
        "language": normalised["language"],
        "script": normalised["script"],
        "text": normalised["text"],
        "sure": intent is not None,
        "readings": readings,
        "categories": assessment.get("categories", []) if complains else [],
        "emotion": assessment.get("emotion", {"level": 0, "words": []})
        if complains or evidence.emotion
        else {"level": 0, "words": []},
        "risk": risk
        if complains
        else [each for each in risk if each["key"] in ("abuse", "vulnerable") and each["words"]],
        "facts": facts,
        "hand_over": hand_over,
        "about_handling": handling_of(text) if complains else None,
    }


def choose_by_rule(
    text: str,
    awaited: Awaited,
    facts: dict[str, Any],
    shares: dict[str, float],
    evidence: Evidence,
    hand_over: dict[str, Any] | None,
) -> str | None:
    """The intent of words after which a person takes over, or of an answer to the open question; None for all else."""
    if _says_nothing(text):
        return None
    if hand_over is not None:
        return (
            "request_person"
            if hand_over["reason"] in ("asked", "refuses_machine") and not _tells_failure(text, evidence)
            else COMPLAIN
        )
    answer = read_answer(text, awaited, facts, shares, evidence)
    if answer is not None or not shares:
        return answer
    if _only_rates(text, awaited, facts, evidence):
        return "rate"
    return "wish_remedy" if _only_wishes(text, facts, shares, evidence) else None


def choose_by_share(
    awaited: Awaited, facts: dict[str, Any], shares: dict[str, float], evidence: Evidence, least: float
) -> str | None:
    """The most likely intent, or None where it would be a guess: where the best of all but complaints is below ``least``."""
    if is_complaint(shares, evidence):
        return COMPLAIN
    # What was not taken for a complaint is read as the best of the other intents.
    others = {name: share for name, share in shares.items() if name != COMPLAIN} or shares
    no_complaint = max(1.0 - shares.get(COMPLAIN, 0.0), _TINY)
    best = max(others, key=lambda name: others[name])
    is_guess = others[best] / no_complaint < least
    if best == "inform" and awaited.kind is None and "order_number" in facts and set(evidence.failures) - {"other"}:
        # "My parcel is lost, order …": what failed comes with its number, and must not be asked for again.
        return COMPLAIN
    # With nothing open a choice stays one: the service says that it was taken up already.
    if best == "accept_offer" and awaited.kind not in (None, "offer"):
        best = "wish_remedy" if "wished_remedy" in facts else "affirm"
    if best == "rate" and "rating" not in facts:
        return None
    return None if is_guess else best


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST_ANSWER or (not has_han(text) and len(text) <= 3 * _LONGEST_ANSWER)


def _says_nothing(text: str) -> bool:
    # Rasa's own commands, typed by a customer, mean nothing here.
    return not any(character.isalnum() for character in text) or text.startswith("/")


def _only_says_that(text: str, awaited: Awaited, evidence: Evidence, assessment: dict[str, Any]) -> bool:
    """Whether a complaint tells no failure, and so only answers that the message before was one ("you are hopeless")."""
    told = {*evidence.failures, *(each["key"] for each in assessment.get("categories", []))} - {"other"}
    return awaited.kind == "reading" and COMPLAIN in awaited.options and _is_short(text) and not told


def _tells_failure(text: str, evidence: Evidence) -> bool:
    return len(text) > _LONGEST_ANSWER and sum(map(len, evidence.failures.values())) > 0


def _only_rates(text: str, awaited: Awaited, facts: dict[str, Any], evidence: Evidence) -> bool:
    """Whether a score is said first, and how bad or good it was beside it, but no failure ("1分,太差了")."""
    told = set(evidence.failures) - {"other"} or evidence.asking or evidence.hypothetical
    return (
        awaited.kind is None and "rating" in facts and _is_short(text) and not told and bool(_SCORE_FIRST.match(text))
    )


def _only_wishes(text: str, facts: dict[str, Any], shares: dict[str, float], evidence: Evidence) -> bool:
    others = {name: share for name, share in shares.items() if name != COMPLAIN}
    best = max(others, key=lambda name: others[name], default=None)
    return _is_short(text) and best == "wish_remedy" and "wished_remedy" in facts and not evidence.failures
