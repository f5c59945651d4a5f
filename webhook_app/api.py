"""The HTTP API for applications and operators: its routes under ``/v1``, and the OpenAPI document about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache

from flask import Flask, Response
from werkzeug.routing import BaseConverter

from core.deciding import Rules
from ledger.forecasting import Outlook
from schemas.secret import Secret
from store.engine import Database
from webhook_app import api_access, api_document
from webhook_app.api_campaigns import Campaigns
from webhook_app.api_document import Document
from webhook_app.api_events import Events
from webhook_app.api_forgiving import Forgiving
from webhook_app.api_holds import Holds
from webhook_app.api_ledger import Books
from webhook_app.api_messages import Messages
from webhook_app.api_people import People
from webhook_app.api_recipients import Recipients
from webhook_app.api_signals import Signals
from webhook_app.bulkhead import Bulkhead

#: More would only wait for each other, and each holds a connection to the database.
_AT_ONCE = 4


def register(
    app: Flask,
    *,
    database: Database,
    rules: Callable[[], Rules],
    outlook: Outlook,
    ring: Callable[[], object],
    token: Secret | None,
    now: Callable[[], datetime],
) -> None:
    """Serve the API to whoever has the token, and its document to anybody.

    ``ring`` says that there is work, and must neither block nor raise. Errors are answered
    as the application answers all of them; see ``webhook_app.errors``.
    """
    app.url_map.converters["campaign_key"] = _CampaignKey
    document = Document(app)
    admit = api_access.guard(token)
    bulkhead = Bulkhead(places=_AT_ONCE, told="Too many requests to the API are under way.")
    for routes in (
        Messages(database=database, rules=rules, outlook=outlook, ring=ring, now=now).routes(),
        Recipients(database=database, rules=rules, ring=ring, now=now).routes(),
        Forgiving(database=database, rules=rules, ring=ring, now=now).routes(),
        People(database=database, rules=rules, ring=ring, now=now).routes(),
        Campaigns(database=database, ring=ring, now=now).routes(),
        Holds(database=database, ring=ring, now=now).routes(),
        Books(database=database, outlook=outlook, now=now).routes(),
        Events(database=database, ring=ring, now=now).routes(),
        Signals(database=database, rules=rules, ring=ring, now=now).routes(),
    ):
        routes.before_request(admit)
        routes.before_request(bulkhead.enter)
        routes.teardown_request(bulkhead.leave)
        document.register_blueprint(routes)
    text = cache(document.text)

    @app.get(api_document.PATH)
    def openapi() -> Response:
        return Response(text(), mimetype="application/json")


class _CampaignKey(BaseConverter):
    """All that is left of a path: keys are the sender's own, and may have slashes in them."""

    regex = r"[\s\S]+"
    part_isolating = False
