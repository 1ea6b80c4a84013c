"""Real processes for the tests here; the model is the one that ``make test`` trained."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.e2e.service import Service, running


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
