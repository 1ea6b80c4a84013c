"""Who speaks for each account; made once, when the service starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from desk.channels.accounts import WECHAT, WECOM, Accounts
from desk.channels.tencent.calling import Caller, Wire
from desk.channels.tencent.tokens import AccessTokens, Source, make_seal
from desk.channels.wechat import client as official
from desk.channels.wecom import client as corporate
from store.database import Database


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients by the account's key."""

    wechat: Mapping[str, official.WeChatClient] = field(default_factory=dict)
    wecom: Mapping[str, corporate.WeComClient] = field(default_factory=dict)


def make_clients(accounts: Accounts, session: aiohttp.ClientSession, database: Database, session_key: str) -> Clients:
    """A client for each account.

    Args:
        session_key: the value of ``AMENDS_SESSION_KEY``; tokens are kept encrypted under a key derived from it.
    """
    tokens = AccessTokens(database, make_seal(session_key))
    by_key: dict[str, official.WeChatClient] = {}
    for key, account in accounts.wechat.items():
        wire = Wire(session, account.file.api)
        source = Source(WECHAT, key, partial(official.fetch_token, account, wire))
        by_key[key] = official.WeChatClient(account, Caller(wire, tokens, source, official.API))
    of_wecom: dict[str, corporate.WeComClient] = {}
    for key, corporation in accounts.wecom.items():
        wire = Wire(session, corporation.file.api)
        source = Source(WECOM, key, partial(corporate.fetch_token, corporation, wire))
        of_wecom[key] = corporate.WeComClient(corporation, Caller(wire, tokens, source, corporate.API))
    return Clients(by_key, of_wecom)
