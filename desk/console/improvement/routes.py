"""The routes of improvement; who may call each stands in :mod:`desk.console.permissions`."""

from aiohttp import web

from desk.console.improvement import (
    baseline_pages,
    board,
    ledger_pages,
    one,
    one_deeds,
    overview_pages,
    signal_pages,
    telling_pages,
)
from desk.console.improvement.doing import IMPROVEMENT

_ONE = IMPROVEMENT + "/{number}"

# What has a name of its own comes before what has a number.
ROUTES = [
    web.get(IMPROVEMENT, board.board_page),
    web.get(f"{IMPROVEMENT}/new", board.new_page),
    web.post(f"{IMPROVEMENT}/new", board.post_new),
    web.get(signal_pages.SIGNALS, signal_pages.signals_page),
    web.post(signal_pages.SIGNALS + "/{public_id}", signal_pages.post_judgement),
    web.get(f"{IMPROVEMENT}/controls", overview_pages.controls_page),
    web.get(f"{IMPROVEMENT}/problems", overview_pages.problems_page),
    web.get(f"{IMPROVEMENT}/ledger", ledger_pages.ledger_page),
    web.get(baseline_pages.BASELINES, baseline_pages.baselines_page),
    web.post(baseline_pages.BASELINES, baseline_pages.post_baseline),
    web.get(_ONE, one.one_page),
    web.post(_ONE + "/sections/{section}", one_deeds.post_section),
    web.post(_ONE + "/measures", one_deeds.post_measure),
    web.post(_ONE + "/measures/{public_id}", one_deeds.post_measure_change),
    web.post(_ONE + "/measures/{public_id}/done", one_deeds.post_measure_done),
    web.post(_ONE + "/measures/{public_id}/remove", one_deeds.post_measure_remove),
    web.post(_ONE + "/advance", one_deeds.post_advance),
    web.post(_ONE + "/back", one_deeds.post_back),
    web.post(_ONE + "/drop", one_deeds.post_drop),
    web.post(_ONE + "/carry-on", one_deeds.post_carry_on),
    web.post(_ONE + "/ledger", ledger_pages.post_booking),
    web.post(_ONE + "/ledger/{public_id}/reverse", ledger_pages.post_reversal),
    web.get(_ONE + "/telling", telling_pages.telling_page),
    web.post(_ONE + "/telling/preview", telling_pages.post_preview),
    web.post(_ONE + "/telling/begin", telling_pages.post_begin),
    web.post(_ONE + "/telling/pause", telling_pages.post_pause),
    web.post(_ONE + "/telling/resume", telling_pages.post_resume),
    web.post(_ONE + "/telling/stop", telling_pages.post_stop),
]
