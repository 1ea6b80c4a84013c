"""Promises with an answer, moved promises, a word on conduct, fairness and superiors' matters, on the pages."""

import html
from datetime import timedelta

from desk.console.moments import moment_in
from store.tables import Case, Conversation, Customer, Rating
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open


def written(desk: Desk, clock: Clock, **ahead: float) -> str:
    """A moment as the browser's field sends it."""
    return (desk.firm.local(clock.now) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M")


async def test_a_promise_goes_with_the_answer_and_can_be_moved(browser: Open, desk: Desk, clock: Clock) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await alice.post(f"/desk/conversations/{public_id}/take")
    fields = {"promise_what": "a photo", "promise_due": written(desk, clock, hours=5)}
    response = await alice.post(f"/desk/conversations/{public_id}/answer", text="I'm on it.", **fields)
    assert response.status == 303
    made = next(one for one in desk.case().promises if one.kind == "said")
    assert made.text == "a photo" and made.due_at == moment_in(fields["promise_due"], desk.firm)
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "a photo" in page and f"/desk/promises/{made.public_id}/move" in page
    moved = await alice.post(
        f"/desk/promises/{made.public_id}/move", move_due=written(desk, clock, hours=9), move_reason="Traffic."
    )
    assert moved.status == 303
    assert [one.state for one in desk.case().promises if one.kind == "said"] == ["moved", "open"]
    assert "Traffic." in await alice.read(f"/desk/conversations/{public_id}")


async def test_a_promise_that_cannot_be_is_refused_and_what_was_typed_stays(
    browser: Open, desk: Desk, clock: Clock
) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    await alice.post(f"/desk/conversations/{public_id}/take")
    path = f"/desk/conversations/{public_id}/answer"
    for fields, words in (
        ({"promise_what": "a photo"}, "Please say by when."),
        ({"promise_what": "a photo", "promise_due": "soon"}, "Please say by when."),
        ({"promise_due": written(desk, clock, hours=1)}, "Please say what is promised."),
        ({"promise_what": "a photo", "promise_due": written(desk, clock, hours=-1)}, "That time has passed."),
    ):
        response = await alice.post(path, text="I'm on it.", **fields)
        page = html.unescape(await response.text())
        assert response.status == 422 and words in page and "I'm on it." in page
    assert "I'm on it." not in desk.told()


async def test_who_only_reads_moves_no_promise(browser: Open, desk: Desk, clock: Clock) -> None:
    public_id = desk.waits()
    made = desk.case().promises[0]
    quinn = await browser("quinn")
    response = await quinn.post(f"/desk/promises/{made.public_id}/move", move_due=written(desk, clock, hours=9))
    assert response.status == 403
    assert "/move" not in await quinn.read(f"/desk/conversations/{public_id}")


async def test_a_word_on_conduct_is_seen_by_colleagues_until_it_runs_out(
    browser: Open, desk: Desk, clock: Clock
) -> None:
    public_id = desk.waits()
    alice, amy = await browser("alice"), await browser("amy")
    path = f"/desk/conversations/{public_id}/customer/conduct"
    assert (await alice.post(path, conduct_reason="", conduct_days="30")).status == 422
    assert (await alice.post(path, conduct_reason="Insulted us <twice>.", conduct_days="30")).status == 303
    page = await amy.read(f"/desk/conversations/{public_id}")
    assert "Insulted us &lt;twice&gt;." in page and 'id="conduct-note"' in page
    with desk.database.begin() as work:
        customer = work.session.get_one(Customer, desk.case().customer_id)
        customer.conduct_until = work.now
        work.commit()
    assert 'id="conduct-note"' not in await amy.read(f"/desk/conversations/{public_id}")
    assert (await alice.post(path, lift="yes")).status == 303
    quinn = await browser("quinn")
    assert (await quinn.post(path, conduct_reason="x", conduct_days="30")).status == 403


async def test_the_three_answers_about_fairness_are_shown(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    with desk.database.begin() as work:
        case = work.session.get_one(Case, desk.case().id)
        case.ratings.append(Rating(score=5, outcome=4, procedure=2, interaction=5, asked=True, at=work.now))
        work.commit()
    page = html.unescape(await (await browser("alice")).read(f"/desk/conversations/{public_id}"))
    assert all(words in page for words in ("outcome 4", "procedure 2", "treatment 5"))


async def test_what_is_for_superiors_offers_an_agent_nothing_to_take(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    with desk.database.begin() as work:
        work.session.get_one(Conversation, desk.conversation().id).for_superiors = True
        work.commit()
    alice, bob = await browser("alice"), await browser("bob")
    assert 'id="take"' not in await alice.read(f"/desk/conversations/{public_id}")
    response = await alice.post(f"/desk/conversations/{public_id}/take")
    assert response.status == 403 and "for a supervisor" in html.unescape(await response.text())
    assert 'id="take"' in await bob.read(f"/desk/conversations/{public_id}")
    assert (await bob.post(f"/desk/conversations/{public_id}/take")).status == 303
