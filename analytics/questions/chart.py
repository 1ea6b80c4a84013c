"""Question: has the process changed? The control chart of a part of a process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from analytics.charts.chart import Chart, Point
from analytics.charts.rules import Rules, rules_named
from analytics.drawing import Decided, Drawn, Kind, Method, Wish, direction_of, draw_counts, draw_measured
from analytics.improvement.elastic.decided import Decision, decisions_of, part_of
from analytics.measured import MeasuredSeries, measured_series
from analytics.periods import Every
from analytics.questions.chart_text import chart_text
from analytics.questions.question import Day, Span
from analytics.questions.slices import Dimension, SliceQuestion, names_of
from analytics.series import CountSeries, Slice, count_series
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from analytics.words import LANGUAGES, words
from store.database import UnitOfWork

Measure = Literal["defects", "rating", "acknowledgement", "first_response", "resolution"]

# A stable process runs about 109 points by these until its first false signal; by all eight of Nelson's far fewer.
STANDARD_RULES = ("nelson_1", "nelson_2", "nelson_5", "nelson_6")
MOST_CHARTS = 50


def _kind(value: object) -> object:
    return value.replace("-prime", "'") if isinstance(value, str) else value


class ChartQuestion(SliceQuestion):
    """Has it changed?"""

    measure: Measure = Field(
        "defects", description="what is charted: defects, the mean rating, or the geometric mean of the hours to a "
        "first answer by the bot, by a person, or to the resolution"
    )  # fmt: skip
    split: Dimension | None = Field(None, description="a chart for each step, category, department, …")
    every: Every = Field("day", description="what a point stands for; weeks begin on Monday")
    kind: Annotated[Kind, BeforeValidator(_kind)] = Field(
        "auto", description="of chart; p-prime and u-prime are Laney's; auto takes what fits and says why"
    )
    baseline: Span | None = Field(None, description="the days that give centre and limits; all of them without")
    phase: tuple[Day, ...] = Field((), description="first day of a new phase with limits of its own; also several")
    rules: tuple[str, ...] = Field(
        STANDARD_RULES,
        description="rules to look at: nelson, western_electric, limits, or single ones such as nelson_2",
    )
    limits: Method = Field("auto", description="normal, or exact by the distribution; auto takes exact ones for few")
    multiplier: float | None = Field(
        None, gt=0, le=10, description="how many standard deviations the limits are from the centre; 3 for most"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.baseline and self.phase:
            raise ValueError("baseline and phase exclude each other: each phase has its own baseline")
        if self.measure != "defects" and self.split == "step":
            raise ValueError(f"split: a {self.measure} is of a whole case and not of a step")
        rules_named(self.rules)
        return self

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ChartAnswer":
        self.see_that_the_step_exists(around)
        wish = Wish(
            self.kind, self.limits, self.multiplier, self.baseline, self.phase, Rules(which=rules_named(self.rules))
        )
        today = work.now.astimezone(around.zone).date()
        found: list[CountSeries] | list[MeasuredSeries]
        if self.measure == "defects":
            # Distances between defects are in days, whatever else a point stands for.
            every: Every = "day" if self.kind in ("g", "t") else self.every
            found = count_series(work, self.part, self.period, every, self.split, today)
        else:
            found = measured_series(work, self.measure, self.part, self.period, self.every, self.split)
        shown = found[:MOST_CHARTS]
        decisions = self._decisions(work, [series.key for series in shown])
        drawn = tuple(
            self._draw(series, replace(wish, decided=self._decided(work, series.key, decisions))) for series in shown
        )
        names = {one.series.key: names_of(self.split, self.process, one.series.key, around) for one in drawn}
        return ChartAnswer(self, around.zone.key, today, drawn, names, len(found) - len(drawn), decisions)

    def _part_of(self, key: str) -> Slice:
        return replace(self.part, **{self.split: key}) if self.split else self.part

    def _decisions(self, work: UnitOfWork, keys: list[str]) -> dict[str, Sequence[Decision]]:
        """The baselines that somebody decided on, by key; none where this question names its own."""
        if self.baseline or self.phase:
            return {}
        parts = {key: part for key in keys if (part := part_of(self._part_of(key))) is not None}
        found = decisions_of(work, self.measure, parts.values()) if parts else {}
        return {key: found[part] for key, part in parts.items() if part in found}

    def _decided(self, work: UnitOfWork, key: str, decisions: Mapping[str, Sequence[Decision]]) -> tuple[Decided, ...]:
        """Those baselines with their own days, which may lie before the days that are shown."""
        made = []
        for decision in decisions.get(key, ()):
            found: list[CountSeries] | list[MeasuredSeries]
            if self.measure == "defects":
                every: Every = "day" if self.kind in ("g", "t") else self.every
                found = count_series(work, self._part_of(key), decision.period, every)
            else:
                found = measured_series(work, self.measure, self._part_of(key), decision.period, self.every)
            made += [Decided(decision.begins_on, series) for series in found[:1]]
        return tuple(made)

    def _draw(self, series: CountSeries | MeasuredSeries, wish: Wish) -> Drawn:
        try:
            if isinstance(series, MeasuredSeries):
                return draw_measured(series, wish)
            return draw_counts(series, self.process, wish)
        except WrongInput as error:
            # What was asked for cannot be: that is a mistake. What fits nothing yet is only not there yet.
            named = self.kind != "auto" or self.baseline or self.phase
            if named and self.split is None and len(series.days) > 1:
                raise
            return Drawn(series, self.kind, (), None, str(error))


@dataclass(frozen=True, slots=True)
class ChartAnswer:
    """Charts, one for each key of the split, most defects first.

    Attributes:
        more: charts of further keys, which are not shown.
        decisions: by key, the baselines by which a chart is judged since somebody decided so.
    """

    question: ChartQuestion
    zone: str
    today: date
    drawn: tuple[Drawn, ...]
    names: dict[str, dict[str, str]]
    more: int
    decisions: Mapping[str, Sequence[Decision]] = field(default_factory=dict)

    @property
    def upwards_is_good(self) -> bool:
        return self.question.measure == "rating"

    def direction(self, drawn: Drawn, chart: Chart, point: Point) -> Literal["better", "worse"] | None:
        """Whether a signal tells of ``better`` or ``worse``; None where it only tells of another pattern."""
        return direction_of(drawn, chart, point, upwards_is_good=self.upwards_is_good)

    def to_json(self) -> dict[str, Any]:
        which = list(rules_named(self.question.rules))
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "charts": [self._chart_json(drawn) for drawn in self.drawn],
            "more": self.more,
            "rules": {
                rule: {language: words(language).rules[rule].model_dump() for language in LANGUAGES} for rule in which
            },
            "empty": not self.drawn,
        }

    def _chart_json(self, drawn: Drawn) -> dict[str, Any]:
        series = drawn.series
        counts = series if isinstance(series, CountSeries) else None
        return {
            "key": series.key,
            "name": self.names.get(series.key, {}),
            "kind": drawn.kind,
            "why": list(drawn.why),
            "refused": drawn.refused,
            "no_denominator": counts.no_denominator if counts else None,
            "defects_without_denominator": counts.without_denominator if counts else 0,
            "gaps": [day.isoformat() for day in counts.gaps] if counts else [],
            "left_out": [day.isoformat() for day in drawn.left_out],
            "dispersion": drawn.dispersion.to_json() if drawn.dispersion else None,
            "false_alarm_every": drawn.false_alarm_every,
            "decisions": [decision.to_json() for decision in self.decisions.get(series.key, ())],
            "chart": drawn.chart.to_json() if drawn.chart is not None else None,
            "signals": [
                {
                    "chart": chart.kind,
                    "index": point.index,
                    "label": point.label.isoformat() if isinstance(point.label, date) else point.label,
                    "value": point.value,
                    "direction": self.direction(drawn, chart, point),
                    "rules": list(point.broken),
                }
                for chart, point in drawn.signals
            ],
        }

    def to_text(self) -> str:
        question = self.question
        about = str(question.part)
        if question.measure != "defects":
            about = f"{question.measure.replace('_', ' ')} of {about}"
        title = f"{about[0].upper()}{about[1:]}, {question.period}, by {question.every}"
        if not self.drawn:
            hint = "Points appear with the first complaint that is heard."
            return f"{title}: no cases yet.\n{hint}"
        parts = [title]
        for drawn in self.drawn:
            heading = drawn.series.key or ("not told" if question.split else "")
            texts = chart_text(drawn, partial(self.direction, drawn))
            parts.append((f"{question.split}: {heading}\n" if question.split else "") + texts)
            parts += [_said(decision) for decision in self.decisions.get(drawn.series.key, ())]
        if self.more:
            parts.append(f"{self.more} more are not shown: ask for one of them by its key.")
        return "\n\n".join(parts)

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each point."""
        yield ["key", "chart", "label", "value", "size", "centre", "lower", "upper", "phase", "in_baseline", "rules"]
        for drawn in self.drawn:
            for chart in drawn.charts:
                for point in chart.points:
                    yield [
                        drawn.series.key, chart.kind, point.label, point.value, point.size, point.centre, point.lower,
                        point.upper, point.phase, int(point.in_baseline), " ".join(point.broken),
                    ]  # fmt: skip


def _said(decision: Decision) -> str:
    days = f"Points since {decision.begins_on} are judged by {decision.since} to {decision.until}"
    return f"{days}, as {decision.decided_by} decided: {decision.reason}"
