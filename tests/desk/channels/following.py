"""Somebody who follows an official account, and what they say and do there."""

import itertools
from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.conversations import Address
from actions.firm import Firm
from actions.staff.talking import take
from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.intake import Taken, take_in
from store.database import Database
from store.tables import Conversation, Identity, InboxRow, Message, OutboxRow, Staff

MENU = {"PERSON": "转人工"}


class Follower:
    """A customer of the account ``main``."""

    def __init__(
        self, database: Database, firm: Firm, openid: str = "oAlice", account: str = "main", channel: str = "wechat"
    ) -> None:
        self.database, self.firm = database, firm
        self.address = Address(channel, openid, account)
        self._keys = itertools.count(1)

    def sends(self, kind: Kind = Kind.TEXT, words: str = "", *, greets: bool = True, **rest: Any) -> Taken:
        """Something arrives; the same ``key`` twice is the same thing told twice."""
        at: datetime = rest.pop("at", self.database.clock())
        key: str = rest.pop("key", f"key {next(self._keys)}")
        incoming = Incoming(self.address.external_id, key, kind, at, words=words, **rest)
        with self.database.begin() as work:
            taken = take_in(
                work,
                self.firm,
                self.address.channel,
                self.address.account,
                incoming,
                menu=MENU,
                greets=greets,
            )
            work.commit()
        return taken

    def sends_picture(self, media_id: str = "M1", **rest: Any) -> Taken:
        return self.sends(Kind.IMAGE, media=Media(media_id), **rest)

    @property
    def conversation(self) -> Conversation:
        with self.database.reading() as work:
            statement = select(Conversation).join(Identity, Identity.id == Conversation.identity_id)
            return work.session.scalars(
                statement.where(
                    Identity.external_id == self.address.external_id, Identity.account == self.address.account
                )
            ).one()

    @property
    def inbox(self) -> list[InboxRow]:
        with self.database.reading() as work:
            rows = select(InboxRow).where(InboxRow.conversation_id == self.conversation.id)
            return list(work.session.scalars(rows.order_by(InboxRow.number)))

    def said(self, direction: str) -> list[str]:
        with self.database.reading() as work:
            rows = select(Message.text).where(
                Message.conversation_id == self.conversation.id, Message.direction == direction
            )
            return list(work.session.scalars(rows.order_by(Message.number)))

    def outbox(self) -> list[OutboxRow]:
        with self.database.reading() as work:
            rows = select(OutboxRow).where(OutboxRow.conversation_id == self.conversation.id)
            return list(work.session.scalars(rows.order_by(OutboxRow.id)))

    def words(self, key: str, **values: Any) -> str:
        return self.firm.words.render("zh", key, **values)

    def is_taken_by(self, login: str) -> None:
        with self.database.begin() as work:
            person = Staff(login=login, name=login, role="agent", password_digest="-", created_at=work.now)
            work.session.add(person)
            work.session.flush()
            take(work, self.firm, person, self.conversation.id)
            work.commit()
