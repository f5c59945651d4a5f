"""Accepted events in the HTTP API: what they are, what became of them, and applying them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.errors import NotFound
from core.inbox import InboxStatus, statuses_of
from ledger import replaying, showing
from ledger.replaying import Order
from schemas import api_events, api_pages
from schemas.api_answers import Event, Replayed, enveloped, page
from schemas.api_events import EventQuery
from store import inbox
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes

_BY = "api"


class Events:
    """The views on accepted events."""

    def __init__(self, *, database: Database, ring: Callable[[], object], now: Callable[[], datetime]) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("events", __name__, description="What was accepted, and what became of it")
        listed = {"data": [api_examples.EVENT], "next": None}
        routes.serve("GET /v1/events", self.listing, query=EventQuery, answers={200: (page(Event), listed)})
        routes.serve(
            "GET /v1/events/<path:event_id>",
            self.one,
            answers={200: (enveloped(Event), {"data": api_examples.EVENT})},
            refusals=(404,),
            parameters=[api_examples.EVENT_ID],
        )
        routes.serve(
            "POST /v1/events/<path:event_id>/replay",
            self.replay,
            body=(api_events.Replay, api_examples.REPLAY),
            answers={202: (enveloped(Replayed), {"data": api_examples.REPLAYED})},
            refusals=(404, 409, 422),
            parameters=[api_examples.EVENT_ID],
        )
        return routes

    def listing(self, query: Mapping[str, Any]) -> Response:
        """List accepted events, the newest first; dead letters are those with a reason."""
        limit: int = query["limit"]
        with self._database.read() as connection:
            rows = inbox.events(
                connection,
                statuses=statuses_of(query.get("status")),
                event_type=query.get("type"),
                limit=limit + 1,
                after=query.get("after"),
            )
        shown = [showing.event(row) for row in rows[:limit]]
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)

    def one(self, event_id: str) -> Response:
        """Show an accepted event, without its bytes: they hold people's words."""
        with self._database.read() as connection:
            row = inbox.find(connection, event_id)
        if row is None:
            raise NotFound(f"no event {event_id!r} is known")
        return jsonify(data=showing.event(row))

    def replay(self, body: Mapping[str, Any], event_id: str) -> tuple[Response, int]:
        """Apply a stored event again, such as a dead letter after its cause was mended.

        What it says is merged as if it had just come, once however often it is replayed. Unless `act` is true it
        cancels nothing: what it would have cancelled is recorded as a decision in shadow mode.
        """
        acts: bool = body["act"]
        with self._database.begin() as connection:
            replaying.replay(connection, event_id, Order(acts, _BY, self._now()))
        self._ring()
        return jsonify(data={"id": event_id, "status": InboxStatus.PENDING, "act": acts}), 202
