"""The lists: what stands in which, in what order, filtered by what; pages, saved views, search with filters."""

import html
import re

import pytest
from sqlalchemy import select, update

from actions.conversations import Address
from actions.firm import Firm
from desk.console.lists import FILTERS, ListQuery, read_cursor, write_cursor
from desk.console.queue import read_queue
from desk.console.queue_changes import read_queue_version
from store.database import Database
from store.tables import Case, Consultation, Conversation, SavedView, Staff
from tests.conftest import Clock
from tests.desk.console.conftest import WANG, Browser, Desk, Open
from tests.desk.turning import hears

LI, ZHAO = Address("web", "li-4711"), Address("rest", "zhao")


def shown(page: str) -> list[str]:
    """Public ids of the rows of conversations, in order."""
    return re.findall(r'id="row-([0-9a-f]{32})', page)


def sets(database: Database, who: str, **values: object) -> None:
    """Change the case in focus of a conversation, or the conversation itself where a case has no such column."""
    with database.begin() as work:
        conversation = work.session.scalars(select(Conversation).where(Conversation.public_id == who)).one()
        case = work.session.get_one(Case, conversation.focus_case_id)
        if "state" in values:
            # However it came there: no case is moved past its guards by assigning to it.
            work.session.execute(update(Case).where(Case.id == case.id).values(state=values.pop("state")))
        for key, value in values.items():
            setattr(case if hasattr(case, key) and key != "department" else conversation, key, value)
        work.commit()


async def test_every_list_holds_its_own(browser: Open, desk: Desk, people: dict[str, Staff]) -> None:
    waiting, held, bots = desk.waits(), desk.waits("裂了", LI), desk.complains(who=ZHAO)
    alice = await browser("alice")
    await alice.post(f"/desk/conversations/{held}/take")
    lists = {name: shown(await alice.read(f"/desk/?list={name}")) for name in ("mine", "unassigned", "open", "overdue")}
    assert lists["mine"] == [held] and lists["unassigned"] == [waiting] and lists["overdue"] == []
    assert set(lists["open"]) == {waiting, held, bots}
    page = await alice.read("/desk/")
    assert shown(page) == [held], "without a choice one's own, where there is anything"
    tabs = dict(re.findall(r'id="tab-(\w+)".*?<span class="count[^"]*">(\d+)<', page))
    assert (tabs["mine"], tabs["unassigned"], tabs["open"]) == ("1", "1", "3")
    assert shown(await (await browser("amy")).read("/desk/")) == [waiting], "and else who waits"


async def test_what_was_given_to_somebody_is_theirs_and_no_longer_unassigned(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    public_id = desk.waits()
    sets(desk.database, public_id, assigned_to_id=people["amy"].id)
    alice, amy = await browser("alice"), await browser("amy")
    assert shown(await amy.read("/desk/?list=mine")) == [public_id]
    assert f'id="take-{public_id}"' in await amy.read("/desk/?list=mine")
    assert shown(await alice.read("/desk/?list=unassigned")) == []
    assert "given to Amy" in await alice.read("/desk/?list=open")


async def test_my_department_is_where_i_work_and_what_it_is_asked(
    browser: Open, desk: Desk, people: dict[str, Staff]
) -> None:
    ours, theirs = desk.waits(), desk.waits("迟到", LI)
    sets(desk.database, ours, department="after_sales")
    sets(desk.database, theirs, department="logistics")
    with desk.database.begin() as work:
        work.session.execute(update(Staff).where(Staff.login == "alice").values(departments=["after_sales"]))
        work.commit()
    alice = await browser("alice")
    assert shown(await alice.read("/desk/?list=department")) == [ours]
    with desk.database.begin() as work:
        conversation = desk.conversation(LI)
        work.session.add(
            Consultation(
                case_id=conversation.focus_case_id,
                conversation_id=conversation.id,
                department="after_sales",
                question="?",
                asked_by_id=people["bob"].id,
                asked_at=work.now,
                due_at=work.now,
                since=work.now,
            )
        )
        work.commit()
    page = await alice.read("/desk/?list=department")
    assert set(shown(page)) == {ours, theirs} and "your department is asked" in page
    # Asked is asked, also where the bot has the conversation back.
    sets(desk.database, theirs, control="bot")
    assert set(shown(await alice.read("/desk/?list=department"))) == {ours, theirs}


async def test_the_most_urgent_stands_first(browser: Open, desk: Desk, clock: Clock) -> None:
    calm = desk.waits("一", WANG)
    clock.advance(minutes=1)
    grave = desk.waits("二", LI)
    clock.advance(minutes=1)
    danger = desk.waits("三", ZHAO)
    sets(desk.database, grave, severity="critical")
    sets(desk.database, danger, queue_rank=0)
    alice = await browser("alice")
    assert shown(await alice.read("/desk/?list=open")) == [danger, grave, calm]
    assert shown(await alice.read("/desk/?list=open&sort=waiting")) == [calm, grave, danger]
    assert shown(await alice.read("/desk/?list=open&sort=newest")) == [danger, grave, calm]
    clock.advance(days=30)
    late = await (await browser("alice")).read("/desk/?list=overdue")
    assert shown(late) == [danger, grave, calm] and late.count('class="clock late"') == 3


async def test_an_unsettled_case_that_is_not_in_focus_is_not_forgotten(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    first = desk.case()
    with desk.database.begin() as work:
        other = Case(
            **{
                column.name: getattr(first, column.name)
                for column in Case.__table__.columns
                if column.name not in ("id", "number")
            }
        )
        other.state = "open"
        work.session.add(other)
        work.commit()
    page = await (await browser("alice")).read("/desk/?list=open")
    assert shown(page) == [public_id, public_id] and first.number in page and other.number in page
    assert shown(await (await browser("alice")).read("/desk/?list=unassigned")) == [public_id]
    # It is its own department's, whatever line the conversation is in.
    sets(desk.database, public_id, department="logistics")
    for department in ("logistics", first.department):
        page = await (await browser("alice")).read(f"/desk/?list=open&department={department}")
        assert shown(page) == [public_id], department


async def test_filters_narrow_a_list_and_can_be_linked(browser: Open, desk: Desk, people: dict[str, Staff]) -> None:
    wang, li = desk.waits(), desk.waits("裂了", LI)
    sets(
        desk.database,
        li,
        severity="critical",
        categories=["delivery", "billing_price"],
        tier="VIP",
        emotion=3,
        risks=["legal"],
        language="en",
    )
    sets(desk.database, wang, severity="low", risks=[], emotion=0)
    with desk.database.begin() as work:
        work.session.execute(
            update(Conversation).where(Conversation.public_id == li).values(language="en", department="logistics")
        )
        work.commit()
    alice = await browser("alice")
    only_li = {
        "severity": "critical",
        "category": "billing_price",
        "tier": "vip",
        "emotion": "3",
        "risk": "legal",
        "language": "en",
        "channel": "web",
        "department": "logistics",
    }
    for key, value in only_li.items():
        assert shown(await alice.read(f"/desk/?list=open&{key}={value}")) == [li], key
    assert set(shown(await alice.read("/desk/?list=open&severity=critical&severity=low"))) == {wang, li}
    assert shown(await alice.read("/desk/?list=open&severity=critical&channel=rest")) == []
    assert set(shown(await alice.read("/desk/?list=open&state=with_staff&owner=-"))) == {wang, li}
    assert shown(await alice.read("/desk/?list=open&owner=me")) == []
    await alice.post(f"/desk/conversations/{li}/take")
    for owner in ("me", "alice"):
        assert shown(await alice.read(f"/desk/?list=open&owner={owner}")) == [li]
    page = await alice.read("/desk/?list=open&severity=critical")
    assert "1 found" in page and "Remove filter: Critical" in page
    none = await alice.read("/desk/?list=open&risk=media")
    assert "Nothing here meets these filters." in none
    # All of one person's lists and of all lists at once: no filter breaks a list.
    every = "&".join(f"{key}=x" for key in FILTERS)
    for name in ("mine", "department", "unassigned", "approvals", "promises", "overdue", "open"):
        assert (await alice.get(f"/desk/?list={name}&{every}&sort=newest")).status == 200


@pytest.mark.parametrize("sort", ["urgent", "waiting", "newest"])
async def test_pages_of_fifty_show_each_row_once(browser: Open, desk: Desk, clock: Clock, sort: str) -> None:
    ids = [desk.waits(who=Address("rest", f"c{number}")) for number in range(4)]
    with desk.database.begin() as work:
        conversation = work.session.scalars(select(Conversation)).first()
        assert conversation is not None
        case = work.session.get_one(Case, conversation.focus_case_id)
        for number in range(110):
            made = Case(
                **{
                    column.name: getattr(case, column.name)
                    for column in Case.__table__.columns
                    if column.name not in ("id", "number")
                }
            )
            made.state, made.severity = "open", ("low", "critical")[number % 2]
            work.session.add(made)
        work.commit()
    alice = await browser("alice")
    rows: list[str] = []
    address: str | None = f"/desk/?list=open&sort={sort}"
    sizes = []
    while address:
        page = await alice.read(address)
        found = re.findall(r'id="row-([0-9a-f]{32}-AM-\w+-\w+)"', page)
        rows += found
        sizes.append(len(found))
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(following[1]) if following else None
    assert sizes == [50, 50, 14] and len(set(rows)) == 114 and {row[:32] for row in rows} == set(ids)


_BEFORE_ALL_TIME = write_cursor(("2026-11-18T02:00:00+00:00", 0, "0001-01-01T00:00:00+23:59", 1, 0))
_TOO_LARGE = write_cursor(("2026-11-18T02:00:00+00:00", 2**62, "2026-11-18T02:00:00+00:00", 2**62, 2**62))


async def test_a_page_from_anywhere_can_be_asked_for(database: Database, firm: Firm) -> None:
    with database.begin() as work:
        staff = Staff(login="amy", name="Amy", role="agent", password_digest="-", created_at=work.now)
        work.session.add(staff)
        work.commit()
    for after in (_BEFORE_ALL_TIME, _TOO_LARGE):
        query = ListQuery(name="open", after=after)
        assert (await database.read(read_queue, firm, staff, "en", query)).rows == []


async def test_what_no_database_keeps_is_not_looked_for(browser: Open) -> None:
    for address in ("/desk/?owner=%00", "/desk/conversations?channel=a%00", "/desk/events?conversation=%00"):
        assert (await (await browser("alice")).get(address)).status == 400, address


@pytest.mark.parametrize("after", [_BEFORE_ALL_TIME, "x", "W10", "WzEsMiwzXQ", "bnVsbA", "=" * 9, "Zm9v", "4pyT"])
async def test_a_broken_link_shows_the_list_from_its_top(browser: Open, desk: Desk, after: str) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    for address in ("/desk/?list=open", "/desk/?list=nonsense&sort=odd&severity=", "/desk/conversations?q="):
        assert public_id in await alice.read(f"{address}&after={after}")


def test_a_cursor_is_of_its_form_or_nothing() -> None:
    assert read_cursor(write_cursor(("a", 1)), (str, int)) == ("a", 1)
    for wrong in (("a",), (1, "a"), ("a", True), ("a", 2**63)):
        assert read_cursor(write_cursor(wrong), (str, int)) is None


def test_an_address_says_all_that_was_asked() -> None:
    query = ListQuery(name="open", sort="newest", filters={"risk": ("legal", "media"), "owner": ("-",)})
    assert query.address() == "/desk/?list=open&owner=-&risk=legal&risk=media&sort=newest"
    assert query.without("risk", "legal") == "/desk/?list=open&owner=-&risk=media&sort=newest"
    assert ListQuery.restore(query.keep(), "").address() == query.address()


async def _save(person: Browser, name: str, **fields: str) -> str:
    response = await person.post("/desk/views", **{"list": "open", "severity": "critical", "name": name, **fields})
    assert response.status == 303, await response.text()
    return response.headers["Location"]


async def test_a_view_is_saved_renamed_and_deleted_by_its_owner(browser: Open, desk: Desk) -> None:
    calm, grave = desk.waits(), desk.waits("裂了", LI)
    sets(desk.database, calm, severity="low")
    sets(desk.database, grave, severity="critical")
    alice, amy, quinn = await browser("alice"), await browser("amy"), await browser("quinn")
    address = await _save(alice, "  Grave <b>ones</b> ")
    page = await alice.read(address)
    assert shown(page) == [grave] and "Grave &lt;b&gt;ones&lt;/b&gt;" in page
    public_id = address.partition("view=")[2]
    assert address not in await amy.read("/desk/")
    for deed in ("rename", "delete"):
        assert (await amy.post(f"/desk/views/{public_id}/{deed}", name="mine")).status == 404
    renamed = await alice.post(f"/desk/views/{public_id}/rename", name="Grave")
    assert renamed.status == 303 and ">Grave" in await alice.read("/desk/")
    gone = await alice.post(f"/desk/views/{public_id}/delete", list="open", severity="critical")
    assert gone.headers["Location"] == "/desk/?list=open&severity=critical"
    assert (await alice.post(f"/desk/views/{public_id}/delete")).status == 404
    assert (await alice.get(address)).status == 200, "an old link shows the usual list"
    assert await _save(quinn, "What I watch"), "quality may keep views of their own"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [(" ", 422, "give the view a name"), ("x" * 61, 422, "longer than 60"), ("Grave", 409, "of this name already")],
)
async def test_a_view_without_a_good_name_is_refused(
    browser: Open, desk: Desk, name: str, status: int, words: str
) -> None:
    alice = await browser("alice")
    await _save(alice, "Grave")
    response = await alice.post("/desk/views", list="open", name=name)
    page = html.unescape(await response.text())
    assert response.status == status and words in page
    assert f'value="{name}"' in page, "what was typed stays"
    with desk.database.reading() as work:
        assert len(work.session.scalars(select(SavedView)).all()) == 1


async def test_views_are_not_collected_without_end(browser: Open) -> None:
    alice = await browser("alice")
    for number in range(20):
        await _save(alice, f"View {number}")
    response = await alice.post("/desk/views", list="open", name="One more")
    assert response.status == 409 and "20 views already" in await response.text()


async def test_search_finds_marks_counts_and_filters(browser: Open, desk: Desk) -> None:
    desk.waits("杯子<i>碎</i>了,要退款", WANG)
    li = desk.complains("鞋子要退款", LI)
    sets(desk.database, li, state="closed")
    alice = await browser("alice")
    page = await alice.read("/desk/conversations?q=退款")
    assert "2 found" in page and page.count("<mark>退款</mark>") == 2
    assert "&lt;i&gt;" in page and "<i>碎" not in page
    assert shown(await alice.read("/desk/conversations?q=退款&state=closed")) == [li]
    assert shown(await alice.read("/desk/conversations?state=closed")) == [li]
    none = await alice.read("/desk/conversations?q=帽子&state=closed")
    assert "Nothing found." in none and "Filters are set, too." in none
    assert shown(await alice.read("/desk/conversations"))[0] == li, "without a question the latest"


async def test_every_deed_changes_the_version_of_the_lists(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    versions: list[str] = []

    def look() -> None:
        with sqlite_database.reading() as work:
            versions.append(read_queue_version(work))

    look()
    public_id = desk.waits()
    look()
    hears(sqlite_database, "还在吗")
    look()
    alice, bob = await browser("alice"), await browser("bob")
    await alice.post(f"/desk/conversations/{public_id}/take")
    look()
    await alice.post(f"/desk/conversations/{public_id}/answer", text="您好")
    look()
    await bob.post(f"/desk/conversations/{public_id}/take")
    look()
    case = desk.case()
    await bob.post(f"/desk/cases/{case.number}/correct", leading="delivery", emotion="2")
    look()
    await bob.post(f"/desk/conversations/{public_id}/give-back")
    look()
    desk.wants_refund(1500, LI)
    look()
    assert len(set(versions)) == len(versions)
    before = versions[-1]
    look()
    assert versions[-1] == before
