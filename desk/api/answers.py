"""The form of what integrators get, for the OpenAPI document; :mod:`desk.api.views` makes it.

Moments are RFC 3339 in UTC, money is in minor units. A field may be added; none is taken away.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Control = Literal["bot", "queued", "staff"]


class Button(BaseModel):
    title: str
    payload: str


class Reply(BaseModel):
    """Without buttons, the field is not there."""

    recipient_id: str
    text: str
    buttons: list[Button] = []


class Replies(RootModel[list[Reply]]):
    """What a message led to, in order."""


class ConversationAnswer(BaseModel):
    identity: str
    channel: str
    language: str | None
    control: Control
    case_numbers: list[str]


class MessageAnswer(BaseModel):
    number: int
    direction: Literal["in", "out"]
    author: str
    text: str
    buttons: list[Button]
    at: Moment


class MessagesAnswer(BaseModel):
    identity: str
    messages: list[MessageAnswer]
    more: bool


class OfferAnswer(BaseModel):
    remedies: list[dict[str, Any]]
    cost: int
    currency: str
    authority: str
    state: str
    reason: str


class RemedyAnswer(BaseModel):
    kind: str
    amount: int
    currency: str
    state: str
    reference: str | None
    executed_at: Moment | None


class PromiseAnswer(BaseModel):
    text: str
    due_at: Moment
    state: str


class RatingAnswer(BaseModel):
    score: int
    outcome: int | None
    procedure: int | None
    interaction: int | None


class EscalationAnswer(BaseModel):
    reason: str
    at: Moment
    by: str


class CaseAnswer(BaseModel):
    number: str
    state: str
    merged_into: str | None
    language: str
    channel: str
    tier: str
    categories: list[str]
    failure_type: str
    dimension: str
    severity: str
    emotion: int
    risk: list[str]
    facts: dict[str, str]
    wished_remedy: str | None
    department: str
    owner: str | None
    control: Control
    opened_at: Moment
    acknowledged_at: Moment | None
    first_response_due: Moment
    first_response_at: Moment | None
    resolution_due: Moment
    resolved_at: Moment | None
    closed_at: Moment | None
    offers: list[OfferAnswer]
    remedies: list[RemedyAnswer]
    promises: list[PromiseAnswer]
    ratings: list[RatingAnswer]
    escalations: list[EscalationAnswer]


class CasesAnswer(BaseModel):
    cases: list[CaseAnswer]


class Kept(BaseModel):
    """How many of the list were kept: all of them."""

    kept: int


class BindingAnswer(BaseModel):
    link: str
    expires_at: Moment


class Anything(RootModel[dict[str, Any]]):
    """What the command line prints with ``--json``; the documentation describes it."""
