"""The firm's service blueprint (服务蓝图): its service steps in order, and what complaints belong to each."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from store.firm_files import read_yaml

# The step of a valid complaint that fits none of the blueprint's; also the key of volumes not told apart by step.
NO_STEP = ""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepName(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class ServiceStep(_Strict):
    """One step of the service, and the complaint categories that speak of it."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{1,63}$")
    name: StepName
    categories: tuple[str, ...] = ()


class Blueprint(_Strict):
    """``blueprint.yml``: the steps of the service, in the order a customer passes them."""

    service_steps: tuple[ServiceStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        keys: set[str] = set()
        owner: dict[str, str] = {}
        for number, step in enumerate(self.service_steps):
            place: tuple[str | int, ...] = ("service_steps", number)
            if step.key in keys:
                detail = {"step": step.key, "place": place}
                raise PydanticCustomError("repeated", "the step {step} stands here twice", detail)
            keys.add(step.key)
            for position, category in enumerate(step.categories):
                if category in owner:
                    raise PydanticCustomError(
                        "repeated",
                        "the category {category} belongs to {step} already",
                        {"category": category, "step": owner[category], "place": (*place, "categories", position)},
                    )
                owner[category] = step.key
        return self

    def step_of(self, category: str) -> str:
        """The key of the step that complaints of ``category`` belong to; empty where none fits."""
        return next((step.key for step in self.service_steps if category in step.categories), NO_STEP)

    @property
    def names(self) -> dict[str, dict[str, str]]:
        """The steps' names by language, in the order of the service."""
        return {step.key: step.name.model_dump() for step in self.service_steps}


def read_blueprint(folder: Path) -> Blueprint:
    """The blueprint in the firm's ``folder``.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    return read_yaml(folder / "blueprint.yml", Blueprint)
