"""Read the body of ``POST /v2/messages`` and say what is wrong with it.

https://developers.telnyx.com/docs/messaging/messages/schedule-message
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator import refusals
from simulator.addresses import is_web_address

LATEST = timedelta(days=5)
_GROUP_LIMIT = 8

_E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that somebody asked for, checked but not yet accepted."""

    to: tuple[str, ...]
    sender: str | None
    messaging_profile_id: str | None
    text: str
    subject: str | None
    kind: str
    media_urls: tuple[str, ...]
    webhook_url: str | None
    webhook_failover_url: str | None
    use_profile_webhooks: bool
    send_at: datetime | None


def read_draft(body: object, *, now: datetime, soonest: timedelta, must_schedule: bool = False) -> Draft:
    """Check the body; raises ``RefusedError`` with what Telnyx would answer.

    ``soonest`` is how far ahead a message must at least be scheduled; 5 minutes at Telnyx.
    """
    if not isinstance(body, Mapping):
        raise refusals.bad_request("The request body must be a JSON object.")
    to = _recipients(body.get("to"))
    sender, profile_id = _text(body, "from"), _text(body, "messaging_profile_id")
    if sender is None and profile_id is None:
        raise refusals.unprocessable("Either 'from' or 'messaging_profile_id' is required.", pointer="/from")
    text, media_urls = _text(body, "text"), _media(body.get("media_urls"))
    if text is None and not media_urls:
        raise refusals.unprocessable("A message needs 'text' or 'media_urls'.", pointer="/text")
    return Draft(
        to=to,
        sender=sender,
        messaging_profile_id=profile_id,
        text=text or "",
        subject=_text(body, "subject"),
        kind=_kind(body, is_mms=bool(media_urls) or len(to) > 1),
        media_urls=media_urls,
        webhook_url=_url(body, "webhook_url"),
        webhook_failover_url=_url(body, "webhook_failover_url"),
        use_profile_webhooks=body.get("use_profile_webhooks") is not False,
        send_at=_send_at(body.get("send_at"), now=now, soonest=soonest, required=must_schedule),
    )


def _recipients(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if value is None or not listed:
        raise refusals.invalid_parameter("/to", "The parameter 'to' is required.")
    if len(listed) > _GROUP_LIMIT:
        raise refusals.invalid_parameter("/to", f"A group message has at most {_GROUP_LIMIT} recipients.")
    for entry in listed:
        if not isinstance(entry, str) or not _E164.fullmatch(entry):
            raise refusals.invalid_recipient(entry)
    return tuple(dict.fromkeys(listed))


def _text(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise refusals.invalid_parameter(f"/{name}", f"The parameter '{name}' must be a string.")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise refusals.invalid_parameter(f"/{name}", f"The parameter '{name}' is no text.")
    return value


def _url(body: Mapping[str, object], name: str) -> str | None:
    value = _text(body, name)
    if value is not None and not is_web_address(value):
        raise refusals.invalid_parameter(f"/{name}", f"The parameter '{name}' must be an http or https URL.")
    return value


def _media(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
        raise refusals.invalid_parameter("/media_urls", "The parameter 'media_urls' must be a list of URLs.")
    return tuple(value)


def _kind(body: Mapping[str, object], *, is_mms: bool) -> str:
    kind = _text(body, "type")
    if kind is None:
        return "MMS" if is_mms else "SMS"
    if kind not in {"SMS", "MMS"}:
        raise refusals.invalid_parameter("/type", "The parameter 'type' must be 'SMS' or 'MMS'.")
    return kind


def _send_at(value: object, *, now: datetime, soonest: timedelta, required: bool) -> datetime | None:
    if value is None:
        if required:
            raise refusals.invalid_parameter("/send_at", "The parameter 'send_at' is required.")
        return None
    try:
        send_at = datetime.fromisoformat(value if isinstance(value, str) else "")
        # What Telnyx makes of a time without an offset is not documented; UTC is the guess here.
        send_at = send_at.astimezone(UTC) if send_at.tzinfo else send_at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise refusals.invalid_parameter("/send_at", "The parameter 'send_at' must be an ISO 8601 time.") from None
    if not now + soonest <= send_at <= now + LATEST:
        minutes = soonest.total_seconds() / 60
        raise refusals.unprocessable(
            f"The parameter 'send_at' must be at least {minutes:g} minutes and at most 5 days in the future.",
            pointer="/send_at",
        )
    return send_at
