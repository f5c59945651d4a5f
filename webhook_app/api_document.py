"""The OpenAPI document: made from the routes of the API and the schemas that read and describe their bodies."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from flask_smorest import Api  # type: ignore[import-untyped]  # it comes without types

from schemas.api_answers import Error
from schemas.envelope import WEBHOOK_PATH

PATH = "/openapi.json"

_ABOUT = """\
Register the messages that you schedule at Telnyx, say who must not be texted any more and which campaigns are over,
and ask of every message why it was cancelled or let go. Telnyx's own webhooks bring the rest.

Times are ISO-8601 with a zone; those in answers are UTC. Lists are given a page at a time: pass `next` as `after`.
Every error has the one shape `{"error": {"code", "message"}}`. A 503 says when to try again, and every request
may be repeated.
"""
_SERVERS = [{"url": "/", "description": "here"}]
_TOKEN = {"type": "http", "scheme": "bearer", "description": "the value of RESCIND_API_TOKEN"}

_STATUS = {"type": "object", "properties": {"status": {"enum": ["accepted", "duplicate", "quarantined"]}}}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
#: Telnyx's own door, described for whoever looks for it here; ``webhook_app.receiving`` serves it.
_WEBHOOK: dict[str, Any] = {
    "post": {
        "tags": ["webhooks"],
        "summary": "Take an event from Telnyx.",
        "description": "For Telnyx alone: every request is signed. A 200 says that the event is stored for good.",
        "security": [],
        "parameters": [
            {"in": "header", "name": name, "required": True, "schema": {"type": "string"}}
            for name in ("telnyx-signature-ed25519", "telnyx-timestamp")
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "200": {"description": "stored", "content": {"application/json": {"schema": _STATUS}}},
            "401": {"description": "not signed by Telnyx, or not now", "content": _ERROR},
            "413": {"description": "longer than 256 KiB", "content": _ERROR},
            "503": {"description": "it cannot be stored; deliver it again", "content": _ERROR},
        },
    }
}


class Document(Api):  # type: ignore[misc]  # it comes without types
    """Collects what the routes say of themselves. Errors are answered by the application, as all others are."""

    ERROR_SCHEMA = Error
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        """Begin the document of an application."""
        super().__init__(
            app,
            spec_kwargs={
                "title": "Rescind",
                "version": "1",
                "openapi_version": "3.1.0",
                "info": {"description": _ABOUT},
                "servers": _SERVERS,
                "security": [{"token": []}],
            },
        )
        self.spec.components.security_scheme("token", _TOKEN)

    def _register_error_handlers(self) -> None:
        """Leave errors to ``webhook_app.errors``."""

    def _register_pagination_header(self) -> None:
        """Leave out a header that no answer has."""

    def text(self) -> str:
        """Return the document as JSON."""
        made: dict[str, Any] = self.spec.to_dict()
        made["paths"][WEBHOOK_PATH] = _WEBHOOK
        made["tags"].append({"name": "webhooks", "description": "What Telnyx calls"})
        return json.dumps(made, indent=2) + "\n"
