"""Accounts on channels that other firms run: ``channels.yml`` and the secrets of the settings, put together."""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from actions.firm.models import Span
from desk.channels.wechat.codec import Codec as WeChatCodec
from desk.channels.wechat.codec import Credentials as WeChatCredentials
from desk.channels.wecom.codec import Codec as WeComCodec
from desk.channels.wecom.codec import Credentials as WeComCredentials
from store.addresses import read_system_address
from store.channel_secrets import read_channel_secrets
from store.firm_files import read_yaml
from store.settings import PREFIX, Settings, SettingsError

FILE = "channels.yml"
WECHAT, WECOM = "wechat", "wecom"
# What the fields of a template may hold; ``at``: since when words wait, or by when a promise is due.
TEMPLATE_FACTS = frozenset({"firm", "case", "at"})
# Longer values are refused ("模板消息" and "订阅通知", the table of field kinds), in characters.
_FIELD_LENGTHS = {"thing": 20, "phrase": 5, "name": 10, "character_string": 32, "letter": 32, "symbol": 5, "const": 20}

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
AppId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{4,64}$")]
Api = Annotated[str, AfterValidator(read_system_address)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class TemplateFile(_Strict):
    """A template message, or a subscription message, of an official account.

    Attributes:
        tells: ``waiting`` (words of ours wait for the customer) or ``promise`` (one is due).
        url: what opens when it is tapped; of a template alone.
        page: the same of a subscription message.
        fields: name of a field → its text, with ``{firm}``, ``{case}`` and ``{at}`` within.
    """

    tells: Literal["waiting", "promise"]
    kind: Literal["template", "subscription"]
    id: str = Field(min_length=1, max_length=64)
    url: str = ""
    page: str = ""
    fields: dict[str, str] = Field(min_length=1)

    @field_validator("fields")
    @classmethod
    def _known_facts(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            try:
                named = [fact for _, fact, _, _ in string.Formatter().parse(text) if fact is not None]
            except ValueError:
                raise ValueError(f"{name}: has a brace that does not close") from None
            if unknown := [fact for fact in named if fact not in TEMPLATE_FACTS]:
                known = ", ".join(f"{{{fact}}}" for fact in sorted(TEMPLATE_FACTS))
                raise ValueError(f"{name}: there is no {{{unknown[0]}}}; there are {known}")
        return value

    def data(self, facts: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """The fields as the channel takes them, none longer than it may be.

        Args:
            facts: ``firm``, ``case``, ``at``; one that is not known is a dash.
        """
        known = {fact: facts.get(fact) or "–" for fact in TEMPLATE_FACTS}
        return {name: {"value": _fitting(name, text.format_map(known))} for name, text in self.fields.items()}


class OfficialAccount(_Strict):
    """An official account (公众号).

    Attributes:
        app_id: "开发者ID(AppID)".
        mode: "消息加解密方式", as chosen in Tencent's console.
        api: where it is called; another than Tencent's own for a proxy, or for a twin.
        authorize: where customers' consent is asked ("网页授权").
        menus: whether choices are sent to be tapped (``msgmenu``); numbered words otherwise.
        greets: whether who follows is told what can be done here.
        oauth: whether the account may learn who opens a page (a verified service account may).
        menu: what a tap on an entry of the account's own menu says, by its key.
    """

    key: Key
    name: str = Field("", max_length=60)
    app_id: AppId
    mode: Literal["safe", "compatible", "plain"] = "safe"
    api: Api = "https://api.weixin.qq.com"
    authorize: Api = "https://open.weixin.qq.com"
    menus: bool = False
    greets: bool = True
    oauth: bool = True
    menu: dict[str, Annotated[str, Field(min_length=1, max_length=200)]] = {}
    templates: tuple[TemplateFile, ...] = ()

    @model_validator(mode="after")
    def _one_template_each(self) -> Self:
        told = [(template.tells, template.kind) for template in self.templates]
        if len(set(told)) < len(told):
            raise ValueError("two templates tell the same in the same way")
        return self

    def template(self, tells: str, kind: str | None = None) -> TemplateFile | None:
        """The template that tells this, in file order; None where the account has none."""
        return next((one for one in self.templates if one.tells == tells and kind in (None, one.kind)), None)


class WeComAccountFile(_Strict):
    """A WeCom whose customer service (微信客服) talks here.

    Attributes:
        api: where it is called; another than Tencent's own for a proxy, or for a twin.
        menus: whether choices are sent to be tapped (``msgmenu``); numbered words otherwise.
        greets: whether who enters is told what can be done here.
        open_kfids: the customer service accounts that are served; others of the same WeCom are left alone.
        people: where staff answer: at our ``desk``, or in ``wecom``.
        servicer: with ``people: wecom``, who is handed every conversation; none lets WeCom's own queue decide.
    """

    key: Key
    name: str = Field("", max_length=60)
    corp_id: AppId
    api: Api = "https://qyapi.weixin.qq.com"
    open_kfids: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")], ...] = Field(min_length=1)
    menus: bool = True
    greets: bool = True
    people: Literal["desk", "wecom"] = "desk"
    servicer: Annotated[str, Field(min_length=1, max_length=64)] | None = None

    @model_validator(mode="after")
    def _servicer_where_people_are(self) -> Self:
        if self.servicer and self.people != WECOM:
            raise ValueError("a servicer answers in WeCom: say `people: wecom`, or leave the servicer out")
        return self


class ChannelsFile(_Strict):
    """``channels.yml``; a firm without one has neither.

    Attributes:
        verification: names of the files by which Tencent sees that a domain is ours ("网页授权域名").
    """

    links_valid_for: Span = timedelta(days=7)
    verification: tuple[Annotated[str, Field(pattern=r"^(MP|WW)_verify_[A-Za-z0-9]{4,64}\.txt$")], ...] = ()
    wechat: tuple[OfficialAccount, ...] = ()
    wecom: tuple[WeComAccountFile, ...] = ()

    @field_validator("links_valid_for")
    @classmethod
    def _sensible(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=5) <= value <= timedelta(days=30):
            raise ValueError("must lie between `5 minutes` and `30 days`")
        return value

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _once("key", [account.key for account in self.wechat])
        _once("app_id", [account.app_id for account in self.wechat])
        _once("key", [account.key for account in self.wecom])
        # Kept encrypted by account and corporation: a customer service account belongs to one of them.
        _once("open_kfid", [open_kfid for account in self.wecom for open_kfid in account.open_kfids])
        return self


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WeChatAccount:
    """An official account with its secrets, which are never shown."""

    file: OfficialAccount
    credentials: WeChatCredentials = field(repr=False)
    app_secret: str = field(repr=False)

    @property
    def key(self) -> str:
        return self.file.key


@dataclass(frozen=True, slots=True)
class WeComAccount:
    """A WeCom with its secrets, which are never shown."""

    file: WeComAccountFile
    credentials: WeComCredentials = field(repr=False)
    secret: str = field(repr=False)

    @property
    def key(self) -> str:
        return self.file.key


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts, by their key in ``channels.yml``.

    Attributes:
        unnamed: accounts that have secrets in the settings and are not in the file.
    """

    file: ChannelsFile = field(default_factory=ChannelsFile)
    wechat: Mapping[str, WeChatAccount] = field(default_factory=dict)
    wecom: Mapping[str, WeComAccount] = field(default_factory=dict)
    unnamed: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[tuple[str, WeChatAccount | WeComAccount]]:
        """Channel and account of each, in file order."""
        for wechat in self.wechat.values():
            yield WECHAT, wechat
        for wecom in self.wecom.values():
            yield WECOM, wecom


def wecom_address(key: str, open_kfid: str) -> str:
    """The account of conversations with one customer service account of a WeCom: ``key/open_kfid``."""
    return f"{key}/{open_kfid}"


def wecom_parts(account: str) -> tuple[str, str]:
    """Key and open_kfid of what :func:`wecom_address` put together."""
    key, _, open_kfid = account.partition("/")
    return key, open_kfid


def say_what_is_odd(accounts: Accounts, address: str) -> None:
    """Once at start: what keeps an account from working that nobody may have looked for.

    Args:
        address: where the service is reached.
    """
    if accounts.unnamed:
        log.warning("has secrets in the settings and is not named in channels.yml", accounts=accounts.unnamed)
    if (accounts.wechat or accounts.wecom) and not address.startswith("https://"):
        log.warning("Tencent and customers cannot reach this address: set AMENDS_PUBLIC_URL", address=address)


def read_channels(settings: Settings) -> ChannelsFile:
    """The file alone.

    Raises:
        FirmDataError: it is wrong.
    """
    path = settings.firm / FILE
    # A firm that came before there was such a file has no such account.
    return read_yaml(path, ChannelsFile) if path.exists() else ChannelsFile()


def read_accounts(settings: Settings) -> Accounts:
    """File and secrets put together.

    Raises:
        FirmDataError: the file is wrong.
        SettingsError: a secret is missing or cannot be one; the message names its key.
    """
    file = read_channels(settings)
    secrets = read_channel_secrets(settings.channel_secrets.get_secret_value())
    wechat = {account.key: _wechat(account, secrets.get(f"{WECHAT}.{account.key}", {})) for account in file.wechat}
    wecom = {account.key: _wecom(account, secrets.get(f"{WECOM}.{account.key}", {})) for account in file.wecom}
    named = {f"{WECHAT}.{key}" for key in wechat} | {f"{WECOM}.{key}" for key in wecom}
    return Accounts(file, wechat, wecom, tuple(sorted(set(secrets) - named)))


def _wechat(file: OfficialAccount, secrets: Mapping[str, str]) -> WeChatAccount:
    name = f"{WECHAT}.{file.key}"
    needed = ("token", "app_secret") if file.mode == "plain" else ("token", "app_secret", "encoding_aes_key")
    _see(name, needed, secrets)
    credentials = WeChatCredentials(
        token=secrets["token"],
        app_id=file.app_id,
        mode=file.mode,
        encoding_aes_key=secrets.get("encoding_aes_key"),
        previous_encoding_aes_key=secrets.get("previous_encoding_aes_key"),
    )
    _can_open(name, WeChatCodec, credentials)
    return WeChatAccount(file, credentials, secrets["app_secret"])


def _wecom(file: WeComAccountFile, secrets: Mapping[str, str]) -> WeComAccount:
    name = f"{WECOM}.{file.key}"
    _see(name, ("token", "secret", "encoding_aes_key"), secrets)
    credentials = WeComCredentials(
        token=secrets["token"],
        corp_id=file.corp_id,
        encoding_aes_key=secrets["encoding_aes_key"],
        previous_encoding_aes_key=secrets.get("previous_encoding_aes_key"),
    )
    _can_open(name, WeComCodec, credentials)
    return WeComAccount(file, credentials, secrets["secret"])


def _see(name: str, needed: Sequence[str], secrets: Mapping[str, str]) -> None:
    for what in needed:
        if what not in secrets:
            raise SettingsError(f"{PREFIX}CHANNEL_SECRETS: {FILE} names {name}, and there is no {name}.{what}=…")


def _can_open(name: str, codec: Any, credentials: Any) -> None:
    try:
        codec(credentials)
    except ValueError:
        # Not its words: they may hold the key.
        raise SettingsError(f"{PREFIX}CHANNEL_SECRETS: {name}.encoding_aes_key: is no key") from None


def _once(what: str, values: Sequence[str]) -> None:
    twice = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if twice:
        raise ValueError(f"two have the same {what}: {twice[0]}")


def _fitting(name: str, text: str) -> str:
    limit = _FIELD_LENGTHS.get(name.rstrip("0123456789"))
    return text if limit is None or len(text) <= limit else f"{text[: limit - 1]}…"
