"""All settings, in one place: environment variables ``AMENDS_*``; secrets also from files by ``AMENDS_…_FILE``.

It lives in the store's house because every process that has settings also has the database; the bot's own process gets
what it needs through Rasa's ``endpoints.yml``.
"""

import os
import secrets
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from store.addresses import read_mail_server, read_system_secrets, read_targets
from store.channel_secrets import read_channel_secrets

# The firm's systems that can be called over HTTP (data/firm/connectors.yml).
SYSTEMS = ("orders", "refunds", "vouchers", "shipments")
PREFIX = "AMENDS_"


class SettingsError(Exception):
    """A setting is wrong; the message says which and why, in one line."""


class Settings(BaseSettings):
    """What can be set from outside; the README lists each (a test proves it)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True, frozen=True)

    var: Path = Field(Path("var"), description="folder of the runtime state: database, secrets, trained model")
    firm: Path = Field(Path("data/firm"), description="folder of the firm's own YAML")
    database_url: str = Field("", description="SQLite or PostgreSQL address; empty: SQLite in the state folder")
    bind: str = Field("127.0.0.1:8080", description="address and port of the service")
    public_url: str = Field("", description="address customers and staff reach it by; empty: http:// and the bind")
    rasa_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Rasa processes, separated by commas; empty: `make run` starts one"
    )
    rasa_port: int = Field(5005, ge=1, le=65535, description="loopback port of the Rasa that `make run` starts")
    actions_port: int = Field(5055, ge=1, le=65535, description="loopback port of the action server")
    api_token: SecretStr = Field(SecretStr(""), description="bearer token of the API; empty: made on first run")
    rasa_token: SecretStr = Field(SecretStr(""), description="token between desk and Rasa; empty: made on first run")
    session_key: SecretStr = Field(SecretStr(""), description="key that signs desk sessions; empty: made on first run")
    widget_sites: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="sites that may embed the chat, such as https://shop.example, separated by commas"
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (ip_network("127.0.0.0/8"), ip_network("::1")),
        description="proxies whose X-Forwarded-For is believed: addresses or networks, separated by commas",
    )
    turns_at_once: int = Field(8, ge=1, le=256, description="how many conversations one desk process serves at a time")
    answer_within_seconds: float = Field(20, gt=0, le=120, description="how long a REST caller waits for the answer")

    smtp_url: SecretStr = Field(
        SecretStr(""), description="mail server, such as smtps://user:password@mail.example:465; empty: no e-mail"
    )
    mail_from: str = Field("", description="who e-mail comes from", validate_default=True)
    notification_targets: SecretStr = Field(
        SecretStr(""), description="addresses of robots and webhooks: key=https://… and key.secret=whsec_…"
    )
    connector_secrets: SecretStr = Field(
        SecretStr(""), description="what signs calls to the firm's own systems: refunds=whsec_…, separated by blanks"
    )
    channel_secrets: SecretStr = Field(
        SecretStr(""), description="secrets of the accounts in channels.yml: wechat.main.token=…, separated by blanks"
    )
    browser: str = Field("", description="Chromium that prints reports as PDF, by path or name; empty: looked for")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            read_mail_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _mail_from(cls, value: str, info: ValidationInfo) -> str:
        smtp_url = info.data.get("smtp_url")
        if smtp_url is not None and smtp_url.get_secret_value() and not value:
            raise ValueError("is needed where a mail server is set")
        if value and not _can_send(value):
            raise ValueError("must be an address such as desk@shop.example or Shop <desk@shop.example>")
        return value

    @field_validator("notification_targets")
    @classmethod
    def _targets(cls, value: SecretStr) -> SecretStr:
        read_targets(value.get_secret_value())
        return value

    @field_validator("connector_secrets")
    @classmethod
    def _systems(cls, value: SecretStr) -> SecretStr:
        read_system_secrets(value.get_secret_value(), SYSTEMS)
        return value

    @field_validator("channel_secrets")
    @classmethod
    def _channels(cls, value: SecretStr) -> SecretStr:
        read_channel_secrets(value.get_secret_value())
        return value

    @field_validator("rasa_urls", "widget_sites", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("rasa_urls", "widget_sites")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{address!r} is no http address")
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        return tuple(ip_network(part.strip()) for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("bind")
    @classmethod
    def _bind(cls, value: str) -> str:
        host, separator, port = value.rpartition(":")
        if not separator or not host or not port.isdigit() or not 1 <= int(port) <= 65535:
            raise ValueError("must be host:port, such as 127.0.0.1:8080")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value

    @property
    def host(self) -> str:
        return self.bind.rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.bind.rpartition(":")[2])

    @property
    def address(self) -> str:
        """Where the service is reached, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.bind}"

    @property
    def database(self) -> str:
        """The database's address as SQLAlchemy takes it."""
        if not self.database_url:
            return f"sqlite:///{(self.var / 'amends.db').absolute()}"
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @property
    def rasa(self) -> tuple[str, ...]:
        """The Rasa processes that take turns."""
        return self.rasa_urls or (f"http://127.0.0.1:{self.rasa_port}",)

    @property
    def system_secrets(self) -> dict[str, str]:
        """What signs calls to the firm's systems, by system."""
        return read_system_secrets(self.connector_secrets.get_secret_value(), SYSTEMS)

    def secret(self, name: str) -> str:
        """The value of a secret setting; made once, and kept readable for the owner alone, where none is given."""
        given: SecretStr = getattr(self, name)
        if given.get_secret_value():
            return given.get_secret_value()
        return kept_secret(self.var / "secrets" / name)


def _can_send(sender: str) -> bool:
    """Whether e-mail can come from ``sender``."""
    try:
        address = Address(addr_spec=parseaddr(sender)[1])
    except (ValueError, HeaderParseError):
        return False
    return bool(address.domain) and sender.isprintable()


def kept_secret(path: Path) -> str:
    """The secret in ``path``, made there (mode 600) if it is not; two processes at once end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            # A link fails where another process was faster, and is never half-written.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def load_settings(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: instead of the process's own; a ``…_FILE`` beside a name gives the file that holds its value.

    Raises:
        SettingsError: a value is wrong, unknown, or its file cannot be read; one line that names it.
    """
    environment = dict(os.environ) if environment is None else environment
    values: dict[str, Any] = {}
    for key, value in environment.items():
        if not key.startswith(PREFIX):
            continue
        name, from_file = key.removeprefix(PREFIX).lower(), False
        if name.endswith("_file") and name not in Settings.model_fields:
            name, from_file = name.removesuffix("_file"), True
        if name not in Settings.model_fields:
            raise SettingsError(f"{key}: there is no such setting")
        if from_file:
            try:
                value = Path(value).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{key}: {error.strerror}: {value}") from None
        if value:
            values[name] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        raise SettingsError(f"{PREFIX}{name}: {first['msg']}") from None
