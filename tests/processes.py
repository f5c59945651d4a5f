"""The real processes, and the work to give them, for tests that look from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from ledger import registering
from ledger.registering import Registration
from schemas import envelope
from store import inbox
from store.engine import Database
from store.inbox import NewEvent
from store.tables import inbox as inbox_table
from tests import reports

STOP = json.loads((Path(__file__).parent / "payloads" / "message.received.stop.json").read_text())


def environ(**chosen: str) -> dict[str, str]:
    """An environment with nothing of the developer's in it."""
    foreign = ("RESCIND_", "TELNYX_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | chosen


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """A command of ours as a process of its own; what it prints is in ``lines``."""

    def __init__(self, *arguments: str, log: Path, chosen: Mapping[str, str], folder: Path | None = None) -> None:
        self._log = log
        self._file = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rescind", *arguments],
            cwd=folder,
            env=environ(**chosen),
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._file.close()

    @property
    def lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()

    def says(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Signal it, and return when it has ended. Raises TimeoutExpired when it does not."""
        self.process.send_signal(number)
        self.process.wait(30)

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def schedule(database: Database, message_id: str, *, to: str, send_at: datetime | None = None) -> None:
    """Register a message that Telnyx has accepted for later."""
    now = datetime.now(UTC)
    report = reports.scheduled(
        to=(to,),
        send_at=send_at or now + timedelta(hours=1),
        message_id=message_id,
        source_id=f"registration:{message_id}",
    )
    with database.begin() as connection:
        registering.register(connection, [Registration(report)], reports.RULES, door="test", now=now)


def accept_stop(database: Database, *, sender: str, received_at: datetime | None = None) -> str:
    """Accept a text that says STOP, as the receiver does, without a ring; its event id."""
    body = json.loads(json.dumps(STOP))
    received_at = received_at or datetime.now(UTC)
    body["data"]["id"] = str(uuid.uuid4())
    body["data"]["occurred_at"] = received_at.isoformat()
    body["data"]["payload"]["id"] = str(uuid.uuid4())
    body["data"]["payload"]["from"]["phone_number"] = sender
    body["data"]["payload"]["messaging_profile_id"] = reports.PROFILE
    raw = json.dumps(body).encode()
    event = NewEvent(
        **envelope.told(raw), received_at=received_at, source="webhook", raw=raw, signature="", signature_timestamp=""
    )
    with database.begin() as connection:
        inbox.accept(connection, [event])
    return event.event_id


def status_of(database: Database, event_id: str) -> str:
    with database.read() as connection:
        return connection.scalar(sa.select(inbox_table.c.status).where(inbox_table.c.event_id == event_id))


def descendants(pid: int) -> set[int]:
    """Return all processes below one, by Linux's own account."""
    below: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            below |= {int(child)} | descendants(int(child))
    return below


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def named(pids: set[int], words: str) -> set[int]:
    """Return those of the processes whose command line holds the words."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() for pid in pids}
    return {pid for pid, line in lines.items() if words in line and "guard.py" not in line}
