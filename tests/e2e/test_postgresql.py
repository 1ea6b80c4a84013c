"""The same service on PostgreSQL: a complaint, its remedy, and a person."""

from tests.e2e.service import Service


def test_a_complaint_is_made_good_on_postgresql(desk_service: Service, postgresql_url: str) -> None:
    service = desk_service
    service.with_order("li", "202611550001")
    first = service.told("li", "包裹晚了五天，订单202611550001")
    assert service.cases("li")[0]["number"] in first
    assert service.cases("li")[0]["remedies"] == []
    service.told("li", "退款吧")
    remedy = service.cases("li")[0]["remedies"][0]
    assert remedy["kind"] == "refund" and remedy["executed_at"]
    service.told("li", "转人工")
    assert service.conversation("li")["control"] == "queued"
    assert service.database_url.startswith("postgresql") and not (service.var / "amends.db").exists()
