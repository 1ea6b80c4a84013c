"""Whether what is said to be the standard now is really there, and really changed since the baseline was frozen."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Standard, StandardChange
from store.tables import CannedReply


def standard_findings(look: Look) -> list[Finding]:
    """That a standard is written down, and one finding for each change that cannot be found."""
    standard = look.documents.get("standard")
    if not isinstance(standard, Standard):
        return [Finding("standard_written", False)]
    findings = [Finding("standard_written", True, {"changes": len(standard.changes)})]
    for change in standard.changes:
        named = change.model_dump(include={"kind", "reference"})
        exists = _exists(look, change)
        findings.append(Finding("standard_exists", exists, named))
        if exists and change.kind != "procedure":
            findings.append(Finding("standard_changed", _changed(look, change), named))
    return findings


def standards_before(look: Look) -> dict[str, Any]:
    """What the standards are as the first baseline is frozen: the moment, and a digest of each file and guarantee."""
    found: dict[str, Any] = look.figures.get("standards") or {
        "at": look.work.now.isoformat(),
        "digests": dict(_digests(look.around.folder)),
    }
    return found


def _exists(look: Look, change: StandardChange) -> bool:
    if change.kind == "policy_file":
        return _is_file_of(look.around.folder, change.reference)
    if change.kind == "canned_reply":
        asked = select(CannedReply.id).where(CannedReply.shortcut == change.reference, CannedReply.active)
        return look.work.session.scalar(asked) is not None
    if change.kind == "guarantee":
        return change.reference in _guarantees(look.around.folder)
    # Where a firm keeps its procedures nobody can look up here: whoever writes it down stands for it.
    return True


def _changed(look: Look, change: StandardChange) -> bool:
    """Whether it says something else than before; what only lies there proves no new standard."""
    before = standards_before(look)
    if change.kind == "canned_reply":
        begun = datetime.fromisoformat(before["at"])
        changed = select(CannedReply.id).where(
            CannedReply.shortcut == change.reference, CannedReply.changed_at >= begun
        )
        return look.work.session.scalar(changed) is not None
    digests: dict[str, str] = before["digests"]
    name = _name(look.around.folder, change)
    return dict(_digests(look.around.folder)).get(name) != digests.get(name)


def _name(folder: Path, change: StandardChange) -> str:
    if change.kind == "guarantee":
        return f"guarantee {change.reference}"
    inside = folder.resolve()
    return (inside / change.reference).resolve().relative_to(inside).as_posix()


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    """Digests of what the files and guarantees say: a comment or an empty line changes nothing."""
    for path in sorted(folder.rglob("*.yml")):
        try:
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError):
            continue
        said = "\n".join(line.rstrip() for line in lines if not line.lstrip().startswith("#"))
        yield path.relative_to(folder).as_posix(), _digest(said)
    for key, entry in _guarantees(folder).items():
        yield f"guarantee {key}", _digest(json.dumps(entry, sort_keys=True, default=str))


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _is_file_of(folder: Path, name: str) -> bool:
    """A YAML file of the firm's folder, and nothing outside of it."""
    inside = folder.resolve()
    try:
        found = (inside / name).resolve()
        return found.is_relative_to(inside) and found.suffix == ".yml" and found.is_file()
    except OSError:
        # Too long for a name, or not ours to look at.
        return False


def _guarantees(folder: Path) -> dict[str, Any]:
    """The firm's guarantees by key, live or not; the file itself is checked where it is used."""
    try:
        content = yaml.load((folder / "guarantees.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    entries = content.get("guarantees") if isinstance(content, dict) else None
    return {str(entry["key"]): entry for entry in entries or () if isinstance(entry, dict) and "key" in entry}
