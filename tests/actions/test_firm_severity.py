"""severity.yml: whatever contradicts itself, or finds danger harmless, stops the start with file and line."""

import shutil
from pathlib import Path

import pytest

from actions.firm import FirmDataError, load_firm
from recovery.severity import Severity, SeverityInputs, judge_severity
from tests.conftest import ROOT


def firm_with(folder: Path, before: str, after: str) -> Path:
    shutil.copytree(ROOT / "data" / "firm", folder / "firm")
    path = folder / "firm" / "severity.yml"
    source = path.read_text("utf-8")
    assert before in source
    path.write_text(source.replace(before, after), "utf-8")
    return folder / "firm"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{categories: [after_sales]}", "{categories: [after_party]}", "there is no category 'after_party'"),
        ("{risks: [vulnerable]}", "{risks: [weather]}", "risks"),
        ("{emotion_at_least: 3}", "{emotion_at_least: 4}", "less than or equal to 3"),
        ("{amount_at_least: 200000}", "{amount_at_least: 0}", "greater than 0"),
        ("{tiers: [vip], emotion_at_least: 2}", "{tiers: [gold]}", "tiers"),
        ("{categories_at_least: 2}", "{categories_at_least: 1}", "greater than or equal to 2"),
        ("{about_handling: true}", "{about_handling: false}", "asks nothing: the rule would never speak"),
        ("{about_handling: true}", "{}", "asks nothing: the rule would never speak"),
        ("{risks: [legal, media]}", "{risks: []}", "at least 1 item"),
        ("id: second-time", "id: anger", "the rule anger stands here twice"),
        # GB/T 47746-2026: danger to people and data is handed over at once
        ("{categories: [safety]}", "{categories: [delivery]}", "category safety alone must be critical"),
        ("{risks: [privacy]}", "{risks: [privacy], tiers: [vip]}", "risk privacy alone must be critical"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(FirmDataError, match=r"severity\.yml:\d+: ") as mistake:
        load_firm(firm_with(tmp_path, before, after))
    assert told in str(mistake.value)


def test_a_firm_draws_its_own_lines(tmp_path: Path) -> None:
    firm = load_firm(firm_with(tmp_path, "amount_at_least: 200000", "amount_at_least: 50000"))
    judged = judge_severity(SeverityInputs(("delivery",), (), 0, amount_minor=50_000), firm.severity.table)
    assert judged.severity is Severity.HIGH and judged.rules == ("much-at-stake",)
    assert firm.severity.why("much-at-stake", "en") == "much money is at stake"
    # Of a rule that the table has no more only the name is known.
    assert firm.severity.why("gone", "zh") == "gone"
