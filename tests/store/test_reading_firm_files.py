"""Reading the firm's YAML: what is wrong is told with file and line, all of it at once."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from store.firm_files import FirmDataError, read_yaml


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Dish(_Strict):
    name: str
    price: int = Field(gt=0)


class Menu(_Strict):
    dishes: list[Dish]
    closed_on: dict[str, bool] = {}


GOOD = """\
# the menu
dishes:
  - {name: 面, price: 1800}
  - name: 饺子
    price: 2200
closed_on: {monday: true}
"""


def problem(tmp_path: Path, source: str | bytes) -> list[str]:
    """The lines of the error, without the folder."""
    path = tmp_path / "menu.yml"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    with pytest.raises(FirmDataError) as wrong:
        read_yaml(path, Menu)
    return [line.removeprefix(f"{tmp_path}/") for line in str(wrong.value).splitlines()]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "menu.yml"
    path.write_text(GOOD, encoding="utf-8")
    menu = read_yaml(path, Menu)
    assert [dish.price for dish in menu.dishes] == [1800, 2200] and menu.dishes[0].name == "面"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("price: 1800", "price: -1", "menu.yml:3: dishes.0.price:"),
        ("price: 2200", "price: free", "menu.yml:5: dishes.1.price:"),
        ("    price: 2200\n", "", "menu.yml:4: dishes.1.price:"),
        ("price: 2200", "cost: 2200", "menu.yml:5: dishes.1.cost:"),
        ("monday: true", "monday: perhaps", "menu.yml:6: closed_on.monday:"),
        ("closed_on:", "open_on:", "menu.yml:6: open_on:"),
    ],
)
def test_a_mistake_is_told_with_its_own_line(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in GOOD
    assert any(line.startswith(place) for line in problem(tmp_path, GOOD.replace(old, new)))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = problem(tmp_path, GOOD.replace("1800", "-1").replace("2200", "-2"))
    assert [line.partition(": ")[0] for line in told] == ["menu.yml:3", "menu.yml:5"]


@pytest.mark.parametrize(
    ("source", "place", "words"),
    [
        (GOOD + "dishes: []\n", "menu.yml:7:", "'dishes' stands here twice"),
        (GOOD.replace("name: 面,", "name: 面, name: 粉,"), "menu.yml:3:", "'name' stands here twice"),
        ("dishes: [\n", "menu.yml:2:", "no valid YAML"),
        ("dishes:\n\t- x\n", "menu.yml:2:", "no valid YAML"),
        ("dishes: !!python/object:os.system {}\n", "menu.yml:1:", "no valid YAML"),
        ("", "menu.yml:1:", "the file"),
        ("- a list\n", "menu.yml:1:", "the file"),
        ("dishes: 面".encode("gb18030"), "menu.yml:1:", "not UTF-8"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, source: str | bytes, place: str, words: str) -> None:
    (told,) = problem(tmp_path, source)
    assert told.startswith(place) and words in told


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FirmDataError, match=r"menu\.yml:1: cannot be read"):
        read_yaml(tmp_path / "menu.yml", Menu)
