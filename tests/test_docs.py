"""The documentation names what there is: settings, metrics, commands, targets, the firm's files. Its links lead on."""

import argparse
import fnmatch
import importlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from desk.health import METRICS
from store.settings import PREFIX, Settings
from tests.conftest import ROOT

READMES = ("README.md", "README.zh.md")
HOUSES = ("desk", "actions", "analytics", "store")
# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
    )
)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|\b(?:src|srcset|href)="([^"\s]+)""")


class _Parser(Exception):
    """Carries a parser out of the command that built it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


def commands() -> Iterator[str]:
    """Every command of the houses, such as ``python -m desk users add``, from their own parsers."""

    def tell(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise _Parser(parser)

    for house in HOUSES:
        if (ROOT / house / "__main__.py").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(argparse.ArgumentParser, "parse_args", tell)
                with pytest.raises(_Parser) as caught:
                    importlib.import_module(f"{house}.__main__").main([])
            yield from _leaves(f"python -m {house}", caught.value.parser)


def _leaves(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield name
    for action in below:
        for command, its_parser in action.choices.items():
            yield from _leaves(f"{name} {command}", its_parser)


def targets() -> list[str]:
    """The targets that ``make help`` lists."""
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def firm_files() -> list[str]:
    folder = ROOT / "data" / "firm"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.yml"))


def files() -> Iterator[Path]:
    """Every file that belongs to the project: what git is not told to ignore."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = [line.removesuffix("/") for line in lines if not line.startswith("#")]

    def belongs(path: Path) -> bool:
        inside = path.relative_to(ROOT).as_posix()
        return path.name != ".git" and not any(
            fnmatch.fnmatch(name, pattern) for pattern in ignored for name in (path.name, inside)
        )

    for place, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if belongs(Path(place, name))]
        yield from (path for name in names if belongs(path := Path(place, name)))


def texts() -> Iterator[tuple[Path, str]]:
    """Every file that is text."""
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8", "replace")


@pytest.fixture(params=READMES)
def readme(request: pytest.FixtureRequest) -> str:
    return (ROOT / request.param).read_text(encoding="utf-8")


def missing_from(text: str, names: Iterable[str]) -> list[str]:
    """The names that do not stand in the text as words of their own."""
    return [name for name in names if not re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w-])", text)]


def test_every_setting_is_described(readme: str) -> None:
    assert missing_from(readme, (PREFIX + name.upper() for name in Settings.model_fields)) == []


def test_every_setting_that_is_described_exists(readme: str) -> None:
    described = {name.removesuffix("_FILE") for name in re.findall(rf"{PREFIX}[A-Z0-9_]+", readme)}
    assert described - {PREFIX + name.upper() for name in Settings.model_fields} == set()


def test_every_metric_is_described(readme: str) -> None:
    assert missing_from(readme, METRICS) == []


def test_every_command_is_described(readme: str) -> None:
    known = list(commands())
    assert "python -m desk users add" in known, "commands within commands are found"
    assert missing_from(readme, known) == []


def test_every_target_of_make_is_described(readme: str) -> None:
    assert {"run", "test"} <= set(targets())
    assert missing_from(readme, (f"make {target}" for target in targets())) == []


def test_every_file_of_the_firm_is_described(readme: str) -> None:
    assert "replies/zh.yml" in firm_files()
    assert missing_from(readme, firm_files()) == []


def test_both_readmes_have_the_same_sections() -> None:
    english, chinese = (
        re.findall(r"^#+(?= )", _FENCE.sub("", (ROOT / name).read_text(encoding="utf-8")), re.MULTILINE)
        for name in READMES
    )
    assert english == chinese


def test_links_within_the_project_lead_somewhere() -> None:
    followed, broken = 0, []
    for path, text in texts():
        if path.suffix != ".md":
            continue
        for link in (found[0] or found[1] for found in _LINK.findall(_CODE.sub("", text))):
            target, _, heading = link.partition("#")
            if re.match(r"[a-z][a-z0-9+.-]*:|//", link):
                continue
            followed += 1
            there = path.parent / target if target else path
            if not there.exists() or (heading and heading not in anchors(there)):
                broken.append(f"{path.relative_to(ROOT)}: {link}")
    assert followed > 0
    assert broken == []


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_no_file_holds_the_address_of_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}" for path, text in texts() for host in REGISTRY_HOSTS if host in text.lower()
    ]
    assert found == []


def test_pins_hold_no_address() -> None:
    for name in (
        "requirements.txt",
        "bot/requirements.txt",
        "scripts/uv-requirements.txt",
        "tests/bench/requirements.txt",
        "tests/bench/mfgqc-requirements.txt",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert re.findall(r"\S*://\S*|^--?[a-z-]*(?:index|find)\S*", text, re.MULTILINE) == []
