"""How much may be said to a customer before they speak again, counted by WeChat's own side.

Source: Tencent, customer-service messages of official accounts (客服消息, rules of 2023-06-12): 5 within 48 hours of a
message, 3 within a minute of a tap on a menu, a follow, a scan; a tap on an item of a menu message counts as a tap.
WeCom: 5 within 48 hours of a message (微信客服, 发送消息).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

WROTE = (5, timedelta(hours=48))
TAPPED = (3, timedelta(minutes=1))


class Room(Enum):
    """Whether there is room for one more message."""

    GRANTED = "granted"
    CLOSED = "closed"  # the time is over, or never began
    SPENT = "spent"


@dataclass
class Allowance:
    left: int = 0
    ends_at: datetime | None = None

    def renew(self, grant: tuple[int, timedelta], now: datetime) -> None:
        """Not added to what is left: renewed to the full."""
        self.left, self.ends_at = grant[0], now + grant[1]

    def open(self, now: datetime) -> bool:
        return self.ends_at is not None and now < self.ends_at


@dataclass
class Quota:
    """What one customer's deeds allow."""

    long: Allowance = field(default_factory=Allowance)
    brief: Allowance = field(default_factory=Allowance)

    def wrote(self, now: datetime) -> None:
        self.long.renew(WROTE, now)

    def tapped(self, now: datetime) -> None:
        self.brief.renew(TAPPED, now)

    def spend(self, now: datetime) -> Room:
        """Take one.

        Where two deeds allow some, it counts against both: Tencent does not say which, and so this is the strictest.
        """
        usable = [allowance for allowance in (self.brief, self.long) if allowance.open(now)]
        if not usable:
            return Room.CLOSED
        if not any(allowance.left for allowance in usable):
            return Room.SPENT
        for allowance in usable:
            allowance.left = max(0, allowance.left - 1)
        return Room.GRANTED

    def left(self, now: datetime) -> int:
        return max((allowance.left for allowance in (self.brief, self.long) if allowance.open(now)), default=0)
