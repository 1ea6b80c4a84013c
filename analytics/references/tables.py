"""Reference cases of sigma levels, yields and Pareto tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from analytics.references.chart_values import same_names
from analytics.references.comparing import GIVEN, Candidate, Scaled
from analytics.references.reference import Reference, UnreadableReference, is_number, plain, whole_number
from analytics.sigma import MILLION, Convention, DefectRate, WrongInput, dpmo_of, measure
from analytics.statistics.pareto import ParetoRow, pareto
from analytics.statistics.sigma_levels import sigma_level
from analytics.statistics.yields import process_yields, rolled_throughput_yield

_LEVELS = ("sigma", "sigma_level", "level", "z")


def sigma_tables(reference: Reference) -> list[Candidate]:
    """Tables of levels and rates, whichever way round, and levels of counts."""
    shift = reference.number("shift")
    shift = 1.5 if shift is None else shift
    values: dict[str, Any] = {}
    for key, expected in reference.expected.items():
        name = plain(key)
        if isinstance(expected, Mapping) and all(_is_number_text(level) for level in expected):
            values[name] = {level: dpmo_of(float(level), shift) for level in expected}
        elif isinstance(expected, list) and all(isinstance(row, Mapping) for row in expected):
            backwards = any(word in name for word in ("inverse", "to_sigma", "reverse"))
            values[name] = [_level_row(row, shift, backwards) for row in expected]
    values |= _columns_of_levels(reference, shift)
    rate = reference.number("dpmo", "ppm")
    share = reference.number("yield", "yield_percent", "process_yield")
    if rate is None and share is not None:
        percent = share > 1 or "yield_percent" in map(plain, (*reference.data, *reference.params))
        rate = MILLION * (1 - share / (100 if percent else 1))
        values["dpmo"] = rate
    if rate is not None:
        size = reference.number("opportunities", "n")
        found = sigma_level(rate, shift, opportunities=None if size is None else whole_number(size))
        same_names(values, ("sigma", "sigma_level", "level", "z", "z_st"), Scaled(found.level))
        same_names(values, ("sigma_low", "at_least", "sigma_bound", "sigma_lower_bound"), Scaled(found.at_least))
        if 0 < rate < MILLION:
            names = ("z_lt", "sigma_long_term", "z_long_term", "long_term_sigma", "z_bench", "sigma_no_shift")
            same_names(values, names, Scaled(sigma_level(rate, 0.0).level))
        same_names(values, ("yield", "process_yield"), Scaled(1 - rate / MILLION))
        same_names(values, ("yield_percent", "yield_pct"), Scaled(100 * (1 - rate / MILLION)))
    level = reference.number("sigma", "sigma_level")
    if level is not None:
        same_names(values, ("dpmo", "dpmo_one_sided"), dpmo_of(level, shift))
        values["dpmo_two_sided"] = dpmo_of(level, shift, True)
    values |= _counted(reference, shift)
    return [Candidate(f"shift {shift:g}", values)]


def _columns_of_levels(reference: Reference, shift: float) -> dict[str, Any]:
    """Levels of a column of rates, or rates of a column of levels."""
    values: dict[str, Any] = {}
    rates, levels = _listed(reference, "dpmo", "ppm"), _listed(reference, *_LEVELS)
    if rates is not None and all(is_number(rate) and 0 < rate < MILLION for rate in rates):
        same_names(values, _LEVELS, [Scaled(sigma_level(float(rate), shift).level) for rate in rates])
    told = {name: _listed(reference, name) for name in ("defects", "opportunities", "units", "opportunities_per_unit")}
    columns = {name: column for name, column in told.items() if column is not None}
    if "defects" in columns and len({len(column) for column in columns.values()}) == 1:
        single = {key: value for key, value in reference.params.items() if is_number(value)}
        rows = [
            _counted(Reference("", "", single, dict(zip(columns, row, strict=True)), {}), shift)
            for row in zip(*columns.values(), strict=True)
        ]
        for name in set.intersection(*(set(row) for row in rows)):
            values[name] = [row[name] for row in rows]
    if levels is not None and all(is_number(level) for level in levels):
        same_names(values, ("dpmo", "dpmo_one_sided", "ppm"), [dpmo_of(float(level), shift) for level in levels])
        values["dpmo_two_sided"] = [dpmo_of(float(level), shift, True) for level in levels]
        good = [1 - dpmo_of(float(level), shift) / MILLION for level in levels]
        values["yield"] = [Scaled(share) for share in good]
        values["yield_percent"] = [Scaled(100 * share) for share in good]
    return values


def yields(reference: Reference) -> list[Candidate]:
    """Yields from defects and rework by step, or from the steps' own yields."""
    values: dict[str, Any] = {}
    reference = _steps_as_columns(reference)
    defects = _listed(reference, "defects", "defectives", "failures", "scrap")
    by_size = _passed(reference)
    steps = by_size or _listed(
        reference, "yields", "step_yields", "fpy", "first_pass_yields", "process_yields", "yield", "fty"
    )
    sizes = reference.given("opportunities", "units", "n", "inputs", "input", "started", "entered")
    if steps is None and defects is None and reference.data:
        # Steps by name: {"inspect": 0.98, "pack": 0.95}.
        named_steps = list(reference.data.values())
        if len(named_steps) > 1 and all(is_number(value) and 0 < value <= 1 for value in named_steps):
            reference.heeded("data")
            steps = named_steps
    same, many = reference.number("step_yield", "yield_per_step", "yield"), reference.number("steps", "n_steps", "k")
    if steps is None and same is not None and many is not None:
        steps = [same] * whole_number(many)
    if steps is not None and any(is_number(value) and value > 1 for value in steps):
        # In per cent.
        steps = [value / 100 for value in steps]
    if defects is not None and sizes is not None:
        found = process_yields(defects, _listed(reference, "rework", "reworked"), sizes)
        same_names(values, ("yield", "final_yield", "y"), found.final_yield)
        same_names(values, ("fty", "first_time_yield", "fpy", "first_pass_yield", "tpy"), found.first_time_yield)
        same_names(values, ("rty", "rolled_throughput_yield", "rolled_yield"), found.rolled_yield)
        same_names(values, ("dpu", "dpu_correct", "defects_per_unit", "dpo"), found.defects_per_unit)
        same_names(values, ("dpmo",), found.dpmo)
        same_names(values, ("step_yields", "steps", "yields"), list(found.step_yields))
        same_names(values, ("normalized_yield", "normalised_yield", "ny"), found.normalised_yield)
        interval = found.rolled_interval
        same_names(values, ("rty_ci", "rty_interval", "rolled_interval"), [interval.low, interval.high])
        if 0 < found.dpmo < MILLION:
            same_names(values, ("sigma", "sigma_level", "z"), Scaled(sigma_level(found.dpmo).level))
    elif steps is not None:
        rolled = rolled_throughput_yield(steps)
        same_names(values, ("rty", "rolled_throughput_yield", "rolled_yield"), rolled.value)
        same_names(values, ("normalized_yield", "normalised_yield", "ny", "average_yield"), rolled.normalised)
        same_names(values, ("dpu", "tdpu", "total_dpu"), rolled.defects_per_unit)
        if 0 < rolled.value < 1:
            level = sigma_level(MILLION * (1 - rolled.value)).level
            same_names(values, ("sigma", "sigma_level", "z"), Scaled(level))
    shift = reference.number("shift")
    for key, value in _counted(reference, 1.5 if shift is None else shift).items():
        values.setdefault(key, value)
    values |= _of_poisson(reference)
    if not values:
        raise UnreadableReference("has neither defects and opportunities nor step yields in its `data`")
    return [Candidate("", values)]


def pareto_tables(reference: Reference) -> list[Candidate]:
    """Categories in order, their counts and shares; the other ones sorted in, or last."""
    data = reference.data
    reference.heeded("data")
    names: list[str] | None = None
    listed: list[Any] | None = None
    for key, value in data.items():
        if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
            names = [next((entry for entry in row.values() if isinstance(entry, str)), "") for row in value]
            listed = [next((entry for entry in row.values() if is_number(entry)), None) for row in value]
        elif isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
            names = value
        elif isinstance(value, list) and value and all(is_number(entry) for entry in value):
            listed = value
        elif isinstance(value, Mapping) and value and plain(key) in ("counts", "causes", "categories", "data", "x"):
            names, listed = list(value), list(value.values())
    counts: dict[str, Any] = dict(zip(names, listed, strict=True)) if names and listed else {}
    if not counts:
        counts = {name: value for name, value in data.items() if is_number(value)}
    if not counts:
        raise UnreadableReference("has no counts in its `data`")
    other = next((name for name in counts if plain(name) in ("other", "others", "misc", "miscellaneous")), None)
    last = reference.option("last", "other_last")
    ways: list[tuple[str | None, str]] = [(None, "other sorted in"), (other, "other last")]
    if other is None:
        ways = [(None, "sorted by count")]
    if isinstance(last, str):
        ways = [(last, f"{last} last")]
    elif isinstance(last, bool):
        ways = ways[-1:] if last else ways[:1]
    whole = all(isinstance(value, int) for value in counts.values())
    candidates = []
    for category, said in ways:
        found = pareto(counts, last=category, whole=whole)
        rows = found.rows
        values: dict[str, Any] = {"total": found.total}
        same_names(
            values,
            ("order", "categories", "category", "causes", "names", "sorted", "labels"),
            [row.category for row in rows],
        )
        same_names(values, ("count", "counts", "frequency", "freq"), [row.count for row in rows])
        same_names(
            values, ("cumulative", "cum_count", "cumulative_count", "cum_freq", "cumulative_frequency", "cum"),
            [row.cumulative for row in rows],
        )  # fmt: skip
        same_names(values, ("share", "shares", "proportion", "fraction"), [row.share for row in rows])
        cumulative = [row.cumulative_share for row in rows]
        same_names(values, ("cum_share", "cumulative_share", "cum_proportion", "cumulative_proportion"), cumulative)
        percent = [100 * row.share for row in rows]
        same_names(values, ("percent", "percentage", "percents", "pct", "percentages"), percent)
        percent = [100 * row.cumulative_share for row in rows]
        same_names(
            values, ("cum_percent", "cumulative_percent", "cum_percentage", "cum_pct", "cumulative_percentage",
            "cumulative_pct"), percent,
        )  # fmt: skip
        values |= {"table": _pareto_rows(rows), "rows": _pareto_rows(rows)}
        same_names(values, ("vital", "vital_few_count", "n_vital"), found.vital)
        same_names(values, ("vital_few", "vital_categories"), [row.category for row in rows[: found.vital]])
        for share in (50, 60, 70, 75, 80, 85, 90, 95):
            few = next((n for n, row in enumerate(rows, 1) if row.cumulative_share >= share / 100 - 1e-12), len(rows))
            same_names(values, (f"vital_few_{share}", f"categories_to_{share}"), [row.category for row in rows[:few]])
            same_names(values, (f"n_to_{share}", f"n_vital_{share}"), few)
        candidates.append(Candidate(said, values))
    return candidates


def _pareto_rows(rows: Sequence[ParetoRow]) -> list[dict[str, Any]]:
    table = []
    for row in rows:
        shown: dict[str, Any] = {}
        same_names(shown, ("category", "cause", "name", "label"), row.category)
        same_names(shown, ("count", "frequency", "freq"), row.count)
        same_names(shown, ("cumulative", "cum_count", "cum_freq", "cum"), row.cumulative)
        same_names(shown, ("share", "proportion"), row.share)
        same_names(shown, ("percent", "percentage", "pct"), 100 * row.share)
        same_names(shown, ("cum_share", "cumulative_share"), row.cumulative_share)
        same_names(shown, ("cum_percent", "cumulative_percent", "cum_pct"), 100 * row.cumulative_share)
        table.append(shown)
    return table


def _level_row(row: Mapping[str, Any], shift: float, backwards: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    given = {plain(key): value for key, value in row.items() if is_number(value)}
    defects = next((given[name] for name in ("defects", "d") if name in given), None)
    if defects is not None:
        counted = _counted(Reference("", "", {}, given, {}), float(given.get("shift", shift)))
        inputs = ("defects", "d", "opportunities", "n", "units", "opportunities_per_unit", "shift")
        return {**counted, **dict.fromkeys(inputs, GIVEN)} if counted else values
    level = next((given[name] for name in _LEVELS if name in given), None)
    rate = given.get("dpmo")
    own = float(given.get("shift", shift))
    if level is None and rate is None:
        return values
    if rate is not None and (backwards or level is None or set(given) <= {"dpmo", "shift", *_LEVELS}):
        try:
            found = sigma_level(rate, own, opportunities=_size(given))
        except WrongInput:
            return values
        values = dict.fromkeys(_LEVELS, Scaled(found.level))
        same_names(values, ("sigma_low", "at_least", "sigma_bound"), Scaled(found.at_least))
        return {**values, "dpmo": GIVEN, "shift": GIVEN, "opportunities": GIVEN}
    assert level is not None
    one, two, none = dpmo_of(level, own), dpmo_of(level, own, True), dpmo_of(level, 0, True)
    values = dict.fromkeys((*_LEVELS, "shift"), GIVEN)
    same_names(values, ("dpmo", "dpmo_one_sided", "one_sided"), one)
    same_names(values, ("dpmo_two_sided", "two_sided"), two)
    same_names(values, ("dpmo_no_shift_two_sided", "no_shift_two_sided", "dpmo_unshifted_two_sided"), none)
    same_names(values, ("dpmo_no_shift", "dpmo_no_shift_one_sided", "no_shift"), dpmo_of(level, 0))
    same_names(values, ("yield_percent", "yield_pct"), Scaled(100 * (1 - one / MILLION)))
    same_names(values, ("yield", "share_good"), Scaled(1 - one / MILLION))
    return values


def _size(given: Mapping[str, Any]) -> int | None:
    size = given.get("opportunities")
    return None if size is None else whole_number(size)


def _counted(reference: Reference, shift: float) -> dict[str, Any]:
    """What counts of defects among opportunities give."""
    defects = reference.number("defects", "d")
    size = reference.number("opportunities", "n", "total_opportunities")
    units = reference.number("units", "n_units")
    by_unit = reference.number("opportunities_per_unit", "opportunities_by_unit", "opp_per_unit")
    if by_unit is None and units is not None and size is not None and size < units:
        # So few opportunities are those of one unit.
        by_unit = size
    if by_unit is not None and units is not None:
        size = units * by_unit
    if defects is None or size is None:
        return {}
    sure = reference.number("confidence", "confidence_level", "conf_level")
    sure = 0.95 if sure is None else sure
    if reference.yes("one_sided") or "one" in reference.words("sides", "sided", "alternative"):
        # One bound at 95 % is the end of a two-sided interval at 90 %.
        sure = 2 * sure - 1
    rate = measure(whole_number(defects), whole_number(size), Convention(shift, sure))
    if not isinstance(rate, DefectRate):
        return {}
    values: dict[str, Any] = {"yield": rate.process_yield, "dpo": rate.share, "dpmo": rate.dpmo, "ppm": rate.dpmo}
    same_names(values, ("total_opportunities", "opportunities"), rate.opportunities)
    if units:
        same_names(values, ("dpu", "defects_per_unit"), defects / units)
        same_names(values, ("rty", "throughput_yield", "tpy", "fty", "poisson_yield"), math.exp(-defects / units))
    same_names(values, ("sigma", "sigma_level", "z"), Scaled(rate.sigma_level))
    same_names(
        values, ("sigma_low", "sigma_lower", "sigma_bound", "sigma_lower_bound", "at_least"), Scaled(rate.sigma_low)
    )
    same_names(values, ("sigma_high", "sigma_upper"), Scaled(rate.sigma_high))
    same_names(values, ("dpmo_low", "dpmo_lower"), rate.dpmo_low)
    same_names(values, ("dpmo_high", "dpmo_upper", "dpmo_upper_bound"), rate.dpmo_high)
    same_names(values, ("ci", "interval"), [rate.low, rate.high])
    same_names(values, ("dpmo_ci", "dpmo_interval"), [rate.dpmo_low, rate.dpmo_high])
    same_names(values, ("sigma_ci", "sigma_interval"), [rate.sigma_low, rate.sigma_high])
    if 0 < rate.dpmo < MILLION:
        names = ("z_lt", "sigma_long_term", "z_long_term", "long_term_sigma", "z_bench")
        same_names(values, names, Scaled(sigma_level(rate.dpmo, 0.0).level))
    return values


def _steps_as_columns(reference: Reference) -> Reference:
    """Steps that are told one by one, as columns of all."""
    rows = reference.given("steps", "process", "stages", "operations")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        return reference
    names = list(dict.fromkeys(key for row in rows for key in row))
    if not all(name in row for row in rows for name in names):
        raise UnreadableReference("has steps that do not all say the same")
    reference.heeded("data")
    return reference.holding({name: [row[name] for row in rows] for name in names})


def _of_poisson(reference: Reference) -> dict[str, Any]:
    """The yield that defects per unit leave, and the other way round, where defects fall by chance alone."""
    values: dict[str, Any] = {}
    per_unit = reference.number("dpu", "tdpu", "total_dpu", "defects_per_unit")
    if per_unit is not None:
        names = ("yield", "fty", "tpy", "rty", "throughput_yield", "first_time_yield", "rolled_throughput_yield")
        same_names(values, names, math.exp(-per_unit))
    passed = reference.number("fty", "tpy", "rty", "throughput_yield", "rolled_throughput_yield")
    if passed is not None and 0 < passed < 1:
        same_names(values, ("dpu", "tdpu", "defects_per_unit"), -math.log(passed))
        same_names(values, ("sigma", "sigma_level", "z"), Scaled(sigma_level(MILLION * (1 - passed)).level))
    return values


def _passed(reference: Reference) -> list[float] | None:
    """Yields of steps from how many came in and how many went out."""
    entered = _listed(reference, "inputs", "input", "started", "entered", "units_in", "in")
    left = _listed(reference, "outputs", "output", "passed", "good", "units_out", "out")
    if entered is None or left is None or len(entered) != len(left):
        return None
    if not all(is_number(value) and value > 0 for value in entered):
        raise UnreadableReference("has steps that nothing entered")
    return [out / into for into, out in zip(entered, left, strict=True)]


def _listed(reference: Reference, *names: str) -> Sequence[Any] | None:
    found = reference.given(*names)
    return found if isinstance(found, list) else None


def _is_number_text(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
