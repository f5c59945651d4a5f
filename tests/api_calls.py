"""The HTTP API as its clients call it, over a database of the test's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

import structlog
from flask import Flask, request
from werkzeug.local import LocalProxy
from werkzeug.test import TestResponse

from core.deciding import Rules
from ledger.forecasting import Outlook
from schemas.secret import Secret
from store.engine import Database
from tests.reports import ALICE, NOW, RULES, message_id
from webhook_app import api, errors

TOKEN = "a token of this test"
SEND_AT = "2026-05-01T15:00:00Z"
_ASKED = "tests.api"
_ANSWER = json.loads((Path(__file__).parent / "payloads" / "api.schedule.json").read_text())


class Api:
    """An application that serves the API alone, what it rang for, and the time it lives in."""

    def __init__(self, database: Database, *, token: str | None = TOKEN, rules=RULES) -> None:
        self.database = database
        self.outlook = Outlook(database, rate=20)
        self.rung = 0
        self.now: datetime = NOW
        self._serve(_shared_app(token) if rules is RULES else _app(token, rules))

    def ring(self) -> None:
        self.rung += 1

    def alone(self) -> Self:
        """Serve it from an application of its own, which others do not hold up."""
        self._serve(_app(TOKEN, RULES))
        return self

    def _serve(self, app: Flask) -> None:
        self.app = app
        self._client = app.test_client()
        self._client.environ_base[_ASKED] = self

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request that came through a server."""
        return self.app(environ | {_ASKED: self}, start_response)

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


def _asked() -> Api:
    return request.environ[_ASKED]


def _app(token: str | None, rules: Rules) -> Flask:
    """Make an application that has nothing of its own: what it works with is of the API that is asked."""
    app = Flask("api", static_folder=None)
    app.url_map.merge_slashes = False
    errors.register(app, log=structlog.get_logger())
    api.register(
        app,
        database=LocalProxy(lambda: _asked().database),
        rules=lambda: rules,
        outlook=LocalProxy(lambda: _asked().outlook),
        ring=lambda: _asked().ring(),
        token=Secret(token) if token else None,
        now=lambda: _asked().now,
    )
    return app


@cache
def _shared_app(token: str | None) -> Flask:
    """Make an application once for all tests: with its document that takes longer than most of them."""
    return _app(token, RULES)


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
