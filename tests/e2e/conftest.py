"""Real processes for the tests here; the model is the one that ``make test`` trained."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.e2e.service import Service, create_database, running
from tests.e2e.wechat_scene import Scene, wechat_scene

# Lanes by the time they take, the longest first, so that they end together: whoever shares a service, and each other
# module by itself. What is not named is short.
_LANES = ("desk_service", "scene_on_wechat", "test_misbehaving_merchant", "test_kill")
# Whoever is left waiting would be met by those after them: the stories find an empty desk, its pages need none.
_AT_THE_DESK = ("test_desk_stories", "test_postgresql", "test_desk_pages")


# Before xdist, which looks for the marks at the same moment.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a service stay in one lane: to start another one takes as long as many of them."""

    def lane_of(item: pytest.Item) -> str:
        shared = (name for name in ("desk_service", "scene_on_wechat") if name in item.fixturenames)
        return next(shared, item.path.stem)

    def place_of(item: pytest.Item) -> tuple[int, int]:
        lane, module = lane_of(item), item.path.stem
        return (
            _LANES.index(lane) if lane in _LANES else len(_LANES),
            _AT_THE_DESK.index(module) if module in _AT_THE_DESK else 0,
        )

    for item in items:
        item.add_marker(pytest.mark.xdist_group(lane_of(item)))
    items.sort(key=place_of)


@pytest.fixture(scope="session")
def model() -> str:
    path = os.environ.get("TEST_MODEL", "")
    if not path:
        missing("MODEL MISSING: TEST_MODEL is not set (`make test` trains one): the service is NOT tested")
    return path


def _start_once(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fail where another lane has started the same: each start takes as long as many tests."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        started = tmp_path_factory.getbasetemp().parent / f"{name}.started"
        assert not started.exists(), f"{name} was started by another lane: the lanes do not hold"
        started.touch()


@pytest.fixture(scope="session")
def scene_on_wechat(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One service that the tests share, beside a simulated WeChat; each test speaks as customers of its own."""
    _start_once("scene_on_wechat", tmp_path_factory)
    with wechat_scene(tmp_path_factory.mktemp("service"), model) as scene:
        yield scene


@pytest.fixture(scope="session")
def service(scene_on_wechat: Scene) -> Service:
    """The same, for those who need no WeChat."""
    return scene_on_wechat.service


@pytest.fixture(scope="session")
def desk_service(
    model: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    """One for those who put people at the desk, who would be given the customers of all other tests; on PostgreSQL."""
    _start_once("desk_service", tmp_path_factory)
    settings = {}
    with contextlib.suppress(pytest.skip.Exception):
        # Where there is none the desk is tested all the same; what is said of PostgreSQL is not, and says so.
        settings["AMENDS_DATABASE_URL"] = create_database(request.getfixturevalue("postgresql_url"), "amends_e2e")
    with running(tmp_path_factory.mktemp("desk"), model, **settings) as service:
        yield service


@pytest.fixture
def own_service(model: str, tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, to do violence to."""
    with running(tmp_path, model) as service:
        yield service
