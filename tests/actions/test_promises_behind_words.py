"""Whatever is said to happen later is a row with a due time (domain.md section 3.6): the catalogue, walked."""

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, meta

from actions.promises import SAID, SETTLED, promise
from actions.staff.canned_replies import choice, values_for
from actions.staff.promising import answer_and_promise
from actions.staff.talking import take
from actions.words.fill_ins import NAMES
from actions.words.moments import coming_moments
from recovery.remedies import BY_PEOPLE
from store.tables import CannedReply, Case, Conversation, Promise, Staff
from tests.actions.dialogue import Customer, Shop

FIRM = Path(__file__).resolve().parents[2] / "data" / "firm"
# Variables that name a time to come.
AHEAD = {"due", "opens"}
# Each reply that names one, with the kinds of promise that stand behind it. Where none does, why none is needed.
MADE = {
    "done.delayed": {"remedy"},
    "hand_over.wait": {"person_answers"},
    "offer.applied_for": {"approval"},
    "offer.awaits_approval": {"approval"},
    "offer.by_hand_accepted": {str(kind) for kind in BY_PEOPLE},
    "offer.call_back_accepted": {"call_back"},
    "promise.broken_next": {"person_answers"},
    "promise.given": {SAID},
    "promise.moved": {SAID, *(str(kind) for kind in BY_PEOPLE)},
    "status.awaiting_approval": {"approval"},
    "status.promised": {str(kind) for kind in BY_PEOPLE},
    "status.with_staff": {SETTLED},
    "transfer.to_colleague": {"person_answers"},
    "unanswered.remind": set(),  # by when the customer may answer; nothing is owed
    "waiting.assigned": {"person_answers"},
    "waiting.call_back": {"call_back"},  # as soon as a number is left
    "waiting.nobody": {"person_answers"},
    "waiting.number_changed": {"call_back"},
    "waiting.number_noted": {"call_back"},
    "waiting.passed_on": {"person_answers"},
}
# The firm speaks first: these promises are made by what tells of an incident or a guarantee.
PROACTIVE = ("incident.", "guarantee.", "proactive.")


def replies(language: str) -> dict[str, str]:
    groups = yaml.safe_load((FIRM / "replies" / f"{language}.yml").read_text(encoding="utf-8"))
    return {f"{group}.{name}": text for group, words in groups.items() for name, text in words.items()}


def named(text: str) -> set[str]:
    environment = Environment()
    environment.filters |= dict.fromkeys(("money", "moment", "day", "choices"), str)
    return meta.find_undeclared_variables(environment.parse(text))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_reply_that_names_a_time_to_come_has_its_promise_listed(language: str) -> None:
    naming = {key for key, text in replies(language).items() if named(text) & AHEAD and not key.startswith(PROACTIVE)}
    assert naming == set(MADE)


def test_the_kinds_listed_are_made_somewhere_in_the_code() -> None:
    made = {kind for kinds in MADE.values() for kind in kinds}
    code = "".join(path.read_text(encoding="utf-8") for path in Path("actions").rglob("*.py"))
    for kind in made - {str(one) for one in BY_PEOPLE}:
        assert f'"{kind}"' in code, kind


@pytest.fixture
def talking(shop: Shop, customer: Customer, alice: Staff) -> Customer:
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(answer_and_promise, shop.firm, alice, customer.conversation.id, "I am here.")
    return customer


STARTERS = yaml.safe_load((FIRM / "canned_replies.yml").read_text(encoding="utf-8"))["canned_replies"]


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one["shortcut"])
def test_a_canned_reply_that_names_a_due_time_promises_it(
    shop: Shop, talking: Customer, alice: Staff, starter: dict[str, object]
) -> None:
    texts = starter["texts"]
    assert isinstance(texts, dict)

    def filled(work):  # type: ignore[no-untyped-def]
        reply = CannedReply(shortcut="x", texts=texts, changed_by="x", changed_at=work.now)
        conversation = work.session.get_one(Conversation, talking.conversation.id)
        case = work.session.get_one(Case, talking.case.id)
        values = {**dict.fromkeys(NAMES), **values_for(work, shop.firm, alice, conversation, case)}
        return choice(shop.firm, reply, talking.language, values).filled.text

    text = shop.does(filled)
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, text)
    made = [one for one in talking.case.promises if one.kind == SAID]
    names_due = "{{ due }}" in texts[talking.language]
    assert bool(made) is names_due
    if made:
        assert made[0].due_at > shop.clock.now


# Words for what comes later, in replies that staff send. Each must name by when.
LATER = {
    "zh": ("会告诉您", "会马上", "给您答复", "给您回电", "我会和", "再联系您", "处理结果"),
    "en": ("i'll let you know", "i'll write", "will tell you", "we'll call", "will have an answer", "get back to you"),
}


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one["shortcut"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_canned_reply_that_speaks_of_later_says_by_when(starter: dict[str, dict[str, str]], language: str) -> None:
    text = starter["texts"][language]
    if any(words in text.lower() for words in LATER[language]):
        assert "{{ due }}" in text


def test_where_a_case_is_with_staff_the_time_told_is_promised_and_kept_by_settling(
    shop: Shop, customer: Customer
) -> None:
    customer.complains("delivery")

    def promise_it(work):  # type: ignore[no-untyped-def]
        case = work.session.get_one(Case, customer.case.id)
        conversation = work.session.get_one(Conversation, customer.conversation.id)
        promise(work, conversation, case, SETTLED, "settled", case.resolution_due)

    shop.does(promise_it)
    customer.withdraws()
    # Taken back: nobody waits for it, and nobody counts it.
    assert [made.state for made in shop.all(Promise)] == ["released"]
    assert shop.events("promise_settled") == []


def test_a_time_in_words_of_the_catalogue_is_found_again(shop: Shop, customer: Customer) -> None:
    due = shop.firm.local(shop.clock.now).replace(hour=23, minute=30, second=0, microsecond=0)
    words = customer.words("waiting.passed_on", name="Alice", due=due)
    assert [moment for _, moment in coming_moments(words, shop.clock.now, shop.firm.zone)] == [due]
