"""The words sent to customers: complete in both languages, used, rendered, and no form letter."""

import ast
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from jinja2 import Environment, UndefinedError, meta

from actions.commands.readings import ACTIONS
from actions.firm import Firm, FirmDataError
from actions.follow_up import SURVEY
from actions.words.catalogue import LANGUAGES, Catalogue
from actions.words.formats import list_choices, show_day, show_moment, show_money
from recovery.control import HandOverReason
from recovery.decision import ReasonKey
from recovery.failures import Category
from recovery.follow_up import Fairness
from recovery.guarantees import Happening
from recovery.money import Money
from recovery.remedies import BY_PEOPLE, RemedyKind

ROOT = Path(__file__).resolve().parents[2]
REPLIES = ROOT / "data" / "firm" / "replies"
SHANGHAI = ZoneInfo("Asia/Shanghai")

# What awaits an answer (docs/understanding.md): there may be a reminder for each.
AWAITED = {"order_number", "order_proof", "happening", "offer", "confirm_hand_over", "wish", "reading", *SURVEY}
TAXONOMY = yaml.safe_load((REPLIES.parent / "taxonomy.yml").read_text(encoding="utf-8"))
# Kinds of messages without words, as channels read them (desk.channels.incoming).
WORDLESS = {"image", "voice", "video", "file", "location", "link", "card", "unreadable"}
# Groups whose keys are put together in the code, with all that may stand behind the point.
FAMILIES = {
    "failure": {entry["key"] for entry in TAXONOMY["categories"]},
    "feeling": {"calm", "safety", *(f"level_{level}" for level in range(4))},
    "hand_over": {"default", "wait", *(reason.value for reason in HandOverReason)},
    "reading": {"which", "again", *ACTIONS},
    "remind": AWAITED,
    "remedy": {kind.value for kind in RemedyKind},
    "fairness": {one.value for one in Fairness},
    "done": {"after", *(kind.value for kind in RemedyKind)},
    "guarantee": {happening.value for happening in Happening},
    "reason": {key.value for key in ReasonKey},
    "promise": {kind.value for kind in BY_PEOPLE},
    "shown": WORDLESS,
    "received": WORDLESS,
}
PLAUSIBLE = {
    "feeling": "…",
    "failure": "…",
    "number": "AM-7K3Q-9F2D",
    "first": "AM-2345-6789",
    "order": "202611120007",
    "offers": ["A", "B", "C"],
    "score": 4,
    "apology": "…",
    "title": "…",
    "orders": ["202611120007", "202611120008"],
    "doing": "…",
    "change": "…",
    "promised": "…",
    "readings": ["A", "B"],
    "what": "…",
    "one": "A",
    "other": "B",
    "due": datetime(2026, 11, 18, 14, 30, tzinfo=SHANGHAI),
    "until": datetime(2027, 2, 16, 10, 0, tzinfo=SHANGHAI),
    "reason": "…",
    "amount": Money(6050, "CNY"),
    "reference": "RF-2345-6789",
    "references": ["RF-2345-6789", "V-2345-6789-ABCD"],
    "place": 3,
    "ahead": 2,
    "wait": "…",
    "opens": datetime(2026, 11, 19, 9, 0, tzinfo=SHANGHAI),
    "phone": "13800138000",
    "more": True,
    "department": "物流部",
    "name": "Alice",
    "days": 7,
    "why": "…",
    "percent": 62,
    "firm": "云杉商城",
    "words": ["好的", "不用了"],
    "since": datetime(2026, 11, 18, 14, 30, tzinfo=SHANGHAI),
    "paid": Money(25000, "CNY"),
}


@cache
def texts(language: str) -> dict[str, str]:
    groups = yaml.safe_load((REPLIES / f"{language}.yml").read_text(encoding="utf-8"))
    return {f"{group}.{name}": text for group, replies in groups.items() for name, text in replies.items()}


def values_named(text: str) -> set[str]:
    """The values that a reply asks for."""
    environment = Environment()
    environment.filters |= dict.fromkeys(("money", "moment", "day", "choices"), str)
    return meta.find_undeclared_variables(environment.parse(text))


@cache
def literals() -> list[tuple[str, str]]:
    """Every key that stands in the code as one string, with its place."""
    found = []
    groups = {key.partition(".")[0] for key in texts("zh")}
    for path in [*(ROOT / "actions").rglob("*.py"), *(ROOT / "desk").rglob("*.py")]:
        if "console" in path.parts:
            continue  # the console has words of its own, for staff
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and id(node) not in parts
                and isinstance(node.value, str)
                and re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", node.value)
                and node.value.partition(".")[0] in groups
            ):
                found.append((node.value, f"{path.relative_to(ROOT)}:{node.lineno}"))
    return found


def composed() -> set[str]:
    """The groups of keys that the code puts together, such as ``failure`` in ``f"failure.{leading}"``."""
    found = set()
    for path in (ROOT / "actions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = re.match(r"([a-z_]+)\.", str(node.values[0].value))
                if start:
                    found.add(start[1])
    return found & {key.partition(".")[0] for key in texts("zh")}


def test_both_languages_have_the_same_keys_asking_for_the_same_values() -> None:
    zh, en = texts("zh"), texts("en")
    assert set(zh) == set(en)
    for key in zh:
        assert values_named(zh[key]) == values_named(en[key]), key


def test_every_key_the_code_names_exists() -> None:
    missing = [f"{place}: {key}" for key, place in literals() if key not in texts("zh")]
    assert missing == []


def test_the_groups_the_code_puts_together_are_those_known_here() -> None:
    assert composed() == set(FAMILIES)


def test_no_key_is_unused() -> None:
    named = {key for key, _ in literals()}
    families = {f"{group}.{name}" for group, names in FAMILIES.items() for name in names}
    # Of the words around offers there may be some for an only one (actions.offering.offer_words).
    single = {key for key in texts("zh") if key.startswith("offer.") and key.removesuffix("_single") in named}
    assert set(texts("zh")) - named - families - single == set()


def test_what_is_put_together_never_misses_a_needed_reply(firm: Firm) -> None:
    needed = {f"failure.{category}" for category in Category} | {f"feeling.level_{level}" for level in range(4)}
    kinds = {t.kind for rule in firm.policy.rules for choice in rule.choices for t in choice.terms}
    needed |= {f"remedy.{kind}" for kind in kinds}
    needed |= {f"done.{kind}" for kind in (RemedyKind.REFUND, RemedyKind.VOUCHER)}
    # Choices are put again by themselves; everything else that is awaited has its reminder.
    needed |= {f"remind.{kind}" for kind in AWAITED - {"offer", "reading"}}
    needed |= {f"reading.{intent}" for intent in ACTIONS}
    assert needed - firm.words.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reply_renders_with_plausible_values(firm: Firm, language: str) -> None:
    for key, text in texts(language).items():
        named = values_named(text)
        said = firm.words.render(language, key, **{name: PLAUSIBLE[name] for name in named})
        assert said and said == said.strip(), key
        assert not re.search(r"[{}<>]|\bNone\b(?! of)|\bundefined\b", said), (key, said)
        for name in named & {"number", "order", "reference", "name"}:
            assert str(PLAUSIBLE[name]) in said, key


def test_a_value_that_is_missing_is_an_error_and_never_a_gap(firm: Firm) -> None:
    with pytest.raises(UndefinedError):
        firm.words.render("en", "complaint.joined")
    with pytest.raises(KeyError):
        firm.words.render("en", "no.such_reply")


def test_what_a_customer_wrote_is_no_template(firm: Firm) -> None:
    assert "{{ 7 * 7 }}" in firm.words.render("en", "ask.proof", order="{{ 7 * 7 }}")


# Stock phrases of complaint departments (S4: a form letter reads as brushing off), and 顾客, where domain.md says 客户.
FORM_LETTERS = {
    "zh": (
        "尊敬的客户", "亲爱的", "带来不便", "带来的不便", "敬请谅解", "感谢您的理解", "高度重视", "竭诚为您",
        "您的满意", "顾客", "系统自动回复", "请耐心等待",
    ),
    "en": (
        "dear customer", "valued customer", "any inconvenience", "inconvenience caused", "we apologize for",
        "your call is", "is important to us", "thank you for your patience", "rest assured", "please be advised",
        "kindly", "regret to", "do not reply", "as per",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_hold_no_form_letter(language: str) -> None:
    found = [
        (key, phrase) for key, text in texts(language).items() for phrase in FORM_LETTERS[language]
        if phrase in text.lower()
    ]  # fmt: skip
    assert found == []


def test_chinese_is_written_with_chinese_punctuation() -> None:
    plain = r"[\u4e00-\u9fff][,;:?!()\"]|[,;:?!()\"][\u4e00-\u9fff]"
    assert [key for key, text in texts("zh").items() if re.search(plain, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_reply_asks_two_things_at_once(language: str) -> None:
    for key, text in texts(language).items():
        assert sum(c in "?\uff1f" for c in text) <= 1, key


# --- mistakes in a catalogue -----------------------------------------------------------------------------------------


def catalogue(folder: Path, zh: str, en: str) -> Catalogue:
    (folder / "zh.yml").write_text(zh, encoding="utf-8")
    (folder / "en.yml").write_text(en, encoding="utf-8")
    return Catalogue.read(folder)


@pytest.mark.parametrize(
    ("zh", "en", "place", "words"),
    [
        ("a:\n  x: 一\n  y: 二\n", "a:\n  x: one\n", "zh.yml:3", "missing in en"),
        ("a:\n  x: 一\n", "a:\n  x: one\n  y: two\n", "en.yml:3", "missing in zh"),
        ("a:\n  x: '{{ n }}'\n", "a:\n  x: '{{ m }}'\n", "zh.yml:2", "only one language names m, n"),
        ("a:\n  x: 一\n", "a:\n  x: '{{ n'\n", "en.yml:2", "a.x"),
        ("a:\n  x: 一\n  x: 二\n", "a:\n  x: one\n", "zh.yml:3", "twice"),
        ("a:\n  x: [一]\n", "a:\n  x: one\n", "zh.yml:2", "string"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, zh: str, en: str, place: str, words: str) -> None:
    with pytest.raises(FirmDataError) as mistake:
        catalogue(tmp_path, zh, en)
    assert str(tmp_path / place) in str(mistake.value) and words in str(mistake.value)


# --- amounts, moments, choices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        (Money(30000, "CNY"), "300元", "¥300.00"),
        (Money(30050, "CNY"), "300.50元", "¥300.50"),
        (Money(123456789, "USD"), "$1,234,567.89", "$1,234,567.89"),
        (Money(500, "JPY"), "¥500", "¥500"),  # ISO 4217: the yen has no minor unit
        (Money(1050, "CHF"), "10.50 CHF", "10.50 CHF"),
    ],
)
def test_amounts_are_written_as_people_write_them(amount: Money, zh: str, en: str) -> None:
    assert (show_money(amount, "zh"), show_money(amount, "en")) == (zh, en)


def test_moments_are_written_as_people_write_them() -> None:
    moment = datetime(2026, 11, 21, 18, 30, tzinfo=SHANGHAI)  # a Saturday
    assert (show_moment(moment, "zh"), show_moment(moment, "en")) == (
        "11月21日\uff08周六\uff0918:30",
        "Sat 21 Nov, 18:30",
    )
    assert (show_day(moment, "zh"), show_day(moment, "en")) == ("2026年11月21日", "21 Nov 2026")


def test_midnight_is_the_end_of_the_day_for_whom_something_is_promised() -> None:
    midnight = datetime(2026, 11, 24, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert show_moment(midnight, "zh") == "11月23日（周一）24:00"
    assert show_moment(midnight, "en") == "the end of Mon 23 Nov"
    assert show_moment(midnight.replace(second=1), "en") == "Tue 24 Nov, 00:00"


def test_choices_are_numbered_from_one() -> None:
    assert list_choices(["A", "B"]) == "1. A\n2. B"


def test_a_key_stands_in_one_file(tmp_path: Path) -> None:
    for language in ("zh", "en"):
        (tmp_path / language).mkdir()
        for name in ("one", "two"):
            (tmp_path / language / f"{name}.yml").write_text(f"a:\n  x: {name}\n", encoding="utf-8")
    with pytest.raises(FirmDataError, match=r"two.yml: a.x stands in one.yml already"):
        Catalogue.read(tmp_path)
