"""Holds in the HTTP API: setting an operator's gate, lifting it, and what stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.errors import NotFound
from core.holds import HoldKind
from ledger import holding
from ledger.holding import Gate
from schemas import api_holds, api_pages, fields
from schemas.api_answers import enveloped, page
from schemas.api_holds import Hold, HoldQuery, LiftQuery, NewHold
from store import holds
from store.engine import Database
from webhook_app import api_examples_holds as examples
from webhook_app.api_routes import Routes

_BY = "api"
_SHOWN = 60


class Holds:
    """The views on holds."""

    def __init__(self, *, database: Database, ring: Callable[[], object], now: Callable[[], datetime]) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes(
            "holds", __name__, description="Gates that an operator sets, and messages that wait behind them"
        )
        one = enveloped(Hold)
        shown = (one, {"data": examples.HOLD})
        routes.serve(
            "POST /v1/holds",
            self.place,
            body=(NewHold, examples.NEW_HOLD),
            answers={201: shown, 200: shown},
            refusals=(422,),
        )
        listed = {"data": [examples.HOLD], "next": None}
        routes.serve("GET /v1/holds", self.listing, query=HoldQuery, answers={200: (page(Hold), listed)})
        routes.serve(
            "GET /v1/holds/<hold_id>", self.one, answers={200: shown}, refusals=(404,), parameters=[examples.HOLD_ID]
        )
        routes.serve(
            "DELETE /v1/holds/<hold_id>",
            self.lift,
            query=LiftQuery,
            answers={200: (one, {"data": examples.LIFTED})},
            refusals=(404, 422),
            parameters=[examples.HOLD_ID],
        )
        return routes

    def place(self, body: Mapping[str, Any]) -> tuple[Response, int]:
        """Hold all messages of a scope, those registered later included.

        They stay scheduled, and go out if the hold is lifted or expires in time; what is still held about three
        minutes before it is to be sent is cancelled. 200 says that a hold of this scope for this reason stands
        already: then it stands until the later of both times.
        """
        now = self._now()
        wanted = api_holds.wanted(body, now=now)
        gate = Gate(HoldKind.HOLD, wanted.scope, wanted.value, wanted.reason, wanted.expires_at, _BY)
        with self._database.begin() as connection:
            placed = holding.place(connection, gate, now=now)
        self._ring()
        with self._database.read() as connection:
            shown = holding.shown(connection, placed.row, now=now)
        return jsonify(data=shown), 201 if placed.is_new else 200

    def listing(self, query: Mapping[str, Any]) -> Response:
        """List holds and panics, the newest first, with how many pending messages each holds at the moment."""
        limit: int = query["limit"]
        now = self._now()
        with self._database.read() as connection:
            rows = holds.listing(
                connection,
                limit=limit + 1,
                after=query.get("after"),
                kind=query.get("kind"),
                standing_at=now if query.get("standing") else None,
            )
            shown = [holding.shown(connection, row, now=now) for row in rows[:limit]]
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)

    def one(self, hold_id: str) -> Response:
        """Show one hold or panic."""
        _require_id(hold_id)
        with self._database.read() as connection:
            return jsonify(data=holding.shown(connection, holding.find(connection, hold_id), now=self._now()))

    def lift(self, query: Mapping[str, Any], hold_id: str) -> Response:
        """Lift a hold or a panic; it stays on record. What it has had cancelled stays cancelled."""
        _require_id(hold_id)
        now = self._now()
        with self._database.begin() as connection:
            row = holding.lift(connection, hold_id, by=_BY, reason=query.get("reason"), now=now)
            shown = holding.shown(connection, row, now=now)
        self._ring()
        return jsonify(data=shown)


def _require_id(hold_id: str) -> None:
    """Raise NotFound for what cannot be the id of a hold, without asking the database."""
    if not fields.is_uuid(hold_id):
        raise NotFound(f"no hold {hold_id[:_SHOWN]!r} is known: their ids are UUIDs in lower case with dashes")
