"""The same service on PostgreSQL: a complaint, its remedy, and a person."""

from pathlib import Path

import psycopg

from tests.e2e.service import running


def test_a_complaint_is_made_good_on_postgresql(model: str, postgresql_url: str, tmp_path: Path) -> None:
    url = postgresql_url.replace("postgresql+psycopg://", "postgresql://").replace("/postgres?", "/amends_e2e?")
    create_database(postgresql_url, "amends_e2e")
    with running(tmp_path, model, AMENDS_DATABASE_URL=url) as service:
        service.with_order("li", "202611550001")
        first = service.told("li", "包裹晚了五天，订单202611550001")
        assert service.cases("li")[0]["number"] in first
        assert service.cases("li")[0]["remedies"] == []
        service.told("li", "退款吧")
        remedy = service.cases("li")[0]["remedies"][0]
        assert remedy["kind"] == "refund" and remedy["executed_at"]
        service.told("li", "转人工")
        assert service.conversation("li")["control"] == "queued"
        assert not (service.var / "amends.db").exists()


def create_database(url: str, name: str) -> None:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
