"""The firm's files as people read them: ranges, spans, promises and steps in words, never as the machine keeps them."""

import html

import pytest

from tests.desk.console.conftest import Desk, Open


@pytest.mark.parametrize("page", ["remedies", "playbooks", "guarantees", "value", "tiers", "alarms", "authority"])
async def test_no_page_shows_what_only_the_machine_reads(browser: Open, desk: Desk, page: str) -> None:
    bob = await browser("bob")
    text = html.unescape(await bob.read(f"/desk/settings/firm/{page}"))
    shown = text.partition('<pre class="source"')[0]
    assert "{'" not in shown and "5e-05" not in shown


async def test_room_between_two_ends_is_a_range_and_a_rule_is_an_entry(browser: Open, desk: Desk) -> None:
    bob = await browser("bob")
    text = await bob.read("/desk/settings/firm/remedies")
    assert "10 %–20 %" in text and "<h3>delivery-late-or-damaged</h3>" in text


async def test_a_promise_and_the_steps_of_a_playbook_are_in_the_readers_language(browser: Open, desk: Desk) -> None:
    bob = await browser("bob")
    text = await bob.read("/desk/settings/firm/playbooks")
    shown = text.partition('<pre class="source"')[0]
    assert "bring you your parcel (within 3 working days)" in shown
    assert "Have the carrier speed them up" in shown and "请承运商加急" not in shown
