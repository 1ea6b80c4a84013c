"""The customers of a made-up history: how they write, and what they buy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from analytics.simulating.words import texts

# Shares of tiers, of ways to write (channel of the identity, label for statistics) and of languages.
_TIERS = (("vip", 0.03), ("major", 0.12), ("regular", 0.60), ("small", 0.25))
_DOORS = ((("web", "web"), 0.58), (("rest", "wechat"), 0.30), (("phone", "phone"), 0.12))
_ENGLISH = 0.14
# Who complains again: the share of complaints that come from somebody known.
_KNOWN = 0.24
# Mean days between two orders: a few come all the time, most hardly ever.
_REGULARS, _OFTEN, _SELDOM = 0.10, 12.0, 120.0

Random = np.random.Generator
One = TypeVar("One")


def hexadecimal(random: Random) -> str:
    """32 hexadecimal digits, as public ids have, but from the seed: nothing in a made-up store is a secret."""
    return random.bytes(16).hex()


@dataclass(slots=True)
class Person:
    """A customer with one identity and its conversation.

    Attributes:
        number: from 1; the ids of customer, identity and conversation.
        every: mean days between two orders.
        messages: how many were said.
        free_from: no complaint before: the last one is over.
        stopped_on: bought nothing from this day on.
    """

    number: int
    public_id: str
    external_id: str
    conversation: str
    channel: str
    label: str
    tier: str
    language: str
    since: datetime
    every: float
    messages: int = 0
    free_from: datetime | None = None
    stopped_on: date | None = None
    orders: list["Bought"] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return f"{self.channel}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Bought:
    """An order; money in minor units."""

    number: str
    placed_at: datetime
    total: int
    item: str


class People:
    """All customers, met one by one."""

    def __init__(self, random: Random, zone: ZoneInfo) -> None:
        self._random, self._zone = random, zone
        self.all: list[Person] = []
        self._orders = 0

    def complaining(self, at: datetime) -> Person:
        """Who complains at a moment: somebody known, or somebody new."""
        random = self._random
        if self.all and random.random() < _KNOWN:
            for _ in range(8):
                # The early ones are drawn more often: a few customers make many complaints.
                person = self.all[int(len(self.all) * random.random() ** 1.6)]
                if person.free_from is None or person.free_from < at:
                    return person
        return self._new(at)

    def order(self, person: Person, at: datetime) -> Bought:
        """An order that the person placed at a moment, or thereabouts."""
        random = self._random
        self._orders += 1
        item = str(random.choice(texts(person.language).items))
        total = int(round(float(random.lognormal(9.4, 0.7)), -2)) + 90
        bought = Bought(f"SO{at.astimezone(self._zone):%y%m%d}{self._orders:06d}", at, total, item)
        person.orders.append(bought)
        return bought

    def buying(self, person: Person, since: datetime, until: datetime) -> None:
        """Have the person buy from one moment to another as is their habit."""
        at = since
        while True:
            at += timedelta(days=float(self._random.gamma(3.0, person.every / 3.0)) + 0.2)
            if at >= until or (person.stopped_on and at.astimezone(self._zone).date() >= person.stopped_on):
                return
            self.order(person, at)

    def _new(self, at: datetime) -> Person:
        random = self._random
        channel, label = _drawn(random, _DOORS)
        often = random.random() < _REGULARS
        person = Person(
            number=len(self.all) + 1,
            public_id=hexadecimal(random),
            external_id=hexadecimal(random),
            conversation=hexadecimal(random),
            channel=channel,
            label=label,
            tier=_drawn(random, _TIERS),
            language="en" if random.random() < _ENGLISH else "zh",
            since=at,
            every=float(random.gamma(6.0, (_OFTEN if often else _SELDOM) / 6.0)) + 3.0,
        )
        self.all.append(person)
        return person


def _drawn(random: Random, among: Sequence[tuple[One, float]]) -> One:
    chances = np.array([chance for _, chance in among])
    return among[int(random.choice(len(among), p=chances / chances.sum()))][0]


def moments_of(random: Random, day: date, number: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Moments of a day at which customers write, in order: hardly at night, most in the evening."""
    hours = np.sort(
        np.concatenate([random.normal(11, 2.5, number // 2), random.normal(19.5, 2.2, number - number // 2)])
    )
    for hour in np.clip(hours, 0.1, 23.8):
        yield datetime.combine(day, time(), zone) + timedelta(hours=float(hour))
