"""Real complaints and written non-complaints through the real service: none lost, and the right ones get a case."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, reference_data
from tests.e2e.service import Service


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def hear_all(service: Service, texts: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int, bool]]:
    """Each text as a sender of its own: the row, the status, whether there is a case."""
    run = uuid.uuid4().hex[:6]

    def hear(row: dict[str, Any]) -> tuple[dict[str, Any], int, bool]:
        sender = f"{run}-{row['id']}"
        status = service.say(sender, row["text"]).status
        return row, status, bool(service.cases(sender))

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(hear, texts))


def test_real_complaints_are_all_answered_and_get_a_case(service: Service) -> None:
    heard = hear_all(service, rows(reference_data("complaints_dev.jsonl")))
    assert {status for _, status, _ in heard} == {200}
    with_category = [case for row, _, case in heard if row["categories"]]
    assert sum(with_category) >= 0.95 * len(with_category), f"{sum(with_category)} of {len(with_category)}"


def test_what_is_no_complaint_gets_no_case(service: Service) -> None:
    heard = hear_all(service, rows(ROOT / "tests" / "data" / "non_complaints.jsonl"))
    assert {status for _, status, _ in heard} == {200}
    without = [not case for _, _, case in heard]
    assert len(without) == 200
    assert sum(without) >= 0.95 * len(without), f"{sum(without)} of {len(without)}"
