"""The door of the primary, with Telnyx of the simulation behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from core.cancelling import Answer
from schemas.secret import Secret
from store.engine import Database
from tests.simulation.telnyx import Telnyx
from webhook_app.door_book import Book
from webhook_app.door_call import Call
from webhook_app.door_telnyx import Line, Reply, Silence


class BookAtOnce(Book):
    """Writes in the thread of the request; what is for later waits until the simulation comes to it."""

    def __init__(self, database: Database, *, ring: Callable[[], object]) -> None:
        super().__init__(database, ring=ring, log=structlog.get_logger())
        self._is_started = True

    def write(self, work: Callable[[sa.Connection], Any], **_: object) -> Any:
        with self._database.begin() as connection:
            return work(connection)

    def catch_up(self) -> None:
        self._catch_up()

    def forget(self) -> None:
        self._later.clear()


class TelnyxLine(Line):
    """The line from the door to Telnyx."""

    def __init__(self, telnyx: Callable[[], Telnyx]) -> None:
        super().__init__("https://telnyx.test/v2", at_once=1)
        self._telnyx = telnyx

    def ask(self, call: Call) -> Reply | Silence:
        telnyx = self._telnyx()
        if call.method == "POST":
            told = json.loads(call.body)
            return _reply(telnyx.post(told["to"], datetime.fromisoformat(told["send_at"]), told["text"]))
        return _reply(telnyx.retrieve(call.path.removeprefix("messages/"), telnyx.longest))

    def inquire(self, target: str, key: Secret) -> Reply | Silence:
        return Reply(200, (), b"{}")


def _reply(answer: Answer) -> Reply | Silence:
    if answer.http_status is None:
        return Silence("Telnyx did not answer", has_left=True)
    return Reply(answer.http_status, (("content-type", "application/json"),), answer.text.encode())
