"""What the door itself answers, in the shape of Telnyx's own errors, since that is what its callers can read."""

from __future__ import annotations

import json
from collections.abc import Mapping

from flask import Response

#: With it Telnyx's libraries do not try again by themselves.
NO_RETRY: Mapping[str, str] = {"x-should-retry": "false"}
#: Says of a message that went to Telnyx whether it is watched here.
REGISTERED = "Rescind-Registered"

_ABOUT = "https://developers.telnyx.com/docs/overview/errors/{code}"
#: Source: https://developers.telnyx.com/docs/messaging/messages/error-codes and the API's own table of errors.
_TITLES: Mapping[str, str] = {
    "10005": "Resource not found",
    "10007": "Unexpected error",
    "10009": "Authentication failed",
    "10010": "Authorization failed",
    "10015": "Bad Request",
    "10037": "Service unavailable",
}


def refuse(
    status: int, code: str, detail: str, *, title: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error; ``title`` is the one that Telnyx has for the code unless another is given."""
    error = {"code": code, "title": title or _TITLES[code], "detail": detail, "meta": {"url": _ABOUT.format(code=code)}}
    body = json.dumps({"errors": [error]}) + "\n"
    return Response(body, status=status, headers=dict(headers or {}), mimetype="application/json")


def unavailable(detail: str, *, retry_after: int = 1) -> Response:
    """Return a 503: nothing has happened, and the same may be asked again."""
    return refuse(503, "10037", detail, headers={"Retry-After": str(retry_after)})
