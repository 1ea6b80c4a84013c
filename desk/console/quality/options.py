"""What the forms of these pages offer, and what keys are called, in the reader's language."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

from aiohttp import web

from actions.firm import Firm
from actions.words.catalogue import Catalogue
from actions.words.formats import show_day
from analytics.figures.naming import Namer
from analytics.recovery_steps import RECOVERY, STEP_NAMES
from analytics.service_steps import SERVICE
from analytics.words import words as charted
from desk.console.keys import WORDS
from desk.console.pages import language_of, render
from desk.console.permissions import RULES
from desk.console.quality.asking import NotAnswered
from desk.console.quality.pictures import PLOTLY_ADDRESS, QUALITY, plotly_styles
from desk.keys import FIRM
from store.blueprint import NO_STEP

# By what a process is looked at; volumes know the first three only.
DIMENSIONS = ("step", "category", "department", "channel", "tier", "language")
LANGUAGES = ("zh", "en")
PRIME = "'"
# The ways through these pages; one whose page there is not yet is not offered.
TABS = (
    ("overview", QUALITY),
    ("chart", f"{QUALITY}/chart"),
    ("pareto", f"{QUALITY}/pareto"),
    ("times", f"{QUALITY}/times"),
    ("recovery", f"{QUALITY}/recovery"),
    ("report", f"{QUALITY}/report"),
    ("improvement", "/desk/improvement"),
)


class Names:
    """Names of keys in one language."""

    def __init__(self, firm: Firm, words: Catalogue, language: str) -> None:
        self._firm, self._words, self._language = firm, words, language
        self._departments = {one.key: one.name.in_language(language) for one in firm.departments}
        self._steps = {
            SERVICE: {key: names[language] for key, names in firm.blueprint.names.items()},
            RECOVERY: {key: names[language] for key, names in STEP_NAMES.items()},
        }

    def of(self, dimension: str, key: str, process: str = "") -> str:
        """What a key is called; itself, where it has no name."""
        if not key or (dimension == "step" and key == NO_STEP):
            return self._words.render(self._language, "quality.not_told")
        if dimension == "category":
            return self._firm.category_name(key, self._language)
        if dimension == "department":
            return self._departments.get(key, key)
        if dimension == "step":
            known = [self._steps[process]] if process in self._steps else self._steps.values()
            return next((names[key] for names in known if key in names), key)
        group = "quality_language" if dimension == "language" else dimension
        return self._words.render(self._language, f"{group}.{key}") if self._words.has(f"{group}.{key}") else key

    def measure(self, key: str) -> str:
        """What is measured."""
        return self._words.render(self._language, f"quality_measure.{key}")

    def namer(self, process: str = "") -> Namer:
        """For figures."""
        return lambda dimension, key: self.of(dimension, key, process)

    def part(self, chosen: Mapping[str, str], process: str) -> str:
        """A part of a process: its values, or the process itself."""
        whole = self._words.render(self._language, f"quality_process.{process}")
        return " · ".join([whole, *(self.of(name, value, process) for name, value in chosen.items())])


def names_of(request: web.Request) -> Names:
    """Names for the reader."""
    return Names(request.app[FIRM], request.app[WORDS], language_of(request))


def choices(request: web.Request, process: str) -> dict[str, list[tuple[str, str]]]:
    """What each dimension may be, with names."""
    firm, words = request.app[FIRM], request.app[WORDS]
    names = names_of(request)
    channels = [key.partition(".")[2] for key in sorted(words.keys()) if key.startswith("channel.")]
    keys: dict[str, list[str]] = {
        "step": list(STEP_NAMES if process == RECOVERY else firm.blueprint.names),
        "category": list(firm.categories),
        "department": [one.key for one in firm.departments],
        "channel": channels,
        "tier": sorted(
            (key.partition(".")[2] for key in sorted(words.keys()) if key.startswith("tier.")), key=_by_worth
        ),
        "language": list(LANGUAGES),
    }
    return {name: [(key, names.of(name, key, process)) for key in found] for name, found in keys.items()}


def _by_worth(tier: str) -> int:
    order = ("vip", "major", "regular", "small")
    return order.index(tier) if tier in order else len(order)


async def show(request: web.Request, tab: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page of these, with the ways to the others."""
    tabs = [(key, path) for key, path in TABS if ("GET", path) in RULES]
    language, words = language_of(request), request.app[WORDS]

    def pairs(group: str, keys: Iterable[str]) -> list[tuple[str, str]]:
        return [(key, words.render(language, f"{group}.{key}")) for key in keys]

    def kind_pairs(keys: Iterable[str]) -> list[tuple[str, str]]:
        return [(key, words.render(language, f"quality_kind.{key.replace(PRIME, '_prime')}")) for key in keys]

    return await render(
        request, f"quality/{tab}.html", status=status, tab=tab, tabs=tabs, plotly=PLOTLY_ADDRESS,
        names=names_of(request), pairs=pairs, kind_pairs=kind_pairs,
        plotly_styles=plotly_styles(),
        day_of=lambda day: show_day(datetime.combine(day, time()), language),
        kind_words=lambda kind: charted(language).kinds[kind], rule_name=lambda rule: _rule_name(rule, language),
        **context,
    )  # fmt: skip


async def refuse(request: web.Request, tab: str, error: NotAnswered, /, **context: Any) -> web.Response:
    """The page without an answer: it says why, and keeps what was asked."""
    return await show(request, tab, **{**context, "status": error.status, "error": str(error)})


def _rule_name(rule: str, language: str) -> str:
    found = charted(language).rules.get(rule)  # type: ignore[call-overload]
    return found.name if found else rule
