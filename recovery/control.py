"""Who has the conversation, and why a person must take it."""

from enum import StrEnum


class Control(StrEnum):
    """``queued`` and ``staff`` are both silent for the bot; only the turn that hands over still answers."""

    BOT = "bot"
    QUEUED = "queued"
    STAFF = "staff"


class HandOverReason(StrEnum):
    """Reasons to hand over (GB/T 47746-2026 as quoted in domain.md section 3)."""

    ASKED = "asked"
    REFUSES_MACHINE = "refuses_machine"
    SAFETY = "safety"
    ACCOUNT_SECURITY = "account_security"
    MINOR = "minor"
    ELDER = "elder"
    STRONG_FEELING = "strong_feeling"
    NOT_UNDERSTOOD = "not_understood"
    REPEATED_CONTACT = "repeated_contact"
    UNREADABLE = "unreadable"  # a picture, a place, a voice message … without words
    BOT_SILENT = "bot_silent"
    ABUSE = "abuse"
    OFFERS_DECLINED = "offers_declined"
    ABOVE_AUTHORITY = "above_authority"
    NO_REMEDY = "no_remedy"
    BUDGET_SPENT = "budget_spent"
    LOW_RATING = "low_rating"
    REMEDY_FAILED = "remedy_failed"
    PROMISE_BROKEN = "promise_broken"
    ABOUT_HANDLING = "about_handling"  # the customer complains of how the complaint was handled
    RECORDED = "recorded"  # staff took the complaint by phone, at the counter or in a letter


# Reasons that need no question: the person is due at once. Strong feeling alone is confirmed first.
UNASKED = frozenset(
    {
        HandOverReason.ASKED,
        HandOverReason.REFUSES_MACHINE,
        HandOverReason.SAFETY,
        HandOverReason.ACCOUNT_SECURITY,
        HandOverReason.MINOR,
        HandOverReason.ELDER,
    }
)

# Danger to people, accounts and data is taken before everything else that waits.
FIRST_IN_LINE = frozenset({HandOverReason.SAFETY, HandOverReason.ACCOUNT_SECURITY})

# Where the recovery itself failed it is no matter for those who carried it out: superiors take it (domain.md 3.7).
FOR_SUPERIORS = frozenset({HandOverReason.LOW_RATING, HandOverReason.ABOUT_HANDLING})

# A set number of failed turns, and of contacts in 24 h with evident dissatisfaction (GB/T 47746-2026).
UNCLEAR_TURNS_BEFORE_HAND_OVER = 3
CONTACTS_BEFORE_HAND_OVER = 3
