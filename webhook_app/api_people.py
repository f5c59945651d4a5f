"""Where recipients are, in the HTTP API."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.deciding import Rules
from ledger import locating
from schemas import api_fields
from schemas.api_answers import enveloped
from schemas.api_people import Located, PersonChange
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes

_BODY = {"time_zone": "America/New_York", "region": "FL"}
_ANSWER = {"phone_number": "+15551230001", **_BODY, "pending": 1}


class People:
    """The view by which is told where a recipient is."""

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
        routes = Routes("people", __name__, description="Where recipients are")
        routes.serve(
            "PUT /v1/recipients/<phone_number>",
            self.tell,
            body=(PersonChange, _BODY),
            answers={200: (enveloped(Located), {"data": _ANSWER})},
            refusals=(422,),
            parameters=[api_examples.PHONE_NUMBER],
        )
        return routes

    def tell(self, body: Mapping[str, Any], phone_number: str) -> Response:
        """Tell where a recipient is; what is scheduled for them is decided on again where that matters.

        What is left out stays as it is, and null forgets it.
        """
        number = api_fields.number_named("phone_number", phone_number)
        rules = self._rules()
        with self._database.begin() as connection:
            located = locating.tell(connection, number, body, rules, cause=f"recipient:{uuid.uuid4()}", now=self._now())
        self._ring()
        return jsonify(data=located.shown())
