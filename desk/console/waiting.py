"""Waiting for the customer, as calls: each is one command of ``actions.staff.waiting``."""

from aiohttp import web

from actions.staff import waiting
from desk.console.performing import conversation_named, perform


async def post_wait(request: web.Request) -> web.StreamResponse:
    """Wait for the customer's answer."""
    return await perform(
        request, conversation_named, lambda work, firm, me, id, _: waiting.wait_for_customer(work, firm, me, id)
    )


async def post_go_on(request: web.Request) -> web.StreamResponse:
    """Go on without it."""
    return await perform(
        request, conversation_named, lambda work, firm, me, id, _: waiting.stop_waiting(work, firm, me, id)
    )
