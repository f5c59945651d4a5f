"""Forgiving in the HTTP API: one wrong word about a number can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.deciding import Rules
from ledger import forgiving
from schemas import api_fields, api_holds
from schemas.api_answers import enveloped
from schemas.api_forgiving import Forgive, Forgiven
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes

_BODY = {"reason": "the number was ported and answers again"}
_ANSWER = {
    "id": "forgiven:5a4f7f0e-2a5e-4a52-9d0a-0d3c0f5a9b11",
    "phone_number": "+15557650101",
    "reason": "the number was ported and answers again",
    "forgiven_at": "2026-05-01T12:00:00Z",
    "failures": 1,
    "pending": 2,
}


class Forgiving:
    """The view by which failures are forgiven."""

    def __init__(
        self,
        *,
        database: Database,
        rules: Callable[[], Rules],
        ring: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Take what it works with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._rules = rules
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return its route."""
        routes = Routes("forgiving", __name__, description="Numbers to which messages failed")
        routes.serve(
            "POST /v1/recipients/<phone_number>/forgive",
            self.forgive,
            body=(Forgive, _BODY),
            answers={201: (enveloped(Forgiven), {"data": _ANSWER})},
            refusals=(422,),
            parameters=[api_examples.PHONE_NUMBER],
        )
        return routes

    def forgive(self, body: Mapping[str, Any], phone_number: str) -> tuple[Response, int]:
        """Have the failures of a number count no more, and decide again on what is scheduled for it.

        What was cancelled because of them stays cancelled, unless Telnyx has not been asked yet.
        """
        number = api_fields.number_named("phone_number", phone_number)
        reason = api_holds.reason_of(body["reason"])
        rules = self._rules()
        with self._database.begin() as connection:
            forgiven = forgiving.forgive(connection, number, rules, reason=reason, now=self._now())
        self._ring()
        return jsonify(data=forgiven.shown()), 201
