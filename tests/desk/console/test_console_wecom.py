"""A conversation that a person in WeCom has, on the pages."""

import html

from actions.conversations import Address, lock_conversation
from actions.staff.elsewhere import said_elsewhere, taken_elsewhere
from desk.channels.wecom.mirroring import note_state
from desk.channels.wecom.states import ServiceState
from desk.channels.windows import customer_wrote
from desk.console.conversation import find_by_public_id
from tests.desk.console.conftest import Desk, Open

LI = Address("wecom", "wmLi", "service/wkDesk01")


def takes_and_says(desk: Desk, public_id: str, text: str) -> None:
    """What a person does in WeCom."""
    with desk.database.begin() as work:
        found = find_by_public_id(work, public_id)
        assert found is not None
        conversation = lock_conversation(work, found.id)
        taken_elsewhere(work, desk.firm, conversation)
        said_elsewhere(work, desk.firm, conversation, text, "m1")
        work.commit()


async def test_the_page_says_who_has_it_and_what_they_said(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(who=LI)
    takes_and_says(desk, public_id, "您好，我来处理")
    alice = await browser("alice")
    page = html.unescape(await alice.read(f"/desk/conversations/{public_id}"))
    assert "您好，我来处理" in page
    assert "A colleague is talking with this customer in WeCom." in page
    # Once above, once beneath their words.
    assert page.count("a colleague in WeCom") == 2
    assert 'id="take"' not in page
    assert "a colleague in WeCom" not in await alice.read("/desk/")


async def test_what_waits_in_the_pool_of_wecom_takes_no_words_from_here(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(who=LI)
    with desk.database.begin() as work:
        found = find_by_public_id(work, public_id)
        assert found is not None
        conversation = lock_conversation(work, found.id)
        customer_wrote(work, conversation, work.now)
        note_state(work, conversation, ServiceState.WAITING, "")
        work.commit()
    bob = await browser("bob")
    assert "Until it ends there, WeCom takes no words from here" in await bob.read(f"/desk/conversations/{public_id}")


async def test_an_agent_who_would_take_it_is_told_who_has_it(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(who=LI)
    takes_and_says(desk, public_id, "您好")
    alice = await browser("alice")
    await alice.read(f"/desk/conversations/{public_id}")
    response = await alice.post(f"/desk/conversations/{public_id}/take")
    assert response.status == 409
    assert "A colleague in WeCom has taken this conversation already." in html.unescape(await response.text())


async def test_a_supervisor_may_take_it_here(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(who=LI)
    takes_and_says(desk, public_id, "您好")
    bob = await browser("bob")
    assert 'id="take"' in await bob.read(f"/desk/conversations/{public_id}")
    assert (await bob.post(f"/desk/conversations/{public_id}/take")).status == 303
