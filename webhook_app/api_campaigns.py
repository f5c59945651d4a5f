"""Campaigns in the HTTP API: saying what is to become of one, and what the carriers say."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from ledger import campaigning
from ledger.campaigning import CampaignChange
from schemas import api_campaigns, api_pages
from schemas.api_answers import Campaign, enveloped, page
from schemas.api_campaigns import CampaignChange as CampaignChangeSchema
from schemas.api_campaigns import CampaignQuery
from store import campaigns
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_routes import Routes


class Campaigns:
    """The views on campaigns."""

    def __init__(self, *, database: Database, ring: Callable[[], object], now: Callable[[], datetime]) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("campaigns", __name__, description="Groups of messages that end, pause, or lose their carriers")
        listed = {"data": [api_examples.CAMPAIGN], "next": None}
        routes.serve("GET /v1/campaigns", self.listing, query=CampaignQuery, answers={200: (page(Campaign), listed)})
        shown = (enveloped(Campaign), {"data": api_examples.CAMPAIGN})
        routes.serve(
            "PUT /v1/campaigns/<campaign_key:key>",
            self.change,
            body=(CampaignChangeSchema, api_examples.CAMPAIGN_CHANGE),
            answers={200: shown},
            parameters=[api_examples.CAMPAIGN_KEY],
        )
        routes.serve(
            "GET /v1/campaigns/<campaign_key:key>",
            self.one,
            answers={200: shown},
            refusals=(404, 422),
            parameters=[api_examples.CAMPAIGN_KEY],
        )
        return routes

    def listing(self, query: Mapping[str, Any]) -> Response:
        """List campaigns, by key."""
        limit: int = query["limit"]
        with self._database.read() as connection:
            rows = campaigns.listing(connection, limit=limit + 1, after=query.get("after"))
            shown = campaigning.shown(connection, rows[:limit])
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].key) if len(rows) > limit else None)

    def change(self, body: Mapping[str, Any], key: str) -> Response:
        """Change a campaign, making it when there is none; its messages are decided on again.

        What is left out stays as it is, and null clears.
        """
        wanted = CampaignChange(**body, clear=frozenset(name for name, value in body.items() if value is None))
        with self._database.begin() as connection:
            changed = campaigning.change(
                connection, api_campaigns.key(key), wanted, cause=f"campaign:{uuid.uuid4()}", now=self._now()
            )
            (shown,) = campaigning.shown(connection, [changed])
        self._ring()
        return jsonify(data=shown)

    def one(self, key: str) -> Response:
        """Show one campaign, by our own key or by an id of the carriers'."""
        with self._database.read() as connection:
            return jsonify(data=campaigning.one_shown(connection, api_campaigns.key(key)))
