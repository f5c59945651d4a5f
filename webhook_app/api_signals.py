"""Signals in the HTTP API: telling that a goal is reached or that something has changed, and what was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request

from core.deciding import Rules
from ledger import signalling
from schemas import api_pages, api_signals
from schemas.api_answers import page
from schemas.api_signals import NewSignal, NewSignals, SignalQuery, SignalShown, TakenMany, TakenOne
from store import signals
from store.engine import Database
from webhook_app import api_examples_signals as examples
from webhook_app.api_reading import json_body
from webhook_app.api_routes import Routes


class Signals:
    """The views on signals."""

    def __init__(
        self, *, database: Database, rules: Callable[[], Rules], ring: Callable[[], object], now: Callable[[], datetime]
    ) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._rules = rules
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("signals", __name__, description="What recipients did, and what has changed")
        body = {"schema": {"anyOf": [NewSignal, NewSignals]}, "examples": examples.BODIES}
        taken = {"anyOf": [TakenOne, TakenMany]}
        routes.serve(
            "POST /v1/signals",
            self.tell,
            answers={201: (taken, examples.TAKEN), 200: (taken, examples.KNOWN)},
            refusals=(422,),
            more={"requestBody": {"required": True, "content": {"application/json": body}}},
        )
        routes.serve(
            "GET /v1/signals",
            self.listing,
            query=SignalQuery,
            answers={200: (page(SignalShown), {"data": [examples.SIGNAL], "next": None})},
        )
        return routes

    def tell(self) -> tuple[Response, int]:
        """Tell that somebody reached a goal or that something has changed, or many such things at once.

        A signal is a standing order: it is kept for good, and counts for messages registered later. 201 says that
        something of it is new, 200 that all was known by its id. Of many, one that cannot be read refuses all.
        """
        body = json_body(request)
        now = self._now()
        told = api_signals.told(body, now=now)
        shown: dict[str, dict[str, Any]] = {}
        cancelling = 0
        for part in signalling.parts(told):
            rules = self._rules()
            with self._database.begin() as connection:
                taken = signalling.hear(connection, part, rules, now=now)
            self._ring()
            shown |= {
                row.signal.id: signalling.shown(row) | {"is_new": row.signal.id in taken.new} for row in taken.rows
            }
            cancelling += taken.cancelling
        data = [shown[signal.id] for signal in told]
        is_new = any(each["is_new"] for each in data)
        answer = jsonify(data=data if api_signals.is_many(body) else data[0], cancelling=cancelling)
        return answer, HTTPStatus.CREATED if is_new else HTTPStatus.OK

    def listing(self, query: Mapping[str, Any]) -> Response:
        """List signals, the newest first."""
        limit: int = query["limit"]
        with self._database.read() as connection:
            rows = signals.listing(
                connection, limit=limit + 1, after=query.get("after"), phone_number=query.get("phone_number")
            )
        shown = [signalling.shown(row) for row in rows[:limit]]
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)
