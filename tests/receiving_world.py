"""The receiver over a database of the test's own, what it rang for, and the time it lives in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse

from bench import serving
from schemas.settings import Settings
from store import inbox
from store.engine import Database
from store.inbox import EventRow
from store.tables import inbox as inbox_table
from tests import telnyx_signing as telnyx
from tests.patience import patient
from webhook_app import create_app

PATH = "/webhooks/telnyx"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Receiver:
    """The application without a server; a ``hurried`` one waits for a commit no longer than the product does."""

    def __init__(self, database_url: str, *, hurried: bool = False, **environ: str) -> None:
        self.now = NOW
        self.rung = 0
        settings = Settings.from_env({"DATABASE_URL": database_url, "TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, **environ})
        self.database = Database(database_url)
        ring = None if "REDIS_URL" in environ else self._ring
        with nullcontext() if hurried else patient():
            self.app = create_app(settings, database=self.database, ring=ring, clock=lambda: self.now)
        self.client = self.app.test_client()

    def _ring(self) -> None:
        self.rung += 1

    def post(self, body: bytes, headers: Mapping[str, str]) -> TestResponse:
        return self.client.post(PATH, data=body, headers=dict(headers))

    def deliver(self, body: bytes | dict[str, Any] | list[Any], *, signed_at: datetime | None = None) -> TestResponse:
        """Post a body signed at a time, now unless it is given."""
        sent = body if isinstance(body, bytes) else telnyx.raw(body)
        return self.post(sent, telnyx.headers(sent, signed_at or self.now))

    def rows(self) -> dict[str, EventRow]:
        return rows_of(self.database)


@contextmanager
def receiving(database_url: str, *, hurried: bool = False, **environ: str) -> Iterator[Receiver]:
    """A receiver whose connections are closed afterwards."""
    receiver = Receiver(database_url, hurried=hurried, **environ)
    yield receiver
    receiver.database.dispose()


def rows_of(database: Database) -> dict[str, EventRow]:
    with database.read() as connection:
        return {row.event_id: row for row in inbox.events(connection, limit=10_000)}


def raw_of(database: Database) -> dict[str, bytes | None]:
    """The signed bytes of each event."""
    with database.read() as connection:
        return dict(connection.execute(sa.select(inbox_table.c.event_id, inbox_table.c.raw)).all())


@contextmanager
def served(folder: Path, database_url: str, **environ: str) -> Iterator[int]:
    """The receiver behind a real server, started as the Procfile starts it; yields its port."""
    chosen = {"DATABASE_URL": database_url, "TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, **environ}
    with serving.server("webhook_app:create_app()", chosen, log=folder / "web.log") as port:
        yield port
