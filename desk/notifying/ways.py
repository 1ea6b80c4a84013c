"""The ways out that this desk has, put together from settings and the firm's file."""

from dataclasses import dataclass

import aiohttp
import structlog

from actions.firm import Firm
from desk.notifying.mail import MailSender
from desk.notifying.robot import RobotSender
from desk.notifying.sending import Sender
from desk.notifying.webhook import WebhookSender
from store.addresses import read_mail_server, read_targets
from store.database import Clock
from store.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Ways:
    """Senders by way.

    Attributes:
        desk: the public address of the desk, for links.
        nowhere: keys of robots and webhooks that the firm names and no setting gives an address.
        unknown: keys that the settings give an address and the firm does not name.
    """

    firm: Firm
    senders: dict[str, Sender]
    desk: str
    nowhere: tuple[str, ...]
    unknown: tuple[str, ...]

    def reaches(self, way: str, target: str) -> bool:
        return way in self.senders and self.senders[way].reaches(target)

    @property
    def mail(self) -> bool:
        return "email" in self.senders

    @property
    def any(self) -> bool:
        """Whether anything leaves the page at all."""
        file = self.firm.notifications
        groups = (("robot", file.robots), ("webhook", file.webhooks))
        return self.mail or any(self.reaches(way, target.key) for way, targets in groups for target in targets)


def make_ways(settings: Settings, firm: Firm, session: aiohttp.ClientSession, clock: Clock) -> Ways:
    """The ways out."""
    addresses, file = read_targets(settings.notification_targets.get_secret_value()), firm.notifications
    desk = settings.address
    robots, webhooks = RobotSender(session, addresses), WebhookSender(session, addresses, desk, clock)
    senders: dict[str, Sender] = {"robot": robots, "webhook": webhooks}
    if url := settings.smtp_url.get_secret_value():
        senders["email"] = MailSender(read_mail_server(url), settings.mail_from, clock)
    named = {robot.key: robots.reaches(robot.key) for robot in file.robots}
    named |= {webhook.key: webhooks.reaches(webhook.key) for webhook in file.webhooks}
    return Ways(
        firm=firm,
        senders=senders,
        desk=desk,
        nowhere=tuple(key for key, reached in named.items() if not reached),
        unknown=tuple(sorted({key.removesuffix(".secret") for key in addresses} - set(named))),
    )


def say_what_is_missing(ways: Ways) -> None:
    """Once at start: say plainly where nobody outside the page would be told."""
    if not ways.any:
        log.warning(
            "nothing leaves the desk: a hand-over is seen only by who looks at the page. Set AMENDS_SMTP_URL, or name "
            "a robot or webhook in notifications.yml and its address in AMENDS_NOTIFICATION_TARGETS"
        )
    if ways.nowhere:
        log.warning("named in notifications.yml without an address (or secret) in the settings", keys=ways.nowhere)
    if ways.unknown:
        log.warning("has an address in the settings and is not named in notifications.yml", keys=ways.unknown)
