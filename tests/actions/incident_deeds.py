"""What tests of incidents do with them: drawn up, started, told."""

from actions.incidents.claiming import claim
from actions.incidents.drafting import Draft
from actions.incidents.lists import read_list
from actions.incidents.telling import Told, tell
from actions.staff import incidents as deeds
from store.tables import Incident, IncidentOrder, Staff
from tests.actions.dialogue import Shop

TITLES = {"zh": "3号仓发出的包裹晚了两天", "en": "All parcels from depot 3 are two days late"}


def draws_up(shop: Shop, bob: Staff, orders: str, **options: object) -> Incident:
    draft = Draft("parcels_late", TITLES, read_list(orders), **options)  # type: ignore[arg-type]
    return shop.does(deeds.draw_up, shop.firm, bob, draft).incident


def starts(shop: Shop, bob: Staff, orders: str, **options: object) -> Incident:
    incident = draws_up(shop, bob, orders, **options)
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    return incident


def works(shop: Shop) -> list[Told]:
    """A worker does once what is to be done."""
    return [shop.does(tell, shop.firm, row_id) for row_id in shop.does(claim, shop.firm)]


def states(shop: Shop, incident: Incident) -> dict[str, str]:
    return {row.order_number: row.state for row in shop.all(IncidentOrder) if row.incident_id == incident.id}


def state_of(shop: Shop, incident: Incident) -> str:
    return next(one.state for one in shop.all(Incident) if one.id == incident.id)
