"""What the door answers: Telnyx's answers as they came, and its own in the shape of Telnyx's errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from flask import Response

from core.deciding import Decision
from store.intents import IntentRow
from webhook_app.door_telnyx import Reply, Silence

#: With it Telnyx's libraries do not try again by themselves.
NO_RETRY: Mapping[str, str] = {"x-should-retry": "false"}
#: Says of a message that went to Telnyx whether it is watched here.
REGISTERED = "Rescind-Registered"
#: Names the request to send, which `rescind why` tells of whatever came of it.
REQUEST = "Rescind-Request"

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
#: Telnyx's own title for its own refusal, by the policy that corresponds to it.
_OBJECTIONS = {"opt_out": "Blocked due to STOP message"}
_OBJECTION = "Blocked by a policy of the sender"


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


def passed_on(reply: Reply, headers: dict[str, str] | None = None) -> Response:
    """Return Telnyx's answer as it came; a redirect alone is not passed on, lest somebody follow it with a key."""
    if reply.leads_elsewhere:
        return refuse(
            HTTPStatus.BAD_GATEWAY,
            "10007",
            f"Telnyx answered {reply.status}, a redirect, which is not followed; see TELNYX_BASE_URL of this server.",
            headers={**NO_RETRY, **(headers or {})},
        )
    response = Response(reply.body, status=reply.status)
    response.headers.clear()
    for name, value in reply.headers:
        response.headers.add(name, value)
    response.headers.update(headers or {})
    return response


def silence(answer: Silence, *, is_harmless: bool) -> Response:
    """Return what a caller is told when Telnyx does not answer; what may have been sent is not to be sent again."""
    if not answer.has_left:
        return refuse(HTTPStatus.BAD_GATEWAY, "10037", f"Nothing was sent: {answer.reason}.")
    if is_harmless:
        return refuse(HTTPStatus.GATEWAY_TIMEOUT, "10037", f"{_sentence(answer.reason)}.")
    told = f"{_sentence(answer.reason)}. It may have accepted the message: to send it again could send it twice."
    return refuse(HTTPStatus.GATEWAY_TIMEOUT, "10037", told, headers=NO_RETRY)


def repetition(earlier: IntentRow) -> Response:
    """Return what a caller is told whose library asks once more for what may have been sent, and would ask again."""
    got = f"accepted it then, as {earlier.message_id}" if earlier.message_id else "may have accepted it then"
    told = (
        f"The message was asked for at {earlier.created_at:%H:%M:%S} UTC already, and was not sent again: Telnyx {got}."
    )
    return refuse(HTTPStatus.GATEWAY_TIMEOUT, "10037", told, headers=NO_RETRY)


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:]


def objection(decision: Decision) -> Response:
    """Return what a caller is told when a policy objects, as Telnyx tells it of a recipient who sent STOP."""
    policy = decision.policy or ""
    # Without what the decision adds of its own: there is no last look at what never was.
    reason = next((verdict.reason for _, verdict in decision.verdicts if verdict.policy == policy), decision.reason)
    return refuse(
        HTTPStatus.CONFLICT,
        "40300",
        f"Not sent: policy {policy}: {reason}.",
        title=_OBJECTIONS.get(policy, _OBJECTION),
        headers=NO_RETRY,
    )
