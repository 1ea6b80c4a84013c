"""How parts of a process, steps, shares and figures are written on the pages of improvement."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, get_args

from aiohttp import web
from jinja2 import UndefinedError

from actions.words.formats import show_day, show_moment, show_money
from analytics.improvement.elastic.watching import BY
from analytics.improvement.policy import Process
from analytics.recovery_steps import RECOVERY, STEP_NAMES
from analytics.service_steps import SERVICE
from analytics.words import words as chart_words
from desk.console.improvement.levels import Levels, chance, figure, percent
from desk.console.keys import WORDS
from desk.console.pages import language_of, say
from desk.console.permissions import RULES
from desk.console.quality.options import TABS
from desk.keys import FIRM
from recovery.money import Money

PROCESSES = get_args(Process)
_SEPARATOR = " · "


def shown(request: web.Request) -> dict[str, Any]:
    """What every page of improvement needs beside what it shows."""
    language, app, firm = language_of(request), request.app, request.app[FIRM]
    named_steps = {SERVICE: firm.blueprint.names, RECOVERY: STEP_NAMES}
    steps = {process: _named_in(language, named_steps[process]) for process in PROCESSES}
    departments = {one.key: one.name.in_language(language) for one in firm.departments}

    def words_if(key: str) -> str:
        return app[WORDS].render(language, key) if app[WORDS].has(key) else ""

    def named(group: str, key: object) -> str:
        return words_if(f"{group}.{key}") or str(key)

    def step_in(process: str, key: str) -> str:
        return steps.get(process, {}).get(key, key)

    def part(of: Any) -> str:
        """A row, document or part that names process, step, category, department and channel."""
        said = of if isinstance(of, Mapping) else {name: getattr(of, name, "") for name in _PART}
        process = said.get("process") or ""
        told = [named("improve_process", process)]
        told += [step_in(process, said["step"])] if said.get("step") else []
        told += [firm.category_name(said["category"], language)] if said.get("category") else []
        told += [departments.get(said["department"], said["department"])] if said.get("department") else []
        told += [named("channel", said["channel"])] if said.get("channel") else []
        return _SEPARATOR.join(told)

    def on(day: date | str | None) -> str:
        """A day without a time, also as JSON writes it; a moment's is the firm's."""
        if not day:
            return "–"
        if isinstance(day, datetime):
            day = firm.local(day)
        known = date.fromisoformat(day[:10]) if isinstance(day, str) else day
        return show_day(datetime(known.year, known.month, known.day), language)

    def at(moment: str | datetime) -> str:
        known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return _moment(request, known)

    key_name = _key_name(request, language, step_in, departments)
    levels = Levels(language, lambda key, **facts: say(request, key, **facts))

    def finding_words(finding: Any) -> str:
        """What a gate looked at, as it is now or as it was recorded."""
        said = finding if isinstance(finding, Mapping) else finding.to_json()
        key = f"improve_gate.{said['code']}"
        if not app[WORDS].has(key):
            return str(said["code"])
        values = {"figures": said["figures"], "met": said["met"], "n": figure, "on": on, "named": named}
        shares = {"pc": lambda share: percent(share, language), "key_name": key_name, "chance": chance}
        measured = {"level": levels.level, "effect": levels.effect, "between": levels.interval, "why": levels.why}
        try:
            return app[WORDS].render(language, key, **values, **shares, **measured)
        except UndefinedError:
            # Recorded by a release whose gates wrote other figures down.
            return str(said["code"])

    return {
        "tabs": [(key, path) for key, path in TABS if ("GET", path) in RULES],
        "tab": "improvement",
        "words_if": words_if,
        "finding_words": finding_words,
        "named_if": named,
        "part": part,
        "step_in": step_in,
        "steps": steps,
        "on": on,
        # What opened or judged it may be nobody: the desk looks at the charts by itself.
        "who": lambda by: say(request, "improve.itself") if by == BY else by,
        "at": at,
        "percent": lambda share: percent(share, language),
        "figure": figure,
        "chance": chance,
        "levels": levels,
        "worth": lambda minor, currency: _worth(minor, currency, language),
        "rule_words": lambda rule: _rule(language, rule),
        "kind_name": lambda kind: _kind(language, kind),
        "key_name": key_name,
    }


_PART = ("process", "step", "category", "department", "channel")


def _worth(minor: float, currency: str, language: str) -> str:
    """An amount that may be a loss; ``Money`` knows none below nothing."""
    shown = show_money(Money(abs(round(minor)), currency), language)
    return f"−{shown}" if minor < 0 else shown


def _named_in(language: str, names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {key: of[language] for key, of in names.items()}


def _rule(language: str, rule: str) -> str:
    rules = chart_words(language).rules
    return rules[rule].words if rule in rules else rule


def _kind(language: str, kind: str) -> str:
    kinds = chart_words(language).kinds
    return kinds[kind].name if kind in kinds else kind


def _key_name(
    request: web.Request, language: str, step_in: Callable[[str, str], str], departments: Mapping[str, str]
) -> Callable[[str, str, str], str]:
    """The name of a key of any dimension that data are told apart by."""
    firm, catalogue = request.app[FIRM], request.app[WORDS]

    def name(dimension: str, key: str, process: str = "") -> str:
        if not key:
            return say(request, "improve.not_told")
        match dimension:
            case "step":
                return step_in(process, key)
            case "category":
                return firm.category_name(key, language)
            case "department":
                return departments.get(key, key)
            case "channel" | "tier":
                full = f"{dimension}.{key}"
                return catalogue.render(language, full) if catalogue.has(full) else key
        return key

    return name


def _moment(request: web.Request, moment: datetime) -> str:
    return show_moment(request.app[FIRM].local(moment), language_of(request))
