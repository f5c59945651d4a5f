"""The door to Telnyx: its own messages API under ``/v2``, for applications that change nothing but the base URL.

Whatever is asked of messages passes through as it comes; what would send one is
judged first. The caller's key goes on to Telnyx, and is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Flask, Response, request
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import HTTPException, MethodNotAllowed, ServiceUnavailable
from werkzeug.routing import BaseConverter

from core.deciding import Rules
from core.errors import RequestInvalid, RulesUnavailable
from schemas.secret import Secret
from schemas.settings import OnFailure, Settings
from webhook_app import door_answers as answers
from webhook_app import door_call
from webhook_app.bulkhead import Bulkhead
from webhook_app.door_answers import NO_RETRY, passed_on
from webhook_app.door_book import Book
from webhook_app.door_call import Call, Circular, Elsewhere
from webhook_app.door_keys import Keys
from webhook_app.door_rules import Noted
from webhook_app.door_sending import Sending
from webhook_app.door_telnyx import Line, Silence
from webhook_app.door_watching import Watching

_PREFIX = "/v2"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Each waits for Telnyx most of the time, and needs a thread while it does.
_AT_ONCE = 64
#: A burst is let in as others come out: whoever sends has a library that waits for a minute.
_PATIENCE = timedelta(seconds=2)
#: The cheapest question that only a key of an account can ask.
_WHO_ASKS = "messaging_profiles?page%5Bsize%5D=1"
_NOT_LET_IN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}

_ELSEWHERE = "This server passes on calls to /v2/messages only; use https://api.telnyx.com for everything else."
_NO_KEY = "Send 'Authorization: Bearer' and your Telnyx API key."
_NOT_LISTED = "This key is not among those that may be used through this server; see RESCIND_PASSTHROUGH_KEYS there."
_CIRCULAR = "This call has been here before: TELNYX_BASE_URL of this server must be Telnyx's own, not the server's."
_TOO_MANY = "Too many calls are being passed on at this moment."
_UNASKED = "Whether Telnyx knows this key cannot be asked now; nothing was sent."
_NO_RULES = "The message was not sent: whether it may be sent cannot be judged until the policies there are mended."
_BUG = "Something went wrong in the server between you and Telnyx; its log says what. The message may have been sent."


class _AnyPath(BaseConverter):
    """All that is left of a path: what is wrong with it is for us to say."""

    regex = r"[\s\S]*"
    part_isolating = False


def line_of(settings: Settings) -> Line:
    """Return the connections to Telnyx that the door needs, none of them open yet."""
    return Line(settings.telnyx_base_url, at_once=_AT_ONCE)


def register(
    app: Flask,
    *,
    settings: Settings,
    line: Line,
    book: Book,
    rules: Callable[[], Rules],
    ring: Callable[[], object],
    now: Callable[[], datetime],
    log: FilteringBoundLogger,
) -> None:
    """Serve the door. ``ring`` says that there is work, and ``rules`` gives those of the moment; neither may block."""
    app.url_map.converters["any_path"] = _AnyPath
    noted = Noted(rules, book=book, now=now)
    door = Door(
        keys=Keys(own=settings.telnyx_api_key, listed=settings.passthrough_keys),
        line=line,
        sending=Sending(
            book=book,
            line=line,
            rules=noted,
            ring=ring,
            now=now,
            forwards_blindly=settings.passthrough_on_failure is OnFailure.FORWARD,
            log=log,
        ),
        watching=Watching(book=book, line=line, rules=noted, now=now, log=log),
    )
    routes = Blueprint("door", __name__)
    _add_errors(routes, log)
    app.register_blueprint(routes)
    for name, path in (("root", _PREFIX), ("call", f"{_PREFIX}/<any_path:_>")):
        # Past Flask, which would refuse a method that it is not told of before we can, and in another shape.
        app.url_map.add(app.url_rule_class(path, endpoint=f"{routes.name}.{name}"))
        app.view_functions[f"{routes.name}.{name}"] = door.serve


class Door:
    """Lets calls through."""

    def __init__(self, *, keys: Keys, line: Line, sending: Sending, watching: Watching) -> None:
        """Take what it works with."""
        self._keys = keys
        self._line = line
        self._sending = sending
        self._watching = watching
        self._bulkhead = Bulkhead(places=_AT_ONCE, told=_TOO_MANY, patience=_PATIENCE)

    def serve(self, _: str = "") -> Response:
        """Answer one call."""
        if request.environ["REQUEST_METHOD"] not in _METHODS:
            raise MethodNotAllowed(_METHODS)
        try:
            path = door_call.path_of(request.environ, below=f"{_PREFIX}/")
        except Elsewhere:
            return answers.refuse(HTTPStatus.NOT_FOUND, "10005", _ELSEWHERE)
        key = door_call.key_of(request.environ)
        if key is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="telnyx"'}
            return answers.refuse(HTTPStatus.UNAUTHORIZED, "10009", _NO_KEY, headers=challenge)
        if not self._keys.may_pass(key):
            return answers.refuse(HTTPStatus.FORBIDDEN, "10010", _NOT_LISTED)
        try:
            call = door_call.read(request.environ, path, key)
        except Circular:
            return answers.refuse(HTTPStatus.LOOP_DETECTED, "10007", _CIRCULAR, headers=NO_RETRY)
        with self._bulkhead.place():
            return self._send(call) if call.sends else self._look(call)

    def _send(self, call: Call) -> Response:
        stopped = None if self._keys.is_known(call.key) else self._introduce(call.key)
        if stopped is not None:
            return stopped
        response = self._sending.send(call)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self._keys.forget(call.key)
        return response

    def _look(self, call: Call) -> Response:
        response, was_let_in = self._watching.look(call)
        if was_let_in:
            self._keys.trust(call.key)
        return response

    def _introduce(self, key: Secret) -> Response | None:
        """Ask Telnyx about a key that nobody knows here; return what stops its call, or None."""
        refusal = self._keys.refusal(key)
        if refusal is not None:
            return passed_on(refusal)
        answer = self._line.inquire(_WHO_ASKS, key)
        if isinstance(answer, Silence):
            return answers.unavailable(_UNASKED)
        if answer.is_good:
            self._keys.trust(key)
            return None
        if answer.status in _NOT_LET_IN:
            self._keys.distrust(key, answer)
            return passed_on(answer)
        return passed_on(answer) if answer.status == HTTPStatus.TOO_MANY_REQUESTS else answers.unavailable(_UNASKED)


def _add_errors(routes: Blueprint, log: FilteringBoundLogger) -> None:
    """Answer whatever goes wrong in Telnyx's shape."""

    @routes.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        told = error.description or error.name
        if isinstance(error, ServiceUnavailable):
            return answers.unavailable(told)
        allowed = {"Allow": ", ".join(_METHODS)} if isinstance(error, MethodNotAllowed) else None
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return answers.refuse(status, "10015", told, title=error.name, headers=allowed)

    @routes.errorhandler(RulesUnavailable)
    def _undecided(_: RulesUnavailable) -> Response:
        return answers.unavailable(_NO_RULES)

    @routes.errorhandler(RequestInvalid)
    def _invalid(error: RequestInvalid) -> Response:
        return answers.refuse(HTTPStatus.BAD_REQUEST, "10015", f"Not sent: {error}.")

    @routes.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        log.error("bug", error=type(error).__name__, exc_info=error)
        return answers.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "10007", _BUG, headers=NO_RETRY)
