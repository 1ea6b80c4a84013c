"""``routing.yml`` as it ships, and how its mistakes are told."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from actions.firm import Firm, FirmDataError, load_firm
from recovery.routing import Way
from tests.conftest import ROOT


def test_a_firm_begins_as_a_tree_for_everybody(firm: Firm) -> None:
    assert {firm.routing.way_for(tier) for tier in ("vip", "major", "regular", "small", "VIP", "unheard")} == {Way.TREE}
    assert firm.routing.take_within == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  vip: tree", "  vip: ring", "a ring needs a team"),
        ("  vip: tree", "  vip: square", "line"),
        ("  vip: tree", "  gold: tree", "gold"),
        ("take_within: 5 minutes ", "take_within: soon ", "span"),
        ("pass_on_at_most: 2 ", "pass_on_at_most: -1 ", "greater than or equal to 0"),
        ("off_duty_after: 1 hour ", "idle_after: 1 hour ", "idle_after"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(ROOT / "data" / "firm", folder)
    path = folder / "routing.yml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FirmDataError) as mistake:
        load_firm(folder)
    assert words in str(mistake.value) and str(mistake.value).startswith(f"{path}:")
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if new in text)
    assert f"{path}:{line}:" in str(mistake.value)


def test_a_ring_with_a_team_is_fine(tmp_path: Path) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(ROOT / "data" / "firm", folder)
    path = folder / "routing.yml"
    text = path.read_text(encoding="utf-8").replace("vip: tree", "vip: ring").replace("team: []", "team: [alice, bob]")
    path.write_text(text, encoding="utf-8")
    routing = load_firm(folder).routing
    assert (routing.way_for("vip"), routing.team) == (Way.RING, ["alice", "bob"])
