"""What a playbook offers in a case, in place of the usual rules."""

from dataclasses import replace

from sqlalchemy import select

from actions.firm import Firm
from actions.firm.playbooks import RULE_PREFIX
from actions.incidents.reaching import family_of
from recovery.decision import Policy
from recovery.failures import Category, leading_category
from recovery.policy import RemedyRule
from store.database import UnitOfWork
from store.tables import Case, Incident, Offer

# The customer has answered these; what the playbook had was not enough, or was given already.
_ANSWERED = frozenset({"accepted", "awaiting_approval", "declined", "refused"})


def playbook_choices(work: UnitOfWork, firm: Firm, case: Case) -> RemedyRule | None:
    """The rule of the playbook for a case of an incident; None where the usual rules hold.

    It is for what the incident is about: whose order is late, and broken besides, is offered what is due for a broken
    one. It is offered once a customer: who has taken it, or declined it, in whichever case, is offered what the firm's
    rules give.
    """
    if case.incident_id is None:
        return None
    incident = work.session.get(Incident, case.incident_id)
    playbook = firm.playbooks.named(incident.playbook) if incident is not None else None
    rule = playbook.rule if playbook is not None else None
    if incident is None or rule is None:
        return None
    leading = str(leading_category(case.categories, firm.like))
    if leading not in (incident.category, Category.OTHER):
        return None
    answered = (
        select(Offer.id)
        .join(Case, Case.id == Offer.case_id)
        .where(
            Case.incident_id == incident.id,
            Case.customer_id.in_(family_of(work, case.customer_id)),
            Offer.rule.startswith(RULE_PREFIX, autoescape=True),
            Offer.state.in_(_ANSWERED),
        )
    )
    if work.session.scalars(answered.limit(1)).first() is not None:
        return None
    return replace(rule, categories=(leading,))


def with_playbook(work: UnitOfWork, firm: Firm, case: Case, policy: Policy) -> Policy:
    """``policy`` with the playbook's rule before all others, where one is for this case."""
    rule = playbook_choices(work, firm, case)
    if rule is None:
        return policy
    return replace(policy, remedies=replace(policy.remedies, rules=(rule, *policy.remedies.rules)))
