"""How an event, or several, is told outside the page: by what our keys are called, and nothing a customer wrote."""

from collections import Counter
from datetime import datetime

from actions.firm import Firm
from actions.notifying import NotificationKind
from actions.words.catalogue import Catalogue
from actions.words.formats import show_moment
from desk.notifying.deliveries import Parcel
from desk.notifying.robot import MARKDOWN_BYTES
from desk.notifying.sending import Item, Letter

# Of a digest, so many are listed; the page has them all.
_LISTED = 20
_ROOM_FOR_THE_END = 400


class Wording:
    """Words for what leaves the page.

    Args:
        words: the console's catalogue.
        desk: the public address of the desk.
    """

    def __init__(self, words: Catalogue, firm: Firm, desk: str) -> None:
        self._words, self._firm, self._desk = words, firm, desk

    def letter(self, parcel: Parcel) -> Letter:
        """The parcel in the words of its receiver's language; systems get keys, and need no words."""
        if parcel.way == "webhook":
            return Letter(parcel.id, parcel.to, parcel.items)
        language = parcel.language
        title = self._title(language, parcel)
        if len(parcel.items) == 1:
            text, markdown = self._one(language, parcel.items[0])
        else:
            text, markdown = self._several(language, parcel)
        if parcel.way == "email":
            place = f"{self._desk}/desk/account/notifications"
            text = f"{text}\n\n-- \n{self._say(language, 'foot', firm=self._firm_name(language), place=place)}\n"
        return Letter(parcel.id, parcel.to, parcel.items, title, text, f"**{title}**\n{markdown}")

    def test(self, way: str, to: str, language: str, message_id: str, at: datetime) -> Letter:
        """A letter that only proves that the way is open."""
        title, text = self._say(language, "test_title"), self._say(language, "test", firm=self._firm_name(language))
        item = Item(message_id, "test", at, {})
        return Letter(message_id, to, (item,), title, f"{text}\n", f"**{title}**\n{text}")

    def _title(self, language: str, parcel: Parcel) -> str:
        if len(parcel.items) == 1:
            item, facts = parcel.items[0], parcel.items[0].facts
            parts = [self._what(language, parcel.way, item.kind)]
            if severity := facts.get("severity"):
                parts.append(self._words.render(language, f"severity.{severity}"))
            if number := facts.get("case"):
                parts.append(number)
            return " · ".join(parts)
        return self._say(language, "several", count=len(parcel.items))

    def _what(self, language: str, way: str, kind: str) -> str:
        """What happened; to a group, of those whom it concerns, and not as if each in it were meant."""
        in_group = f"told_group.{kind}"
        key = in_group if way == "robot" and self._words.has(in_group) else f"told.{kind}"
        return self._words.render(language, key)

    def _one(self, language: str, item: Item) -> tuple[str, str]:
        pairs = self._pairs(language, item)
        link, open_it = self._link(item), self._say(language, "open")
        text = "\n".join([*(self._say(language, "pair", name=n, value=v) for n, v in pairs), "", link])
        quoted = (f">{self._say(language, 'pair', name=n, value=v)}" for n, v in pairs)
        markdown = "\n".join([*quoted, f"[{open_it}]({link})"])
        return text, markdown

    def _pairs(self, language: str, item: Item) -> list[tuple[str, str]]:
        facts, words = item.facts, self._words
        department = next((d for d in self._firm.departments if d.key == facts.get("department")), None)
        found = {
            "case": facts.get("case"),
            "severity": words.render(language, f"severity.{facts['severity']}") if facts.get("severity") else None,
            "reason": self._named(language, "reason", facts.get("reason")),
            "clock": self._named(language, "clock_kind", facts.get("clock")),
            "department": department.name.in_language(language) if department else None,
            "due": self._moment(language, facts.get("due")),
        }
        return [(self._say(language, f"name_{key}"), value) for key, value in found.items() if value]

    def _several(self, language: str, parcel: Parcel) -> tuple[str, str]:
        items = parcel.items
        counts = Counter(item.kind for item in items)
        summary = [
            self._say(language, "counted", what=self._what(language, parcel.way, kind), count=count)
            for kind, count in counts.most_common()
        ]
        text, markdown = [*summary, ""], [f">{line}" for line in summary]
        size, listed = len("\n".join(markdown).encode()), 0
        for item in items[:_LISTED]:
            line = self._line(language, parcel.way, item)
            linked = f"[{line}]({self._link(item)})"
            size += len(linked.encode()) + 1
            text += [line, f"  {self._link(item)}"]
            if size < MARKDOWN_BYTES - _ROOM_FOR_THE_END:
                markdown.append(linked)
                listed += 1
        if more := len(items) - min(len(items), _LISTED):
            text += ["", self._say(language, "more", count=more), f"  {self._desk}/desk/notifications"]
        if more := len(items) - listed:
            markdown.append(f"[{self._say(language, 'more', count=more)}]({self._desk}/desk/)")
        return "\n".join(text), "\n".join(markdown)

    def _line(self, language: str, way: str, item: Item) -> str:
        parts = [item.facts.get("case"), self._what(language, way, item.kind)]
        if severity := item.facts.get("severity"):
            parts.append(self._words.render(language, f"severity.{severity}"))
        if due := self._moment(language, item.facts.get("due")):
            parts.append(due)
        return " · ".join(part for part in parts if part)

    def _link(self, item: Item) -> str:
        """To the conversation, with the case in sight."""
        conversation, number = item.facts.get("conversation"), item.facts.get("case")
        if item.kind == NotificationKind.ALARM:
            return f"{self._desk}/desk/crisis"
        if item.kind == NotificationKind.CHANNEL_FAULT:
            return f"{self._desk}/desk/settings/channels"
        if not conversation:
            return f"{self._desk}/desk/notifications"
        return f"{self._desk}/desk/conversations/{conversation}" + (f"?case={number}" if number else "")

    def _moment(self, language: str, written: str | None) -> str | None:
        try:
            moment = datetime.fromisoformat(written) if written else None
        except ValueError:
            return None
        return show_moment(self._firm.local(moment), language) if moment and moment.tzinfo else None

    def _named(self, language: str, group: str, key: str | None) -> str | None:
        full = f"{group}.{key}"
        return self._words.render(language, full) if key and self._words.has(full) else None

    def _firm_name(self, language: str) -> str:
        return self._firm.file.name.in_language(language)

    def _say(self, language: str, key: str, **values: object) -> str:
        return self._words.render(language, f"outside.{key}", **values)
