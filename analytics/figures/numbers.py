"""Numbers for people: as many digits as say something, and no more."""

import math


def show_share(value: float | None) -> str:
    """A share of 1 as a percentage: ``13.6%``, ``0.42%``, ``0.0034%``; ``–`` for none."""
    if value is None or not math.isfinite(value):
        return "–"
    percent = 100 * value
    if percent == 0 or abs(percent) >= 99.95:
        return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.2f}%".rstrip("0").rstrip(".")
    digits = max(1, 1 - math.floor(math.log10(abs(percent)))) if abs(percent) < 1 else 1
    return f"{percent:.{digits}f}%"


def show_number(value: float | None, digits: int = 3) -> str:
    """A number with at least so many digits that say something: ``1,234``, ``12.3``, ``0.00412``; ``–`` for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if float(value).is_integer():
        return f"{value:,.0f}"
    size = math.floor(math.log10(abs(value))) + 1
    return f"{value:,.{max(0, digits - size)}f}"


def show_sigma(value: float | None) -> str:
    """A sigma level with two decimals, as its intervals allow."""
    return "–" if value is None else f"{value:.2f}"


def show_hours(hours: float | None, language: str) -> str:
    """A length of time in the unit that fits: ``45 s``, ``12 min``, ``3.4 h``, ``2.1 d``; ``–`` for none."""
    if hours is None or not math.isfinite(hours):
        return "–"
    second, minute, hour, day = ("秒", "分钟", "小时", "天") if language == "zh" else (" s", " min", " h", " d")
    if hours < 1 / 60:
        return f"{hours * 3600:.0f}{second}"
    for size, unit in ((48.0, day), (1.0, hour), (0.0, minute)):
        if hours >= size:
            value = hours / 24 if size == 48.0 else hours if size else hours * 60
            return f"{value:.3g}{unit}"
    return "–"


def show_correlation(value: float) -> str:
    """A correlation with its sign: ``+0.80``, ``−0.49``."""
    return f"{value:+.2f}".replace("-", "−")


def show_p(p: float | None) -> str:
    """A p-value: ``p = 0.031``, ``p < 0.0001``; ``–`` for none."""
    if p is None or not math.isfinite(p):
        return "–"
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"
