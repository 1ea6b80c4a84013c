"""The clocks on the case page: shown, coloured, paused; who may pause them; and the most urgent of a list."""

from datetime import timedelta

import pytest

from actions.firm import Firm
from actions.staff.talking import answer, give_back, take
from actions.staff.waiting import wait_for_customer
from desk.console.clocks import clock_stages
from store.database import Database
from store.tables import CaseClock, Staff, Timer
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open


@pytest.fixture
def held(desk: Desk, people: dict[str, Staff]) -> str:
    """Alice has taken a case and answered; its public id."""
    public_id = desk.waits()
    with desk.database.begin() as work:
        conversation_id = desk.conversation().id
        take(work, desk.firm, people["alice"], conversation_id)
        answer(work, desk.firm, people["alice"], conversation_id, "Which kettle is it?")
        work.commit()
    return public_id


async def test_all_clocks_are_shown_with_their_colours(browser: Open, desk: Desk, held: str, clock: Clock) -> None:
    page = await (await browser("alice")).read(f"/desk/conversations/{held}")
    for words in ("First answer by a person", "Next word to the customer", "Resolution", "in time"):
        assert words in page
    assert 'class="clock-line calm"' in page and "Wait for the customer" in page
    limit = timedelta(seconds=next(c.allotted_seconds for c in _clocks(desk.database) if c.kind == "next_update"))
    for share, stage in ((0.5, "half"), (0.75, "soon"), (1.0, "late")):
        clock.now = next(c.started_at for c in _clocks(desk.database) if c.kind == "next_update") + share * limit
        page = await (await browser("alice")).read(f"/desk/conversations/{held}")
        assert f'class="clock-line {stage}"' in page


async def test_waiting_for_the_customer_is_one_click_and_shown(browser: Open, desk: Desk, held: str) -> None:
    alice = await browser("alice")
    await alice.read(f"/desk/conversations/{held}")
    response = await alice.post(f"/desk/conversations/{held}/wait")
    assert response.status == 303
    page = await alice.read(f"/desk/conversations/{held}")
    assert "waiting for the customer" in page and "paused since" in page
    assert "Go on without an answer" in page and 'id="wait"' not in page
    assert (await alice.post(f"/desk/conversations/{held}/go-on")).status == 303
    assert 'id="wait"' in await alice.read(f"/desk/conversations/{held}")


async def test_an_answer_may_wait_at_once(browser: Open, desk: Desk, held: str) -> None:
    alice = await browser("alice")
    assert "then wait for the answer" in await alice.read(f"/desk/conversations/{held}")
    response = await alice.post(f"/desk/conversations/{held}/answer", text="And when did it break?", wait="yes")
    assert response.status == 303 and desk.told()[-1] == "And when did it break?"
    page = await alice.read(f"/desk/conversations/{held}")
    assert "waiting for the customer" in page and "then wait for the answer" not in page
    assert "waiting for the customer" in await alice.read("/desk/")
    # Sent from a page that was not up to date: refused as a whole, so that nothing is said twice.
    response = await alice.post(f"/desk/conversations/{held}/answer", text="Hello?", wait="yes")
    assert response.status == 409 and desk.told()[-1] == "And when did it break?"


async def test_a_refusal_says_why(browser: Open, desk: Desk, held: str) -> None:
    alice = await browser("alice")
    await alice.read(f"/desk/conversations/{held}")
    response = await alice.post(f"/desk/conversations/{held}/go-on")
    assert response.status == 409 and "Nobody is being waited for" in await response.text()
    response = await (await browser("bob")).post(f"/desk/conversations/{held}/wait")
    assert response.status == 409 and "not yours" in await response.text()


async def test_others_see_the_clocks_and_no_button(browser: Open, held: str) -> None:
    for login in ("bob", "quinn"):
        page = await (await browser(login)).read(f"/desk/conversations/{held}")
        assert "Next word to the customer" in page and 'id="wait"' not in page


async def test_both_languages_show_the_clocks(browser: Open, desk: Desk, held: str) -> None:
    alice = await browser("alice")
    await alice.read("/desk/")
    await alice.post("/desk/language", language="zh")
    page = await alice.read(f"/desk/conversations/{held}")
    for words in ("真人首次答复", "下次告知进展", "等客户答复"):
        assert words in page


async def test_a_case_from_before_there_were_clocks_still_shows(browser: Open, desk: Desk, held: str) -> None:
    with desk.database.begin() as work:
        work.session.query(Timer).filter(Timer.kind.like("clock%")).delete()
        work.session.query(CaseClock).delete()
        work.commit()
    page = await (await browser("alice")).read(f"/desk/conversations/{held}")
    assert "Resolution" in page and "First answer by a person" in page


def test_a_case_that_waits_has_its_clocks_paused(desk: Desk, held: str, firm: Firm, people: dict[str, Staff]) -> None:
    case = desk.case()
    with desk.database.begin() as work:
        wait_for_customer(work, firm, people["alice"], desk.conversation().id)
        work.commit()
    with desk.database.reading() as work:
        lines = clock_stages(work, firm, [case.id])[case.id]
    assert {line.kind: line.clock.stage for line in lines} == {
        "first_response": "met",
        "next_update": "paused",
        "resolution": "paused",
    }


async def test_an_answer_that_was_never_given_was_not_in_time(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    public_id = desk.waits()
    with desk.database.begin() as work:
        take(work, desk.firm, people["alice"], desk.conversation().id)
        give_back(work, desk.firm, people["alice"], desk.conversation().id)
        work.commit()
    page = await (await browser("alice")).read(f"/desk/conversations/{public_id}")
    assert "Resolution" in page and "First answer by a person" not in page


def _clocks(database: Database) -> list[CaseClock]:
    with database.reading() as work:
        return list(work.session.query(CaseClock).order_by(CaseClock.id))
