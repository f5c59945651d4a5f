"""A panic that was carried out at a simulated Telnyx, to be undone by real requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import simulator
from core import deadlines
from core.holds import HoldKind
from core.scopes import Scope
from ledger import holding, registering, story
from ledger.holding import Gate
from ledger.registering import Registration
from rescind import logs
from schemas import message
from schemas.settings import Settings
from store import messages
from store.engine import Database
from tests.reports import RULES
from workers.runtime import Runtime

HOUR = timedelta(hours=1)
PEOPLE = [f"+1555765010{number}" for number in range(5)]


@dataclass
class World:
    """A panic over some messages, carried out at the simulator."""

    database: Database
    telnyx: simulator.RunningSimulator
    settings: dict[str, str]
    ids: list[str]
    panic: str

    def row(self, message_id: str) -> messages.MessageRow:
        with self.database.read() as connection:
            row = messages.find(connection, message_id)
        assert row is not None
        return row

    def why(self, message_id: str):
        with self.database.read() as connection:
            return story.story(connection, message_id, cancel_by=deadlines.cancel_by, now=datetime.now(UTC))

    def posts(self) -> list[dict]:
        """The bodies of the requests to send."""
        return [each["body"] for each in self.telnyx.requests("POST")]

    def lift(self) -> None:
        with self.database.begin() as connection:
            holding.lift(connection, self.panic, by="test", reason=None, now=datetime.now(UTC))


def register(database, answer, **more) -> str:
    now = datetime.now(UTC)
    with database.begin() as connection:
        registration = Registration(message.registered(answer, send_at=None, now=now), **more)
        registering.register(connection, [registration], RULES, door="test", now=now)
    return answer["id"]


def drain(settings) -> None:
    runtime = Runtime.from_settings(Settings.from_env(settings))
    with logs.errors_alone():
        runtime.drain.run(budget=timedelta(seconds=30))
    runtime.close()


@contextmanager
def world_of(url: str, database: Database) -> Iterator[World]:
    with simulator.running() as telnyx:
        settings = {
            "DATABASE_URL": url,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_CANCEL_RATE": "500",
        }
        ids = [
            register(
                database,
                telnyx.schedule(to=to, send_at=datetime.now(UTC) + (number + 1) * HOUR, text=f"Half price, {number}!"),
                campaign_key="spring",
                tags=("vip",),
            )
            for number, to in enumerate(PEOPLE)
        ]
        gate = Gate(HoldKind.PANIC, Scope.CAMPAIGN, "spring", "wrong list", None, "test")
        with database.begin() as connection:
            placed = holding.place(connection, gate, now=datetime.now(UTC))
        drain(settings)
        assert {telnyx.status(each) for each in ids} == {"cancelled"}
        yield World(database, telnyx, settings, ids, placed.row.hold.id)


def data(ran, status=0):
    assert ran.status == status, ran.err
    return json.loads(ran.out)["data"]


def reschedule(run, world, *arguments, status=0):
    return data(run("reschedule", *arguments, "--yes", "--json", **world.settings), status)
