"""The ledger's sums in the HTTP API."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, jsonify

from ledger import balance
from schemas.api_answers import Ledger, enveloped
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes


class Books:
    """The view on where all registered messages stand."""

    def __init__(self, *, database: Database) -> None:
        """Take what it works with."""
        self._database = database

    def routes(self) -> Routes:
        """Return its route."""
        routes = Routes("ledger", __name__, description="Where all registered messages stand")
        routes.serve("GET /v1/ledger", self.sums, answers={200: (enveloped(Ledger), {"data": api_examples.LEDGER})})
        return routes

    def sums(self) -> Response:
        """Count the registered messages by where they stand; the four add up to the first."""
        with self._database.read() as connection:
            return jsonify(data=asdict(balance.balance(connection)))
