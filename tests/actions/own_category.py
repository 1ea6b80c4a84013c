"""A firm that has a category of its own, gift cards, beside the shipped ones."""

import shutil
from dataclasses import replace
from pathlib import Path

from actions.firm import Firm, load_firm
from tests.conftest import ROOT

OWN_RULE = """
  - id: gift-cards
    categories: [gift_card]
    severities: [low, medium]
    approved_by: Head of customer service
    approved_on: 2026-11-01
    choices:
      - [{kind: voucher, amount: 4000}, {kind: apology}]
      - [{kind: call_back}]
"""


def keep_own_firm(folder: Path, like: str | None, *replacements: tuple[str, str, str]) -> Firm:
    """Write the firm's files to ``folder`` and read them; replacements are (file, old words, new words)."""
    shutil.copytree(ROOT / "data" / "firm", folder, ignore=shutil.ignore_patterns("*.csv"))
    entry = "  - {key: gift_card, name: {zh: 礼品卡, en: Gift cards}%s}\n" % (f", like: {like}" if like else "")
    for file, old, new in (("taxonomy.yml", "categories:\n", "categories:\n" + entry), *replacements):
        content = (folder / file).read_text(encoding="utf-8")
        assert old in content
        (folder / file).write_text(content.replace(old, new, 1), encoding="utf-8")
    firm = load_firm(folder)
    return replace(firm, value=firm.value.model_copy(update={"choose_by": "table"}))
