"""Recipients in the HTTP API: opt-outs, texts that may be one, and what is known of a number."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify

from core.consent import Tier
from core.deciding import Act, Decision, Rules
from core.policies import opt_out
from ledger import consenting, doubting
from schemas import api_fields, api_pages
from schemas.api_answers import OptedOut, enveloped, page
from schemas.api_recipients import Doubt, DoubtQuery, OptOut, Recipient, Settled, Settlement
from store.engine import Database
from webhook_app import api_examples, api_examples_doubts
from webhook_app.api_routes import Routes


class Recipients:
    """The views on recipients."""

    def __init__(
        self,
        *,
        database: Database,
        rules: Callable[[], Rules],
        ring: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._rules = rules
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("recipients", __name__, description="Who must not be texted any more")
        routes.serve(
            "POST /v1/opt-outs",
            self.opt_out,
            body=(OptOut, api_examples.OPT_OUT),
            answers={201: (enveloped(OptedOut), {"data": api_examples.OPTED_OUT})},
        )
        routes.serve(
            "GET /v1/recipients/<phone_number>",
            self.one,
            answers={200: (enveloped(Recipient), {"data": api_examples.RECIPIENT})},
            refusals=(422,),
            parameters=[api_examples.PHONE_NUMBER],
        )
        routes.serve(
            "GET /v1/doubts",
            self.doubts,
            query=DoubtQuery,
            answers={200: (page(Doubt), {"data": [api_examples_doubts.DOUBT], "next": None})},
        )
        routes.serve(
            "POST /v1/recipients/<phone_number>/doubts/<path:event_id>",
            self.settle,
            body=(Settlement, api_examples_doubts.SETTLEMENT),
            answers={200: (enveloped(Settled), {"data": api_examples_doubts.SETTLED})},
            refusals=(404, 422),
            parameters=[api_examples.PHONE_NUMBER, api_examples_doubts.EVENT_ID],
        )
        return routes

    def opt_out(self, body: Mapping[str, Any]) -> tuple[Response, int]:
        """Record that somebody must not be texted any more, and cancel what is scheduled for them."""
        number: str = body["phone_number"]
        rules = self._rules()
        with self._database.begin() as connection:
            decided = consenting.opt_out(
                connection,
                number,
                rules,
                cause=f"opt-out:{uuid.uuid4()}",
                messaging_profile_id=body.get("messaging_profile_id"),
                reason=body.get("reason"),
                now=self._now(),
            )
            stands = consenting.shown(connection, number)
        self._ring()
        shown = {"phone_number": number, "opted_out": stands["opted_out"], "cancelling": _cancelling(decided)}
        return jsonify(data=shown), 201

    def one(self, phone_number: str) -> Response:
        """Show whether somebody has opted out, all they ever said, and what is pending for them or came to nothing."""
        number = api_fields.number_named("phone_number", phone_number)
        with self._database.read() as connection:
            return jsonify(data=consenting.shown(connection, number))

    def doubts(self, query: Mapping[str, Any]) -> Response:
        """List the texts that may be opt-outs and that nobody has settled, the newest first.

        A doubtful one keeps back all that is scheduled for the recipient until it is settled, or the recipient says
        START or opts out; what is still kept back at its last look is cancelled.
        """
        limit: int = query["limit"]
        with self._database.read() as connection:
            rows = doubting.waiting(connection, Tier(query["tier"]), limit=limit + 1, after=query.get("after"))
            shown = doubting.shown(connection, rows[:limit])
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)

    def settle(self, body: Mapping[str, Any], phone_number: str, event_id: str) -> Response:
        """Say what a text meant, and decide again on what is scheduled for the recipient.

        `opt_out` counts from when the text was sent; `nothing` lets go what waited for it alone.
        """
        number = api_fields.number_named("phone_number", phone_number)
        rules = self._rules()
        with self._database.begin() as connection:
            decided = doubting.settle(
                connection,
                number,
                event_id,
                rules,
                meaning=body["means"],
                reason=body["reason"],
                by="api",
                now=self._now(),
            )
            stands = consenting.shown(connection, number)
        self._ring()
        settled = {"phone_number": number, "event_id": event_id, "means": body["means"]}
        return jsonify(data={**settled, "opted_out": stands["opted_out"], "cancelling": _cancelling(decided)})


def _cancelling(decided: Mapping[str, Decision]) -> int:
    """Return how many messages are cancelled for an opt-out."""
    return sum(each.verdict is Act.CANCEL and each.policy == opt_out.NAME for each in decided.values())
