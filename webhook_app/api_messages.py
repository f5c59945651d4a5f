"""Messages in the HTTP API: registering them, looking at them, and asking why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Response, jsonify, request

from core.deciding import Rules
from core.errors import NotFound, RequestInvalid
from ledger import meeting, registering, showing, story
from ledger.forecasting import Outlook
from ledger.registering import Registered, Registration
from schemas import api_messages, api_pages, fields
from schemas.api_answers import enveloped, page
from schemas.api_messages import MessageQuery, NewMessage
from schemas.api_registrations import RegisteredMany, RegisteredOne, Registrations, TelnyxMessage
from schemas.api_registrations import Registration as RegistrationSchema
from schemas.api_stories import Message, Story
from store import decisions, messages
from store.engine import Database
from webhook_app import api_examples
from webhook_app.api_reading import json_body
from webhook_app.api_routes import Routes

#: Until when the cancellation of a message to be sent then can be ordered.
CancelBy = Callable[[datetime], datetime]

_DOOR = "api"
#: How many of many are registered in one transaction: on SQLite, webhooks wait for its end.
_AT_ONCE = 100
_SHOWN = 60
_BODIES = [RegistrationSchema, TelnyxMessage, Registrations]


class Messages:
    """The views on messages."""

    def __init__(
        self,
        *,
        database: Database,
        rules: Callable[[], Rules],
        outlook: Outlook,
        ring: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        """Take what they work with; ``ring`` says that there is work, and must neither block nor raise."""
        self._database = database
        self._outlook = outlook
        self._rules = rules
        self._ring = ring
        self._now = now

    def routes(self) -> Routes:
        """Return their routes."""
        routes = Routes("messages", __name__, description="Scheduled messages, and why each was cancelled or let go")
        body = {"schema": {"anyOf": _BODIES}, "examples": api_examples.REGISTRATIONS}
        routes.serve(
            "POST /v1/messages",
            self.register,
            answers={
                201: (RegisteredOne, api_examples.REGISTERED),
                200: ({"anyOf": [RegisteredOne, RegisteredMany]}, api_examples.REGISTERED_MANY),
            },
            refusals=(422,),
            more={"requestBody": {"required": True, "content": {"application/json": body}}},
        )
        listed = {"data": [api_examples.MESSAGE], "next": "MTIz"}
        routes.serve("GET /v1/messages", self.listing, query=MessageQuery, answers={200: (page(Message), listed)})
        routes.serve(
            "GET /v1/messages/<message_id>",
            self.one,
            answers={200: (enveloped(Message), {"data": api_examples.MESSAGE})},
            refusals=(404,),
            parameters=[api_examples.MESSAGE_ID],
        )
        routes.serve(
            "GET /v1/messages/<message_id>/why",
            self.why,
            answers={200: (enveloped(Story), {"data": api_examples.STORY})},
            refusals=(404,),
            parameters=[api_examples.MESSAGE_ID],
        )
        return routes

    def register(self) -> tuple[Response, int]:
        """Register a message that is scheduled at Telnyx, or many.

        One is answered 201 when it is new and 200 when it is known. Of many, answered 200, the good ones are
        registered whatever the bad ones are.
        """
        body = json_body(request)
        now, cancel_by = self._now(), self._outlook.latest().cancel_by
        if isinstance(body, Mapping) and api_messages.is_many(body):
            return self._register_many(body, now, cancel_by), 200
        registration = _registration(api_messages.one(body, now=now))
        rules = self._rules()
        with self._database.begin() as connection:
            (registered,) = meeting.register_named(connection, [registration], rules, door=_DOOR, now=now)
            shown = _shown(connection, registered, cancel_by)
        self._ring()
        return jsonify(data=shown), 201 if registered.is_new else 200

    def _register_many(self, body: Mapping[str, Any], now: datetime, cancel_by: CancelBy) -> Response:
        read, refused = api_messages.many(body, now=now)
        errors = {refusal.index: refusal.message for refusal in refused}
        good: list[Registration] = []
        for index, new in read.items():
            registration = _registration(new)
            objection = registering.refusal(registration)
            if objection:
                errors[index] = f"messages[{index}]: {objection}"
            else:
                good.append(registration)
        shown: list[dict[str, Any]] = []
        for start in range(0, len(good), _AT_ONCE):
            part = good[start : start + _AT_ONCE]
            rules = self._rules()
            with self._database.begin() as connection:
                done = meeting.register_named(connection, part, rules, door=_DOOR, now=now)
                shown += [_shown(connection, registered, cancel_by) for registered in done]
            self._ring()
        told = [{"index": at, "code": RequestInvalid.code, "message": errors[at]} for at in sorted(errors)]
        return jsonify(data=shown, errors=told)

    def listing(self, query: Mapping[str, Any]) -> Response:
        """List messages, the newest first."""
        limit: int = query["limit"]
        cancel_by = self._outlook.latest().cancel_by
        with self._database.read() as connection:
            rows = messages.listing(
                connection,
                limit=limit + 1,
                after=query.get("after"),
                ledger=query.get("ledger"),
                campaign_key=query.get("campaign"),
                phone_number=query.get("to"),
                only_orphans=query.get("orphans", False),
            )
            recipients = messages.recipients_of(connection, [row.id for row in rows[:limit]])
        shown = [showing.message(row, recipients.get(row.id, ()), cancel_by=cancel_by) for row in rows[:limit]]
        return jsonify(data=shown, next=api_pages.place(rows[limit - 1].seq) if len(rows) > limit else None)

    def one(self, message_id: str) -> Response:
        """Show one message."""
        _require_id(message_id)
        cancel_by = self._outlook.latest().cancel_by
        with self._database.read() as connection:
            return jsonify(data=story.message(connection, message_id, cancel_by=cancel_by))

    def why(self, message_id: str) -> Response:
        """Show why a message was cancelled, or let go: every decision, every attempt, all in order.

        The id may be that of a request to send, too, as `requests_without_message` of a recipient gives it.
        """
        _require_id(message_id)
        cancel_by = self._outlook.latest().cancel_by
        with self._database.read() as connection:
            return jsonify(data=story.story(connection, message_id, cancel_by=cancel_by, now=self._now()))


def _registration(new: NewMessage) -> Registration:
    return Registration(new.report, new.campaign_key, new.message_class, new.tags)


def _shown(connection: sa.Connection, registered: Registered, cancel_by: CancelBy) -> dict[str, Any]:
    """Show a message as registered, with the decision that stands: of a message long gone, the last that was made."""
    row = registered.message
    decision = registered.decision or decisions.latest(connection, row.id)
    shown = showing.message(row, (), cancel_by=cancel_by)
    told = {name: shown[name] for name in ("id", "ledger", "send_at", "cancel_by")}
    if decision is None:
        return {**told, "decision": None}
    return {**told, "decision": {name: getattr(decision, name) for name in ("verdict", "policy", "reason")}}


def _require_id(message_id: str) -> None:
    """Raise NotFound for what cannot be the id of a message, without asking the database."""
    if not fields.is_uuid(message_id):
        raise NotFound(f"no message {message_id[:_SHOWN]!r} is known: Telnyx's ids are UUIDs in lower case with dashes")
