"""SQLAlchemy tables, by what they are about. Importing this package registers all of them."""

from store.tables.amends import BudgetDay, GuaranteePayment, OrderProofFailure, RemedyExperience
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
    SeverityChange,
)
from store.tables.channels import BindingLink, ChannelAccount, IncomingMedia, ReplyWindow, SyncCursor
from store.tables.conversations import Conversation, Customer, Identity, InboxRow, Message, OutboxRow, Timer, Turn
from store.tables.firm import Order, OrderIdentity, RefundEntry, Shipment, Voucher
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
from store.tables.incidents import Alarm, Incident, IncidentOrder
from store.tables.notifying import Notification, NotificationDelivery, NotificationEvent
from store.tables.outcomes import CaseStepOutcome, DailyCount, OutcomeEventRow, Volume
from store.tables.people import ApiToken, AuditEntry, SavedView, Staff, StaffSession, WebSession
from store.tables.rights import ErasureRequest

__all__ = [
    "Alarm",
    "ApiToken",
    "Assessment",
    "Attachment",
    "AuditEntry",
    "Base",
    "BindingLink",
    "BudgetDay",
    "CannedReply",
    "Case",
    "CaseClock",
    "CaseLink",
    "CaseStepOutcome",
    "CaseTransition",
    "ChannelAccount",
    "Consultation",
    "Conversation",
    "Correction",
    "Customer",
    "CustomerMerge",
    "DailyCount",
    "ErasureRequest",
    "Fact",
    "GuaranteePayment",
    "HandOver",
    "Identity",
    "InboxRow",
    "Incident",
    "IncidentOrder",
    "IncomingMedia",
    "Macro",
    "Message",
    "Note",
    "Notification",
    "NotificationDelivery",
    "NotificationEvent",
    "Offer",
    "Order",
    "OrderIdentity",
    "OrderProofFailure",
    "OutboxRow",
    "OutcomeEventRow",
    "Promise",
    "Rating",
    "RefundEntry",
    "Remedy",
    "RemedyExperience",
    "ReplyWindow",
    "SavedView",
    "SeverityChange",
    "Shipment",
    "Staff",
    "StaffSession",
    "SyncCursor",
    "Timer",
    "Turn",
    "Volume",
    "Voucher",
    "WebSession",
]
