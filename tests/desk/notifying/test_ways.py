"""Each way out against a twin that really listens: what arrives, and what an error means."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import socket

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from actions.firm import Firm
from desk.channels.transport import TransportError
from desk.notifying.mail import MailSender
from desk.notifying.robot import RobotSender
from desk.notifying.sending import Item, Letter
from desk.notifying.webhook import WebhookSender, sign
from store.addresses import MailServer, read_mail_server
from tests.conftest import ROOT, Clock
from tests.desk.notifying.conftest import SECRET, MailTwin, WebTwin

ITEM_FACTS = {"case": "AM-7K3Q-9F2D", "conversation": "c0ffee", "severity": "high", "department": "logistics"}


def letter(clock: Clock, to: str = "alice@shop.example") -> Letter:
    item = Item("d" * 32, "handed_over", clock(), ITEM_FACTS)
    return Letter("d" * 32, to, (item,), "有客户在等人工 · AM-7K3Q-9F2D", "工单：AM-7K3Q-9F2D\n", "**等人工**")


def mail_sender(mail: MailTwin, clock: Clock) -> MailSender:
    server = read_mail_server(f"smtp://desk:p%40ss@127.0.0.1:{mail.port}")
    return MailSender(server, "Shop desk <desk@shop.example>", clock)


async def refused(sender: MailSender | RobotSender | WebhookSender, sent: Letter) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await sender.send(sent)
    return caught.value


# --- e-mail -----------------------------------------------------------------------------------------------------------


async def test_a_letter_arrives_by_mail_as_it_was_written(mail: MailTwin, clock: Clock) -> None:
    await mail_sender(mail, clock).send(letter(clock))
    (got,) = mail.letters
    assert (got["To"], got["From"]) == ("alice@shop.example", "Shop desk <desk@shop.example>")
    assert got["Subject"] == "有客户在等人工 · AM-7K3Q-9F2D"
    assert got.get_content().strip() == "工单：AM-7K3Q-9F2D"
    assert got["Content-Transfer-Encoding"] == "quoted-printable", "not every server takes eight bits"
    assert got["Message-ID"] == f"<{'d' * 32}@shop.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    user = base64.b64decode(mail.logins[0].split()[-1])
    assert user == b"\0desk\0p@ss"


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "451 greylisted", False),
        ("AUTH", "535 wrong password", False),
        ("MAIL", "553 not your address", True),
        ("CONNECT", "554 go away", False),
    ],
)
async def test_what_a_mail_servers_no_means(
    mail: MailTwin, clock: Clock, command: str, answer: str, permanent: bool
) -> None:
    mail.refuses[command] = answer
    error = await refused(mail_sender(mail, clock), letter(clock))
    assert error.permanent is permanent
    assert answer.split()[0] in str(error) and "alice" not in str(error)


async def test_a_mail_server_that_is_away_is_tried_again(clock: Clock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = MailServer("127.0.0.1", closed.getsockname()[1], None, None, "none")
        error = await refused(MailSender(server, "desk@shop.example", clock), letter(clock))
    assert not error.permanent


@pytest.mark.parametrize("to", ["a@b.example\nBcc: all@shop.example", "a@b.example, c@d.example", "nobody", ""])
async def test_nothing_but_one_plain_address_is_written_to(mail: MailTwin, clock: Clock, to: str) -> None:
    assert (await refused(mail_sender(mail, clock), letter(clock, to))).permanent
    assert mail.letters == []


# --- robots -----------------------------------------------------------------------------------------------------------


async def test_a_robot_says_markdown_in_its_group(outside: WebTwin, session: ClientSession, clock: Clock) -> None:
    await RobotSender(session, {"group": f"{outside.address}/group"}).send(letter(clock, "group"))
    ((_, body),) = outside.at("/group")
    assert json.loads(body) == {"msgtype": "markdown", "markdown": {"content": "**等人工**"}}


@pytest.mark.parametrize(
    ("answer", "permanent", "wait"),
    [
        (web.json_response({"errcode": 93000, "errmsg": "invalid webhook url"}), True, None),
        (web.json_response({"errcode": 45009, "errmsg": "api freq out of limit"}), False, 65),
        (web.json_response({"errcode": -1, "errmsg": "system busy"}), False, None),
        (web.Response(text="<html>a proxy's page</html>"), False, None),
        (web.Response(status=502), False, None),
        (web.Response(status=404), True, None),
    ],
)
async def test_a_robot_that_answers_200_has_not_yet_said_anything(
    outside: WebTwin, session: ClientSession, clock: Clock, answer: web.Response, permanent: bool, wait: int | None
) -> None:
    outside.answers["/group"] = answer
    error = await refused(
        RobotSender(session, {"group": f"{outside.address}/group?key=sesame"}), letter(clock, "group")
    )
    assert error.permanent is permanent
    assert (error.retry_after.total_seconds() if error.retry_after else None) == wait
    assert "sesame" not in str(error)


async def test_an_answer_that_comes_in_pieces_is_read_whole(session: ClientSession, clock: Clock) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"errc', b'ode": 0}'):
            await response.write(piece)
            await asyncio.sleep(0.1)
        return response

    app = web.Application()
    app.router.add_post("/group", in_pieces)
    async with TestServer(app) as server:
        await RobotSender(session, {"group": str(server.make_url("/group"))}).send(letter(clock, "group"))


# --- webhooks ---------------------------------------------------------------------------------------------------------


def webhook(outside: WebTwin, session: ClientSession, clock: Clock) -> WebhookSender:
    return WebhookSender(
        session, {"erp": f"{outside.address}/erp", "erp.secret": SECRET}, "https://desk.example", clock
    )


async def test_a_webhook_carries_keys_and_numbers_and_proves_where_it_comes_from(
    outside: WebTwin, session: ClientSession, clock: Clock
) -> None:
    await webhook(outside, session, clock).send(letter(clock, "erp"))
    ((headers, body),) = outside.at("/erp")
    assert json.loads(body) == {
        "id": "d" * 32,
        "kind": "handed_over",
        "at": "2026-11-18T02:00:00+00:00",
        "link": "https://desk.example/desk/conversations/c0ffee",
        "case": "AM-7K3Q-9F2D",
        "severity": "high",
        "department": "logistics",
        "reason": None,
        "clock": None,
        "due": None,
    }
    assert headers["Idempotency-Key"] == headers["webhook-id"] == "d" * 32
    assert headers["webhook-timestamp"] == str(int(clock().timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{'d' * 32}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The published example of standard-webhooks, spec/standard-webhooks.md's reference libraries.
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_the_example_in_the_documentation_verifies_what_is_sent(
    outside: WebTwin, session: ClientSession, clock: Clock
) -> None:
    await webhook(outside, session, clock).send(letter(clock, "erp"))
    ((headers, body),) = outside.at("/erp")
    text = (ROOT / "docs" / "desk" / "notifications.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example is not None
    space: dict[str, object] = {}
    exec(example[1], space)
    verify = space["verify"]
    assert callable(verify)
    now = clock().timestamp()
    assert verify(SECRET, headers, body, now)
    assert not verify(SECRET, headers, body + b" ", now)
    assert not verify(SECRET, headers, body, now + 301), "an old one is replayed"
    assert not verify(SECRET, {**headers, "webhook-timestamp": str(int(now) + 1)}, body, now)
    assert not verify(SECRET, {**headers, "webhook-id": "another"}, body, now)
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert not verify(other, headers, body, now)


@pytest.mark.parametrize(
    ("status", "headers", "permanent", "wait"),
    [
        (204, {}, None, None),
        (302, {"Location": "/elsewhere"}, True, None),
        (401, {}, True, None),
        (410, {}, True, None),
        (429, {"Retry-After": "120"}, False, 120),
        (503, {"Retry-After": "soon"}, False, None),
        (500, {}, False, None),
    ],
)
async def test_what_a_webhooks_answer_means(
    outside: WebTwin,
    session: ClientSession,
    clock: Clock,
    status: int,
    headers: dict[str, str],
    permanent: bool | None,
    wait: int | None,
) -> None:
    outside.answers["/erp"] = web.Response(status=status, headers=headers)
    if permanent is None:
        await webhook(outside, session, clock).send(letter(clock, "erp"))
        return
    error = await refused(webhook(outside, session, clock), letter(clock, "erp"))
    assert error.permanent is permanent
    assert (error.retry_after.total_seconds() if error.retry_after else None) == wait
    assert outside.at("/elsewhere") == [], "no redirect is followed"


async def test_nothing_goes_out_unsigned(outside: WebTwin, session: ClientSession, clock: Clock, firm: Firm) -> None:
    sender = WebhookSender(session, {"erp": f"{outside.address}/erp"}, "https://desk.example", clock)
    assert not sender.reaches("erp")
    assert (await refused(sender, letter(clock, "erp"))).permanent
    assert outside.got == []
