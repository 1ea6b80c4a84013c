"""What the words of a message say by the lexicons: which clauses judge badly, about what, how strongly."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache, lru_cache

from bot.nlu.lexicon import (
    Find,
    PhraseSearch,
    add_group,
    chinese_phrases,
    clause_of,
    clause_starts,
    english_phrases,
    load,
)

EMOTIONS = ("dissatisfied", "angry", "furious")
RISKS = ("safety", "legal", "media", "fraud", "churn", "vulnerable", "privacy", "abuse")
_POLARITY = (
    "positive",
    "negative",
    "weak",
    "negator",
    "contrast",
    "hypothetical",
    "advertising",
    "asking",
    "neutral",
    "elsewhere",
    "own_doing",
    "settled",
    "own_life",
    "unhurried",
)
# Groups of words that are noted as they stand, with no bearing on what is good or bad.
_NOTED = ("weak", "advertising", "asking", "elsewhere", "own_doing", "settled", "own_life", "unhurried")
_QUESTION_END = re.compile(r"[吗么嘛呢?]")
# "算不算", "行不行" ask; so does a closing question mark, unless it blames.
_EITHER_OR = re.compile(r"([一-鿿])不\1")
_BLAMING_QUESTION = re.compile(
    r"为什么|为啥|怎么(?:还|又|不|没|会|这么|回事)|凭什么|难道|什么情况|啥情况|什么意思|到底|\b(?:why|how come|how dare|where (?:is|are|the)|where's|what the|seriously|wtf|what happened|how hard|when will|when are you|how many times)\b"
)
# Beside these, a clause that names another firm compares it with us, and may blame us.
_NAMES_US = re.compile(r"你|您|贵司|\b(?:you|your|yours|u|ur)\b")
# "一点异味都没有"
_NOT_A_BIT_BEFORE = re.compile(r"(?:一点儿?|一丝|丝毫|任何|半点)[^,，。!?]{0,3}$")
_NOT_A_BIT_AFTER = re.compile(r"^[^,，。!?]{0,2}(?:都|也)(?:没|不|冇|未)")
# Words between a negator and what it denies, at most.
_NEGATOR_REACH_CHINESE = 2
_NEGATOR_REACH_ENGLISH = 14


@cache
def categories() -> tuple[str, ...]:
    """The categories of failure that the lexicons know."""
    return tuple(load("failures_zh"))


@cache
def phrase_search() -> PhraseSearch:
    """The search over all lexicons of this package."""
    search = PhraseSearch()
    polarity = load("polarity")
    for name in _POLARITY:
        add_group(search, ("polarity", name), polarity[name])
    for kind, name in (("failure", "failures"), ("aspect", "aspects")):
        chinese, english = load(f"{name}_zh"), load(f"{name}_en")
        for category in categories():
            search.add(
                (kind, category), chinese_phrases(chinese.get(category, "")), english_phrases(english.get(category, ""))
            )
    feelings = load("feelings")
    for level, entry in feelings["emotion"].items():
        add_group(search, ("emotion", level), entry)
    for key, entry in feelings["risk"].items():
        add_group(search, ("risk", key), entry)
    return search


@lru_cache(maxsize=32)
def finds_in(text: str) -> tuple[Find, ...]:
    """All phrases of the lexicons in a normalised lower-case text, by place."""
    return tuple(phrase_search().find(text))


@dataclass
class Evidence:
    """Words found, by what they speak for; all lists in the order of the text, without repetition."""

    failures: dict[str, list[str]] = field(default_factory=dict)
    supposed: dict[str, list[str]] = field(default_factory=dict)
    blamed: dict[str, list[str]] = field(default_factory=dict)
    praised: dict[str, list[str]] = field(default_factory=dict)
    mentioned: dict[str, list[str]] = field(default_factory=dict)
    negative: list[str] = field(default_factory=list)
    positive: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    hypothetical: list[str] = field(default_factory=list)
    advertising: list[str] = field(default_factory=list)
    asking: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    own_doing: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    own_life: list[str] = field(default_factory=list)
    unhurried: list[str] = field(default_factory=list)
    emotion: dict[str, list[str]] = field(default_factory=dict)
    risk: dict[str, list[str]] = field(default_factory=dict)
    clauses: int = 1
    bad_clauses: int = 0
    good_clauses: int = 0
    last_is_bad: bool = False
    asks_plainly: bool = False

    @property
    def strength(self) -> float:
        """How much speaks for discontent: a failure 2, a bad word 1, a sign 0.3; supposed failures 0.3."""
        failures = sum(len(words) for key, words in self.failures.items() if key != "other")
        return 2.0 * failures + len(self.negative) + 0.3 * (len(self.weak) + sum(map(len, self.supposed.values())))


def _add(table: dict[str, list[str]], key: str, words: str) -> None:
    listed = table.setdefault(key, [])
    if words not in listed:
        listed.append(words)


def _is_denied(text: str, find: Find, negators: list[Find], clause_start: int) -> bool:
    # Backwards from the find, no further than any negator reaches.
    for negator in reversed(negators[: bisect_left(negators, find.start, key=lambda each: each.start)]):
        if negator.start < clause_start or negator.end < find.start - _NEGATOR_REACH_ENGLISH:
            break
        if negator.end > find.start:
            continue
        english = negator.words.isascii()
        between = text[negator.end : find.start]
        if english and len(between) <= _NEGATOR_REACH_ENGLISH and "only" not in between:
            return True
        if not english and len(between) <= _NEGATOR_REACH_CHINESE:
            return True
    return False


@lru_cache(maxsize=32)
def evidence_of(text: str) -> Evidence:
    """Reads a normalised lower-case text by the lexicons. Linear in its length. The result must not be changed."""
    finds = finds_in(text)
    starts = clause_starts(text)
    by_clause: list[list[Find]] = [[] for _ in starts]
    for find in finds:
        by_clause[clause_of(starts, find.start)].append(find)
    evidence = Evidence(clauses=len(starts))
    for index, clause in enumerate(by_clause):
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        _read_clause(text, starts[index], end, clause, evidence)
    return evidence


def _is_not_a_bit(text: str, find: Find) -> bool:
    return bool(
        _NOT_A_BIT_BEFORE.search(text[max(0, find.start - 6) : find.start])
        and _NOT_A_BIT_AFTER.search(text[find.end : find.end + 5])
    )


def _read_clause(text: str, start: int, end: int, finds: list[Find], evidence: Evidence) -> None:
    negators = [find for find in finds if find.group == ("polarity", "negator")]
    supposed = [find.words for find in finds if find.group == ("polarity", "hypothetical")]
    evidence.hypothetical.extend(supposed)
    clause = text[start:end]
    closes_asking = bool(_QUESTION_END.search(text[max(start, end - 3) : end]))
    asks = bool(supposed) or closes_asking
    wants_to_know = any(find.group == ("polarity", "asking") for find in finds) or bool(_EITHER_OR.search(clause))
    evidence.asks_plainly = closes_asking and not _BLAMING_QUESTION.search(clause)
    if asks and wants_to_know and not _BLAMING_QUESTION.search(clause):
        supposed = supposed or [clause]
    elif not closes_asking and _EITHER_OR.search(clause) and not _BLAMING_QUESTION.search(clause):
        supposed, asks = supposed or [clause], True
    elsewhere = _NAMES_US.search(clause) is None and any(find.group == ("polarity", "elsewhere") for find in finds)
    bad: list[str] = []
    good: list[str] = []
    denied: set[tuple[int, int]] = {
        (find.start, find.end)
        for find in finds
        if find.group[0] in ("failure", "polarity", "emotion")
        and (_is_denied(text, find, negators, start) or _is_not_a_bit(text, find))
    }
    for find in finds:
        kind, key = find.group
        turned = (find.start, find.end) in denied
        if kind == "failure":
            if not turned:
                # What another firm did has not failed here.
                _add(evidence.supposed if supposed or elsewhere else evidence.failures, key, find.words)
                if not supposed and not elsewhere:
                    bad.append(find.words)
        elif kind == "polarity" and key == "negative":
            (good if turned else bad).append(find.words)
        elif kind == "polarity" and key == "positive":
            if turned:
                bad.append(find.words)
            elif not asks:
                good.append(find.words)
        elif kind == "polarity" and key in _NOTED:
            getattr(evidence, key).append(find.words)
        elif kind == "emotion" and not turned:
            _add(evidence.emotion, key, find.words)
        elif kind == "risk":
            _add(evidence.risk, key, find.words)
    bad = [] if (supposed and asks) or elsewhere else list(dict.fromkeys(bad))
    good = list(dict.fromkeys(good))
    evidence.negative.extend(bad)
    evidence.positive.extend(good)
    is_bad = bool(bad) and len(bad) >= len(good)
    evidence.bad_clauses += is_bad
    evidence.good_clauses += bool(good) and not bad
    evidence.last_is_bad = is_bad
    table = evidence.blamed if is_bad else evidence.praised if good else evidence.mentioned
    for find in finds:
        if find.group[0] == "aspect":
            _add(table, find.group[1], find.words)
