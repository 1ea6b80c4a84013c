"""Addresses of the world outside, as the settings give them: the mail server, robots and webhooks.

They are the only addresses that notifications are ever sent to; none comes from a user.
"""

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

_KEY = re.compile(r"[a-z][a-z0-9_]{1,39}(\.secret)?")
_SECRET_PREFIX = "whsec_"
# Standard Webhooks asks for 24 to 64 bytes.
_SECRET_BYTES = range(24, 65)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        tls: ``from_start`` (smtps), ``upgraded`` (STARTTLS, demanded), or ``none`` (this machine alone).
    """

    host: str
    port: int
    user: str | None
    password: str | None
    tls: str


def read_mail_server(url: str) -> MailServer:
    """``smtps://user:password@host:465`` or ``smtp://user:password@host:587``.

    Raises:
        ValueError: it is no such address.
    """
    parts, port = _split(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError("must look like smtps://user:password@host:465 or smtp://user:password@host:587")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("needs user and password, or neither")
    from_start = parts.scheme == "smtps"
    # Passwords never travel in clear: without TLS only to a server on this machine.
    tls = "from_start" if from_start else "none" if _is_loopback(parts.hostname) else "upgraded"
    return MailServer(
        host=parts.hostname,
        port=port or (465 if from_start else 587),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )


def read_targets(text: str) -> dict[str, str]:
    """Addresses and secrets by key: ``key=https://…`` and ``key.secret=whsec_…``, separated by blanks or lines.

    Raises:
        ValueError: one is wrong; the message names its key and never its value, which is a secret.
    """
    found: dict[str, str] = {}
    for entry in text.split():
        key, separator, value = entry.partition("=")
        if not separator or not _KEY.fullmatch(key):
            raise ValueError("each entry must be key=https://… or key.secret=whsec_…")
        if key in found:
            raise ValueError(f"{key} stands here twice")
        if key.endswith(".secret"):
            try:
                read_secret(value)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        else:
            _check_http(key, value)
        found[key] = value
    return found


def read_system_secrets(text: str, systems: Collection[str]) -> dict[str, str]:
    """The secret of each of the firm's systems, ``refunds=whsec_…``, separated by blanks or lines.

    Raises:
        ValueError: one is wrong; the message names its key and never its value.
    """
    found: dict[str, str] = {}
    for entry in text.split():
        key, separator, value = entry.partition("=")
        if not separator or key not in systems:
            raise ValueError(f"each entry must be {', '.join(f'{system}=whsec_…' for system in systems)}")
        if key in found:
            raise ValueError(f"{key} stands here twice")
        try:
            read_secret(value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
        found[key] = value
    return found


def read_system_address(address: str) -> str:
    """The address that a system's paths are added to, without a slash at its end.

    Raises:
        ValueError: it is none, or what is said to it could be read on the way.
    """
    parts, _ = _split(address)
    if not parts.hostname or parts.username or parts.password or parts.fragment or parts.query:
        raise ValueError("must look like https://host or https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("must begin with https:// (http:// only to this machine)")
    return address.rstrip("/")


def read_secret(value: str) -> bytes:
    """The bytes of a webhook's secret, ``whsec_`` and base64 (Standard Webhooks).

    Raises:
        ValueError: it is none.
    """
    try:
        secret = base64.b64decode(value.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not value.startswith(_SECRET_PREFIX) or len(secret) not in _SECRET_BYTES:
        raise ValueError("must be whsec_ and the base64 of 24 to 64 random bytes")
    return secret


def _check_http(key: str, address: str) -> None:
    try:
        parts, _ = _split(address)
    except ValueError:
        raise ValueError(f"{key}: is no address") from None
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise ValueError(f"{key}: must look like https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError(f"{key}: must begin with https:// (http:// only to this machine)")


def _split(address: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(address)
        return parts, parts.port
    except ValueError:
        raise ValueError("is no address") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
