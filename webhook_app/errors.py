"""Errors as answers: one JSON shape for all of them, ``{"error": {"code", "message"}}``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from flask import Flask, Response, request
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchPath

from core.errors import (
    NotFound,
    NotReplayable,
    ProcessorError,
    RequestInvalid,
    RulesUnavailable,
    SignatureInvalid,
    SignatureStale,
    StoreUnavailable,
)
from webhook_app.log import Refusals

_STATUSES: dict[type[ProcessorError], int] = {
    SignatureInvalid: 401,
    SignatureStale: 401,
    RequestInvalid: 422,
    NotFound: 404,
    NotReplayable: 409,
    RulesUnavailable: 503,
    StoreUnavailable: 503,
}
#: Telnyx tries again within a second or two anyway.
_RETRY_AFTER = "1"
#: Nothing of ours is longer.
_LONGEST_PATH = 200
_UNDOCUMENTED = frozenset({"HEAD", "OPTIONS"})
_UNAUTHORIZED = ("unauthorized", "The request is not signed by Telnyx, or not now.")


def answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error in the one shape that all have."""
    body = json.dumps({"error": {"code": code, "message": message}}) + "\n"
    return Response(body, status=status, headers=dict(headers or {}), mimetype="application/json")


def register(app: Flask, *, log: FilteringBoundLogger) -> None:
    """Answer every error of the application in that shape, none with a traceback."""
    troubles = Refusals(log, told_as="store_unavailable")

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        code = error.name.lower().replace(" ", "_")
        return answer(error.code or 500, code, _told(error), headers)

    @app.errorhandler(ProcessorError)
    def _ours(error: ProcessorError) -> Response:
        status = _STATUSES.get(type(error), 500)
        if status == 401:  # noqa: PLR2004 - one answer for all kinds: a forger learns nothing from it
            return answer(status, *_UNAUTHORIZED)
        headers = {"Retry-After": _RETRY_AFTER} if error.retryable else None
        if isinstance(error, StoreUnavailable):
            # What the driver says of it, the server's address and user among it, is for the log alone.
            troubles.note(str(error))
            return answer(status, error.code, str(StoreUnavailable()), headers)
        return answer(status, error.code, str(error), headers)

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        log.error("bug", error=type(error).__name__, exc_info=error)
        return answer(500, "internal_server_error", "Something went wrong here; the log says what.")


def _told(error: HTTPException) -> str:
    """Return what is wrong and the remedy in one line: what the framework itself refuses, it tells of in general."""
    path = quote(request.path, safe="/+:@,=")
    if len(path) > _LONGEST_PATH:
        path = f"{path[:_LONGEST_PATH]}…"
    if isinstance(error, NoSuchPath):
        return f"nothing is served at {path}; the paths that there are stand in docs/reference.md"
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        return f"{path} takes no {request.method}; use {' or '.join(sorted({*error.valid_methods} - _UNDOCUMENTED))}"
    return error.description or error.name
