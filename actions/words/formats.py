"""How amounts and moments are written for people."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from recovery.money import WHOLE, Money

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "¥"}
_ZH_WEEKDAYS = "一二三四五六日"


def show_money(amount: Money, language: str) -> str:
    """``¥300.00``; in Chinese and yuan ``300元``, with the fen only where there are any."""
    digits = 0 if amount.currency in WHOLE else 2
    value = amount.minor / 10**digits
    if language == "zh" and amount.currency == "CNY":
        return f"{amount.minor // 100}元" if amount.minor % 100 == 0 else f"{value:.2f}元"
    symbol = _SYMBOLS.get(amount.currency)
    number = f"{value:,.{digits}f}"
    return f"{symbol}{number}" if symbol else f"{number} {amount.currency}"


def show_moment(moment: datetime, language: str) -> str:
    """A moment in its own zone: ``11月21日（周六）18:30`` or ``Sat 21 Nov, 18:30``.

    Midnight to the second is when a day ends for whom something is promised: ``11月21日（周六）24:00``,
    ``the end of Sat 21 Nov``.
    """
    if moment.time() == time():
        ended = moment - timedelta(days=1)
        if language == "zh":
            return f"{ended.month}月{ended.day}日（周{_ZH_WEEKDAYS[ended.weekday()]}）24:00"
        return f"the end of {ended:%a} {ended.day} {ended:%b}"
    if language == "zh":
        return f"{moment.month}月{moment.day}日（周{_ZH_WEEKDAYS[moment.weekday()]}）{moment:%H:%M}"
    return f"{moment:%a} {moment.day} {moment:%b, %H:%M}"


def show_day(moment: datetime, language: str) -> str:
    """A day in the moment's zone: ``2027年2月19日`` or ``19 Feb 2027``."""
    if language == "zh":
        return f"{moment.year}年{moment.month}月{moment.day}日"
    return f"{moment.day} {moment:%b %Y}"


def show_time(moment: datetime) -> str:
    """The time of day in the moment's zone: ``18:30``."""
    return f"{moment:%H:%M}"


def show_span(span: timedelta, language: str) -> str:
    """A length of time in its two largest units, rounded down: ``2小时5分钟`` or ``2 h 5 min``; the sign is dropped."""
    minutes = int(abs(span).total_seconds()) // 60
    days, hours, left = minutes // 1440, minutes // 60 % 24, minutes % 60
    day, hour, minute, gap = ("天", "小时", "分钟", "") if language == "zh" else (" d", " h", " min", " ")
    if minutes < 1:
        return "不到1分钟" if language == "zh" else "under 1 min"
    parts = [(days, day), (hours, hour)] if days else [(hours, hour), (left, minute)]
    return gap.join(f"{number}{unit}" for number, unit in parts if number)


def list_choices(texts: Sequence[str]) -> str:
    """Numbered choices, a line each."""
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
