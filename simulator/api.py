"""Telnyx's own API under ``/v2``, with the faults that were asked for.

| method, path | answer |
|---|---|
| ``POST /v2/messages``, ``POST /v2/messages/schedule`` | 200, the message in ``data`` |
| ``GET /v2/messages/{id}`` | 200, the message in ``data`` |
| ``DELETE /v2/messages/{id}`` | 200, the message with nothing around it |
| ``GET /v2/messaging_profiles``, ``GET /v2/messaging_profiles/{id}`` | 200, in ``data`` |
| ``GET /v2/messaging_optouts``, ``GET /v2/webhook_deliveries`` | 200, pages in ``data`` |
"""

import json
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from simulator import listing, refusals
from simulator.faults import REQUEST_KINDS, FaultKind, FaultRule
from simulator.refusals import RefusedError
from simulator.server import drop_connection
from simulator.simulation import Simulator
from simulator.traffic import Request

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_APPLIED = frozenset({FaultKind.LATENCY, FaultKind.HANG_AFTER, FaultKind.WRAPPED, FaultKind.EMPTY})
_SLOW = frozenset({FaultKind.LATENCY, FaultKind.HANG_BEFORE})


def blueprint(simulator: Simulator) -> Blueprint:
    """Make the routes under ``/v2``."""
    api = Blueprint("api", __name__, url_prefix="/v2")

    @api.before_request
    def arrive() -> Response | None:
        body = request.get_json(force=True, silent=True) if request.data else None
        g.seen = simulator.requests.add(Request(request.method, request.path, body, simulator.clock.now()))
        _authenticate(simulator)
        _limit(simulator)
        g.rules = simulator.faults.strike(
            REQUEST_KINDS,
            message_id=(request.view_args or {}).get("message_id"),
            path=request.path,
            method=request.method,
        )
        _hold(simulator, g.rules)
        return next((_answer(rule) for rule in g.rules if not _applies(rule)), None)

    @api.after_request
    def leave(response: Response) -> Response:
        for rule in g.get("rules", ()):
            if _applies(rule):
                response = _changed(simulator, rule, response)
        response.headers.update(g.get("limits", {}))
        if "simulator.drop" not in request.environ:
            g.seen.status = response.status_code
        return response

    @api.errorhandler(RefusedError)
    def refuse(error: RefusedError) -> Response:
        return _json(error.status, error.body())

    _add_message_routes(api, simulator)
    _add_account_routes(api, simulator)
    return api


def _add_message_routes(api: Blueprint, simulator: Simulator) -> None:
    @api.post("/messages")
    def send() -> Response:
        return _data(simulator.send(_body()))

    @api.post("/messages/schedule")
    def schedule() -> Response:
        return _data(simulator.send(_body(), must_schedule=True))

    @api.get("/messages/<message_id>")
    def retrieve(message_id: str) -> Response:
        return _data(simulator.retrieve(message_id))

    @api.delete("/messages/<message_id>")
    def cancel(message_id: str) -> Response:
        try:
            return jsonify(simulator.cancel(message_id))
        except RefusedError as error:
            # Of this operation alone, 403 and 404 are documented as the bare error object.
            raise error.as_bare() if error.status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND} else error from None


def _add_account_routes(api: Blueprint, simulator: Simulator) -> None:
    @api.get("/messaging_profiles")
    def profiles() -> Response:
        return jsonify(listing.page(simulator.profiles(), request.args))

    @api.get("/messaging_profiles/<profile_id>")
    def profile(profile_id: str) -> Response:
        return _data(simulator.profile(profile_id))

    @api.get("/messaging_optouts")
    def optouts() -> Response:
        rows = listing.redacted(simulator.optouts(), request.args)
        return jsonify(listing.page(rows, request.args, filters=listing.OPTOUTS))

    @api.get("/webhook_deliveries")
    def webhook_deliveries() -> Response:
        return jsonify(listing.page(simulator.delivery_records(), request.args, filters=listing.DELIVERIES))

    @api.route("/<path:unknown>", methods=_METHODS)
    def nothing_here(unknown: str) -> Response:  # noqa: ARG001 - the route gives it
        raise refusals.no_such_resource()


def _authenticate(simulator: Simulator) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = simulator.settings.api_key
    if scheme.lower() != "bearer" or not token.strip() or (expected is not None and token.strip() != expected):
        raise refusals.unauthenticated()


def _hold(simulator: Simulator, rules: list[FaultRule]) -> None:
    seconds = simulator.settings.latency.total_seconds()
    seconds += sum(rule.seconds or 0.0 for rule in rules if rule.kind in _SLOW)
    # The end of the simulator lets go of whatever hangs.
    if seconds:
        simulator.stopping.wait(seconds)


def _limit(simulator: Simulator) -> None:
    bucket = simulator.bucket
    if bucket is None:
        return
    allowance = bucket.take()
    g.limits = allowance.headers()
    if not allowance.granted:
        raise refusals.too_many_requests()


def _applies(rule: FaultRule) -> bool:
    return rule.apply or rule.kind in _APPLIED


def _answer(rule: FaultRule) -> Response:
    """Give the answer in place of Telnyx's own."""
    match rule.kind:
        case FaultKind.RATE_LIMIT:
            reset = str(int(1 if rule.seconds is None else rule.seconds))
            headers = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
            return _json(429, refusals.too_many_requests().body(), headers)
        case FaultKind.ERROR:
            return _json(rule.status or 503, rule.body if rule.body is not None else _unavailable(), rule.headers)
        case FaultKind.CLOSE:
            drop_connection(request.environ)
            return Response(status=HTTPStatus.BAD_GATEWAY)
        case FaultKind.REDIRECT:
            return Response(status=rule.status or 307, headers={"Location": rule.location})
        case FaultKind.HANG_BEFORE:
            return _json(504, _unavailable())
        case _:
            return _json(rule.status or 200, rule.body, rule.headers)


def _changed(simulator: Simulator, rule: FaultRule, response: Response) -> Response:
    """Change the answer to a request that was applied all the same."""
    match rule.kind:
        case FaultKind.HANG_AFTER:
            simulator.stopping.wait(rule.seconds or 0.0)
            return response
        case FaultKind.WRAPPED:
            return _json(response.status_code, {"data": response.get_json()}) if response.is_json else response
        case FaultKind.EMPTY:
            return Response(status=HTTPStatus.NO_CONTENT)
        case FaultKind.LATENCY:
            return response
        case _:
            return _answer(rule)


def _unavailable() -> dict[str, Any]:
    return RefusedError(503, "10037", "Service unavailable", "The service is temporarily unavailable.").body()


def _body() -> object:
    body = request.get_json(force=True, silent=True)
    if body is None:
        raise refusals.bad_request("The request body could not be read as JSON.")
    return body


def _data(shape: dict[str, Any]) -> Response:
    return jsonify({"data": shape})


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON; a string is sent as HTML, as a proxy in between would."""
    if isinstance(body, str):
        return Response(body, status=status, headers=headers, mimetype="text/html")
    text = "" if body is None else json.dumps(body)
    return Response(text, status=status, headers=headers, mimetype="application/json")
