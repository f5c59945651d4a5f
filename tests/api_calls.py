"""The HTTP API as its clients call it, over a database of the test's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from flask import Flask
from werkzeug.test import TestResponse

from ledger.forecasting import Outlook
from schemas.secret import Secret
from store.engine import Database
from tests.reports import ALICE, NOW, RULES, message_id
from webhook_app import api, errors

TOKEN = "a token of this test"
SEND_AT = "2026-05-01T15:00:00Z"
_ANSWER = json.loads((Path(__file__).parent / "payloads" / "api.schedule.json").read_text())


class Api:
    """An application that serves the API alone, what it rang for, and the time it lives in."""

    def __init__(self, database: Database, *, token: str | None = TOKEN, rules=RULES) -> None:
        self.database = database
        self.rung = 0
        self.now: datetime = NOW
        self.app = Flask("api", static_folder=None)
        self.app.url_map.merge_slashes = False
        errors.register(self.app, log=structlog.get_logger())
        api.register(
            self.app,
            database=database,
            rules=rules,
            outlook=Outlook(database, rate=20),
            ring=self._ring,
            token=Secret(token) if token else None,
            now=lambda: self.now,
        )
        self._client = self.app.test_client()

    def _ring(self) -> None:
        self.rung += 1

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> TestResponse:
        """Send a request, with the token unless other headers are given."""
        given = {"Authorization": f"Bearer {TOKEN}"} if headers is None else dict(headers)
        return self._client.open(path, method=method, headers=given, **more)

    def get(self, path: str) -> TestResponse:
        return self.ask("GET", path)

    def post(self, path: str, body: object) -> TestResponse:
        return self.ask("POST", path, json=body)

    def put(self, path: str, body: object) -> TestResponse:
        return self.ask("PUT", path, json=body)


def told(response: TestResponse, status: int = 200) -> Any:
    """The data of an answer that has this status."""
    assert response.status_code == status, response.text
    return response.get_json()["data"]


def refused(response: TestResponse, status: int) -> dict[str, str]:
    """The error of an answer that has this status, in the one shape that errors have."""
    assert response.status_code == status, response.text
    body = response.get_json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert len(body["error"]["message"].splitlines()) == 1
    return body["error"]


def telnyx_message(number: int = 1, *, to: str = ALICE, send_at: str | None = SEND_AT, **more: Any) -> dict[str, Any]:
    """The message object that Telnyx answers to a POST; its 10DLC campaign is left out, to be named by the test."""
    message = {**_ANSWER["data"], "id": message_id(number), "to": [{"phone_number": to, "status": "scheduled"}], **more}
    message.pop("tcr_campaign_id", None)
    if send_at is None:
        del message["send_at"]
        return message | more
    return {**message, "send_at": send_at} | more


@contextmanager
def untouched(template: Path, folder: Path) -> Iterator[Api]:
    """An API that many tests may share, because nothing that they ask of it may change anything."""
    database = Database(f"sqlite:///{shutil.copy(template, folder / 'untouched.db')}")
    yield Api(database)
    database.dispose()
