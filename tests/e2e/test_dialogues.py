"""Customers in both languages through the real service, over the public contract."""

import re
import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.service import Service

NUMBER = re.compile(r"AM-[0-9A-Z]{4}-[0-9A-Z]{4}")


def somebody(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    ("complaint", "order", "acceptance", "sorry"),
    [
        ("说好前天到,到今天物流一动不动,订单号{order}", "202611120007", "选第一个", "抱歉|对不起"),
        (
            "My parcel was due on Tuesday and is still not here, order {order}",
            "202611130008",
            "the first one please",
            "sorry",
        ),
    ],
)
def test_a_complaint_gets_a_number_an_apology_an_offer_and_the_remedy_once(
    service: Service, complaint: str, order: str, acceptance: str, sorry: str
) -> None:
    customer = somebody("complains")
    service.with_order(customer, order)
    first = service.told(customer, complaint.format(order=order))
    case = service.cases(customer)[0]
    assert case["number"] in first and re.search(sorry, first)
    assert "delivery" in case["categories"]
    assert {offer["state"] for offer in case["offers"]} == {"open"}
    second = service.told(customer, acceptance)
    again = service.told(customer, acceptance)
    case = service.cases(customer)[0]
    # An apology may come with it; money moved once.
    (remedy,) = [remedy for remedy in case["remedies"] if remedy["amount"]]
    assert remedy["executed_at"] and remedy["reference"] in second
    assert case["state"] == "resolved"
    assert NUMBER.search(again), "a second yes is told where things stand"


@pytest.mark.parametrize(
    "text", ["转人工", "别用机器人糊弄我,找个人来", "let me speak to a person", "get me a human please"]
)
def test_who_asks_for_a_person_gets_one_and_the_bot_falls_silent(service: Service, text: str) -> None:
    customer = somebody("wants a person")
    assert service.told(customer, text)
    assert service.conversation(customer)["control"] == "queued"
    assert service.say(customer, "还在吗 anybody there?").body == []


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "hello there",
        "你们的服务真不错,下次还来",
        "great service, thank you so much!",
        "请问你们周末营业吗?",
        "Do you ship to Canada?",
        "兼职刷单日赚五百,加微信了解",
        "Earn $500 a day from home, click this link http://example.invalid",
    ],
)
def test_what_is_no_complaint_opens_no_case(service: Service, text: str) -> None:
    customer = somebody("no complaint")
    assert service.told(customer, text)
    assert service.cases(customer) == []
    assert service.conversation(customer)["control"] == "bot"


def test_a_danger_is_handed_over_at_once(service: Service) -> None:
    customer = somebody("danger")
    service.told(customer, "你们的热水壶漏电,我手都麻了")
    case = service.cases(customer)[0]
    assert case["severity"] == "critical" and case["control"] == "queued"
    assert case["escalations"][0]["reason"] == "safety"


def test_nobody_gets_money_on_a_guessed_order_number(service: Service) -> None:
    owner, guesser = somebody("owner"), somebody("guesser")
    service.with_order(owner, "202611990001", phone_last4="4321")
    service.told(guesser, "衣服质量太差了,才穿一次就破了,订单202611990001")
    assert service.cases(guesser)[0]["offers"] == []
    service.told(guesser, "1111")
    assert service.cases(guesser)[0]["offers"] == []
    service.told(guesser, "4321")
    assert service.cases(guesser)[0]["offers"]


def test_a_caller_may_repeat_a_message_and_gets_the_stored_reply(service: Service) -> None:
    customer = somebody("repeats")
    first = service.say(customer, "等了两个小时才送到,饭都凉了", message_id="m-1")
    again = service.say(customer, "等了两个小时才送到,饭都凉了", message_id="m-1")
    assert first.body and again.body == first.body
    assert len(service.cases(customer)) == 1
    assert service.say(customer, "别的话", message_id="m-1").status == 409


def test_the_outcome_counts_in_the_sigma_level(service: Service) -> None:
    customer = somebody("counted")
    service.with_order(customer, "202611770001")
    before = _opportunities(service)
    service.told(customer, "快递把包裹弄丢了,订单202611770001")
    service.told(customer, "1")
    service.told(customer, "5分")
    assert _opportunities(service) > before
    printed = service.run("analytics", "sigma", "--json")
    assert printed.returncode == 0 and '"dpmo"' in printed.stdout
    steps = service.call("GET", "/api/v1/analytics/sigma?process=recovery&by=step").body
    assert steps["process"] == "recovery"


def test_with_volumes_the_service_process_has_a_sigma_level_too(service: Service) -> None:
    customer = somebody("volume")
    service.told(customer, "快递迟到三天")
    opened = datetime.fromisoformat(service.cases(customer)[0]["opened_at"])
    day = opened.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()  # days are the firm's
    posted = [{"day": day, "process": "service", "step": "delivery", "opportunities": 1000}]
    assert service.call("POST", "/api/v1/volumes", posted).status == 200
    assert service.call("POST", "/api/v1/volumes", posted).status == 200
    summary = service.call("GET", "/api/v1/analytics/sigma?process=service").body
    line = next(line for line in summary["lines"] if line["key"] == "delivery")
    assert line["opportunities"] == 1000 and 1 <= line["defects"] < 1000
    assert line["dpmo"] == pytest.approx(line["defects"] / 1000 * 1_000_000)
    assert line["no_denominator"] is None and 1.5 < line["sigma_level"] < 6


def _opportunities(service: Service) -> int:
    summary = service.call("GET", "/api/v1/analytics/sigma?process=recovery").body
    total: int = summary["overall"]["opportunities"] or 0
    return total
