"""Recipients in the HTTP API: recording an opt-out, and what is known of a number."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, jsonify
from marshmallow import ValidationError

from core.deciding import Act, Rules
from core.errors import RequestInvalid
from core.policies import opt_out
from ledger import consenting
from schemas import api_fields
from schemas.api_answers import OptedOut, enveloped
from schemas.api_recipients import OptOut, Recipient
from store.engine import Database
from webhook_app import api_examples
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
        cancelling = sum(each.verdict is Act.CANCEL and each.policy == opt_out.NAME for each in decided.values())
        shown = {"phone_number": number, "opted_out": stands["opted_out"], "cancelling": cancelling}
        return jsonify(data=shown), 201

    def one(self, phone_number: str) -> Response:
        """Show whether somebody has opted out, all they ever said, and what is pending for them or came to nothing."""
        try:
            number = api_fields.phone_number(phone_number)
        except ValidationError as error:
            raise RequestInvalid(f"phone_number: {error.messages[0]}") from None
        with self._database.read() as connection:
            return jsonify(data=consenting.shown(connection, number))
