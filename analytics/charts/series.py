"""What a chart is drawn from: values in the order of time, with sizes and labels, refused when wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.sigma import WrongInput

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Label = str | int | date


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A copy that nobody can write to."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy


def sealed(array: NDArray[Any]) -> NDArray[Any]:
    """The array itself, not writable from now on: for arrays that nobody else holds."""
    array.setflags(write=False)
    return array


def numbers(values: ArrayLike, name: str, kept: bool = True) -> Floats:
    """One-dimensional finite numbers.

    Args:
        name: what a message calls one of them.
        kept: they are kept, so they must be a copy that nobody can write to.

    Raises:
        WrongInput: a value is no finite number (the row is named, from 1), or there is not one dimension.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise ValueError
        # What nobody can write to need not be copied.
        array = array.astype(np.float64, copy=kept and (array.flags.writeable or array.base is not None))
    except (TypeError, ValueError):
        raise WrongInput(_first_wrong(values, name)) from None
    if array.ndim != 1:
        raise WrongInput(f"{name}: one row of numbers is needed, not an array of {array.ndim} dimensions")
    wrong = ~np.isfinite(array)
    refuse(wrong, lambda row: f"{name} must be a finite number, not {array[row]}")
    return sealed(array) if kept else array


def _first_wrong(values: ArrayLike, name: str) -> str:
    if isinstance(values, Sequence) and not isinstance(values, str):
        for row, value in enumerate(values, start=1):
            if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
                return f"row {row}: {name} must be a number, not {value!r}"
    return f"{name}: numbers are needed"


def refuse(wrong: Booleans, message: Any) -> None:
    """Raise ``WrongInput`` for the first row that is wrong.

    Args:
        message: makes the words from the row's position, counted from 0.
    """
    if wrong.any():
        row = int(np.argmax(wrong))
        raise WrongInput(f"row {row + 1}: {message(row)}")


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values in the order of time.

    Attributes:
        values: counts or measurements, shape (points,).
        sizes: sample sizes or exposures, the same shape; None where a kind of chart has none.
        labels: one a point, mostly the day; None: the index is the label.
        first: index of the first point.
    """

    values: Floats
    sizes: Floats | None = None
    labels: tuple[Label, ...] | None = None
    first: int = 1

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        sizes: ArrayLike | None = None,
        labels: Sequence[Label] | None = None,
        first: int = 1,
    ) -> "Series":
        """Check and keep the data; a single size stands for all points.

        Raises:
            WrongInput: a value is not finite, a size is not above 0, the lengths differ, or dates are not in order.
        """
        kept = numbers(values, "the value")
        measured: Floats | None = None
        if sizes is not None:
            given = np.full(kept.shape, sizes) if np.ndim(sizes) == 0 else sizes
            measured = numbers(given, "the size")
            same_length(len(kept), len(measured), "values", "sizes")
            positive = measured
            refuse(positive <= 0, lambda row: f"the size must be above 0, not {positive[row]:g}")
        if labels is not None:
            same_length(len(kept), len(labels), "values", "labels")
            in_order(labels)
        return cls(kept, measured, None if labels is None else tuple(labels), first)

    def __len__(self) -> int:
        return len(self.values)

    def part(self, chosen: slice | Booleans) -> "Series":
        """Some of the points; those left are taken as following each other."""
        positions = np.arange(len(self))[chosen]
        return Series(
            values=sealed(self.values[chosen]),
            sizes=None if self.sizes is None else sealed(self.sizes[chosen]),
            labels=None if self.labels is None else tuple(self.labels[position] for position in positions),
            first=self.first + int(positions[0]) if len(positions) else self.first,
        )

    def need_sizes(self) -> Floats:
        if self.sizes is None:
            raise WrongInput("this chart needs the size of each sample")
        return self.sizes


def same_length(first: int, second: int, first_name: str, second_name: str) -> None:
    if first != second:
        raise WrongInput(
            f"{first} {first_name} but {second} {second_name}: row {min(first, second) + 1} has no partner"
        )


def in_order(labels: Sequence[Label]) -> None:
    """Refuse dates that go back, and dates mixed with other labels (equal ones may follow each other)."""
    dates = [label for label in labels if isinstance(label, date)]
    if dates and len(dates) != len(labels):
        row = next(row for row, label in enumerate(labels, start=1) if not isinstance(label, date))
        raise WrongInput(f"row {row}: the label must be a date like the others, not {labels[row - 1]!r}")
    for row in range(1, len(dates)):
        if not follows(dates[row - 1], dates[row]):
            raise WrongInput(f"row {row + 1}: {dates[row]} comes before {dates[row - 1]}; dates must be in order")


def follows(earlier: date, later: date) -> bool:
    """Whether two dates are in order; equal ones are.

    Raises:
        WrongInput: they are of different kinds (a day and a time, with and without a time zone).
    """
    try:
        return earlier <= later
    except TypeError:
        raise WrongInput(f"{later} cannot be compared with {earlier}: they are dates of different kinds") from None


def whole(values: Floats, name: str) -> None:
    """Refuse values that are negative or no whole numbers."""
    refuse(values < 0, lambda row: f"{name} must not be negative, not {values[row]:g}")
    refuse(values != np.floor(values), lambda row: f"{name} must be a whole number, not {values[row]:g}")
