"""The ledger's sums and the accepted events in the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, jsonify

from ledger import balance, showing
from schemas import api_pages
from schemas.api_answers import Event, Ledger, enveloped, page
from schemas.api_events import EventQuery
from store import inbox
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes


class Books:
    """The views on what was accepted and what became of it."""

    def __init__(self, *, database: Database) -> None:
        """Take what they work with."""
        self._database = database

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("ledger", __name__, description="What was accepted, and what became of it")
        routes.serve("GET /v1/ledger", self.sums, answers={200: (enveloped(Ledger), {"data": api_examples.LEDGER})})
        listed = {"data": [api_examples.EVENT], "next": None}
        routes.serve("GET /v1/events", self.events, query=EventQuery, answers={200: (page(Event), listed)})
        return routes

    def sums(self) -> Response:
        """Count the registered messages by where they stand; the four add up to the first."""
        with self._database.read() as connection:
            return jsonify(data=asdict(balance.balance(connection)))

    def events(self, query: Mapping[str, Any]) -> Response:
        """List accepted events, the newest first; dead letters are those with a reason."""
        limit: int = query["limit"]
        wanted = query.get("status")
        with self._database.read() as connection:
            rows = inbox.events(
                connection,
                statuses=[wanted] if wanted else (),
                event_type=query.get("type"),
                limit=limit + 1,
                after=query.get("after"),
            )
        shown = [showing.event(row) for row in rows[:limit]]
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)
