"""``kill -9`` in the middle of a turn: nothing is lost and nothing is done twice, whichever process it hits.

The action server is frozen first, so that the turn stands still at the point meant: the message is leased and Rasa
waits for the action.
"""

import contextlib
import http.client
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from tests.e2e.service import Service, wait_for

ORDER = "202611440001"
CUSTOMER = "survivor"


def ask_store(service: Service, question: str) -> int:
    """A number from the service's store, read from outside."""
    with sqlite3.connect(f"file:{service.var / 'amends.db'}?mode=ro", uri=True, timeout=30) as connection:
        found: int = connection.execute(question).fetchone()[0]
        return found


def freeze_turn(service: Service, text: str, key: str) -> Callable[[], None]:
    """Send a message and stop the world where the action server was asked; gives back how to let it go on."""
    frozen = service.process_id("actions")
    service.signal("actions", signal.SIGSTOP)
    before = ask_store(service, "select coalesce(sum(attempts), 0) from inbox")
    sender = threading.Thread(target=_say_quietly, args=(service, text, key), daemon=True)
    sender.start()
    wait_for(
        lambda: ask_store(service, "select coalesce(sum(attempts), 0) from inbox") > before, 20, "the message is leased"
    )
    # Leased, and on its way through Rasa to the frozen action server.
    wait_for(lambda: _is_asked(service.actions_port), 20, "the action server was asked")

    def go_on() -> None:
        os.kill(frozen, signal.SIGCONT)

    return go_on


def _say_quietly(service: Service, text: str, key: str) -> None:
    # The desk that holds the line is killed; integrators read the answer later.
    with contextlib.suppress(OSError, http.client.HTTPException):
        service.say(CUSTOMER, text, message_id=key)


def _is_asked(port: int) -> bool:
    """Whether a question waits at the frozen process: bytes unread, on a connection it may not even know of."""
    sockets = subprocess.run(["ss", "-tnaH"], capture_output=True, text=True, check=False).stdout
    lines = (line.split() for line in sockets.splitlines())
    return any(words[3].endswith(f":{port}") and int(words[1]) > 0 for words in lines)


def settle(service: Service) -> None:
    service.wait_until_ready()
    wait_for(
        lambda: ask_store(service, "select count(*) from inbox where state = 'open'") == 0, 90, "the inbox is empty"
    )
    wait_for(
        lambda: ask_store(service, "select count(*) from timers where state = 'open' and kind = 'execute_remedy'") == 0,
        60,
        "remedies are carried out",
    )
    wait_for(lambda: ask_store(service, "select count(*) from outbox where state = 'pending'") == 0, 60, "all is sent")


def test_a_turn_survives_the_death_of_each_process(own_service: Service) -> None:
    service = own_service
    service.with_order(CUSTOMER, ORDER)

    # 1. Rasa dies while the action is asked; the first try may still commit, late.
    go_on = freeze_turn(service, f"快递迟到三天,订单{ORDER}", "m1")
    service.signal("rasa", signal.SIGKILL)
    go_on()
    settle(service)
    assert len(service.cases(CUSTOMER)) == 1
    assert service.cases(CUSTOMER)[0]["offers"]

    # 2. The desk dies while the choice is being acted on: the action commits without it, the restarted desk pays.
    chosen = service.choice_of(CUSTOMER, "voucher")
    go_on = freeze_turn(service, chosen, "m2")
    service.signal("desk", signal.SIGKILL)
    go_on()
    settle(service)
    case = service.cases(CUSTOMER)[0]
    vouchers = [remedy for remedy in case["remedies"] if remedy["kind"] == "voucher"]
    assert len(vouchers) == 1 and vouchers[0]["executed_at"]
    assert ask_store(service, "select count(*) from vouchers") == 1

    # 3. The action server dies with the turn in its hands.
    freeze_turn(service, "5分", "m3")
    service.signal("actions", signal.SIGKILL)
    settle(service)
    case = service.cases(CUSTOMER)[0]
    assert [rating["score"] for rating in case["ratings"]] == [5]

    told = [message for message in service.messages(CUSTOMER) if message["direction"] == "out"]
    heard = [message for message in service.messages(CUSTOMER) if message["direction"] == "in"]
    assert [message["text"] for message in heard] == [f"快递迟到三天,订单{ORDER}", chosen, "5分"]
    assert len(service.cases(CUSTOMER)) == 1
    assert ask_store(service, "select count(*) from turns") == 3
    assert sum(vouchers[0]["reference"] in message["text"] for message in told) == 1

    # 4. A second service from the same folder is refused; supervisor dies, and leaves nothing behind.
    second = service.run("desk", "run", "--model", "none")
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr.startswith("another `desk run` is serving from ") and second.stderr.count("\n") == 1
    processes = [service.process_id(program) for program in ("desk", "rasa", "actions")]
    os.kill(int((service.var / "supervisor.pid").read_text()), signal.SIGKILL)
    assert service.process.wait(30) == 1
    wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in processes), 30, "all have ended")
    assert "supervisor ended by itself" in (service.folder / "output").read_text().splitlines()[-1]
