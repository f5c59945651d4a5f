"""What Telnyx has no API for, under ``/_sim``: bodies and answers are JSON.

| method, path | body | answer |
|---|---|---|
| ``GET /_sim/public_key`` | | ``{"public_key": base64}`` |
| ``POST /_sim/inbound`` | ``{"from", "to", "text"}`` and, if wanted, ``messaging_profile_id``, ``autoresponse_type`` (in place of what the text says, null included), ``occurred_at``, ``event_id`` | the event in ``data`` |
| ``POST /_sim/events`` | ``{"data": any event}`` and, if wanted, ``webhook_url``, ``webhook_failover_url`` | the delivery in ``data`` |
| ``GET /_sim/messages``, ``GET /_sim/messages/{id}`` | | messages, each with ``history`` |
| ``GET /_sim/requests`` | | ``method``, ``path``, ``body``, ``at``, ``status`` (null: no answer was given) |
| ``GET /_sim/deliveries`` | | ``event``, ``urls``, ``state``, ``attempts`` |
| ``GET /_sim/faults`` | | the rules in ``data`` |
| ``POST /_sim/faults`` | a rule, or a list of rules (``faults``) | the rules added, in ``data`` |
| ``DELETE /_sim/faults``, ``DELETE /_sim/faults/{id}`` | | the rules left |
| ``GET /_sim/config`` | | the settings |
| ``POST /_sim/config`` | some settings (``settings``), and ``profiles``: ``{id: {"webhook_url", "webhook_failover_url", "webhook_api_version", "enabled", "name"}}`` | the settings |
| ``GET /_sim/clock`` | | ``now``, ``speed`` |
| ``POST /_sim/clock`` | ``{"advance": seconds}``, ``{"speed": x}`` or both | ``now``, ``speed`` |
| ``POST /_sim/settle`` | ``{"timeout": seconds}`` | ``{"settled": whether all webhooks ended}`` |

A body that cannot be used is answered 422 ``{"error": {"code", "message"}}``.
"""  # noqa: E501 - a table's rows do not wrap

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.faults import FaultRule
from simulator.refusals import RefusedError
from simulator.simulation import Simulator

_INBOUND = frozenset({"text", "to", "messaging_profile_id", "autoresponse_type", "event_id"})


def blueprint(simulator: Simulator) -> Blueprint:
    """Make the routes under ``/_sim``."""
    admin = Blueprint("admin", __name__, url_prefix="/_sim")

    @admin.errorhandler(ValueError)
    @admin.errorhandler(TypeError)
    @admin.errorhandler(OverflowError)
    def unusable(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": {"code": "invalid", "message": str(error)}}), HTTPStatus.UNPROCESSABLE_ENTITY

    @admin.errorhandler(RefusedError)
    def refused(error: RefusedError) -> tuple[Response, int]:
        return jsonify({"error": {"code": error.code, "message": error.detail}}), error.status

    _add_event_routes(admin, simulator)
    _add_record_routes(admin, simulator)
    _add_fault_routes(admin, simulator)
    _add_control_routes(admin, simulator)
    return admin


def _add_event_routes(admin: Blueprint, simulator: Simulator) -> None:
    @admin.get("/public_key")
    def public_key() -> Response:
        return jsonify({"public_key": simulator.key.public_key})

    @admin.post("/inbound")
    def inbound() -> Response:
        body = _object()
        missing = sorted({"from", "to", "text"} - set(body))
        if missing:
            raise ValueError(f"An inbound message needs {', '.join(missing)}.")
        occurred_at = datetime.fromisoformat(body["occurred_at"]) if body.get("occurred_at") else None
        fields = {name: value for name, value in body.items() if name in _INBOUND}
        return _data(simulator.inbound(sender=body["from"], occurred_at=occurred_at, **fields))

    @admin.post("/events")
    def events() -> Response:
        body = _object()
        if not isinstance(body.get("data"), dict):
            raise TypeError("An event goes into 'data', as an object.")
        urls = (body.get("webhook_url"), body.get("webhook_failover_url"))
        return _data(simulator.emit(body["data"], webhook_urls=urls))


def _add_record_routes(admin: Blueprint, simulator: Simulator) -> None:
    @admin.get("/messages")
    def messages() -> Response:
        return _data(simulator.messages())

    @admin.get("/messages/<message_id>")
    def message(message_id: str) -> Response:
        return _data(simulator.message(message_id))

    @admin.get("/requests")
    def requests() -> Response:
        return _data(simulator.requests.as_json())

    @admin.get("/deliveries")
    def deliveries() -> Response:
        return _data(simulator.deliveries())


def _add_fault_routes(admin: Blueprint, simulator: Simulator) -> None:
    @admin.get("/faults")
    def faults() -> Response:
        return _data(simulator.faults.as_json())

    @admin.post("/faults")
    def add_faults() -> Response:
        body = request.get_json(force=True)
        rules = [FaultRule.from_json(rule) for rule in (body if isinstance(body, list) else [body])]
        added = {simulator.faults.add(rule).id for rule in rules}
        return _data([rule for rule in simulator.faults.as_json() if rule["id"] in added])

    @admin.delete("/faults")
    @admin.delete("/faults/<int:rule_id>")
    def clear_faults(rule_id: int | None = None) -> Response:
        simulator.faults.clear(rule_id)
        return _data(simulator.faults.as_json())


def _add_control_routes(admin: Blueprint, simulator: Simulator) -> None:
    @admin.get("/config")
    def config() -> Response:
        return _data(simulator.settings.as_json())

    @admin.post("/config")
    def configure() -> Response:
        return _data(simulator.configure(_object()).as_json())

    @admin.get("/clock")
    def clock() -> Response:
        return jsonify({"now": simulator.clock.now().isoformat(), "speed": simulator.clock.speed})

    @admin.post("/clock")
    def set_clock() -> Response:
        body = _object()
        if "speed" in body:
            simulator.set_speed(float(body["speed"]))
        if "advance" in body:
            simulator.advance(timedelta(seconds=float(body["advance"])))
        return clock()

    @admin.post("/settle")
    def settle() -> Response:
        return jsonify({"settled": simulator.settle(float(_object().get("timeout", 10)))})


def _object() -> dict[str, Any]:
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise TypeError("The request body must be a JSON object.")
    return body


def _data(shape: object) -> Response:
    return jsonify({"data": shape})
