"""The thread that hands over: what it tells, who of several sends, and how it lives through forks and ends."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.secret import Secret
from schemas.settings import Settings
from store.spool import Spool
from tests import telnyx_signing as telnyx
from tests.fake_primary import FakePrimary, accepted
from tests.handing import SECRET
from tests.processes import environ, wait_for
from tests.waiting import NOW, spool_in, spooled
from webhook_app import handing_over, log
from webhook_app.handing_over import Sender
from webhook_app.handover_client import Primary


class Office:
    """One process's sender, and what it has told."""

    def __init__(self, spool: Spool, url: str) -> None:
        self._told = io.StringIO()
        self.sender = Sender(
            spool=spool,
            primary=lambda: Primary(url, Secret(SECRET), clock=lambda: NOW),
            lock=Path(f"{spool.path}.sender"),
            clock=lambda: NOW,
            log=log.logger(self._told),
        )

    @property
    def text(self) -> str:
        return self._told.getvalue()

    @property
    def told(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def spool(tmp_path) -> Iterator[Spool]:
    with spool_in(tmp_path) as spool:
        yield spool


@pytest.fixture
def primary() -> Iterator[FakePrimary]:
    with FakePrimary() as primary:
        yield primary


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Waits that matter to a primary, and only take time here."""
    monkeypatch.setattr(handing_over, "_FIRST_WAIT", (0.0, 0.05))
    monkeypatch.setattr(handing_over, "backoff", lambda _: timedelta(seconds=0.05))


@pytest.fixture
def office(spool, primary) -> Iterator[Office]:
    office = Office(spool, primary.url)
    yield office
    office.sender.stop()


def test_what_comes_is_handed_over_in_the_background(office, spool, primary):
    office.sender.start()
    rows = spooled(spool, telnyx.event(), telnyx.event())
    assert wait_for(lambda: spool.figures().handed == 2)
    rows += spooled(spool, telnyx.event())
    assert wait_for(lambda: spool.figures().handed == 3)

    assert sorted(row_id for batch in primary.ids for row_id in batch) == rows
    assert spool.figures().waiting == 0
    assert office.told == []


def test_trouble_is_told_when_it_begins_and_when_it_ends(office, spool, primary):
    primary.rule = primary.question = lambda _: (503, b"{}")
    spooled(spool, telnyx.event(text="a secret text"))
    office.sender.start()
    assert wait_for(lambda: primary.questions >= 3)
    primary.rule = primary.question = accepted
    assert wait_for(lambda: spool.figures().handed == 1)
    office.sender.stop()

    assert [each["event"] for each in office.told] == ["handover_waits", "handover_goes_on"]
    assert "503" in office.told[0]["reason"]
    assert not any(word in office.text for word in ("a secret text", SECRET, "+1"))


def test_certificates_that_cannot_be_read_are_trouble_that_ends(office, spool, primary, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    office.sender.start()
    spooled(spool, telnyx.event())
    assert wait_for(lambda: office.told)
    assert primary.headers == []
    monkeypatch.delenv("SSL_CERT_FILE")
    assert wait_for(lambda: spool.figures().handed == 1)
    office.sender.stop()

    assert [each["event"] for each in office.told] == ["handover_waits", "handover_goes_on"]
    assert "SSL_CERT_FILE" in office.told[0]["reason"]


def test_one_of_several_sends_and_another_takes_over(office, spool, primary):
    other = Office(spool, primary.url)
    office.sender.start()
    spooled(spool, telnyx.event())
    assert wait_for(lambda: spool.figures().handed == 1)
    other.sender.start()
    time.sleep(1.2)  # longer than a sender waits before its first look, and the next
    asked = len(primary.headers)
    office.sender.stop()
    spooled(spool, telnyx.event())
    assert wait_for(lambda: spool.figures().handed == 2)
    other.sender.stop()

    assert asked == 1
    assert len(primary.ids) == 2


def test_handed_rows_are_forgotten_after_a_week(office, spool, primary):
    old, new = spooled(spool, telnyx.event(), telnyx.event())
    spool.handed({old: "accepted"}, NOW - timedelta(days=7, seconds=1))
    spool.handed({new: "accepted"}, NOW - timedelta(days=6))

    office.sender.start()

    assert wait_for(lambda: [row.id for row in spool.listing()] == [new])


def test_stopping_does_not_wait_for_what_is_idle(office, monkeypatch):
    monkeypatch.setattr(handing_over, "_FIRST_WAIT", (1000.0, 1000.0))
    office.sender.start()
    stopping = threading.Thread(target=office.sender.stop, daemon=True)
    stopping.start()
    stopping.join(30)
    assert not stopping.is_alive()


@pytest.mark.parametrize("missing", ["RESCIND_HANDOVER_URL", "RESCIND_HANDOVER_SECRET"])
def test_without_a_primary_to_send_to_nothing_starts(spool, missing):
    told = io.StringIO()
    given = {"RESCIND_HANDOVER_URL": "http://127.0.0.1:9/internal/handover", "RESCIND_HANDOVER_SECRET": SECRET}
    del given[missing]

    sender = handing_over.start(spool=spool, settings=Settings.from_env(given), clock=lambda: NOW, log=log.logger(told))

    assert sender is None
    assert json.loads(told.getvalue())["event"] == "handover_off"


_FORKING = """
import os, sys, threading, time
from datetime import UTC, datetime
from schemas.settings import Settings
from store.spool import Spool
from webhook_app import handing_over, log

settings = Settings.from_env()
spool = Spool(settings.spool, max_events=100, max_bytes=10**9)
handing_over.start(spool=spool, settings=settings, clock=lambda: datetime.now(UTC), log=log.logger())

def senders():
    return [each.name for each in threading.enumerate()].count("handing-over")

for _ in range(2):
    child = os.fork()
    if child == 0:
        until = time.monotonic() + 30
        while spool.figures().handed == 0 and time.monotonic() < until:
            time.sleep(0.05)
        os._exit(10 + senders())
print(senders(), [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2)], flush=True)
"""


def test_server_that_forks_leaves_the_thread_to_its_children(spool, primary):
    spooled(spool, telnyx.event())
    chosen = {
        "RESCIND_HANDOVER_URL": primary.url,
        "RESCIND_HANDOVER_SECRET": SECRET,
        "RESCIND_SPOOL": str(spool.path),
    }

    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKING],
        cwd=Path(__file__).parents[2],
        env=environ(**chosen),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert ran.stdout == "0 [11, 11]\n", ran.stderr
    assert spool.figures().handed == 1
    assert len(primary.ids) == 1
