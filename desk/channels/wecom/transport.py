"""Bubbles of WeCom customer service, on their way out ("微信客服 发送消息")."""

from collections.abc import Mapping
from typing import Any

from desk.channels.accounts import wecom_parts
from desk.channels.bubbles import MenuShape, Shape
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.sending import read_refusal
from desk.channels.transport import Notice, Outgoing, TransportError
from desk.channels.wecom.client import WeComClient

_TEXT_BYTES = 2048
# "菜单消息": the text above 1,024 bytes, each choice 128, ten of them.
_MENU = MenuShape(head_bytes=1024, item_bytes=128, items=10)


class WeComTransport:
    """One call for each bubble, under a name of ours: a failure may be told afterwards.

    Args:
        clients: by the account's key.
    """

    def __init__(self, clients: Mapping[str, WeComClient]) -> None:
        self._clients = clients

    def shape(self, account: str) -> Shape:
        """As :class:`desk.channels.transport.RationedTransport`."""
        client = self._clients.get(wecom_parts(account)[0])
        return Shape(_TEXT_BYTES, _MENU if client is not None and client.account.file.menus else None)

    async def deliver(self, message: Outgoing) -> None:
        """As :class:`desk.channels.transport.Transport`."""
        key, open_kfid = wecom_parts(message.account)
        client = self._clients.get(key)
        if client is None:
            # Taken out of channels.yml: who puts it back finds the words there.
            raise TransportError("there is no such account any more", permanent=True, not_taken=True)
        customer, name = message.external_id, message.receipt
        try:
            if message.items:
                await client.send_menu(customer, open_kfid, message.text, message.items, "", name)
            else:
                await client.send_text(customer, open_kfid, message.text, name)
        except Refused as error:
            raise read_refusal(error) from None

    def notice(
        self, account: str, external_id: str, tells: str, facts: Mapping[str, str], agreed: Mapping[str, Any]
    ) -> Notice | None:
        """WeCom has nothing that may be sent outside the window."""
        return None

    async def tell_outside(self, notice: Notice) -> str:
        """Never called, since there is no notice."""
        raise TransportError("WeCom has no notices", permanent=True, not_taken=True)
