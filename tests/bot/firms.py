"""Folders of made-up firms: the shipped taxonomy with a category of the firm's own, and past complaints."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "samples" / "complaints.csv"
GIFT_CARD = "  - {key: gift_card, name: {zh: 礼品卡, en: Gift cards}, like: billing_price}\n"


def firm(folder: Path, complaints: str | bytes | None = None, name: str = "complaints.csv") -> Path:
    """Puts the taxonomy, and the past complaints if there are any, into ``folder``."""
    shipped = (ROOT / "data" / "firm" / "taxonomy.yml").read_text(encoding="utf-8")
    (folder / "taxonomy.yml").write_text(shipped + GIFT_CARD, encoding="utf-8")
    if complaints is not None:
        content = complaints if isinstance(complaints, bytes) else complaints.encode("utf-8")
        (folder / name).write_bytes(content)
    return folder
