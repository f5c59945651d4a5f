"""The door as applications call it: before a simulated Telnyx on a real socket, over a database of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse

import simulator
from core import deadlines
from ledger import story
from ledger.absorbing import absorb
from schemas import envelope, reading
from schemas.settings import Settings
from simulator import RunningSimulator
from store import intents
from store.engine import Database
from store.intents import IntentRow
from store.tables import intents as intents_table
from store.tables import messages as messages_table
from tests import telnyx_signing
from tests.books import opted_out
from tests.reports import ALICE, OURS, RULES, heard
from webhook_app import log, primary
from webhook_app.door import line_of
from webhook_app.door_book import Book

KEY = "KEY0192-of-the-operator"
#: A busy machine may take longer than a caller would be kept waiting.
PATIENT = timedelta(seconds=15)


class DoorWorld:
    """The application without a server, the simulator behind it, and the books."""

    def __init__(
        self, database: Database, telnyx: RunningSimulator, *, deadline: timedelta = PATIENT, **environ: str
    ) -> None:
        self.database = database
        self.telnyx = telnyx
        self.rung = 0
        settings = Settings.from_env(
            {
                "DATABASE_URL": database.url.render_as_string(hide_password=False),
                "TELNYX_PUBLIC_KEY": telnyx_signing.PUBLIC_KEY,
                "TELNYX_API_KEY": KEY,
                "TELNYX_BASE_URL": telnyx.base_url,
                **environ,
            }
        )
        self.line = line_of(settings)
        self.book = Book(database, ring=self._ring, log=log.logger(), deadline=deadline)
        app = primary.app_of(settings, database=database, ring=self._ring, line=self.line, book=self.book)
        self.client = app.test_client(use_cookies=False)

    def _ring(self) -> None:
        self.rung += 1

    def call(self, method: str, path: str, *, key: str | None = KEY, **more: Any) -> TestResponse:
        """Make a call with a key, the operator's own unless another is given."""
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **more)

    def send(self, path: str = "/v2/messages", *, to: object = ALICE, **more: Any) -> TestResponse:
        """Ask for a message; ``key`` and ``headers`` are the call's, all else is the body's."""
        call = {name: more.pop(name) for name in ("key", "headers") if name in more}
        return self.call("POST", path, json={"from": OURS, "to": to, "text": "Spring sale", **more}, **call)

    def schedule(self, **more: Any) -> TestResponse:
        """Ask for a message in an hour."""
        return self.send(**{"send_at": in_an_hour(), **more})

    def intents(self) -> list[IntentRow]:
        """Every request that was written down, in order."""
        self.book.flush()
        with self.database.read() as connection:
            ids = connection.scalars(sa.select(intents_table.c.id).order_by(intents_table.c.created_at)).all()
            return [row for each in ids if (row := intents.find(connection, each))]

    def rows(self) -> dict[str, Any]:
        """Every message that is held, by its id."""
        self.book.flush()
        with self.database.read() as connection:
            return {row.id: row for row in connection.execute(sa.select(messages_table))}

    def story(self, message_id: str) -> dict[str, Any]:
        self.book.flush()
        with self.database.read() as connection:
            return story.story(connection, message_id, cancel_by=deadlines.cancel_by, now=datetime.now(UTC))

    def opt_out(self, number: str = ALICE) -> None:
        """Have somebody opt out, of which Telnyx knows nothing."""
        opted_out(self.database, number, reason=None, cause=f"test:{number}", now=datetime.now(UTC))

    def deliver(self) -> None:
        """Apply every event that the simulator has made of its messages, by its clock."""
        self.telnyx.settle()
        now = self.telnyx.simulator.clock.now()
        told = [
            reading.report(envelope.read(json.dumps({"data": each["event"]}).encode()), received_at=now)
            for each in self.telnyx.deliveries()
        ]
        with self.database.begin() as connection:
            absorb(connection, heard(*told, received_at=now), RULES, now=now)

    def sends(self) -> list[str]:
        """The paths of all POSTs that reached Telnyx."""
        return [each["path"] for each in self.telnyx.requests("POST")]


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def error_of(response: TestResponse, status: int) -> dict[str, Any]:
    """The one error of an answer in Telnyx's shape."""
    assert response.status_code == status, response.text
    body = response.get_json()
    assert body.keys() == {"errors"}
    (error,) = body["errors"]
    assert error.keys() == {"code", "title", "detail", "meta"}
    return error


@contextmanager
def door(
    database: Database, *, expects: str | None = None, deadline: timedelta = PATIENT, **environ: str
) -> Iterator[DoorWorld]:
    """A door with settings of the test's own; the simulated Telnyx ``expects`` a key, or lets any in."""
    with simulator.running(webhook_url=None, delivery_delay=0, api_key=expects) as telnyx:
        world = DoorWorld(database, telnyx, deadline=deadline, **environ)
        yield world
        world.line.close()
