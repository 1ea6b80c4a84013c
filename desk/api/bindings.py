"""``POST /api/v1/bindings``: a link that the merchant sends to a customer, and that binds who opens it in WeChat."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from actions.binding import BindingRefused, make_for_identity, make_for_order
from desk.api.models import without_nul
from desk.api.views import parse_identity
from desk.channels.accounts import WECHAT, WECOM, Accounts, wecom_address
from desk.errors import ApiError, read_model
from desk.keys import CHANNELS, DATABASE, SETTINGS

BY = "api"
_SENTENCES = {
    "unknown_identity": (404, "nobody has written under this identity"),
    "unknown_order": (404, "there is no order with this number"),
    "several_customers": (409, "this is several customers': name the identity of one"),
    "erasure_waiting": (409, "this customer asked to be erased"),
}


class BindingPosted(BaseModel):
    """Whose link it is, and on which account it will be opened.

    Attributes:
        identity: ``channel:id``; a merchant's own, such as ``shop:42``, may be new.
        order: instead, the number of an order of theirs.
        account: its key in ``channels.yml``, such as ``main`` or ``wechat.main``; for WeCom also
            ``service/open_kfid``, where it has several.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    identity: Annotated[str, Field(min_length=3, max_length=300), AfterValidator(without_nul)] | None = None
    order: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(without_nul)] | None = None
    account: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(without_nul)]

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.identity is None) == (self.order is None):
            raise ValueError("name the identity or the order, and not both")
        return self


async def post_binding(request: web.Request) -> web.Response:
    """``{"link", "expires_at"}``; the link is shown once."""
    posted = await read_model(request, BindingPosted)
    accounts = request.app[CHANNELS]
    channel, account = _find(accounts, posted.account)
    valid_for, database = accounts.file.links_valid_for, request.app[DATABASE]
    try:
        if posted.order is not None:
            made = await database.run(make_for_order, posted.order, channel, account, valid_for, BY)
        else:
            identity = parse_identity(posted.identity or "")
            if identity is None:
                raise ApiError(422, "identity: must be channel:id, such as rest:42")
            made = await database.run(make_for_identity, identity, channel, account, valid_for, BY)
    except BindingRefused as refused:
        raise ApiError(*_SENTENCES[refused.code]) from None
    token, expires_at = made
    link = f"{request.app[SETTINGS].address}/bind/{token}"
    return web.json_response({"link": link, "expires_at": expires_at.isoformat()})


def _find(accounts: Accounts, text: str) -> tuple[str, str]:
    """Channel and account, as identities have it.

    Raises:
        ApiError: there is no such account, or the name fits one of each channel.
    """
    name, _, open_kfid = text.partition("/")
    channel, dot, key = name.partition(".")
    channels = [channel] if dot else [WECHAT, WECOM]
    key = key if dot else name
    found = []
    if WECHAT in channels and key in accounts.wechat and not open_kfid:
        found.append((WECHAT, key))
    if WECOM in channels and key in accounts.wecom:
        served = accounts.wecom[key].file.open_kfids
        if not open_kfid or open_kfid in served:
            found.append((WECOM, wecom_address(key, open_kfid or served[0])))
    if not found:
        raise ApiError(422, "account: channels.yml names no such account")
    if len(found) > 1:
        raise ApiError(422, f"account: say {WECHAT}.{key} or {WECOM}.{key}")
    return found[0]
