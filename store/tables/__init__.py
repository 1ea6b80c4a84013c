"""SQLAlchemy tables, by what they are about. Importing this package registers all of them."""

from store.tables.base import Base
from store.tables.cases import (
    Assessment,
    Case,
    CaseTransition,
    Fact,
    HandOver,
    Offer,
    Promise,
    Rating,
    Remedy,
)
from store.tables.conversations import Conversation, Customer, Identity, InboxRow, Message, OutboxRow, Timer, Turn
from store.tables.firm import Order, OrderIdentity, RefundEntry, Voucher
from store.tables.outcomes import CaseStepOutcome, DailyCount, OutcomeEventRow, Volume
from store.tables.people import AuditEntry, Staff, StaffSession, WebSession

__all__ = [
    "Assessment",
    "AuditEntry",
    "Base",
    "Case",
    "CaseStepOutcome",
    "CaseTransition",
    "Conversation",
    "Customer",
    "DailyCount",
    "Fact",
    "HandOver",
    "Identity",
    "InboxRow",
    "Message",
    "Offer",
    "Order",
    "OrderIdentity",
    "OutboxRow",
    "OutcomeEventRow",
    "Promise",
    "Rating",
    "RefundEntry",
    "Remedy",
    "Staff",
    "StaffSession",
    "Timer",
    "Turn",
    "Volume",
    "Voucher",
    "WebSession",
]
