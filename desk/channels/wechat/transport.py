"""Bubbles of the official account, on their way out ("发送客服消息", "模板消息", "订阅通知")."""

from collections.abc import Mapping
from typing import Any

from desk.channels.bubbles import MenuShape, Shape
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.sending import read_refusal
from desk.channels.transport import Notice, Outgoing, TransportError
from desk.channels.wechat.client import WeChatClient

_TEXT_BYTES = 2048
# For menus the documents name no limits: those of WeCom's, which look the same on the phone.
_MENU = MenuShape(head_bytes=1024, item_bytes=128, items=10)
_CHANNEL = "wechat"


class WeChatTransport:
    """One call for each bubble.

    Args:
        clients: by the account's key.
    """

    def __init__(self, clients: Mapping[str, WeChatClient]) -> None:
        self._clients = clients

    def shape(self, account: str) -> Shape:
        """As :class:`desk.channels.transport.RationedTransport`."""
        client = self._clients.get(account)
        return Shape(_TEXT_BYTES, _MENU if client is not None and client.account.file.menus else None)

    async def deliver(self, message: Outgoing) -> None:
        """As :class:`desk.channels.transport.Transport`."""
        client = self._client(message.account)
        try:
            if message.items:
                await client.send_menu(message.external_id, message.text, message.items, "")
            else:
                await client.send_text(message.external_id, message.text)
        except Refused as error:
            raise read_refusal(error) from None

    def notice(
        self, account: str, external_id: str, tells: str, facts: Mapping[str, str], agreed: Mapping[str, Any]
    ) -> Notice | None:
        """A template message, else a subscription message that the customer agreed to."""
        client = self._clients.get(account)
        if client is None:
            return None
        found = client.account.file.template(tells, "template")
        if found is None:
            found = client.account.file.template(tells, "subscription")
            if found is None or not agreed.get(found.id):
                return None
        opens = found.url if found.kind == "template" else found.page
        return Notice(_CHANNEL, account, external_id, found.kind, found.id, found.data(facts), opens)

    async def tell_outside(self, notice: Notice) -> str:
        """As :class:`desk.channels.transport.RationedTransport`."""
        client = self._client(notice.account)
        try:
            if notice.kind == "template":
                return await client.send_template(notice.external_id, notice.template_id, notice.data, notice.opens)
            await client.send_subscription(notice.external_id, notice.template_id, notice.data, notice.opens)
        except Refused as error:
            raise read_refusal(error) from None
        return ""

    def _client(self, account: str) -> WeChatClient:
        client = self._clients.get(account)
        if client is None:
            # Taken out of channels.yml: who puts it back finds the words there.
            raise TransportError("there is no such account any more", permanent=True, not_taken=True)
        return client
