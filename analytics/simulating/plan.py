"""What a history is made up of, and the truths planted in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from analytics.sigma import WrongInput

FEWEST_DAYS, MOST_DAYS = 300, 1500
FEWEST_CASES, MOST_CASES = 3_000, 200_000
SEED, DAYS, CASES = 1, 420, 8_000

# What share of all complaints each category has where nothing is planted.
SHARES: Mapping[str, float] = MappingProxyType(
    {
        "delivery": 0.23,
        "product_quality": 0.20,
        "digital_app": 0.13,
        "service_attitude": 0.12,
        "product_mismatch": 0.10,
        "service_delay": 0.07,
        "billing_price": 0.06,
        "after_sales": 0.06,
        "facility_environment": 0.015,
        "other": 0.01,
        "privacy_security": 0.005,
    }
)
# Complaints in a hundred that a service step is done, by the category that names it best; one where none does.
RATES: Mapping[str, float] = MappingProxyType(
    {
        "digital_app": 0.004,
        "billing_price": 0.003,
        "product_quality": 0.015,
        "delivery": 0.010,
        "service_attitude": 0.012,
        "after_sales": 0.025,
    }
)
USUAL_RATE = 0.01
RARE_CATEGORY = "safety"
# So many days lie between two of the rare category on average, whatever the size of the firm.
RARE_EVERY_DAYS = 18.0
# Shape of the gamma distribution by which the rate of the overdispersed category differs from day to day.
OVERDISPERSED_SHAPE = 1.2


@dataclass(frozen=True, slots=True)
class Plan:
    """A history to be made up: the same plan makes the same history for the same firm.

    Attributes:
        days: how many there are.
        cases: how many complaints are expected in all; chance decides how many come.
        until: the last day.

    Raises:
        WrongInput: too few or too many days or cases for what is to be seen in them.
    """

    seed: int
    days: int
    cases: int
    until: date

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("days", self.days, FEWEST_DAYS, MOST_DAYS),
            ("cases", self.cases, FEWEST_CASES, MOST_CASES),
            ("seed", self.seed, 0, 2**63 - 1),
        ):
            if not least <= value <= most:
                raise WrongInput(f"{name}: must lie between {least:,} and {most:,}, not be {value:,}")

    @property
    def since(self) -> date:
        return self.until - timedelta(days=self.days - 1)

    def at(self, share: float) -> date:
        """The day when ``share`` of the history is over."""
        return self.since + timedelta(days=round(share * self.days))

    @property
    def truths(self) -> "Truths":
        return Truths(
            shift_on=self.at(0.28),
            fixed_on=self.at(0.46),
            useless_on=(self.at(0.38), self.at(0.56)),
            faster_on=self.at(0.50),
            new_shift_on=self.until - timedelta(days=20),
            new_words_on=self.until - timedelta(days=27),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "days": self.days,
            "cases": self.cases,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Truths:
    """What really happened, which the charts have to find out.

    Attributes:
        shift_on: from here on deliveries fail 1.8 times as often (a carrier was changed).
        fixed_on: from here on they fail a tenth less often than before the shift: an improvement that works.
        useless_on: staff were trained on these days, and nothing changed: an improvement that does not work, twice.
        faster_on: from here on the after-sales department is late with 5 cases in a hundred that people handle, and
            no longer with 45.
        new_shift_on: from here on goods are not as described 2.4 times as often; nobody has looked at it yet.
        new_words_on: from here on customers complain of something that the firm has no category for.
    """

    shift_on: date
    fixed_on: date
    useless_on: tuple[date, date]
    faster_on: date
    new_shift_on: date
    new_words_on: date

    def times_usual(self, category: str, day: date) -> float:
        """How many times its usual rate a category has on a day."""
        if category == "delivery":
            return 0.9 if day >= self.fixed_on else 1.8 if day >= self.shift_on else 1.0
        if category == "product_mismatch":
            return 2.4 if day >= self.new_shift_on else 1.0
        if category == "other":
            return 7.0 if day >= self.new_words_on else 1.0
        return 1.0

    def late_share(self, department: str, day: date) -> float:
        """Which share of the cases that people handle is resolved too late."""
        if department == "after_sales":
            return 0.05 if day >= self.faster_on else 0.45
        return 0.10

    def to_json(self) -> list[dict[str, Any]]:
        """Each with its day, and what a reader should find there."""
        found = [
            (self.shift_on, "shift", "delivery", "deliveries fail 1.8 times as often"),
            (self.fixed_on, "works", "delivery", "the improvement works: half as many fail as before it"),
            *((day, "useless", "service_attitude", "training that changes nothing") for day in self.useless_on),
            (self.faster_on, "works", "after_sales", "resolved too late: 5 in 100 that people handle, no longer 45"),
            (self.new_words_on, "new words", "other", "something that the firm has no category for"),
            (self.new_shift_on, "shift", "product_mismatch", "goods are not as described 2.4 times as often"),
        ]
        planted: list[dict[str, Any]] = [
            {"day": day.isoformat(), "kind": kind, "about": about, "truth": truth} for day, kind, about, truth in found
        ]
        always = [
            ("overdispersed", "digital_app", "varies more from day to day than chance lets it"),
            ("rare", RARE_CATEGORY, f"about one in {RARE_EVERY_DAYS:g} days"),
        ]
        planted += [{"day": None, "kind": kind, "about": about, "truth": truth} for kind, about, truth in always]
        return planted
