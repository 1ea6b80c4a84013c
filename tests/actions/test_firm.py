"""The firm's files as they ship, and how their mistakes are told: with file and line."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from actions.firm import Firm, FirmDataError, load_firm
from recovery.failures import Category
from recovery.remedies import NEEDS_ORDER, Authority, RemedyKind
from recovery.severity import Severity
from store.calendar import WorkingCalendar

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "firm"
GIFT_CARD = "  - {key: gift_card, name: {zh: 礼品卡, en: Gift cards}, like: billing_price}\n"
# `rasa train` walks all of data/ and takes files with these keys for its own (design.md section 1).
RASAS_KEYS = {"nlu", "stories", "rules", "responses"}


def test_no_file_of_the_firm_uses_a_key_of_rasas() -> None:
    files = list(SHIPPED.rglob("*.yml"))
    assert len(files) >= 9
    for path in files:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not RASAS_KEYS & set(content), path


def test_every_category_has_names_a_department_and_remedies_unless_it_is_a_persons(firm: Firm) -> None:
    assert set(Category) <= set(firm.categories)
    for category in Category:
        assert firm.department_for([category]).key
        for severity in (Severity.LOW, Severity.MEDIUM, Severity.HIGH):
            rule = firm.policy.rule_for([category], severity)
            # Danger to people and data is handed over at once: no rule makes an offer there.
            assert (rule is None) == (category in (Category.SAFETY, Category.PRIVACY_SECURITY)), category
    assert all(rule.approved_by for rule in firm.policy.rules)


def test_every_rule_has_two_or_three_choices_and_one_that_needs_no_order(firm: Firm) -> None:
    for rule in firm.policy.rules:
        assert 2 <= len(rule.choices) <= 3, rule.id
        assert any(not choice.needs_order for choice in rule.choices), rule.id


def test_no_choice_is_an_apology_alone(firm: Firm) -> None:
    """An apology alone is far from enough (S0)."""
    for rule in firm.policy.rules:
        for choice in rule.choices:
            assert {term.kind for term in choice.terms} != {RemedyKind.APOLOGY}, rule.id


def test_the_resolution_limits_are_those_of_the_source(firm: Firm) -> None:
    """S0: 30 minutes, 2 hours, 24 hours, 3 working days."""
    limits = firm.service_levels.resolution
    assert limits[Severity.CRITICAL].clock == timedelta(minutes=30)
    assert limits[Severity.HIGH].clock == timedelta(hours=2)
    assert limits[Severity.MEDIUM].clock == timedelta(hours=24)
    assert limits[Severity.LOW].working_days == 3


def test_limits_are_clock_time_working_time_or_working_days(firm: Firm) -> None:
    assert firm.service_levels.next_update[Severity.LOW].working_time == timedelta(hours=8)
    assert firm.service_levels.consultation[Severity.LOW].working_days == 1
    assert firm.service_levels.warn_at == 0.75
    assert firm.service_levels.take_back_after is not None


def test_departments_work_round_the_clock_until_the_firm_gives_them_hours(firm: Firm) -> None:
    assert all(department.hours is None for department in firm.departments)
    night = datetime(2026, 11, 21, 19, 0, tzinfo=UTC)  # Sunday, three in the morning in Shanghai
    assert all(firm.working_time(department.key).is_open(night) for department in firm.departments)


def test_hours_of_a_day_come_before_those_of_the_week(tmp_path: Path) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(SHIPPED, folder)
    calendar, departments = folder / "calendar.yml", folder / "departments.yml"
    hours = "\n    ".join(
        ["  own:", "every_day: 18:00-02:00", "weekdays: 09:00-18:00", "friday: 09:00-16:00", "sunday: closed\n"]
    )
    calendar.write_text(calendar.read_text(encoding="utf-8") + hours, encoding="utf-8")
    words = departments.read_text(encoding="utf-8")
    at_own = words.replace("categories: [delivery]", "categories: [delivery]\n    hours: own")
    departments.write_text(at_own, encoding="utf-8")
    week = [[(shift.start // 60, shift.end // 60) for shift in day] for day in load_firm(folder).hours["own"].days]
    assert week == [[(9, 18)]] * 4 + [[(9, 16)], [(18, 26)], []]
    # 1 October 2026 is a public holiday; Saturday the 10th is made up for with the hours of its weekday.
    times = load_firm(folder).working_time("logistics")
    holiday, made_up = datetime(2026, 10, 1, 2, tzinfo=UTC), datetime(2026, 10, 10, 11, tzinfo=UTC)
    assert (times.is_open(holiday), times.is_open(made_up)) == (False, True)


def test_departments_are_those_of_the_source(firm: Firm) -> None:
    """S0: after-sales for product quality, sales for shops, engineering for what is technical, service marketing for
    fees; customer service is the front door."""
    assert firm.department_for(["product_quality"]).key == "after_sales"
    assert firm.department_for(["facility_environment"]).key == "sales"
    assert firm.department_for(["digital_app"]).key == "engineering"
    assert firm.department_for(["billing_price"]).key == "service_marketing"
    assert firm.department_for(["other"]).key == firm.departments[0].key == "customer_service"
    assert firm.department_for(["weather"]).key == "customer_service"


def test_authority_rises_from_bot_to_manager(firm: Firm) -> None:
    limits = [firm.policy.limits[a] for a in (Authority.BOT, Authority.AGENT, Authority.SUPERVISOR, Authority.MANAGER)]
    assert limits == sorted(limits) and {RemedyKind.REFUND, RemedyKind.VOUCHER} <= NEEDS_ORDER


# --- mistakes --------------------------------------------------------------------------------------------------------


def line_of(path: Path, words: str) -> int:
    return next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if words in text)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("firm.yml", "zone: Asia/Shanghai", "zone: Asia/Atlantis", "no time zone"),
        ("firm.yml", "currency: CNY", "currency: yuan", "currency"),
        ("firm.yml", "reopen_window: 7 days", "reopen_window: a week", "span"),
        ("firm.yml", "language: zh ", "tongue: zh ", "tongue"),
        ("authority.yml", "agent: 80000", "agent: 40000", "must not fall"),
        ("authority.yml", "agent: 80000", "clerk: 80000", "clerk"),
        ("service_levels.yml", "  low: 3 working days", "  low: 0 working days", "positive"),
        ("service_levels.yml", "take_back_after: 2 working", "take_back_after: 9999999999999 working", "span"),
        ("firm.yml", "reopen_window: 7 days", "reopen_window: 9999999999 days", "span"),
        ("departments.yml", "key: logistics", "key: sales", "same key"),
        ("departments.yml", "categories: [delivery]", "categories: [digital_app]", "one department"),
        ("departments.yml", "categories: [delivery]", "categories: [weather]", "weather"),
        ("remedies.yml", "categories: [billing_price]", "categories: [weather]", "weather"),
        ("remedies.yml", "approved_by: Head", "approved: Head", "approved"),
        ("remedies.yml", "percent_of_order: 100}", "percent_of_order: 101}", "100"),
        ("remedies.yml", "{kind: refund, percent_of_order: 100}", "{kind: refund}", "percent_of_order or amount"),
        ("remedies.yml", "{kind: voucher, amount: 1000}", "{kind: voucher, amount: 1000, at_most: 5}", "at_most"),
        ("remedies.yml", "{kind: voucher, amount: 1000}", "{kind: apology}", "none twice"),
        ("remedies.yml", "id: anything-else", "id: site-or-app", "same id"),
        ("calendar.yml", "public_calendar: china", "public_calendar: mars", "public_calendar"),
        ("calendar.yml", "09:00-12:00, 13:30-18:00", "09:00-14:00, 13:30-18:00", "overlap"),
        ("calendar.yml", "every_day: 18:00-02:00", "every_day: closed", "never open"),
        ("calendar.yml", "weekends: 10:00-22:00", "weekends: 10-22", "must be hours"),
        ("calendar.yml", "weekends: 10:00-22:00", "weekend: 10:00-22:00", "weekend"),
        ("departments.yml", "categories: [delivery]", "categories: [delivery]\n    hours: siesta", "siesta"),
        ("service_levels.yml", "warn_at: 0.75", "warn_at: 1.5", "warn_at"),
        ("service_levels.yml", "take_back_after: 2 working hours", "take_back_after: a while", "take_back_after"),
        ("service_levels.yml", "  low: 8 working hours\n", "", "low"),
        ("taxonomy.yml", "{key: safety,", "{key: danger,", "safety"),
        ("taxonomy.yml", "zh: 其他,", "", "zh"),
        ("taxonomy.yml", "{key: other,", "{key: other, like: safety,", "like no other"),
        (
            "taxonomy.yml",
            "categories:\n",
            "categories:\n" + GIFT_CARD.replace("billing_price", "weather"),
            "'product_quality'",
        ),
        ("taxonomy.yml", "categories:\n", "categories:\n" + GIFT_CARD.replace("gift_card", "gift-card"), "pattern"),
        ("taxonomy.yml", "categories:\n", "categories:\n" + GIFT_CARD.replace("gift_card", "g" * 41), "pattern"),
        ("taxonomy.yml", "categories:\n", "categories:\n" + GIFT_CARD.replace("gift_card", "delivery"), "no other"),
        ("taxonomy.yml", "categories:\n", "categories:\n" + GIFT_CARD.replace("gift_card", "emotion"), "emotion"),
        ("taxonomy.yml", "  - {key: safety,", "  - {key: delivery,", "stands here twice"),
        ("taxonomy.yml", "categories:\n", "categories:\n" + 2 * GIFT_CARD, "stands here twice"),
        ("blueprint.yml", "categories: [delivery]", "categories: [weather]", "weather"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_what_is_wrong(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(SHIPPED, folder)
    path = folder / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FirmDataError) as mistake:
        load_firm(folder)
    assert str(mistake.value).startswith(f"{path}:") and words in str(mistake.value)
    assert mistake.value.args[0].removeprefix(f"{path}:").partition(":")[0].isdigit()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("firm.yml", "zone: Asia/Shanghai", "zone: Asia/Atlantis"),
        ("remedies.yml", "categories: [billing_price]", "categories: [weather]"),
        ("remedies.yml", "percent_of_order: 100}", "percent_of_order: 101}"),
        ("remedies.yml", "{kind: voucher, amount: 1000}", "{kind: voucher, amount: {from: 1000, to: 1000}}"),
        ("authority.yml", "limits: {bot: 150000,", "limits: {bot: 350000,"),
        ("authority.yml", "{times: 3, percent_left: 0}", "{times: 2, percent_left: 0}"),
        ("budgets.yml", "over_budget: supervisor", "over_budget: bot"),
        ("budgets.yml", "  other: 100000", "  weather: 100000"),
        ("departments.yml", "categories: [delivery]", "categories: [weather]"),
        ("taxonomy.yml", "{key: other,", "{key: other, like: safety,"),
    ],
)
def test_the_line_is_the_mistakes_own(tmp_path: Path, file: str, old: str, new: str) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(SHIPPED, folder)
    path = folder / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FirmDataError) as mistake:
        load_firm(folder)
    assert f"{path}:{line_of(path, new)}:" in str(mistake.value)


# --- the calendar ----------------------------------------------------------------------------------------------------


def test_public_holidays_and_make_up_days_are_the_state_councils() -> None:
    """State Council notices for 2025 and 2026.

    National Day 2025: 1 to 8 October off, 28 September and 11 October worked. Spring Festival 2026: 15 to 23 February
    off, 14 and 28 February worked.
    """
    china = WorkingCalendar("china")
    off = [date(2025, 10, day) for day in range(1, 9)] + [date(2026, 2, day) for day in range(15, 24)]
    made_up = [date(2025, 9, 28), date(2025, 10, 11), date(2026, 2, 14), date(2026, 2, 28)]
    assert not any(china.is_worked(day) for day in off)
    assert all(china.is_worked(day) for day in made_up)
    assert all(day.weekday() >= 5 for day in made_up)


def test_where_no_holidays_are_published_yet_weekends_are_off() -> None:
    china = WorkingCalendar("china")
    assert china.is_worked(date(2040, 10, 1)) and not china.is_worked(date(2040, 10, 6))


def test_the_firms_own_days_come_on_top() -> None:
    monday, sunday = date(2026, 11, 16), date(2026, 11, 22)
    assert WorkingCalendar("weekdays").is_worked(monday) and not WorkingCalendar("weekdays").is_worked(sunday)
    own = WorkingCalendar("weekdays", days_off=frozenset({monday}), worked=frozenset({sunday}))
    assert not own.is_worked(monday) and own.is_worked(sunday)


def test_a_remedy_that_no_reply_names_cannot_be_offered(tmp_path: Path) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(SHIPPED, folder)
    remedies = (folder / "remedies.yml").read_text(encoding="utf-8")
    (folder / "remedies.yml").write_text(
        remedies.replace("{kind: voucher, amount: 1000}", "{kind: gift, worth: 1000}"), encoding="utf-8"
    )
    for language in ("zh", "en"):
        path = folder / "replies" / f"{language}.yml"
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        start = lines.index("remedy:\n")
        gift = next(number for number in range(start, len(lines)) if lines[number].startswith("  gift:"))
        path.write_text("".join(lines[:gift] + lines[gift + 1 :]), encoding="utf-8")
    with pytest.raises(FirmDataError, match=r"remedies\.yml:\d+: no reply says what a gift is"):
        load_firm(folder)
