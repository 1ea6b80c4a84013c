"""Two desks and two Rasas on one PostgreSQL, one desk's clock a minute ahead, a desk killed again and again.

Nothing may be lost, doubled or out of order, and whoever reads on from the last number must see every message.
``BENCH_KILLS`` sets how often.
"""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from tests.e2e.service import ROOT, Service, create_database, free_port, wait_for

KILLS = int(os.environ.get("BENCH_KILLS", "8"))
CUSTOMERS = 60
AHEAD = """
import datetime, sys, store.database
class Ahead(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.now(tz) + datetime.timedelta(minutes=1)
store.database.datetime = Ahead
from desk.__main__ import main
sys.exit(main(["serve"]))
"""


class Desk:
    """A desk of several, started again after it was killed."""

    def __init__(self, environment: dict[str, str], folder: Path, command: list[str]) -> None:
        self.port = free_port()
        self._environment = {**environment, "AMENDS_BIND": f"127.0.0.1:{self.port}"}
        self._output = folder / f"desk-{self.port}"
        self._command = command
        self.start()

    def start(self) -> None:
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )
        self.service = Service(self._output.parent, self.process, self.port, 0, self._environment["AMENDS_API_TOKEN"])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()


class Customer(threading.Thread):
    """Complains, takes the voucher and rates, at whichever desk is there; reads on by number at either."""

    def __init__(self, desks: list[Desk], number: int) -> None:
        super().__init__(daemon=True)
        self.desks = desks
        self.sender = f"two-desks-{number}"
        self.order = f"8{number:011d}"
        self.chance = random.Random(number)
        self.texts = [f"快递晚了四天才到，订单{self.order}"]
        self.read: list[int] = []

    def run(self) -> None:
        self._insist(lambda service: service.with_order(self.sender, self.order))
        self._insist(lambda service: self._say(service, 0))
        self._insist(lambda service: self.texts.append(service.choice_of(self.sender, "voucher")))
        self.texts.append("5分")
        for step in (1, 2):
            self._insist(lambda service, step=step: self._say(service, step))

    def _say(self, service: Service, step: int) -> None:
        reply = service.say(self.sender, self.texts[step], message_id=f"{self.sender}-{step}")
        self._read_on(service)
        if reply.status != 200:
            raise OSError(f"status {reply.status}")

    def _read_on(self, service: Service) -> None:
        after = self.read[-1] if self.read else 0
        reply = service.call("GET", f"/api/v1/conversations/rest:{self.sender}/messages?after={after}")
        assert reply.status == 200, reply
        self.read += [message["number"] for message in reply.body["messages"]]

    def _insist(self, deed: object) -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
                deed(self.chance.choice(self.desks).service)  # type: ignore[operator]
                return
            time.sleep(0.3)


@contextmanager
def process(output: Path, environment: dict[str, str], *command: str) -> Iterator[None]:
    with output.open("wb") as file:
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            running.kill()
            running.wait()


def test_two_desks_share_the_work_while_one_is_killed(model: str, postgresql_url: str, tmp_path: Path) -> None:
    url = create_database(postgresql_url, "two_desks").replace("postgresql+psycopg://", "postgresql://")
    rasas = [free_port(), free_port()]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")},
        "AMENDS_VAR": str(tmp_path / "var"),
        "AMENDS_DATABASE_URL": url,
        "AMENDS_RASA_URLS": ",".join(f"http://127.0.0.1:{port}" for port in rasas),
        "AMENDS_ACTIONS_PORT": str(free_port()),
        "AMENDS_API_TOKEN": "of-two-desks",
        "AMENDS_RASA_TOKEN": "of-two-rasas",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    subprocess.run([sys.executable, "-m", "store", "migrate"], cwd=ROOT, env=environment, check=True)
    with ExitStack() as stack:
        stack.enter_context(process(tmp_path / "actions", environment, sys.executable, "-m", "actions.server"))
        python = str(ROOT / "bot" / ".venv" / "bin" / "python")
        for port in rasas:
            command = (python, "-m", "bot.serve", "-p", str(port), "-m", model)
            stack.enter_context(process(tmp_path / f"rasa-{port}", environment, *command))
        desks = [
            Desk(environment, tmp_path, [sys.executable, "-m", "desk", "serve"]),
            Desk(environment, tmp_path, [sys.executable, "-c", AHEAD]),
        ]
        for desk in desks:
            stack.callback(lambda desk=desk: desk.process.kill())
            desk.service.wait_until_ready(300)
        customers = [Customer(desks, number) for number in range(CUSTOMERS)]
        chance = random.Random(20261122)
        for customer in customers:
            customer.start()
        kills = 0
        while kills < KILLS and any(customer.is_alive() for customer in customers):
            time.sleep(chance.uniform(1, 6))
            chance.choice(desks).kill()
            kills += 1
        for customer in customers:
            customer.join(600)
            assert not customer.is_alive(), "a customer still waits"
        with psycopg.connect(url) as connection:

            def count(rows: str) -> int:
                found = connection.execute(f"select count(*) from {rows}").fetchone()
                connection.rollback()
                assert found is not None
                number: int = found[0]
                return number

            nothing_open = {
                "the inbox is empty": "inbox where state = 'open'",
                "remedies are done": "timers where state = 'open' and kind = 'execute_remedy'",
                "all is sent": "outbox where state = 'pending'",
            }
            for what, rows in nothing_open.items():
                wait_for(lambda rows=rows: count(rows) == 0, 180, what)
            accepted = count("offers where state = 'accepted'")
            assert accepted == count("vouchers") == count("remedies where kind = 'voucher'")
            stolen = count("inbox where attempts > 1")
        handed_over = 0
        desks[0].service.wait_until_ready(180)
        for customer in customers:
            customer._read_on(desks[0].service)
            said = desks[0].service.messages(customer.sender)
            numbers = [message["number"] for message in said]
            assert numbers == list(range(1, len(numbers) + 1)) == customer.read, customer.sender
            assert [message["text"] for message in said if message["direction"] == "in"] == customer.texts
            if desks[0].service.conversation(customer.sender)["control"] != "bot":
                handed_over += 1
                continue
            (case,) = desks[0].service.cases(customer.sender)
            assert len([remedy for remedy in case["remedies"] if remedy["kind"] == "voucher"]) == 1
            assert [rating["score"] for rating in case["ratings"]] == [5]
    print(f"\n{kills} kills, {CUSTOMERS} dialogues, {accepted} vouchers, {handed_over} handed over, {stolen} retried")
