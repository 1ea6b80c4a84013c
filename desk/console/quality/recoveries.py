"""What recoveries achieved and cost: each part with its interval, or why there is not enough yet."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import select

from actions.words.formats import show_money
from analytics.figures import figures_of
from analytics.figures.numbers import show_correlation, show_number, show_p, show_share
from analytics.figures.recovery_figures import band_name
from analytics.figures.words import figure_words
from analytics.questions.recovery import RecoveryAnswer, RecoveryQuestion
from analytics.statistics.proportion import Proportion
from analytics.statistics.result import Interval
from analytics.surroundings import Surroundings
from analytics.words.sentences import in_language
from desk.console.pages import language_of, say
from desk.console.quality.asking import NotAnswered, address, answered, cleaned, read, today_of, with_period
from desk.console.quality.options import names_of, refuse, show
from desk.console.quality.pictures import QUALITY, Picture, csv_response, picture
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Conversation, Customer, Identity

RECOVERY = f"{QUALITY}/recovery"
DAYS = 180
PARTS = ("fives", "double_deviation", "speed", "fairness", "paradox", "cost", "repeats", "concentration", "drifting")
_DRIFTING_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Drifter:
    """A customer who may be lost, so that somebody can look and write.

    Attributes:
        who: the channel's name of them; ``name`` their own, where staff learnt it.
        conversation: public id of the latest.
    """

    who: str
    channel: str
    name: str | None
    conversation: str
    tier: str
    silence: str
    usual: str
    p: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the answer.

    Attributes:
        not_enough: why there is no result, in the reader's language; empty where there is one.
        values: for the sentence that tells it; ``rows`` for its table.
    """

    key: str
    not_enough: str
    values: dict[str, Any]
    rows: tuple[tuple[str, ...], ...]
    picture: Picture | None
    drifters: tuple[Drifter, ...] = ()


async def recovery_page(request: web.Request) -> web.StreamResponse:
    """All parts."""
    query = cleaned(request)
    context: dict[str, Any] = {
        "here": request.rel_url.path_qs, "query": query, "path": RECOVERY, "csv": address(f"{RECOVERY}.csv", query),
        "error": None, "parts": [], "cases": 0, "question": None,
    }  # fmt: skip
    try:
        question = read(request, RecoveryQuestion, with_period(query, today_of(request), DAYS))
        labels = {key: say(request, f"quality_part.{key}") for key in PARTS}
        names = names_of(request)
        tiers = {key: names.of("tier", key) for key in ("vip", "major", "regular", "small")}
        parts, cases = await answered(
            request,
            partial(_reckon, question=question, language=language_of(request), labels=labels, tiers=tiers),
        )
    except NotAnswered as error:
        return await refuse(request, "recovery", error, **context)
    return await show(request, "recovery", **{**context, "parts": parts, "cases": cases, "question": question})


async def recovery_csv(request: web.Request) -> web.StreamResponse:
    """Every figure as a line: its place in the JSON answer, and its value."""
    try:
        question = read(request, RecoveryQuestion, with_period(cleaned(request), today_of(request), DAYS))
        found = await answered(request, lambda work, around: question.answer(work, around).to_json())
    except NotAnswered as error:
        return web.Response(status=error.status, text=str(error))
    return csv_response("recovery", [["figure", "value"], *_flat("", found["parts"])])


def _flat(place: str, value: Any) -> list[list[Any]]:
    if isinstance(value, dict):
        named = value.items()
    elif isinstance(value, list):
        named = ((str(at), one) for at, one in enumerate(value, 1))  # type: ignore[assignment]
    else:
        return [[place, value]]
    return [row for name, one in named for row in _flat(f"{place}.{name}" if place else name, one)]


def _reckon(
    work: UnitOfWork,
    around: Surroundings,
    question: RecoveryQuestion,
    language: str,
    labels: dict[str, str],
    tiers: dict[str, str],
) -> tuple[list[Part], int]:
    answer = question.answer(work, around)
    if not answer.cases:
        return [], 0
    figures = figures_of(answer, language)
    parts = []
    for key in PARTS:
        found = answer.sections[key]
        if isinstance(found, str):
            parts.append(Part(key, in_language(found, language), {}, (), None))
            continue
        values, rows = _told(key, found, answer, language)
        drawn = picture(f"part-{key}", figures[key], labels[key]) if key in figures else None
        drifters = _drifters(work, found, tiers) if key == "drifting" else ()
        parts.append(Part(key, "", values, rows, drawn, drifters))
    return parts, answer.cases


Told = tuple[dict[str, Any], tuple[tuple[str, ...], ...]]


def _told(key: str, found: Any, answer: RecoveryAnswer, language: str) -> Told:
    """The values of a part's sentence, and the rows of its table."""
    told = figure_words(language)

    def row(name: str, share: Proportion, *more: str) -> tuple[str, ...]:
        return (name, show_share(share.value), _between(share.interval, language), show_number(share.total), *more)

    if key == "fives":
        return _share(found, language), ()
    if key == "double_deviation":
        return _share(found.rate, language), tuple(
            row(told.reasons.get(name, name), share) for name, share in found.by_reason.items()
        )
    if key == "speed":
        rows = tuple(
            row(band_name(band.above, band.up_to, language), band.fives, f"{band.mean_rating:.2f}")
            for band in found.bands
        )
        return {"correlation": show_correlation(found.association.spearman), "p": show_p(found.association.p),
                "slower_is_worse": found.association.spearman < 0 and found.association.p < 0.05}, rows  # fmt: skip
    if key == "fairness":
        return {"strongest": told.fairness.get(found[0].dimension, found[0].dimension)}, tuple(
            (told.fairness.get(one.dimension, one.dimension), show_correlation(one.association.spearman),
             _between(one.association.spearman_interval, language, number=True), show_p(one.p_adjusted))
            for one in found
        )  # fmt: skip
    if key == "paradox":
        return {"paradox": found.paradox, "p": show_p(found.p_adjusted[0])}, tuple(
            row(told.paradox_groups.get(group.name, group.name), group.fives, f"{group.mean:.2f}")
            for group in found.groups
        )
    if key == "cost":
        return _cost(found, answer.currency, language), ()
    if key == "repeats":
        rate = found.rate
        return {
            "window": found.window, "told": rate is not None, "recent": show_number(found.too_recent),
            "customers": show_number(found.repeating_customers), **(_share(rate, language) if rate else {}),
        }, ()  # fmt: skip
    if key == "concentration":
        return {
            "top": show_number(found.top_customers), "top_share": show_share(found.top_share),
            "customers": show_number(found.customers), "share": show_share(found.share_of_top),
            "reach": show_share(found.share_to_reach), "goal": show_share(found.goal),
        }, ()  # fmt: skip
    return {"found": show_number(found.found), "judged": show_number(found.judged),
            "chance": f"{found.false_alarms:.1f}", "too_few": show_number(found.too_few_visits)}, ()  # fmt: skip


def _drifters(work: UnitOfWork, found: Any, tiers: dict[str, str]) -> tuple[Drifter, ...]:
    """Those of whom it is least likely to be chance, each with their latest conversation."""
    drifts = {drift.customer: drift for drift in found.named[:_DRIFTING_SHOWN]}
    asked = (
        select(Customer.public_id, Customer.name, Identity.channel, Identity.external_id, Conversation.public_id)
        .join(Identity, Identity.customer_id == Customer.id)
        .join(Conversation, Conversation.identity_id == Identity.id)
        .where(Customer.public_id.in_(drifts))
        .order_by(Conversation.id)
    )
    # The latest of each customer stays.
    last = {row[0]: row[1:] for row in work.session.execute(asked)}
    return tuple(
        Drifter(
            who, channel, name, conversation, tiers.get(found.tiers.get(customer, ""), "–"),
            show_number(drift.silence), show_number(round(drift.usual_gap)), show_p(drift.chance),
        )
        for customer, drift in drifts.items()
        for name, channel, who, conversation in [last.get(customer, (None, "", customer, ""))]
    )  # fmt: skip


def _share(found: Proportion, language: str) -> dict[str, Any]:
    return {
        "share": show_share(found.value), "interval": _between(found.interval, language),
        "successes": show_number(found.successes), "total": show_number(found.total),
    }  # fmt: skip


def _between(interval: Interval, language: str, *, number: bool = False) -> str:
    def write(value: float) -> str:
        return show_correlation(value) if number else show_share(value)

    return figure_words(language).interval.format(low=write(interval.low), high=write(interval.high))


def _cost(found: Any, currency: str | None, language: str) -> dict[str, Any]:
    def money(value: float) -> str:
        if value in (float("inf"), float("-inf")):
            return "–"
        return show_money(Money(round(value), currency), language) if currency else show_number(round(value))

    interval = found.fieller
    return {
        "value": money(found.value), "low": money(interval.low), "high": money(interval.high),
        "bounded": interval.high not in (float("inf"), float("-inf")), "regained": show_number(found.regained),
        "cases": show_number(found.cases), "total": money(found.total_cost),
    }  # fmt: skip
