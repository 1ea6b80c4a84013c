"""E-mail: one letter, one message, handed in at the firm's own mail server."""

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from actions.staff.notifications import is_address
from desk.channels.transport import TransportError
from desk.notifying.sending import TIMEOUT_SECONDS, Letter
from store.addresses import MailServer
from store.database import Clock


class MailSender:
    """Sends e-mail.

    Args:
        mail_from: ``desk@shop.example`` or ``Shop <desk@shop.example>``.
    """

    def __init__(self, server: MailServer, mail_from: str, clock: Clock) -> None:
        self._server = server
        self._name, self._address = parseaddr(mail_from)
        self._clock = clock

    def reaches(self, target: str) -> bool:
        """Whether ``target`` is an address."""
        return is_address(target)

    async def send(self, letter: Letter) -> None:
        """As :class:`desk.notifying.sending.Sender`."""
        if not is_address(letter.to):
            raise TransportError("no address to write to", permanent=True)
        server = self._server
        try:
            # Each step has its time, and all of them together.
            async with asyncio.timeout(3 * TIMEOUT_SECONDS):
                await aiosmtplib.send(
                    self._message(letter),
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password,
                    use_tls=server.tls == "from_start",
                    start_tls=server.tls == "upgraded",
                    timeout=TIMEOUT_SECONDS,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = error.recipients[0].code if error.recipients else 550
            raise TransportError(f"the recipient was refused (SMTP {code})", permanent=code >= 500) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            # The setting may be put right: what waits is worth keeping.
            words = f"the mail server refused user and password (SMTP {error.code})"
            raise TransportError(words, permanent=False) from None
        except aiosmtplib.SMTPResponseException as error:
            # A greeting refused is about the server, and passes; a message refused is about the message.
            about_it = isinstance(error, (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused))
            permanent = about_it and error.code >= 500
            raise TransportError(f"the mail server refused (SMTP {error.code})", permanent=permanent) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Not its words: they may hold the address.
            raise TransportError(f"no mail server ({type(error).__name__})", permanent=False) from None

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(self._name, addr_spec=self._address)
        message["To"] = letter.to
        message["Subject"] = letter.title
        message["Date"] = format_datetime(self._clock())
        # The same each time it is tried, so that mail programs show it once.
        message["Message-ID"] = f"<{letter.id}@{self._address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        # Plain ASCII on the wire: not every server takes eight bits.
        message.set_content(letter.text, cte="quoted-printable")
        return message
