"""What the two transports ask of their clients, and what they make of a refusal."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from desk.channels.accounts import OfficialAccount, TemplateFile, WeComAccountFile
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import Disposition, disposition
from desk.channels.tencent.sending import read_refusal
from desk.channels.transport import Held, Outgoing, RationedTransport, TransportError
from desk.channels.wechat.transport import WeChatTransport
from desk.channels.wecom.transport import WeComTransport
from desk.channels.windows import Waits

TEMPLATE = TemplateFile(
    tells="waiting", kind="template", id="T1", url="https://shop.example/", fields={"thing1": "{case}"}
)
SUBSCRIPTION = TemplateFile(tells="promise", kind="subscription", id="S1", page="pages/a", fields={"time1": "{at}"})
FACTS = {"firm": "云杉", "case": "C-1", "at": "2026-11-18 10:00"}


@dataclass
class Client:
    """Notes its calls; ``refuses`` is what the next one raises."""

    account: Any
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: Refused | None = None

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> str:
            self.calls.append((name, *arguments))
            if self.refuses is not None:
                raise self.refuses
            return "msg 7"

        return call


def official(menus: bool = False, templates: tuple[TemplateFile, ...] = ()) -> tuple[WeChatTransport, Client]:
    file = OfficialAccount(key="main", app_id="wx0000", menus=menus, templates=templates)
    client = Client(SimpleNamespace(file=file))
    return WeChatTransport({"main": client}), client  # type: ignore[dict-item]


def corporate(menus: bool = True) -> tuple[WeComTransport, Client]:
    file = WeComAccountFile(key="service", corp_id="ww0000", open_kfids=("wk1",), menus=menus)
    client = Client(SimpleNamespace(file=file))
    return WeComTransport({"service": client}), client  # type: ignore[dict-item]


def bubble(channel: str, account: str, *items: tuple[str, str]) -> Outgoing:
    return Outgoing(channel, account, "oLi", 7, "您好", [], items, "abc-1")


async def test_a_bubble_of_the_official_account_is_one_call() -> None:
    transport, client = official()
    await transport.deliver(bubble("wechat", "main"))
    await transport.deliver(bubble("wechat", "main", ("7-0", "退款")))
    assert client.calls == [("send_text", "oLi", "您好"), ("send_menu", "oLi", "您好", (("7-0", "退款"),), "")]


async def test_a_bubble_of_wecom_goes_to_its_own_service_account_under_our_name() -> None:
    transport, client = corporate()
    await transport.deliver(bubble("wecom", "service/wk1"))
    await transport.deliver(bubble("wecom", "service/wk1", ("7-0", "退款")))
    assert client.calls == [
        ("send_text", "oLi", "wk1", "您好", "abc-1"),
        ("send_menu", "oLi", "wk1", "您好", (("7-0", "退款"),), "", "abc-1"),
    ]


def test_menus_are_used_where_the_account_has_them() -> None:
    assert official(menus=False)[0].shape("main").menu is None
    assert official(menus=True)[0].shape("main").menu is not None
    assert corporate(menus=False)[0].shape("service/wk1").menu is None
    assert corporate(menus=True)[0].shape("service/wk1").menu is not None
    assert official(menus=True)[0].shape("gone").menu is None
    assert isinstance(official()[0], RationedTransport) and isinstance(corporate()[0], RationedTransport)


async def test_an_account_that_is_gone_takes_nothing() -> None:
    for transport, channel in ((official()[0], "wechat"), (corporate()[0], "wecom")):
        with pytest.raises(TransportError) as raised:
            await transport.deliver(bubble(channel, "gone"))
        assert raised.value.permanent and raised.value.not_taken


async def test_outside_the_window_a_template_tells_else_a_subscription_that_was_agreed_to() -> None:
    transport, client = official(templates=(TEMPLATE, SUBSCRIPTION))
    notice = transport.notice("main", "oLi", "waiting", FACTS, {})
    assert notice is not None and await transport.tell_outside(notice) == "msg 7"
    assert client.calls == [("send_template", "oLi", "T1", {"thing1": {"value": "C-1"}}, "https://shop.example/")]
    assert transport.notice("main", "oLi", "promise", FACTS, {}) is None
    assert transport.notice("main", "oLi", "promise", FACTS, {"S1": 0}) is None
    agreed = transport.notice("main", "oLi", "promise", FACTS, {"S1": 1})
    assert agreed is not None
    await transport.tell_outside(agreed)
    assert client.calls[-1] == ("send_subscription", "oLi", "S1", {"time1": {"value": "2026-11-18 10:00"}}, "pages/a")
    assert official()[0].notice("main", "oLi", "waiting", FACTS, {}) is None
    assert corporate()[0].notice("service/wk1", "oLi", "waiting", FACTS, {}) is None


@pytest.mark.parametrize(
    ("api", "code", "why", "unreachable"),
    [
        ("mp", 45015, Waits.WINDOW_CLOSED, None),
        ("mp", 45047, Waits.QUOTA_SPENT, None),
        ("mp", 48002, Waits.UNREACHABLE, "refuses"),
        ("mp", 43004, Waits.UNREACHABLE, "unfollowed"),
        ("mp", 40003, Waits.UNREACHABLE, "unknown_there"),
        ("wecom-kf", 95001, Waits.QUOTA_SPENT, None),
        ("wecom-kf", 95002, Waits.WINDOW_CLOSED, None),
        ("wecom-kf", 95013, Waits.WINDOW_CLOSED, None),
    ],
)
def test_what_can_only_wait_for_the_customer_is_held(api: str, code: int, why: Waits, unreachable: str | None) -> None:
    found = read_refusal(Refused(code, disposition(api, code)))
    assert isinstance(found, Held) and (found.why, found.unreachable) == (why, unreachable)


@pytest.mark.parametrize("code", [40001, 40013, 45009, 48001, 50002])
def test_what_a_person_must_put_right_loses_nothing_meanwhile(code: int) -> None:
    found = read_refusal(Refused(code, disposition("mp", code)))
    assert isinstance(found, TransportError) and not found.permanent
    assert found.retry_after is not None and found.retry_after >= timedelta(minutes=10) and found.not_taken


def test_what_nobody_knows_of_stays_spent_and_is_tried_again() -> None:
    found = read_refusal(Refused(None, Disposition.PASSES, not_taken=False))
    assert isinstance(found, TransportError) and not found.permanent and not found.not_taken


def test_what_is_too_long_is_cut_smaller_and_what_is_unknown_is_shown_to_a_person() -> None:
    long, other = read_refusal(Refused(45002, Disposition.TOO_LONG)), read_refusal(Refused(4711, Disposition.OTHER))
    assert isinstance(long, TransportError) and long.too_long and not long.permanent
    assert isinstance(other, TransportError) and other.permanent


async def test_refusals_of_a_call_become_what_the_outbox_understands() -> None:
    transport, client = official(templates=(TEMPLATE,))
    client.refuses = Refused(45047, Disposition.QUOTA_SPENT)
    with pytest.raises(Held):
        await transport.deliver(bubble("wechat", "main"))
    notice = transport.notice("main", "oLi", "waiting", FACTS, {})
    assert notice is not None
    client.refuses = Refused(40037, Disposition.CONFIGURATION)
    with pytest.raises(TransportError):
        await transport.tell_outside(notice)
    wecom, corporate_client = corporate()
    corporate_client.refuses = Refused(95001, Disposition.QUOTA_SPENT)
    with pytest.raises(Held):
        await wecom.deliver(bubble("wecom", "service/wk1"))
