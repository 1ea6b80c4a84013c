"""What staff do with incidents: drawn up, started, paused, stopped; what a list may say; what is kept and closed."""

from datetime import timedelta

import pytest

from actions.incidents.claiming import claim
from actions.incidents.closing import close_unanswered, find_unanswered
from actions.incidents.drafting import Draft
from actions.incidents.lists import LineProblem, Problem, read_list
from actions.incidents.preview import preview
from actions.incidents.running import counts, keep_promises, open_promises
from actions.incidents.telling import Told, tell
from actions.staff import incidents as deeds
from actions.staff.access import DeedRefused
from recovery.incidents import IncidentState, RowState
from store.tables import AuditEntry, Incident, IncidentOrder, Promise, Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.incident_deeds import TITLES, draws_up, starts, state_of, states, works

# --- started, paused, stopped -----------------------------------------------------------------------------------------


def test_it_is_paused_resumed_and_stopped_and_then_it_is_over(shop: Shop, bob: Staff) -> None:
    for number in range(3):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    incident = starts(shop, bob, "A0 A1 A2", per_minute=1)
    assert len(works(shop)) == 1
    shop.does(deeds.pause, bob, incident.public_id)
    shop.clock.advance(minutes=5)
    assert works(shop) == []
    shop.does(deeds.resume, bob, incident.public_id)
    assert len(works(shop)) == 1
    shop.does(deeds.stop, bob, incident.public_id)
    shop.clock.advance(minutes=5)
    assert works(shop) == [] and state_of(shop, incident) == "stopped"
    for deed in (deeds.pause, deeds.resume, deeds.stop):
        with pytest.raises(DeedRefused, match="incident_not_possible_now"):
            shop.does(deed, bob, incident.public_id)
    told = [entry.action for entry in shop.all(AuditEntry)]
    assert {"draft_incident", "start_incident", "pause_incident", "resume_incident", "stop_incident"} <= set(told)


def test_a_pause_holds_for_what_was_claimed_already(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    incident = starts(shop, bob, "A1")
    (row_id,) = shop.does(claim, shop.firm)
    shop.does(deeds.pause, bob, incident.public_id)
    assert shop.does(tell, shop.firm, row_id) is Told.WAITS


def test_it_starts_once_and_only_as_it_was_shown(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    shop.sells("A1", 5_000, to="rest:c")
    incident = draws_up(shop, bob, "A1")
    with shop.database.reading() as work:
        shown = preview(work, shop.firm, work.session.get_one(Incident, incident.id)).digest
    shop.sells("A2", 5_000, to="rest:d")
    shop.does(deeds.redraw, shop.firm, bob, incident.public_id, Draft("parcels_late", TITLES, read_list("A2")))
    with pytest.raises(DeedRefused, match="incident_changed"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, shown)
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    with pytest.raises(DeedRefused, match="incident_not_possible_now"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, None)


def test_what_reaches_nobody_does_not_start(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000)
    incident = draws_up(shop, bob, "A1 A2")
    with pytest.raises(DeedRefused, match="incident_reaches_nobody"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    assert state_of(shop, incident) == "draft"


@pytest.mark.parametrize("role", ["agent", "quality", "administrator"])
def test_only_supervisors_and_managers_write_to_many(shop: Shop, bob: Staff, role: str) -> None:
    other = shop.hires("other", role)
    shop.sells("A1", 5_000, to="rest:c")
    incident = draws_up(shop, bob, "A1")
    with pytest.raises(DeedRefused, match="not_your_role"):
        draws_up(shop, other, "A1")
    for deed in (deeds.pause, deeds.resume, deeds.stop, deeds.discard, deeds.keep_promises):
        with pytest.raises(DeedRefused, match="not_your_role"):
            shop.does(deed, other, incident.public_id)  # type: ignore[operator]
    with pytest.raises(DeedRefused, match="not_your_role"):
        shop.does(deeds.start, shop.firm, other, incident.public_id, None)


def test_a_draft_can_be_thrown_away_and_nothing_else(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.does(deeds.discard, bob, draws_up(shop, bob, "A1").public_id)
    assert not shop.all(Incident) and not shop.all(IncidentOrder)
    with pytest.raises(DeedRefused, match="incident_started"):
        shop.does(deeds.discard, bob, starts(shop, bob, "A1").public_id)


def test_the_same_form_sent_twice_is_one_incident(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    shop.sells("A1", 5_000, to="rest:c")
    first, second = draws_up(shop, bob, "A1", key="form-1"), draws_up(shop, bob, "A1", key="form-1")
    assert first.id == second.id
    with pytest.raises(DeedRefused, match="form_used"):
        shop.does(
            deeds.draw_up, shop.firm, bob,
            Draft("parcels_late", {"zh": "别的", "en": "Other"}, read_list("A1"), key="form-1"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"playbook": "none"}, "unknown_playbook"),
        ({"titles": {"zh": "晚了", "en": " "}}, "title_missing"),
        ({"titles": {"zh": "晚" * 201, "en": "late"}}, "title_too_long"),
        ({"category": "safety"}, "category_of_other_playbook"),
        ({"per_minute": 0}, "per_minute_wrong"),
        ({"per_minute": 601}, "per_minute_wrong"),
    ],
)
def test_what_will_not_do_is_refused(shop: Shop, bob: Staff, change: dict[str, object], code: str) -> None:
    values: dict[str, object] = {"playbook": "parcels_late", "titles": TITLES, "orders": read_list("A1")}
    with pytest.raises(DeedRefused, match=code):
        shop.does(deeds.draw_up, shop.firm, bob, Draft(**(values | change)))  # type: ignore[arg-type]
    assert not shop.all(Incident)


# --- before it starts -------------------------------------------------------------------------------------------------


def test_the_preview_says_whom_it_reaches_and_what_it_costs_at_most(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")  # 10 %: 20.00
    shop.sells("A2", 10_000, to="rest:wang")  # the same customer: not counted again
    shop.sells("B1", 90_000, to="rest:new")  # 10 %, at most 30.00
    shop.sells("C1", 10_000)
    shop.sells("D1", 10_000, to="rest:usd", currency="USD")
    incident = draws_up(shop, bob, "A1 A2 B1 C1 D1 E1", per_minute=1)
    with shop.database.reading() as work:
        seen = preview(work, shop.firm, work.session.get_one(Incident, incident.id))
    assert (seen.orders, seen.customers, seen.channels) == (5, 3, {"rest": 3})
    assert (seen.unreachable, seen.unknown) == (["C1"], ["E1"])
    assert (seen.most, seen.dearest) == (2000 + 3000, 3000)
    # All three within the bot's authority: the third is offered a call back, which costs nothing.
    assert seen.authorities == {"bot": 3}
    assert seen.takes == timedelta(minutes=2)


def test_the_list_is_told_line_by_line(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.sells("U1", 5_000, to="rest:u", currency="USD")
    shop.sells("N1", 5_000)
    draft = Draft("parcels_late", TITLES, read_list("A1\nA1\n???\nX1\nU1\nN1"))
    problems = shop.does(deeds.draw_up, shop.firm, bob, draft).problems
    assert problems == [
        LineProblem(2, "A1", Problem.REPEATED),
        LineProblem(3, "???", Problem.NO_NUMBER),
        LineProblem(4, "X1", Problem.UNKNOWN),
        LineProblem(5, "U1", Problem.OTHER_CURRENCY),
        LineProblem(6, "N1", Problem.UNREACHABLE),
    ]


def test_an_order_that_came_in_after_the_draft_is_told_too(shop: Shop, bob: Staff) -> None:
    incident = draws_up(shop, bob, "A1")
    assert states(shop, incident) == {"A1": "unknown"}
    shop.sells("A1", 5_000, to="rest:c")
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    assert works(shop) == [Told.TOLD]


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_what_the_news_promised_is_kept_for_all_with_one_click(shop: Shop, bob: Staff) -> None:
    for number in range(3):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    incident = starts(shop, bob, "A0 A1 A2")
    works(shop)
    with shop.database.reading() as work:
        assert open_promises(work, incident) == 3
    while shop.does(deeds.keep_promises, bob, incident.public_id):
        pass
    assert {promise.state for promise in shop.all(Promise) if promise.kind == "incident"} == {"kept"}
    assert shop.does(keep_promises, incident, "bob") == 0


def test_what_nobody_ever_answers_is_closed_long_after(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 5_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    shop.does(claim, shop.firm)
    shop.clock.advance(days=13)
    assert shop.does(find_unanswered, shop.firm) == []
    shop.clock.advance(days=2)
    (case_id,) = shop.does(find_unanswered, shop.firm)
    before = len(wang.was_told)
    shop.does(close_unanswered, case_id)
    assert (wang.case.state, wang.awaited, wang.choices) == ("closed", None, [])
    assert len(wang.was_told) == before


def test_the_progress_is_counted_by_state(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.sells("A2", 5_000)
    incident = starts(shop, bob, "A1 A2")
    works(shop)
    with shop.database.reading() as work:
        assert counts(work, [incident.id]) == {incident.id: {"told": 1, "unreachable": 1}}


def test_all_rows_have_states_that_the_rules_know(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    incident = starts(shop, bob, "A1 A2")
    assert set(states(shop, incident).values()) <= set(RowState)
    assert state_of(shop, incident) in set(IncidentState)
