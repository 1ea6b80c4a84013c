"""Bad input gets a clear error of the right class, or plain handling; nothing is half-written (design.md section 3)."""

import json
import uuid
from typing import Any

import pytest

from tests.e2e.service import Reply, Service

WEBHOOK = "/webhooks/rest/webhook"


def is_error(reply: Reply, status: int) -> bool:
    """Whether it is an error of the public form, without anything of our insides."""
    assert reply.status == status, reply
    assert set(reply.body) == {"error"} and set(reply.body["error"]) == {"code", "message"}, reply
    assert "Traceback" not in json.dumps(reply.body)
    return True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sender": "bad", "message": ""}, 422),
        ({"sender": "bad", "message": " \n\u3000"}, 422),
        ({"sender": "", "message": "x"}, 422),
        ({"message": "x"}, 422),
        ({"sender": "bad"}, 422),
        ({"sender": 7, "message": "x"}, 422),
        ({"sender": "bad", "message": ["x"]}, 422),
        ({"sender": "bad", "message": "x", "metadata": "m"}, 422),
        ({"sender": "bad", "message": "x", "metadata": {"message_id": ""}}, 422),
        ([], 422),
        (b"{", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        (b'{"sender": "bad", "message": NaN}', 400),
        (b"[" * 60000, 400),
    ],
)
def test_a_malformed_message_is_refused(service: Service, body: Any, status: int) -> None:
    assert is_error(service.call("POST", WEBHOOK, body), status)
    assert service.call("GET", "/api/v1/conversations/rest:bad").status == 404


def test_64_kib_and_one_byte_are_too_much(service: Service) -> None:
    frame = len(json.dumps({"sender": "big", "message": ""}))
    fits = json.dumps({"sender": "big", "message": "x" * (64 * 1024 - frame)}).encode()
    assert len(fits) == 64 * 1024
    assert service.call("POST", WEBHOOK, fits).status == 200
    assert is_error(service.call("POST", WEBHOOK, fits + b" "), 413)


@pytest.mark.parametrize("token", [None, "wrong", "密码"])
def test_without_the_token_nothing_is_told(service: Service, token: str | None) -> None:
    if token == "密码":
        reply = service.call("GET", "/api/v1/cases?identity=rest:x", token=None, headers={"Authorization": "Basic x"})
    else:
        reply = service.call("GET", "/api/v1/cases?identity=rest:x", token=token)
    assert is_error(reply, 401)
    assert is_error(service.call("POST", WEBHOOK, {"sender": "x", "message": "x"}, token="wrong"), 401)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/cases/AM-0000-0000", 404),
        ("GET", "/api/v1/conversations/rest:nobody-at-all", 404),
        ("GET", "/api/v1/conversations/rest:nobody-at-all/messages", 404),
        ("GET", "/api/v1/conversations/nothing", 422),
        ("GET", "/api/v1/cases", 422),
        ("GET", "/api/v1/cases?identity=nothing", 422),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/orders", 405),
        ("GET", "/api/v1/analytics/sigma?process=nothing", 422),
        ("GET", "/api/v1/analytics/sigma?since=yesterday", 422),
        ("GET", "/api/v1/analytics/chart?kind=pie", 422),
        ("GET", "/api/v1/analytics/compare", 422),
    ],
)
def test_what_is_not_there_is_said_so(service: Service, method: str, path: str, status: int) -> None:
    assert is_error(service.call(method, path), status)


@pytest.mark.parametrize(
    "order",
    [
        {"total": -1},
        {"total": 1.5},
        {"currency": "yuan"},
        {"placed_at": "2026-11-18T08:00:00"},
        {"number": "a b"},
        {"identities": ["nobody"]},
        {"items": [{"name": "x", "quantity": 0, "price": 1}]},
        {"unknown": 1},
    ],
)
def test_a_list_with_one_wrong_order_keeps_none(service: Service, order: dict[str, Any]) -> None:
    number = f"W{uuid.uuid4().int % 10**10}"
    right = {
        "number": number,
        "identities": ["rest:half-written"],
        "placed_at": "2026-11-18T08:00:00Z",
        "total": 100,
        "currency": "CNY",
        "status": "delivered",
    }
    wrong = {**right, "number": f"{number}9", **order}
    assert is_error(service.call("POST", "/api/v1/orders", [right, wrong]), 422)
    customer = f"half-{number}"
    service.told(customer, f"质量很差,用两天就坏了,订单{number}")
    assert service.cases(customer)[0]["offers"] == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script> 你们的快递太慢了",
        "'; DROP TABLE cases; -- the parcel is late and nobody answers",
        "快递太慢了 \u0000 \ud800 等了一周",
        "快递太慢了" + "啊" * 9000,
        "\u202e迟到三天了\u202c 😡😡😡",
    ],
)
def test_odd_text_is_handled_as_text(service: Service, text: str) -> None:
    customer = f"odd-{uuid.uuid4().hex[:8]}"
    assert service.told(customer, text)
    assert len(service.cases(customer)) == 1
    kept = service.messages(customer)[0]["text"]
    assert kept == text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


@pytest.mark.parametrize("text", ["/restart", "  /restart", '/complain{"order_number": "1"}', "/action_accept_offer"])
def test_commands_of_rasa_are_words_like_any_other(service: Service, text: str) -> None:
    customer = f"slash-{uuid.uuid4().hex[:8]}"
    assert service.told(customer, "快递太慢了,等了一周")
    before = service.cases(customer)
    assert service.told(customer, text), "a command is answered like any text that is not understood"
    after = service.cases(customer)
    assert [case["number"] for case in after] == [case["number"] for case in before]
    assert after[0]["categories"] == before[0]["categories"] and after[0]["facts"] == before[0]["facts"]
    assert service.messages(customer)[2]["text"] == text
