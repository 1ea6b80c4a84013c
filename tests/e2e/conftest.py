"""Real processes for the tests here; the model is the one that ``make test`` trained."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.e2e.service import Service, running

# Lanes by the time they take, the longest first, so that they end together: whoever shares the one service, and each
# other module by itself. What is not named is short.
_LANES = (
    "test_desk_pages",
    "shared",
    "test_kill",
    "test_desk_stories",
    "test_postgresql",
    "test_misbehaving_merchant",
    "test_wechat",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a service stay in one lane: to start another one takes as long as many of them."""
    lanes = {}
    for item in items:
        services = item._fixtureinfo.name2fixturedefs.get("service", ())
        shares = any(service.baseid == "tests/e2e" for service in services[-1:])
        lanes[item] = "shared" if shares else item.path.stem
        item.add_marker(pytest.mark.xdist_group(lanes[item]))
    places = {lane: place for place, lane in enumerate(_LANES)}
    items.sort(key=lambda item: places.get(lanes[item], len(places)))


@pytest.fixture(scope="session")
def model() -> str:
    path = os.environ.get("TEST_MODEL", "")
    if not path:
        missing("MODEL MISSING: TEST_MODEL is not set (`make test` trains one): the service is NOT tested")
    return path


@pytest.fixture(scope="session")
def service(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service that the tests share; each test speaks as customers of its own."""
    with running(tmp_path_factory.mktemp("service"), model) as service:
        yield service


@pytest.fixture
def own_service(model: str, tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, to do violence to."""
    with running(tmp_path, model) as service:
        yield service
