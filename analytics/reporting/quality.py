"""Sections on the level: sigma of both processes, and the Pareto of complaints."""

from analytics.figures import figure_of
from analytics.figures.numbers import show_number, show_share
from analytics.figures.sigma_trend import sigma_trend
from analytics.recovery_steps import RECOVERY
from analytics.reporting.blocks import Heading, Picture, Section, Table, Tone, Words
from analytics.reporting.gathering import Gathered
from analytics.reporting.telling import Telling
from analytics.sigma import DefectRate, NoDenominator, RolledYield
from analytics.sigma_summary import SigmaLine, SigmaSummary

_LEVEL = 0.05
_SHOWN = 12


def sigma_section(found: Gathered, tell: Telling) -> Section:
    """Sigma levels with their intervals, against the month before."""
    words = tell.words
    section = Section("sigma", words.sections["sigma"])
    if any(state.trend for state in found.overview.states):
        section.blocks.append(Picture(sigma_trend(found.overview, tell.language), words.sigma["trend"]))
    for process in (RECOVERY, "service"):
        now, before = found.sigma[process]
        name = words.processes[process]
        section.blocks.append(Heading(name))
        rate = now.overall.rate
        if isinstance(rate, NoDenominator):
            section.blocks.append(Words(words.sigma["none"].format(process=name, why=tell.reason(rate.reason)), "note"))
        else:
            told = words.sigma["overall"].format(
                process=name,
                sigma=tell.sigma(rate),
                interval=tell.sigma_interval(rate),
                defects=show_number(rate.defects),
                size=show_number(rate.opportunities),
                before=tell.sigma(before.overall.rate),
            )
            key, tone = changed(rate, before.overall.rate)
            verdict = words.sigma[key]
            section.blocks.append(Words(f"{told}{verdict}。" if tell.language == "zh" else f"{told} {verdict}.", tone))
        if isinstance(now.overall.rolled, RolledYield):
            section.blocks.append(Words(words.sigma["rolled"].format(value=show_share(now.overall.rolled.value))))
        section.blocks.append(_steps(now, before, name, tell))
    convention = found.sigma[RECOVERY][0].convention
    said = words.sigma["convention"].format(shift=convention.shift, confidence=f"{convention.confidence:.0%}")
    section.blocks.append(Words(said, "note"))
    return section


def changed(now: DefectRate | NoDenominator, before: DefectRate | NoDenominator) -> tuple[str, Tone]:
    """Whether the two intervals do not even touch: a careful way to say that it is no chance."""
    if isinstance(now, NoDenominator) or isinstance(before, NoDenominator):
        return "same", ""
    if now.high < before.low:
        return "better", "better"
    return ("worse", "worse") if now.low > before.high else ("same", "")


def _steps(now: SigmaSummary, before: SigmaSummary, caption: str, tell: Telling) -> Table:
    earlier = {line.key: line.rate for line in before.lines}
    rows = [_row(line, earlier.get(line.key), tell) for line in now.lines]
    rows.append(_row(now.overall, before.overall.rate, tell, tell.words.sigma["whole"]))
    head = tell.column("step", "defects", "opportunities", "share", "sigma", "interval", "before", "change")
    return Table(head, rows, caption, frozenset({7}))


def _row(line: SigmaLine, before: DefectRate | NoDenominator | None, tell: Telling, name: str = "") -> list[str]:
    rate = line.rate
    named = name or (tell.name(dict(line.name), line.key) if line.key else tell.words.sigma["no_step"])
    earlier = tell.sigma(before) if before is not None else "–"
    if isinstance(rate, NoDenominator):
        return [named, show_number(line.without_denominator or None), "–", "–", "–", "–", earlier, ""]
    key, _ = changed(rate, before) if before is not None else ("same", "")
    return [
        named,
        show_number(rate.defects),
        show_number(rate.opportunities),
        show_share(rate.defects / rate.opportunities),
        tell.sigma(rate),
        tell.sigma_interval(rate),
        earlier,
        "" if key == "same" else tell.words.sigma[key],
    ]


def pareto_section(found: Gathered, tell: Telling) -> Section:
    """Which few categories make most of the trouble, and whether the mix has changed."""
    words, answer = tell.words, found.pareto
    section = Section("pareto", words.sections["pareto"])
    table = answer.table
    if table is None:
        section.blocks.append(Words(words.nothing))
        return section

    def name(dimension: str, key: str) -> str:
        return tell.name(found.names.of(dimension, key), key)

    vital = [name("category", row.category) for row in table.rows[: table.vital]]
    share = show_share(table.rows[table.vital - 1].cumulative_share)
    told = words.pareto["vital"].format(
        count=table.vital, share=share, total=show_number(table.total), names=tell.listed(vital)
    )
    section.blocks.append(Words(told))
    moves = {}
    if answer.change is not None:
        key = "changed" if answer.change.p < _LEVEL else "same"
        section.blocks.append(Words(words.pareto[key].format(p=tell.p(answer.change.p))))
        moves = {move.category: move for move in answer.change.moves}
    elif answer.no_test:
        section.blocks.append(Words(words.pareto["no_test"].format(why=tell.reason(answer.no_test)), "note"))
    section.blocks.append(Picture(figure_of(answer, tell.language, name), words.pareto["caption"]))
    rows = []
    for row in table.rows[:_SHOWN]:
        move = moves.get(row.category)
        mark = ""
        if move is not None and move.p_adjusted < _LEVEL:
            mark = f"{'▲' if move.after_share > move.before_share else '▼'} {tell.p(move.p_adjusted)}"
        rows.append(
            [
                name("category", row.category),
                show_number(row.count),
                show_share(row.share),
                show_share(row.cumulative_share),
                show_share(move.before_share) if move else "–",
                mark,
            ]
        )
    head = tell.column("category", "number", "now", "together", "before", "change")
    section.blocks.append(Table(head, rows, words.pareto["caption"]))
    return section
