"""The service blueprint and the firm's zone, and how their mistakes are told."""

from pathlib import Path

import pytest
import yaml

from analytics.firm_zone import firm_zone
from recovery.failures import Category
from store.blueprint import read_blueprint
from store.firm_files import FirmDataError

FIRM = Path(__file__).parents[2] / "data/firm"

# What `rasa train` would take for its own (design.md section 1).
RASAS_KEYS = {"nlu", "stories", "rules", "responses"}


def test_the_shipped_blueprint_gives_every_category_but_other_its_step() -> None:
    blueprint = read_blueprint(FIRM)
    assert {category for category in Category if blueprint.step_of(category) == ""} == {Category.OTHER}
    assert blueprint.step_of("delivery") == "delivery"
    assert {category for step in blueprint.service_steps for category in step.categories} <= set(Category)
    content = yaml.safe_load((FIRM / "blueprint.yml").read_text(encoding="utf-8"))
    assert not RASAS_KEYS & set(content)


STEP = "  - {key: paying, name: {zh: 付款, en: paying}, categories: [billing_price]}\n"


@pytest.mark.parametrize(
    ("content", "line", "complaint"),
    [
        (f"service_steps:\n{STEP}{STEP}", 3, "the step paying stands here twice"),
        (
            f"service_steps:\n{STEP}  - key: delivery\n    name: {{zh: 配送, en: delivery}}\n"
            "    categories:\n      - delivery\n      - billing_price\n",
            7,
            "the category billing_price belongs to paying already",
        ),
        (f"service_steps:\n{STEP}  - key: Über\n    name: {{zh: 某, en: some}}\n", 3, "String should match pattern"),
        (f"service_steps:\n{STEP}  - key: delivery\n    name: {{zh: 配送}}\n", 4, "Field required"),
        (f"# steps\nservice_steps:\n{STEP}colour: red\n", 4, "Extra inputs are not permitted"),
        ("service_steps: []\n", 1, "at least 1 item"),
        ("service_steps: [\n", 2, "no valid YAML"),
        ("", 1, "should be a valid dictionary"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, content: str, line: int, complaint: str) -> None:
    path = tmp_path / "blueprint.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FirmDataError) as caught:
        read_blueprint(tmp_path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert complaint in str(caught.value)


def test_the_firms_zone_is_read_and_checked(tmp_path: Path) -> None:
    (tmp_path / "firm.yml").write_text("name: a firm\nzone: Asia/Shanghai\n")
    assert firm_zone(tmp_path).key == "Asia/Shanghai"
    (tmp_path / "firm.yml").write_text("name: a firm\nzone: Moon/Crater\n")
    with pytest.raises(FirmDataError, match=r"firm.yml:2: zone: .*is no time zone"):
        firm_zone(tmp_path)
