"""Every page of the desk with an example address: made from the table of permissions, so that none is forgotten."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from desk.accounts import ROLES
from desk.console.permissions import RULES
from tests.e2e.desk_scene import Scene

# Addresses that show no page of their own.
NO_PAGES = {"/desk", "/desk/static", "/desk/events"}
# What stands for the parts of an address in braces.
EXAMPLES: dict[str, Callable[[Scene], str]] = {
    "/desk/conversations/{public_id}": lambda scene: f"/desk/conversations/{scene.conversations['taken']}",
}


@dataclass(frozen=True)
class DeskPage:
    """A page: its name, its address in the scene, and the roles that may see it."""

    name: str
    path: str
    roles: frozenset[str]


def pages(scene: Scene) -> list[DeskPage]:
    """All pages, in the order of the table.

    Raises:
        KeyError: a page's address has parts for which no example is given here.
    """
    found = []
    for (method, path), rule in RULES.items():
        if method != "GET" or path in NO_PAGES:
            continue
        name = re.sub(r"[{}]", "", path.removeprefix("/desk").strip("/").replace("/", "-")) or "queue"
        example = EXAMPLES[path](scene) if "{" in path else path
        found.append(DeskPage(name, example, frozenset(ROLES) if rule.public else rule.roles))
    return found
