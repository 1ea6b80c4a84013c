"""What to do next month: what the month's numbers ask for, the pressing things first."""

from collections.abc import Iterator
from datetime import date

from analytics.figures.numbers import show_number
from analytics.reporting.blocks import Points, Section, Words
from analytics.reporting.changes import charts_of
from analytics.reporting.gathering import Gathered
from analytics.reporting.telling import Telling
from analytics.service_steps import SERVICE
from analytics.sigma import DefectRate, NoDenominator
from analytics.words import words as chart_words
from store.blueprint import NO_STEP

# Of each kind so many: a list of everything asks for nothing.
_EACH = 4
_ALL = "all"


def next_section(found: Gathered, tell: Telling) -> Section:
    """The section, short."""
    words = tell.words
    items = [
        *list(_signals(found, tell))[:_EACH],
        *list(_charts(found, tell))[:_EACH],
        *list(_work(found, tell))[: 2 * _EACH],
        *_new_words(found, tell),
        *_weakest(found, tell),
        *_volumes(found, tell),
        *list(_laney(found, tell))[:_EACH],
        *_ahead(found, tell),
    ]
    return Section("next", words.sections["next"], [Points(items) if items else Words(words.next["nothing"])])


def _signals(found: Gathered, tell: Telling) -> Iterator[str]:
    for signal in found.improving.signals:
        if signal.direction == "worse":
            # Its own title is in the firm's language.
            title = found.names.title(signal.kind, signal.part, signal.details, tell.language)
            yield tell.words.next["signal"].format(title=title, since=tell.day(signal.since))


def _charts(found: Gathered, tell: Telling) -> Iterator[str]:
    """What became worse in the month, by the last point that said so."""
    words, told = tell.words, chart_words(tell.language)
    for one in charts_of(found, tell):
        worse = [
            point for chart, point in one.signals if one.answer.direction(one.drawn, chart, point) == "worse"
        ]  # fmt: skip
        if worse:
            last = worse[-1]
            assert isinstance(last.label, date)
            yield words.next["chart"].format(
                name=one.name,
                what=words.directions["worse"],
                day=tell.day(last.label),
                next=told.rules[last.broken[0]].next,
            )


def _work(found: Gathered, tell: Telling) -> Iterator[str]:
    words = tell.words
    for line in found.improving.open:
        if line.overdue:
            yield words.next["overdue"].format(number=line.number, title=line.title, count=line.overdue)
        if line.missing:
            yield words.next["stuck"].format(
                number=line.number,
                title=line.title,
                phase=words.improvement.phases[line.phase],
                missing=tell.listed([words.gate(code) for code in line.missing]),
            )


def _new_words(found: Gathered, tell: Telling) -> Iterator[str]:
    """Words are told that many customers say; never a sentence of one of them."""
    risen = [seen.term.term for seen in found.novelty.words][:_EACH]
    if risen:
        yield tell.words.next["words"].format(words=tell.listed(risen))


def _weakest(found: Gathered, tell: Telling) -> Iterator[str]:
    for process, (now, _) in found.sigma.items():
        rated = [(line, line.rate) for line in now.lines if isinstance(line.rate, DefectRate) and line.key != NO_STEP]
        known = [(line, rate) for line, rate in rated if rate.sigma_level is not None]
        if known:
            line, rate = min(known, key=lambda one: one[1].sigma_level or 0.0)
            yield tell.words.next["weakest"].format(
                process=tell.words.processes[process],
                step=tell.name(dict(line.name), line.key),
                sigma=f"{tell.sigma(rate)} σ",
            )


def _volumes(found: Gathered, tell: Telling) -> Iterator[str]:
    now, _ = found.sigma[SERVICE]
    missing = [
        tell.name(dict(line.name), line.key)
        for line in now.lines
        if isinstance(line.rate, NoDenominator) and line.key != NO_STEP
    ]
    if missing:
        yield tell.words.next["volumes"].format(
            process=tell.words.processes[SERVICE], steps=tell.listed(missing)
        )  # fmt: skip


def _laney(found: Gathered, tell: Telling) -> Iterator[str]:
    for one in charts_of(found, tell):
        if one.drawn.dispersion is not None and one.drawn.dispersion.advised == "laney":
            yield tell.words.next["laney"].format(name=one.name)


def _ahead(found: Gathered, tell: Telling) -> Iterator[str]:
    words = tell.words
    if found.holidays:
        days = tell.listed([tell.day(day) for day in found.holidays])
        yield words.next["holidays"].format(days=days)
    forecast = found.forecast.made.get(_ALL)
    if forecast is not None:
        within = [at for at, day in enumerate(forecast.days) if day >= found.month.after.since]
        low, mean, high = (sum(side[at] for at in within) for side in (forecast.low, forecast.mean, forecast.high))
        yield words.next["forecast"].format(
            number=show_number(round(mean)), low=show_number(round(low)), high=show_number(round(high))
        )
    drifting = found.recoveries[0].sections.get("drifting")
    number = getattr(drifting, "found", 0)
    if number:
        yield words.next["drifting"].format(number=show_number(number))
