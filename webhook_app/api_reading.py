"""How the HTTP API reads requests: strict JSON of a bounded size, and one line on what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, UnsupportedMediaType

from core.errors import RequestInvalid
from schemas import api_fields, problems, strict_json

#: A thousand of Telnyx's longest answers.
MAX_BODY = 5 * 1024 * 1024
_SHOWN = 60


def json_body(request: Request) -> object:
    """Return the value that a request's body holds.

    Raises what becomes 400 for no JSON, 413 for too much of it, 415 for another content type.
    """
    if not request.is_json:
        raise UnsupportedMediaType(f"Content-Type: is '{request.mimetype[:_SHOWN]}'; send application/json")
    # werkzeug cuts a chunked body off at its limit and says nothing, so it is given room for one byte too many.
    request.max_content_length = MAX_BODY + 1
    if (request.content_length or 0) > MAX_BODY or len(raw := _bytes_of(request)) > MAX_BODY:
        raise RequestEntityTooLarge(f"the body is longer than {MAX_BODY:,} bytes; send it in several requests")
    if not raw:
        raise BadRequest("the body is empty; send a JSON object")
    try:
        return strict_json.read(raw)
    except ValueError as error:
        raise BadRequest(f"the body {error}") from None


def _bytes_of(request: Request) -> bytes:
    try:
        raw = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has errors of its own for a body that is chunked wrongly or cut off
        raise BadRequest("the body cannot be read to its end") from None
    if len(raw) < (request.content_length or 0):
        raise BadRequest("the body is shorter than its announced length")
    return raw


class Reader(FlaskParser):
    """Reads bodies and queries by their schemas. Raises RequestInvalid with the first problem."""

    def load_json(self, req: Request, schema: Schema) -> object:  # noqa: ARG002 - webargs' signature
        """Return the body's JSON."""
        return json_body(req)

    def load_querystring(self, req: Request, schema: Schema) -> object:
        """Return the query's parameters; each may be given once, or one of its values would count and none be told."""
        for name, values in req.args.lists():
            if len(values) > 1:
                raise RequestInvalid(f"{api_fields.quoted(name)}: is given {len(values)} times; give it once")
        return super().load_querystring(req, schema)

    def handle_error(
        self,
        error: ValidationError,
        req: Request,  # noqa: ARG002 - webargs' signature
        schema: Schema,  # noqa: ARG002 - webargs' signature
        *,
        error_status_code: int | None,  # noqa: ARG002 - webargs' signature
        error_headers: Mapping[str, str] | None,  # noqa: ARG002 - webargs' signature
    ) -> NoReturn:
        """Raise RequestInvalid."""
        # webargs puts the messages under where they were found: {"json": …}.
        (messages,) = error.messages_dict.values()
        line = problems.first(messages)
        raise RequestInvalid(line if ": " in line else f"the body {line}")
