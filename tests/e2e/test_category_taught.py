"""A category of the firm's own is taught by past complaints: the bot that learned it reads it, and it is made good."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.commands.catalogue import command_for
from actions.turns import TurnKey, take_turn
from actions.understanding import read_understanding
from store.database import Database
from store.tables import Conversation, InboxRow, Message
from tests.actions.dialogue import Customer, Shop
from tests.actions.own_category import OWN_RULE, keep_own_firm
from tests.conftest import ROOT, Clock, missing

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
ORDER = "202611120007"
# Some hundreds of the shipped examples beside the firm's own: enough to know a complaint, and trained in seconds.
TRAIN_AND_READ = """
import json, sys, tempfile
from pathlib import Path
from bot.without_tensorflow import leave_out_tensorflow
leave_out_tensorflow()
from bot.past_complaints import firm_folder, read_past_complaints
from bot.standalone import Understander, training_examples
past, examples = read_past_complaints(firm_folder()), training_examples()
shipped, own = examples[:-len(past)], examples[-len(past):]
assert len(past) > 30 and [one.data for one in own] == [row.data for row in past]
with tempfile.TemporaryDirectory() as folder:
    understander = Understander.trained(shipped[::60] + own, Path(folder))
    print(json.dumps([understander.understand(text) for text in sys.argv[1:]]))
"""


def test_it_is_taught_judged_offered_and_routed(sqlite_database: Database, clock: Clock, tmp_path: Path) -> None:
    if not BOT_PYTHON.exists():
        missing(f"BOT ENVIRONMENT MISSING: {BOT_PYTHON}: a category of the firm's own is NOT tested end to end")
    rules = ("remedies.yml", "remedy_rules:", "remedy_rules:" + OWN_RULE)
    shop = Shop(sqlite_database, keep_own_firm(tmp_path / "firm", "billing_price", rules), clock)
    shutil.copy(ROOT / "data" / "samples" / "complaints.csv", tmp_path / "firm" / "complaints.csv")
    texts = {"zh": "礼品卡刚充的钱，余额突然变成零了", "en": "My gift card won't load, the top-up never shows on it"}
    for (language, text), read in zip(texts.items(), understandings(tmp_path / "firm", *texts.values()), strict=True):
        assert read["intent"] == "complain"
        assert read["categories"][0]["key"] == "gift_card", read["categories"]
        assert read["categories"][0]["words"], "what spoke for it is shown at the desk"
        customer = Customer(shop, f"customer-{language}", language)
        order = shop.sells(f"{ORDER}-{language}", total=30000, to=f"rest:customer-{language}")
        said = answers(shop, customer.types(text), read)
        assert customer.case.number in said and customer.case.categories[0] == "gift_card"
        assert (customer.case.department, customer.case.service_step) == ("service_marketing", "payment")
        customer.gives_order(order)
        assert [offer.cost for offer in customer.choices] == [4000, 0]
        assert {offer.rule for offer in customer.choices} == {"gift-cards"}


def understandings(firm: Path, *texts: str) -> list[dict[str, Any]]:
    """How a bot trained on the firm's past complaints reads the texts."""
    done = subprocess.run(
        [BOT_PYTHON, "-c", TRAIN_AND_READ, *texts],
        cwd=ROOT,
        env={**os.environ, "AMENDS_FIRM": str(firm), "TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def answers(shop: Shop, inbox_id: str, read: dict[str, Any]) -> str:
    """The turn that the bot's reading leads to; what the customer is told."""
    action = "action_hear_complaint"
    with shop.database.begin() as work:
        row = work.session.get_one(InboxRow, inbox_id)
        key = TurnKey(inbox_id, work.session.get_one(Conversation, row.conversation_id).fence)
        take_turn(work, shop.firm, key, action, read_understanding(read), command_for(action))
        work.commit()
    with shop.database.reading() as work:
        said = select(Message.text).where(Message.inbox_id == inbox_id, Message.direction == "out")
        return "\n".join(work.session.scalars(said.order_by(Message.number)))
