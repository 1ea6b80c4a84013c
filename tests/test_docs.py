"""The documentation names what there is: settings, metrics, commands, targets, the firm's files. Its links lead on."""

import argparse
import fnmatch
import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from desk.health import METRICS
from store.settings import PREFIX, Settings
from tests.conftest import ROOT

README = "README"
OPERATIONS, COMMANDS, FIRM_FILES, INTEGRATION = (
    f"docs/{name}" for name in ("operations", "commands", "firm-files", "integration")
)
# Pages that are there in both languages, and say the same in both.
PAGES = (README, OPERATIONS, COMMANDS, FIRM_FILES, INTEGRATION)
LANGUAGES = (".md", ".zh.md")
Read = Callable[[str], str]

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


@pytest.fixture(params=LANGUAGES)
def read(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The text of a page in one of both languages."""
    return lambda page: (ROOT / f"{page}{request.param}").read_text(encoding="utf-8")


def missing_from(text: str, names: Iterable[str]) -> list[str]:
    """The names that do not stand in the text as words of their own."""
    return [name for name in names if not re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w-])", text)]


def rows(text: str) -> list[str]:
    """What stands as code at the beginning of a table's row: each thing has a row, where it is looked up."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)


def test_every_setting_is_described(read: Read) -> None:
    settings = [PREFIX + name.upper() for name in Settings.model_fields]
    described = [name for name in rows(read(README)) if name.startswith(PREFIX)]
    assert sorted(described) == sorted(settings)


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_is_named_exists(read: Read, page: str) -> None:
    named = {name.removesuffix("_FILE") for name in re.findall(rf"{PREFIX}[A-Z0-9_]+", read(page))}
    assert named - {PREFIX + name.upper() for name in Settings.model_fields} == set()


def test_every_metric_is_described(read: Read) -> None:
    described = [name for name in rows(read(OPERATIONS)) if name.startswith("amends_")]
    assert sorted(name.partition("{")[0] for name in described) == sorted(METRICS)


def test_every_command_is_described(read: Read) -> None:
    known = list(commands())
    assert "python -m desk users add" in known, "commands within commands are found"
    assert missing_from("\n".join(rows(read(COMMANDS))), known) == []


def test_every_command_that_is_named_exists(read: Read) -> None:
    known = list(commands())
    named = [name for name in rows(read(COMMANDS)) if not any(f"{name} ".startswith(f"{one} ") for one in known)]
    # A command within which there are others prints what it is about where none of them is given.
    assert [name for name in named if not any(one.startswith(f"{name} ") for one in known)] == []


def test_every_target_of_make_is_described(read: Read) -> None:
    assert {"run", "test"} <= set(targets())
    described = [name for name in rows(read(OPERATIONS)) if name.startswith("make ")]
    assert sorted(described) == sorted(f"make {target}" for target in targets())


def test_every_file_of_the_firm_is_described(read: Read) -> None:
    assert "replies/zh.yml" in firm_files()
    described = [name for name in rows(read(FIRM_FILES)) if name.endswith(".yml")]
    assert sorted(described) == firm_files()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_the_same_sections_and_tables_in_both_languages(page: str) -> None:
    def form(language: str) -> list[str]:
        text = _FENCE.sub("", (ROOT / f"{page}{language}").read_text(encoding="utf-8"))
        # Headings by their depth; items and steps of lists; rows of tables, by what they are about where that is code.
        return re.findall(r"^(#+(?= )|- |\d\. |\|(?: `[a-zA-Z_./-]+)?)", text, re.MULTILINE)

    assert form(".md") == form(".zh.md")


def test_both_readmes_lead_to_every_page(read: Read) -> None:
    direct = {link.partition("#")[0] for link, _ in _LINK.findall(read(README))}
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    # Of a page in both languages, the one in that of the README.
    lacking = {page.removesuffix(".md").removesuffix(".zh") for page in there - direct}
    reached = {page.removesuffix(".md").removesuffix(".zh") for page in direct}
    assert {page for page in lacking - reached if not page.startswith("docs/decisions/")} == set()
    assert "docs/decisions" in direct


def test_emphasis_in_chinese_is_seen_as_such() -> None:
    """Between a Chinese comma and a character, Markdown takes closing asterisks for text."""
    lost = [
        f"{path.relative_to(ROOT)}: {words}"
        for path, text in texts()
        if path.suffix == ".md"
        for words, after in re.findall(r"\*\*([^*\n]+)\*\*(.?)", _CODE.sub("x", text))
        if words[-1] in "，。：；！？）」”" and re.match(r"[\w\[]", after)
    ]
    assert lost == []


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
