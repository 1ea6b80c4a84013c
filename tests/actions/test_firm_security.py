"""``security.yml``: what it says as shipped, and how its mistakes are told."""

from datetime import timedelta
from pathlib import Path

import pytest

from actions.firm import Firm, FirmDataError
from actions.firm.security import SecurityFile
from store.firm_files import read_yaml

GOOD = "second_factor: [agent]\nfailures_before_lock: 5\nlocked_for: 15 minutes\nsession_idle: 12 hours\n"


def test_as_shipped_nobody_must_have_a_second_factor(firm: Firm) -> None:
    assert firm.security.second_factor == []
    assert (firm.security.failures_before_lock, firm.security.locked_for) == (5, timedelta(minutes=15))


def test_a_role_that_stands_there_needs_one(tmp_path: Path) -> None:
    (tmp_path / "security.yml").write_text(GOOD)
    security = read_yaml(tmp_path / "security.yml", SecurityFile)
    assert security.needs_second_factor("agent") and not security.needs_second_factor("manager")


@pytest.mark.parametrize(
    ("good", "bad", "line", "words"),
    [
        ("[agent]", "[king]", 1, "second_factor.0"),
        ("[agent]", "[agent, agent]", 1, "names a role twice"),
        ("lock: 5", "lock: 1", 2, "greater than or equal to 3"),
        ("15 minutes", "15", 3, "must be a span"),
        ("15 minutes", "30 days", 3, "between 1 minute and 1 day"),
        ("12 hours", "1 minute", 4, "between 5 minutes and 30 days"),
        ("session_idle", "sesion_idle", 4, "sesion_idle"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, good: str, bad: str, line: int, words: str) -> None:
    path = tmp_path / "security.yml"
    path.write_text(GOOD.replace(good, bad))
    with pytest.raises(FirmDataError) as caught:
        read_yaml(path, SecurityFile)
    assert f"{path}:{line}:" in str(caught.value) and words in str(caught.value)
