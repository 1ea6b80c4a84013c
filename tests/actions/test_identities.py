"""One person on several channels: joined on proof, parted again; cases follow; ratings keep who handled it."""

from typing import Any

import pytest
from sqlalchemy import select

from actions.conversations import lock_conversation
from actions.staff.access import DeedRefused
from actions.staff.elsewhere import taken_elsewhere
from actions.staff.identities import answer_elsewhere, find_suggestions, link, unlink
from actions.staff.recording import Taken, record_complaint
from actions.staff.talking import close, give_back, take
from desk.api.views import cases_view
from store.tables import Case, Customer, CustomerMerge, Identity, Promise, Rating, Remedy, Staff, Timer
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop

ORDER = "202611120001"


@pytest.fixture
def here(shop: Shop) -> Writer:
    """Wang, who complained and proved their order."""
    shop.sells(ORDER, 30000, to="rest:wang", phone_last4="8000")
    wang = Writer(shop, "wang")
    wang.complains("delivery", order_number=ORDER)
    return wang


@pytest.fixture
def there(shop: Shop) -> Writer:
    """The same Wang on another channel, not known as such."""
    return Writer(shop, "wang-elsewhere")


def public(shop: Shop, writer: Writer) -> str:
    with shop.database.reading() as work:
        found = select(Identity).where(Identity.external_id == writer.address.external_id)
        return work.session.scalars(found).one().customer.public_id


def numbers(shop: Shop, writer: Writer) -> list[str]:
    """Their cases as the API lists them."""
    with shop.database.reading() as work:
        return [case["number"] for case in cases_view(work, writer.address, 50)]


def refused(shop: Shop, deed: Any, *args: Any) -> str:
    with pytest.raises(DeedRefused) as caught:
        shop.does(deed, *args)
    return caught.value.code


# --- joined by staff -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", ["said_on_phone", "same_account"])
def test_joined_customers_have_all_their_cases_under_each_identity(
    shop: Shop, here: Writer, there: Writer, alice: Staff, proof: str
) -> None:
    there.complains("billing_price")
    both = [there.case.number, here.case.number]
    row = shop.does(link, alice, public(shop, here), public(shop, there), proof)
    assert numbers(shop, here) == numbers(shop, there) == both
    assert public(shop, here) == public(shop, there)
    shop.does(unlink, alice, row.id)
    assert (numbers(shop, here), numbers(shop, there)) == ([both[1]], [both[0]])
    assert refused(shop, unlink, alice, row.id) == "already_parted"


def test_the_order_proves_only_with_its_digits(shop: Shop, here: Writer, there: Writer, alice: Staff) -> None:
    there.greets()
    one, two = public(shop, here), public(shop, there)
    assert refused(shop, link, alice, one, two, "order_and_digits", ORDER, "0000") == "proof_wrong"
    assert refused(shop, link, alice, one, two, "order_and_digits", "202611129999", "8000") == "proof_wrong"
    assert refused(shop, link, alice, one, two, "because") == "proof_missing"
    assert refused(shop, link, alice, one, one, "same_account") == "already_linked"
    assert refused(shop, link, alice, one, "0" * 32, "same_account") == "unknown_customer"
    shop.does(link, alice, one, "rest:wang-elsewhere", "order_and_digits", ORDER, "8000")
    assert refused(shop, link, alice, one, two, "same_account") == "already_linked"


def test_what_came_after_the_joining_goes_with_its_identity(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    there.greets()
    row = shop.does(link, alice, public(shop, here), public(shop, there), "same_account")
    there.complains("billing_price")
    late = there.case.number
    shop.does(unlink, alice, row.id)
    assert numbers(shop, there) == [late] and late not in numbers(shop, here)


def test_a_case_that_followed_its_customer_comes_back_when_they_are_parted(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    number = here.case.number
    there.greets()
    row = shop.does(link, alice, public(shop, there), public(shop, here), "same_account")
    there.asks_for_status()
    assert [case.number for case in there.cases] == [number]
    shop.does(unlink, alice, row.id)
    assert (numbers(shop, here), numbers(shop, there)) == ([number], [])
    assert [case.number for case in here.cases] == [number] and there.cases == []
    assert here.conversation.focus_case_id == here.case.id and there.conversation.focus_case_id is None


def test_tier_and_preferences_are_those_of_one_person_and_given_back(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    there.greets()
    with shop.database.begin() as work:
        find = select(Customer).where(Customer.public_id == public(shop, there))
        vip = work.session.scalars(find).one()
        vip.tier, vip.tier_set_by, vip.preferences, vip.named_staff_id = "vip", "bob", ["晚上打"], alice.id
        work.commit()
    row = shop.does(link, alice, public(shop, here), public(shop, there), "same_account")

    def card() -> tuple[str, list[str], int | None]:
        with shop.database.reading() as work:
            found = work.session.get_one(Customer, row.kept_id)
            return found.tier, found.preferences, found.named_staff_id

    assert card() == ("vip", ["晚上打"], alice.id)
    shop.does(unlink, alice, row.id)
    assert card() == ("regular", [], None)


def test_a_name_taken_over_is_given_back(shop: Shop, here: Writer, alice: Staff) -> None:
    taken = Taken("k", "phone", "又坏了", "zh", name="王女士", phone="13800138000", categories=["delivery"])
    called = shop.does(record_complaint, shop.firm, alice, taken)
    with shop.database.reading() as work:
        other = work.session.get_one(Case, called.id).customer.public_id
    row = shop.does(link, alice, public(shop, here), other, "said_on_phone")
    names = {one.public_id: (one.name, one.phone) for one in shop.all(Customer)}
    assert names[public(shop, here)] == ("王女士", "13800138000")
    shop.does(unlink, alice, row.id)
    names = {one.public_id: (one.name, one.phone) for one in shop.all(Customer)}
    assert names[public(shop, here)] == (None, None) and names[other] == ("王女士", "13800138000")


def test_the_same_order_and_the_same_phone_are_suggested(shop: Shop, here: Writer, alice: Staff) -> None:
    mary = Writer(shop, "mary", "en")
    mary.complains("delivery", phone="13800138000")
    taken = Taken(
        "k", "phone", "又坏了", "zh", phone="13800138000", order_number=ORDER, categories=["delivery"]
    )  # proved by the caller's own number
    called = shop.does(record_complaint, shop.firm, alice, taken)
    with shop.database.reading() as work:
        customer = work.session.get_one(Case, called.id).customer
        found = {(one.why, one.what, one.customer.public_id) for one in find_suggestions(work, customer)}
    assert found == {("order", ORDER, public(shop, here)), ("phone", "13800138000", public(shop, mary))}


# --- the case follows ------------------------------------------------------------------------------------------------


def test_who_names_their_case_and_its_digits_goes_on_elsewhere(shop: Shop, here: Writer, there: Writer) -> None:
    number = here.case.number
    asked = there.writes("action_case_status", f"我的工单 {number.lower()} 怎么样了")
    assert asked.startswith(there.words("follow.ask_proof", number=number)) and there.awaited == "order_proof"
    told = there.gives_digits("8000")
    assert there.words("follow.found", number=number) in told
    assert [case.number for case in there.cases] == [number] and here.cases == []
    assert numbers(shop, here) == numbers(shop, there) == [number]
    assert there.choices and there.awaited == "offer"
    there.chooses(1)
    assert len(shop.all(Remedy)) == 1 and there.case.state == "resolved"


def test_nothing_is_shown_on_wrong_digits_and_a_number_that_is_not_there_sounds_the_same(
    shop: Shop, here: Writer, there: Writer
) -> None:
    number, invented = here.case.number, "AM-2222-3333"
    mary = Writer(shop, "mary")
    for writer, named in ((there, number), (mary, invented)):
        asked = writer.writes("action_case_status", f"{named} 到哪一步了")
        assert asked.startswith(writer.words("follow.ask_proof", number=named))
        assert writer.gives_digits("0000") == writer.words("follow.wrong", number=named)
        writer.gives_digits("1111")
        assert writer.control == "queued"
    assert here.case.follow_attempts == 2 and numbers(shop, there) == []


def test_guesses_are_counted_over_all_who_try(shop: Shop, here: Writer) -> None:
    number = here.case.number
    for name in ("a", "b", "c"):
        stranger = Writer(shop, name)
        stranger.writes("action_case_status", number)
        stranger.gives_digits("0000")
        stranger.gives_digits("0001")
    late = Writer(shop, "late")
    late.writes("action_case_status", number)
    assert late.gives_digits("8000") == late.words("follow.wrong", number=number)
    assert here.cases[0].number == number


def test_something_else_said_in_between_is_answered_and_shows_nothing(shop: Shop, here: Writer, there: Writer) -> None:
    there.writes("action_case_status", here.case.number)
    assert there.greets().startswith(there.words("small_talk.greeting"))
    assert there.awaited is None and numbers(shop, there) == []


def test_a_linked_customer_asks_on_any_channel_without_a_question(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    number = here.case.number
    there.greets()
    shop.does(link, alice, public(shop, here), public(shop, there), "same_account")
    there.asks_for_status()
    assert [case.number for case in there.cases] == [number] and here.awaited is None
    due = [timer for timer in shop.all(Timer) if timer.case_id and timer.state == "open"]
    assert {timer.conversation_id for timer in due} <= {there.conversation.id}


def test_who_proves_the_same_order_elsewhere_is_one_person_and_is_told_of_the_open_case(
    shop: Shop, here: Writer, there: Writer
) -> None:
    earlier = here.case
    there.complains("product_quality", order_number=ORDER)
    told = there.gives_digits("8000")
    assert there.words("follow.same_order", number=earlier.number) in told
    assert there.case.linked_case_id == earlier.id and there.case.customer_id == earlier.customer_id
    assert [row.proof for row in shop.all(CustomerMerge)] == ["order_and_digits"]
    assert len(numbers(shop, here)) == 2


def test_the_person_who_has_the_case_comes_along(shop: Shop, here: Writer, there: Writer, alice: Staff) -> None:
    here.asks_for_a_person()
    shop.does(take, shop.firm, alice, here.conversation.id)
    there.writes("action_case_status", here.case.number)
    there.gives_digits("8000")
    assert (there.control, there.conversation.taken_by_id) == ("staff", alice.id)
    assert (here.control, here.conversation.focus_case_id) == ("bot", None)


def test_staff_answer_on_the_channel_they_choose_and_the_case_goes_along(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    there.greets()
    here.asks_for_a_person()
    shop.does(link, alice, public(shop, here), public(shop, there), "same_account")
    shop.does(take, shop.firm, alice, here.conversation.id)
    case, elsewhere = here.case.id, there.conversation.public_id
    assert shop.does(answer_elsewhere, shop.firm, alice, here.conversation.id, elsewhere, "在这边说吧") == elsewhere
    assert there.was_told[-1] == "在这边说吧" and there.cases[0].id == case and there.control == "staff"
    assert {made.conversation_id for made in shop.all(Promise) if made.state == "open"} <= {there.conversation.id}
    shop.does(close, shop.firm, alice, there.conversation.id, valid=True, service_step="")
    assert there.case.state == "resolved"


def test_an_answer_goes_nowhere_where_a_person_in_wecom_talks_with_the_customer(
    shop: Shop, here: Writer, there: Writer, alice: Staff
) -> None:
    there.greets()
    here.asks_for_a_person()
    shop.does(link, alice, public(shop, here), public(shop, there), "same_account")
    shop.does(take, shop.firm, alice, here.conversation.id)
    shop.does(lambda work: taken_elsewhere(work, shop.firm, lock_conversation(work, there.conversation.id)))
    to = there.conversation.public_id
    assert refused(shop, answer_elsewhere, shop.firm, alice, here.conversation.id, to, "hello") == "taken_by_colleague"


def test_an_answer_goes_to_no_other_customer(shop: Shop, here: Writer, there: Writer, alice: Staff) -> None:
    there.greets()
    shop.does(take, shop.firm, alice, here.conversation.id)
    to = there.conversation.public_id
    assert refused(shop, answer_elsewhere, shop.firm, alice, here.conversation.id, to, "hello") == "not_theirs"


# --- ratings keep who handled it then (Chatwoot 14872) ---------------------------------------------------------------


def ratings(shop: Shop) -> list[tuple[int, int | None]]:
    return [(rating.score, rating.handled_by_id) for rating in shop.all(Rating)]


def test_a_rating_is_of_who_settled_the_case_not_of_who_has_it_now(
    shop: Shop, wang: Writer, alice: Staff, bob: Staff
) -> None:
    wang.complains("product_quality")
    wang.asks_for_a_person()
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(close, shop.firm, alice, wang.conversation.id, valid=True, service_step="")
    with shop.database.begin() as work:
        work.session.get_one(Case, wang.case.id).owner_id = bob.id
        work.commit()
    wang.rates(5)
    assert ratings(shop) == [(5, alice.id)]


def test_what_the_bot_settled_is_the_bots_even_where_a_person_had_it_before(
    shop: Shop, here: Writer, alice: Staff
) -> None:
    shop.does(take, shop.firm, alice, here.conversation.id)
    shop.does(give_back, shop.firm, alice, here.conversation.id)
    here.complains("delivery")
    here.chooses(1)
    assert here.case.owner_id == alice.id and here.case.state == "resolved"
    here.rates(4)
    assert ratings(shop) == [(4, None)]


def test_a_second_word_corrects_the_score_and_a_new_resolution_gets_its_own(
    shop: Shop, wang: Writer, alice: Staff, bob: Staff
) -> None:
    wang.complains("product_quality")
    for person, scores in ((alice, (3, 2)), (bob, (5,))):
        shop.does(take, shop.firm, person, wang.conversation.id)
        shop.does(close, shop.firm, person, wang.conversation.id, valid=True, service_step="")
        for score in scores:
            wang.rates(score)
    assert ratings(shop) == [(2, alice.id), (5, bob.id)]
