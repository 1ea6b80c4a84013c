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
from store.tables.handling import (
    Attachment,
    CannedReply,
    CaseClock,
    CaseLink,
    Consultation,
    Correction,
    CustomerMerge,
    Macro,
    Note,
)
from store.tables.notifying import Notification, NotificationDelivery, NotificationEvent
from store.tables.outcomes import CaseStepOutcome, DailyCount, OutcomeEventRow, Volume
from store.tables.people import ApiToken, AuditEntry, SavedView, Staff, StaffSession, WebSession
from store.tables.rights import ErasureRequest

__all__ = [
    "ApiToken",
    "Assessment",
    "Attachment",
    "AuditEntry",
    "Base",
    "CannedReply",
    "Case",
    "CaseClock",
    "CaseLink",
    "CaseStepOutcome",
    "CaseTransition",
    "Consultation",
    "Conversation",
    "Correction",
    "Customer",
    "CustomerMerge",
    "DailyCount",
    "ErasureRequest",
    "Fact",
    "HandOver",
    "Identity",
    "InboxRow",
    "Macro",
    "Message",
    "Note",
    "Notification",
    "NotificationDelivery",
    "NotificationEvent",
    "Offer",
    "Order",
    "OrderIdentity",
    "OutboxRow",
    "OutcomeEventRow",
    "Promise",
    "Rating",
    "RefundEntry",
    "Remedy",
    "SavedView",
    "Staff",
    "StaffSession",
    "Timer",
    "Turn",
    "Volume",
    "Voucher",
    "WebSession",
]
