"""A real service of its own for tests: supervisor, Rasa, action server and desk, on free ports and an empty store."""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Reply:
    """An answer over HTTP."""

    status: int
    body: Any
    seconds: float


class Service:
    """A running service, spoken to over its public contract alone."""

    def __init__(
        self,
        folder: Path,
        process: subprocess.Popen[bytes],
        port: int,
        actions_port: int,
        token: str,
        database_url: str = "",
    ) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.database_url = database_url or f"sqlite:///{self.var / 'amends.db'}"
        self.process = process
        self.base = f"http://127.0.0.1:{port}"
        self.token = token
        self.actions_port = actions_port

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "",
        headers: dict[str, str] | None = None,
        timeout: float = 60,
    ) -> Reply:
        """One request; an error status is a reply like any other.

        Args:
            body: bytes as they are, anything else as JSON.
            token: another bearer token; None for none.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if token is not None:
            request.add_header("Authorization", f"Bearer {token or self.token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        try:
            parsed = json.loads(content) if content else None
        except ValueError:
            parsed = content.decode("utf-8", "replace")
        return Reply(status, parsed, time.monotonic() - started)

    def say(self, sender: str, text: str, **metadata: str) -> Reply:
        """A customer's message."""
        body: dict[str, Any] = {"sender": sender, "message": text}
        if metadata:
            body["metadata"] = metadata
        return self.call("POST", "/webhooks/rest/webhook", body)

    def told(self, sender: str, text: str, **metadata: str) -> str:
        """What the bot answers to a message, as one text."""
        reply = self.say(sender, text, **metadata)
        assert reply.status == 200, reply
        return "\n".join(message["text"] for message in reply.body)

    def cases(self, sender: str) -> list[dict[str, Any]]:
        reply = self.call("GET", f"/api/v1/cases?identity=rest:{urllib.parse.quote(sender)}")
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.body["cases"]
        return found

    def choice_of(self, sender: str, kind: str) -> str:
        """The number by which a customer takes the offer on the table that holds such a remedy; "1" where none is."""
        cases = self.cases(sender)
        offers = cases[0]["offers"] if cases else []
        kinds = [{one["kind"] for one in offer["remedies"]} for offer in offers]
        return str(next((number for number, found in enumerate(kinds, start=1) if kind in found), 1))

    def conversation(self, sender: str) -> dict[str, Any]:
        reply = self.call("GET", f"/api/v1/conversations/rest:{urllib.parse.quote(sender)}")
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.body
        return found

    def messages(self, sender: str) -> list[dict[str, Any]]:
        reply = self.call("GET", f"/api/v1/conversations/rest:{urllib.parse.quote(sender)}/messages")
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.body["messages"]
        return found

    def with_order(self, sender: str, number: str, total: int = 30000, **more: Any) -> None:
        """The merchant reports an order of this customer's."""
        order = {
            "number": number,
            "identities": [f"rest:{sender}"],
            "placed_at": "2026-11-18T08:00:00Z",
            "total": total,
            "currency": "CNY",
            "items": [{"name": "item", "quantity": 1, "price": total}],
            "status": "delivered",
            **more,
        }
        reply = self.call("POST", "/api/v1/orders", [order])
        assert reply.status == 200, reply

    def process_id(self, program: str) -> int:
        """The process that supervisor runs under this name: ``desk``, ``rasa`` or ``actions``."""
        marks = {"desk": "desk serve", "rasa": "bot.serve", "actions": "actions.server"}
        supervisor = int((self.var / "supervisor.pid").read_text())
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for child in children:
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if marks[program] in command:
                return int(child)
        raise LookupError(program)

    def signal(self, program: str, number: signal.Signals) -> None:
        os.kill(self.process_id(program), number)

    def wait_until_ready(self, seconds: float = 120) -> None:
        """Wait until a message would be answered.

        Raises:
            AssertionError: it ended, or was not ready in time; with what its processes last wrote.
        """

        def ready_or_ended() -> bool:
            return _status(self.base + "/readyz") == 200 or self.process.poll() is not None

        try:
            wait_for(ready_or_ended, seconds, "the service is ready")
            assert self.process.poll() is None, f"`desk run` ended with {self.process.returncode}"
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.last_words()}") from None

    def last_words(self, lines: int = 30) -> str:
        """The end of everything that the service wrote, and what runs: why it did not start or went away."""
        told = [f"readiness: {_body(self.base + '/readyz')}"]
        for path in [self.folder / "output", *sorted((self.var / "log").glob("*.log"))]:
            if path.exists():
                last = path.read_text(errors="replace").splitlines()[-lines:]
                told.append("\n".join([f"--- {path.name}", *last]))
        told.append("\n".join(["--- processes", *_processes(self.process.pid)]))
        return "\n".join(told)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command line of the project's, on this service's store."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, "AMENDS_VAR": str(self.var), "AMENDS_DATABASE_URL": self.database_url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until something holds, and give what it gave.

    Raises:
        AssertionError: it did not hold in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s, and still not: {what}")


@contextmanager
def running(folder: Path, model: str, **settings: str) -> Iterator[Service]:
    """A service on an empty store, stopped at the end as Ctrl-C stops it."""
    port, actions_port, token = free_port(), free_port(), uuid.uuid4().hex
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")},
        "AMENDS_VAR": str(folder / "var"),
        "AMENDS_BIND": f"127.0.0.1:{port}",
        "AMENDS_RASA_PORT": str(free_port()),
        "AMENDS_ACTIONS_PORT": str(actions_port),
        "AMENDS_API_TOKEN": token,
        **settings,
    }
    output = (folder / "output").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "desk", "run", "--model", model],
        cwd=ROOT,
        env=environment,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    service = Service(folder, process, port, actions_port, token, settings.get("AMENDS_DATABASE_URL", ""))
    try:
        service.wait_until_ready()
        yield service
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        output.close()
        logs = os.environ.get("TEST_LOGS")
        if logs:
            shutil.copytree(service.var / "log", Path(logs) / folder.name, dirs_exist_ok=True)


def create_database(url: str, name: str) -> str:
    """Make a database at the PostgreSQL of this address, and give its own address."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")


def free_port() -> int:
    """A port that nobody listens on and that no outgoing connection is given before the service takes it.

    The kernel gives outgoing connections ports of its own range; one from there may be gone, for as long as the
    connection lives, when the service comes to listen on it.
    """
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as found:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return 0


def _processes(ancestor: int) -> list[str]:
    """Id, state and command of what a process started, and of what that started."""
    found, family = [], {ancestor}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) in family:
            family.add(int(folder.name))
            found.append(f"{folder.name} {state} {command[:160]}")
    return found


def _body(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
