"""The order that a customer names, spelled as the merchant spells it: nobody heeds capitals, and the bot hears none."""

from sqlalchemy import select

from actions.connectors.orders import OrderTwin
from actions.understanding import Understanding
from store.database import UnitOfWork
from store.tables import Case, Customer, Fact


def spell_order(work: UnitOfWork, customer: Customer, understanding: Understanding) -> Understanding:
    """What was understood, with the order number as on file where the order is known to be the customer's.

    Any other stays as it was heard: how it is spelled would tell a stranger that it exists.
    """
    heard = understanding.facts.order_number
    if heard is None or heard.lower() == heard.upper():
        return understanding
    orders, names = OrderTwin(work), [identity.public for identity in customer.identities]
    named = (
        select(Fact.value, Case.order_proved)
        .join(Case, Fact.case_id == Case.id)
        .where(Case.customer_id == customer.id, Fact.key == "order_number")
    )
    mine = {(number, is_proved) for number, is_proved in work.session.execute(named)}
    if (heard, False) in mine:
        # The case that names it so is the one they speak of; it is spelled anew when it is proved.
        return understanding
    like = orders.numbers_like(heard)
    found = next((one for one in like if (one, True) in mine or orders.belongs_to_one(one, names)), heard)
    facts = understanding.facts.model_copy(update={"order_number": found})
    return understanding.model_copy(update={"facts": facts})
