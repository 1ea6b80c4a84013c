"""Reads the arrays that callers hand in and refuses wrong ones by name and row (rows count from 1)."""

import math
from collections.abc import Sequence
from datetime import date
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.sigma import WrongInput

FloatArray = NDArray[np.float64]
Flags = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def real(
    value: object,
    name: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """A finite number within bounds.

    Raises:
        WrongInput: it is not.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real) or not math.isfinite(value):
        raise WrongInput(f"{name} must be a finite number, not {value!r}")
    number = float(value)
    if minimum is not None and number < minimum:
        raise WrongInput(f"{name} must be at least {minimum:g}, not {number:g}")
    if above is not None and number <= above:
        raise WrongInput(f"{name} must be above {above:g}, not {number:g}")
    if below is not None and number >= below:
        raise WrongInput(f"{name} must be below {below:g}, not {number:g}")
    return number


def share(value: object, name: str) -> float:
    """A number between 0 and 1, both excluded.

    Raises:
        WrongInput: it is not.
    """
    return real(value, name, above=0, below=1)


def count(value: object, name: str, *, minimum: int = 0) -> int:
    """A whole number of at least ``minimum``.

    Raises:
        WrongInput: it is not.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise WrongInput(f"{name} must be a whole number, not {value!r}")
    if value < minimum:
        raise WrongInput(f"{name} must be at least {minimum}, not {value}")
    return int(value)


def numbers(
    values: ArrayLike,
    name: str,
    *,
    least: int = 1,
    minimum: float | None = None,
    above: float | None = None,
) -> FloatArray:
    """A one-dimensional array of finite numbers.

    Args:
        least: how many there must be.
        minimum: what each must reach.
        above: what each must exceed.

    Raises:
        WrongInput: they are too few, or one is no such number; the message names its row.
    """
    try:
        # Words that look like numbers are none.
        if np.asarray(values).dtype.kind in "USmM":
            raise TypeError
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise WrongInput(f"{_wrong_row(values, name)}") from None
    if array.ndim != 1:
        raise WrongInput(f"{name} must be one row of numbers, not an array of {array.ndim} dimensions")
    if array.size < least:
        raise WrongInput(f"{name}: {array.size} given, at least {least} needed")
    _refuse(~np.isfinite(array), array, name, "must be a finite number")
    if minimum is not None:
        _refuse(array < minimum, array, name, f"must be at least {minimum:g}")
    if above is not None:
        _refuse(array <= above, array, name, f"must be above {above:g}")
    return array


def counts(values: ArrayLike, name: str, *, least: int = 1, minimum: int = 0) -> IntArray:
    """A one-dimensional array of whole numbers.

    Raises:
        WrongInput: they are too few, or one is no whole number or below ``minimum``; the message names its row.
    """
    array = numbers(values, name, least=least, minimum=minimum)
    _refuse(array != np.floor(array), array, name, "must be a whole number")
    return array.astype(np.int64)


def flags(values: ArrayLike, name: str) -> Flags:
    """A one-dimensional array of yes and no (or 1 and 0).

    Raises:
        WrongInput: one is neither; the message names its row.
    """
    array = numbers(values, name, least=0)
    _refuse((array != 0) & (array != 1), array, name, "must be 0 or 1")
    said: Flags = array == 1
    return said


def days(values: Sequence[date], name: str, *, consecutive: bool = False) -> IntArray:
    """Days as ordinal numbers, in rising order.

    Raises:
        WrongInput: one is no day, or does not come after the one before; the message names its row.
    """
    for row, value in enumerate(values, 1):
        if not isinstance(value, date):
            raise WrongInput(f"{name}, row {row}: {value!r} is no day")
    ordinals = np.array([value.toordinal() for value in values], dtype=np.int64)
    steps = np.diff(ordinals)
    for row in np.flatnonzero(steps <= 0)[:1]:
        raise WrongInput(f"{name}, row {row + 2}: {values[row + 1]} does not come after {values[row]}")
    if consecutive:
        for row in np.flatnonzero(steps != 1)[:1]:
            raise WrongInput(f"{name}, row {row + 2}: {values[row + 1]} is not the day after {values[row]}")
    return ordinals


def same_length(**columns: Sequence[Any] | NDArray[Any]) -> int:
    """How many rows all columns have.

    Raises:
        WrongInput: they differ.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise WrongInput("the columns differ in length: " + ", ".join(f"{name} {n}" for name, n in lengths.items()))
    return next(iter(lengths.values()))


def one_of(value: str, name: str, choices: Sequence[str]) -> str:
    """One of the named choices.

    Raises:
        WrongInput: it is none of them.
    """
    if value not in choices:
        raise WrongInput(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    return value


def _refuse(wrong: NDArray[np.bool_], array: FloatArray, name: str, rule: str) -> None:
    for row in np.flatnonzero(wrong)[:1]:
        raise WrongInput(f"{name}, row {row + 1}: {rule}, not {array[row]:g}")


def _wrong_row(values: ArrayLike, name: str) -> str:
    if isinstance(values, Sequence):
        for row, value in enumerate(values, 1):
            if not isinstance(value, Real):
                return f"{name}, row {row}: must be a number, not {value!r}"
    return f"{name} must be a row of numbers"
