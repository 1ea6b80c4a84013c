"""Customers whose complaint led to a proven fix hear of it: once, in their language, at the firm's pace, and nobody who
should not."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from actions.firm import Firm
from actions.firm.fixes import FixesFile
from actions.fixes.one_customer import put_off, running, tell_next
from actions.fixes.telling import Plan, Progress, begin, find_improvement, pause, plan_telling, progress, resume, stop
from actions.staff.access import DeedRefused
from analytics.roll_up import roll_up
from desk.workers.fixes import FixWorker
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import AuditEntry, Case, Conversation, Customer, FixTelling, FixTold, Improvement
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop

WORDS = {"zh": "每个包裹出库前都会再检查一遍。", "en": "every parcel is checked once more before it leaves."}
NUMBER = "PD-2222-2222"


def complained(shop: Shop, *people: tuple[str, str]) -> list[Writer]:
    """Each complained of a late parcel, and it was settled."""
    writers = [Writer(shop, name, language) for name, language in people]
    for writer in writers:
        writer.complains("delivery")
    settle(shop)
    roll_up(shop.database, shop.firm.zone)
    return writers


def settle(shop: Shop) -> None:
    with shop.database.begin() as work:
        work.session.execute(update(Case).values(state="resolved", resolved_at=work.now))
        work.session.execute(update(Conversation).values(awaited=None))
        work.commit()


def proven(shop: Shop, outcome: str = "standardised") -> Improvement:
    """A cycle on deliveries that ended a month later."""
    began = shop.clock.now
    first, last = (began - timedelta(days=60)).date(), began.date()
    shop.clock.advance(days=30)
    with shop.database.begin() as work:
        found = Improvement(
            number=NUMBER, kind="pdca", phase="closed", outcome=outcome, title="late parcels", origin="person",
            cause="defects:service;category=delivery", process="service", category="delivery", opened_by="carol",
            opened_at=began, closed_at=work.now,
            content={
                "baseline": {"since": first.isoformat(), "until": last.isoformat()},
                "test": {"intervention_date": (began + timedelta(days=7)).date().isoformat()},
            },
        )  # fmt: skip
        work.session.add(found)
        work.commit()
    return found


def plans(shop: Shop) -> Plan:
    return shop.does(lambda work: plan_telling(work, shop.firm, find_improvement(work, NUMBER), WORDS))


def begins(shop: Shop, shown: str | None = None) -> int:
    def deed(work: UnitOfWork) -> int:
        return begin(work, shop.firm, find_improvement(work, NUMBER, lock=True), WORDS, shown, "bob")

    return shop.does(deed)


def far(shop: Shop) -> Progress:
    found = shop.does(lambda work: progress(work, find_improvement(work, NUMBER)))
    assert found is not None
    return found


def works(shop: Shop) -> int:
    """A worker goes on until nobody is to be told now; how many customers it looked at."""
    looked = 0
    while tellings := shop.does(running, shop.firm):
        if all(shop.does(tell_next, shop.firm, one) is None for one in tellings):
            break
        looked += 1
    return looked


def told(shop: Shop) -> list[str]:
    return [row.state for row in shop.all(FixTold)]


def texts_to(writers: Sequence[Writer]) -> list[str]:
    return [writer.was_told[-1] for writer in writers]


def test_each_is_told_once_in_their_own_language(shop: Shop) -> None:
    wang, mary = complained(shop, ("wang", "zh"), ("mary", "en"))
    proven(shop)
    assert begins(shop) == 2
    assert works(shop) == 2
    for writer, language in ((wang, "zh"), (mary, "en")):
        said = writer.was_told[-1]
        assert WORDS[language].rstrip("。.") in said and writer.case.number in said
        assert "。。" not in said and ".." not in said
    assert far(shop).counts["told"] == 2
    assert works(shop) == 0
    assert far(shop).state == "done"
    assert [entry.action for entry in shop.all(AuditEntry)][-2:] == ["begin_telling_fix", "finish_telling_fix"]


def test_only_what_is_proven_is_told(shop: Shop) -> None:
    complained(shop, ("wang", "zh"))
    proven(shop, outcome="carried_on")
    with pytest.raises(DeedRefused, match="fix_not_proven"):
        begins(shop)


def test_who_must_not_be_told_is_left_out_and_counted(shop: Shop) -> None:
    wang, mary, open_, rude, erased, unfounded, refused = complained(
        shop, ("wang", "zh"), ("mary", "en"), ("li", "zh"), ("zhao", "zh"), ("sun", "zh"), ("zhou", "zh"), ("wu", "zh")
    )
    proven(shop)
    open_.complains("product_quality")
    with shop.database.begin() as work:
        rude_one = work.session.get_one(Customer, rude.case.customer_id)
        rude_one.conduct_until = work.now + timedelta(days=30)
        work.session.get_one(Customer, erased.case.customer_id).erased_at = work.now
        work.session.get_one(Case, unfounded.case.id).valid = False
        work.session.get_one(Case, refused.case.id).follow_up_refused_at = work.now
        work.commit()
    plan = plans(shop)
    assert plan.customers == 2 and plan.languages == {"zh": 1, "en": 1}
    assert plan.left_out == {"open_complaint": 1, "abusive": 1, "refused": 1}
    assert begins(shop, plan.digest) == 2
    works(shop)
    assert all(WORDS["zh"][:8] in said or WORDS["en"][:20] in said for said in texts_to([wang, mary]))
    assert not any(WORDS["zh"][:8] in said for said in texts_to([open_, rude, unfounded, refused]))


def test_complaints_after_the_change_and_of_other_things_led_to_nothing(shop: Shop) -> None:
    complained(shop, ("wang", "zh"))
    Writer(shop, "other").complains("billing_price")
    settle(shop)
    proven(shop)
    Writer(shop, "late").complains("delivery")
    settle(shop)
    roll_up(shop.database, shop.firm.zone)
    assert plans(shop).customers == 1


def test_what_was_shown_must_still_hold_and_nothing_begins_twice(shop: Shop) -> None:
    _, mary = complained(shop, ("wang", "zh"), ("mary", "en"))
    proven(shop)
    shown = plans(shop).digest
    mary.complains("product_quality")
    with pytest.raises(DeedRefused, match="fix_changed"):
        begins(shop, shown)
    assert begins(shop) == 1
    with pytest.raises(DeedRefused, match="fix_not_possible_now"):
        begins(shop)


@pytest.mark.parametrize(
    ("words", "code"),
    [({"zh": "改了"}, "fix_words_missing"), ({"zh": "改" * 201, "en": "x"}, "fix_words_too_long")],
)
def test_words_are_needed_in_both_languages(shop: Shop, words: dict[str, str], code: str) -> None:
    proven(shop)
    with pytest.raises(DeedRefused, match=code):
        shop.does(lambda work: plan_telling(work, shop.firm, find_improvement(work, NUMBER), words))


def test_nobody_is_told_in_quiet_hours_nor_faster_than_the_firm_says(shop: Shop) -> None:
    slow = Shop(shop.database, replace(shop.firm, fixes=FixesFile(per_minute=2)), shop.clock)
    complained(slow, ("wang", "zh"), ("li", "zh"), ("zhao", "zh"))
    proven(slow)
    begins(slow)
    assert works(slow) == 2
    slow.clock.advance(seconds=61)
    assert works(slow) == 1
    assert told(slow) == ["told"] * 3


def test_at_night_it_waits_for_the_morning(shop: Shop) -> None:
    complained(shop, ("wang", "zh"))
    proven(shop)
    begins(shop)
    shop.clock.advance(hours=14)  # midnight in Shanghai
    assert works(shop) == 0
    shop.clock.advance(hours=9)
    assert works(shop) == 1


def test_it_pauses_goes_on_and_stops_for_good(shop: Shop) -> None:
    complained(shop, ("wang", "zh"))
    proven(shop)
    begins(shop)
    deeds = {"pause": pause, "resume": resume, "stop": stop}

    def does(name: str) -> None:
        shop.does(lambda work: deeds[name](work, find_improvement(work, NUMBER, lock=True), "bob"))

    does("pause")
    assert works(shop) == 0
    with pytest.raises(DeedRefused, match="fix_not_possible_now"):
        does("pause")
    does("resume")
    does("stop")
    assert works(shop) == 0
    with pytest.raises(DeedRefused, match="fix_not_possible_now"):
        does("resume")
    assert told(shop) == ["waiting"]


def test_whoever_talks_with_a_person_is_told_later_and_after_the_patience_no_longer(shop: Shop) -> None:
    complained(shop, ("wang", "zh"))
    proven(shop)
    begins(shop)
    with shop.database.begin() as work:
        work.session.execute(update(Conversation).values(control=Control.STAFF))
        work.commit()
    works(shop)
    assert told(shop) == ["waiting"]
    shop.clock.advance(days=15)
    works(shop)
    assert told(shop) == ["unwanted"]


def test_whoever_wants_to_hear_no_more_meanwhile_hears_nothing(shop: Shop) -> None:
    wang, li, zhao = complained(shop, ("wang", "zh"), ("li", "zh"), ("zhao", "zh"))
    proven(shop)
    begins(shop)
    with shop.database.begin() as work:
        work.session.get_one(Case, wang.case.id).follow_up_refused_at = work.now
        work.session.get_one(Case, li.case.id).valid = False
        work.session.get_one(Case, zhao.case.id).risks = ["abuse"]
        work.commit()
    works(shop)
    assert told(shop) == ["unwanted"] * 3


def test_a_customer_who_went_into_others_meanwhile_hears_of_it_once(shop: Shop) -> None:
    wang, li, zhao = complained(shop, ("wang", "zh"), ("li", "zh"), ("zhao", "zh"))
    proven(shop)
    with shop.database.begin() as work:
        # Of whom nobody knew when it was begun.
        work.session.get_one(Case, li.case.id).valid = False
        work.commit()
    assert begins(shop) == 2
    with shop.database.begin() as work:
        work.session.get_one(Customer, wang.case.customer_id).merged_into_id = li.case.customer_id
        work.session.get_one(Customer, li.case.customer_id).merged_into_id = zhao.case.customer_id
        work.commit()
    works(shop)
    assert told(shop) == ["unwanted", "told"]


def test_who_is_erased_meanwhile_hears_nothing(shop: Shop) -> None:
    (wang,) = complained(shop, ("wang", "zh"))
    proven(shop)
    begins(shop)
    with shop.database.begin() as work:
        work.session.get_one(Customer, wang.case.customer_id).erased_at = work.now
        work.commit()
    works(shop)
    assert told(shop) == ["unreachable"]


def test_several_workers_at_once_tell_each_once(both: Shop) -> None:
    people = [(f"customer-{number}", "zh") for number in range(6)]
    writers = complained(both, *people)
    proven(both)
    begins(both)
    telling = both.all(FixTelling)[0].id

    def work_on(_: int) -> None:
        while "waiting" in told(both):
            both.does(tell_next, both.firm, telling)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work_on, range(4)))
    assert told(both) == ["told"] * 6
    for writer in writers:
        assert sum(WORDS["zh"][:8] in said for said in writer.was_told) == 1


async def test_one_that_cannot_be_told_holds_up_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    complained(shop, ("wang", "zh"), ("li", "zh"))
    proven(shop)
    begins(shop)
    first = shop.all(FixTold)[0].id

    def fails_for_the_first(work: UnitOfWork, firm: Firm, telling_id: int) -> int | None:
        found = tell_next(work, firm, telling_id)
        if found == first:
            raise RuntimeError("something is wrong with this one")
        return found

    monkeypatch.setattr("desk.workers.fixes.tell_next", fails_for_the_first)
    worker = FixWorker(shop.database, shop.firm)
    with capture_logs() as logged:
        await worker.step()
    assert [entry["row"] for entry in logged] == [first]
    assert await worker.step() == 1
    assert told(shop) == ["waiting", "told"]
    shop.does(put_off, first)
    assert shop.all(FixTold)[0].next_attempt_at is not None
