"""The ledger's sums in the HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.errors import RequestInvalid
from ledger import balance
from ledger.forecasting import Outlook
from schemas import api_ledger, api_pages
from schemas.api_answers import enveloped, page
from schemas.api_ledger import By, CampaignSums, DaySums, Ledger, LedgerQuery
from store.engine import Database
from store.sums import Narrowed
from webhook_app import api_examples
from webhook_app.api_routes import Routes


class Books:
    """The view on where all registered messages stand."""

    def __init__(self, *, database: Database, outlook: Outlook, now: Callable[[], datetime]) -> None:
        """Take what it works with."""
        self._database = database
        self._outlook = outlook
        self._now = now

    def routes(self) -> Routes:
        """Return its route."""
        routes = Routes("ledger", __name__, description="Where all registered messages stand")
        answers = {"anyOf": [enveloped(Ledger), page(CampaignSums), page(DaySums)]}
        example = {"data": api_examples.LEDGER}
        routes.serve("GET /v1/ledger", self.sums, query=LedgerQuery, answers={200: (answers, example)})
        return routes

    def sums(self, query: Mapping[str, Any]) -> Response:
        """Count the registered messages by where they stand; the four add up to the first.

        With `by`, it is a page of such sums: by campaign, in the order of their keys, or by the day on which messages
        are to be sent, the latest first.
        """
        narrowed = Narrowed(campaign=query.get("campaign"))
        by = query.get("by")
        if by is not None:
            return self._page(by, narrowed, limit=query["limit"], after=query.get("after"))
        if query.get("after") is not None:
            raise RequestInvalid("after: is a place in a listing, and without 'by' there is none")
        with self._database.read() as connection:
            if narrowed.campaign is not None:
                return jsonify(data=balance.shown_of(connection, narrowed, now=self._now()))
            return jsonify(data=balance.shown(connection, self._outlook.look(connection), now=self._now()))

    def _page(self, by: By, narrowed: Narrowed, *, limit: int, after: str | None) -> Response:
        following: str | None
        with self._database.read() as connection:
            if by is By.CAMPAIGN:
                key = api_ledger.after_campaign(after)
                campaigns = balance.by_campaign(connection, narrowed, limit=limit + 1, after=key)
                shown = [{"campaign": name, **asdict(sums)} for name, sums in campaigns[:limit]]
                following = api_ledger.campaign_place(shown[-1]["campaign"]) if len(campaigns) > limit else None
            else:
                days = balance.by_day(connection, narrowed, limit=limit + 1, after=api_ledger.after_day(after))
                shown = [{"day": day.isoformat(), **asdict(sums)} for day, sums in days[:limit]]
                following = api_pages.place(shown[-1]["day"]) if len(days) > limit else None
        return jsonify(data=shown, next=following)
