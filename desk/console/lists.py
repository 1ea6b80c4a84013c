"""What a list is asked for: which one, filtered by what, in what order, from where on. All of it stands in the address,
so that every list can be linked, saved under a name, and come back to."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlencode

from multidict import MultiMapping

from actions.firm import Firm
from desk.console.permissions import PREFIX
from recovery.case_states import UNSETTLED, CaseState
from recovery.failures import Risk
from recovery.severity import Severity

PAGE_SIZE = 50
LISTS = ("mine", "department", "unassigned", "approvals", "promises", "overdue", "open")
SORTS = ("urgent", "waiting", "newest")
FILTERS = (
    "severity",
    "department",
    "category",
    "state",
    "owner",
    "tier",
    "channel",
    "language",
    "emotion",
    "risk",
)
# Of the filter `owner`: oneself, and nobody.
ME, NOBODY = "me", "-"
_VALUES_AT_MOST = 20
_VALUE_LENGTH = 64

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list as it was asked for.

    Attributes:
        path: the page it is on.
        name: one of :data:`LISTS`; empty where none was chosen, and on the page of all conversations.
        filters: allowed values by filter; of one filter any may be met, of several all must.
        question: words to search for.
        after: what the page before ended with.
        view: public id of the saved view that this is, if it is one.
    """

    path: str = f"{PREFIX}/"
    name: str = ""
    sort: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    question: str = ""
    after: str = ""
    view: str = ""

    @classmethod
    def read(cls, path: str, query: MultiMapping[str], question: str = "") -> Self:
        """The list of an address. What makes no sense is left out: old links lead somewhere, too."""
        name, sort = query.get("list", ""), query.get("sort", "")
        return cls(
            path=path,
            name=name if name in LISTS else "",
            sort=sort if sort in SORTS else "",
            filters=_read_filters({key: query.getall(key, []) for key in FILTERS}),
            question=question,
            after=query.get("after", ""),
            view=query.get("view", ""),
        )

    @classmethod
    def restore(cls, kept: Mapping[str, Any], view: str, after: str = "") -> Self:
        """The list of a saved view."""
        name, sort = str(kept.get("list", "")), str(kept.get("sort", ""))
        return cls(
            name=name if name in LISTS else "open",
            sort=sort if sort in SORTS else "",
            filters=_read_filters({key: kept.get(key, []) for key in FILTERS}),
            after=after,
            view=view,
        )

    def keep(self) -> dict[str, Any]:
        """What a saved view keeps."""
        kept: dict[str, Any] = {"list": self.name, **{key: list(values) for key, values in self.filters.items()}}
        return kept | ({"sort": self.sort} if self.sort else {})

    @property
    def order(self) -> str:
        """The order, chosen or not."""
        return self.sort or SORTS[0]

    def address(self, **changes: Any) -> str:
        """The address of this list from its top, with ``changes`` of fields."""
        changed = replace(self, **{"after": "", "view": "", **changes})
        if changed.view:
            pairs = [("view", changed.view)]
        else:
            pairs = [("q", changed.question)] if changed.question else []
            pairs += [("list", changed.name)] if changed.name else []
            pairs += [(key, value) for key in FILTERS for value in changed.filters.get(key, ())]
            pairs += [("sort", changed.sort)] if changed.sort else []
        if changed.after:
            pairs.append(("after", changed.after))
        return changed.path + ("?" + urlencode(pairs) if pairs else "")

    def on_from(self, cursor: str) -> str:
        """The address of the page that follows."""
        return self.address(after=cursor, view=self.view)

    def without(self, key: str, value: str) -> str:
        """The address without one value of a filter."""
        left = tuple(other for other in self.filters.get(key, ()) if other != value)
        filters = {other: values for other, values in self.filters.items() if other != key}
        return self.address(filters=filters | ({key: left} if left else {}))

    def has(self, key: str, value: str) -> bool:
        return value in self.filters.get(key, ())


def choices(firm: Firm, staff: Iterable[tuple[str, str]], channels: Iterable[str], everything: bool) -> dict[str, Any]:
    """What each filter offers: values with how they are named: a text, or None where the words of the desk name them.

    Args:
        staff: logins and names.
        everything: whether settled cases are there to be found, too.
    """
    states = list(CaseState) if everything else [state for state in CaseState if state in UNSETTLED]
    return {
        "severity": [(severity.value, None) for severity in reversed(Severity)],
        "department": [(department.key, None) for department in firm.departments],
        "category": [(key, None) for key in firm.categories],
        "state": [(state.value, None) for state in states],
        "owner": [(ME, None), (NOBODY, None), *staff],
        "tier": [(tier, None) for tier in ("vip", "major", "regular", "small")],
        "channel": [(channel, None) for channel in channels],
        "language": [("zh", None), ("en", None)],
        "emotion": [(str(level), None) for level in (3, 2, 1, 0)],
        "risk": [(risk.value, None) for risk in Risk],
    }


def write_cursor(key: Key) -> str:
    """Where a page ends, as it stands in the address of the next."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str, like: tuple[type, ...]) -> Key | None:
    """The key that :func:`write_cursor` wrote; None where it is none of this form."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    if not isinstance(key, list) or [type(part) for part in key] != list(like):
        return None
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        return None
    return tuple(key)


def _read_filters(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    filters = {}
    for key, values in given.items():
        known = [value for value in values if isinstance(value, str) and 0 < len(value) <= _VALUE_LENGTH]
        if known:
            filters[key] = tuple(dict.fromkeys(known))[:_VALUES_AT_MOST]
    return filters
