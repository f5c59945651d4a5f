"""A client for applications: register what was scheduled at Telnyx, tell of opt-outs and campaigns, set holds.

It needs httpx and nothing else of this program::

    with Rescind("https://rescind.example.net", token) as rescind:
        scheduled = telnyx.messages.schedule(to=…, from_=…, text=…, send_at=…)
        rescind.register(scheduled.data, campaign="spring-sale", message_class="marketing")

Every call may be repeated without harm, so what fails for a moment is tried again. What fails for longer raises
``RescindError``: keep what was to be registered, and register it later. Until then it cannot be cancelled.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

#: What a call returns: the ``data`` of the answer, as https://your-host/openapi.json describes it.
Data = dict[str, Any]

_AT_ONCE = 200
_UNAVAILABLE = {502, 503, 504}
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_SHOWN = 200


class RescindError(Exception):
    """A call that failed: ``code`` names what is wrong in a word, ``message`` says it in a line with the remedy."""

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
        self.status = status
        """The HTTP status; None when there was no answer."""


class Rescind:
    """The HTTP API of one installation. May be shared by threads; ``close`` it, or use it in a ``with``."""

    def __init__(self, url: str, token: str, *, timeout: float = 5.0, retries: int = 3) -> None:
        """Open nothing yet.

        ``url`` is the root, such as ``https://rescind.example.net``; ``token`` is its RESCIND_API_TOKEN.
        ``timeout`` in seconds bounds each try; after ``retries`` more of them the call raises.
        """
        self._retries = retries
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=timeout
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def register(
        self,
        message: object,
        *,
        campaign: str | None = None,
        message_class: str | None = None,
        tags: Iterable[str] | None = None,
        send_at: datetime | None = None,
    ) -> Data:
        """Register a scheduled message, and return its place in the ledger with the decision on it.

        ``message`` is Telnyx's answer in whichever form: the SDK's object, its ``data``, the raw response, or the
        JSON. ``send_at`` serves where the answer has none; ``message_class`` is marketing (the default),
        transactional, otp or compliance. Registering again is harmless. Raises RescindError.
        """
        body = _registration(message, campaign, message_class, tags) | _given(send_at=_instant(send_at))
        return self._data("POST", "messages", body)

    def register_many(
        self,
        messages: Iterable[object],
        *,
        campaign: str | None = None,
        message_class: str | None = None,
        tags: Iterable[str] | None = None,
    ) -> tuple[list[Data], list[Data]]:
        """Register any number of messages; return those registered, and what is wrong with the others.

        The latter have ``index``, the place among ``messages``, with ``code`` and ``message``. Raises RescindError
        when a part of them could not be sent at all; those before it are registered.
        """
        words = None if tags is None else list(tags)
        registered: list[Data] = []
        errors: list[Data] = []
        start = 0
        for part in _parts(messages):
            body = {"messages": [_registration(each, campaign, message_class, words) for each in part]}
            told = self._ask("POST", "messages", body)
            registered += told["data"]
            errors += [error | {"index": start + error["index"]} for error in told["errors"]]
            start += len(part)
        return registered, errors

    def message(self, message_id: str) -> Data:
        """Return a message with its recipients' statuses and its place in the ledger. Raises RescindError."""
        return self._data("GET", f"messages/{quote(message_id, safe='')}")

    def why(self, message_id: str) -> Data:
        """Return why a message was cancelled or let go: decisions, attempts, and a timeline. Raises RescindError."""
        return self._data("GET", f"messages/{quote(message_id, safe='')}/why")

    def ledger(self) -> Data:
        """Return how many messages were registered, and how many of them stand where. Raises RescindError."""
        return self._data("GET", "ledger")

    def opt_out(self, phone_number: str, *, reason: str | None = None, messaging_profile_id: str | None = None) -> Data:
        """Say that somebody must not be texted any more, from one messaging profile or at all. Raises RescindError."""
        said = {"phone_number": phone_number, "reason": reason, "messaging_profile_id": messaging_profile_id}
        return self._data("POST", "opt-outs", _given(**said))

    def recipient(self, phone_number: str) -> Data:
        """Return whether somebody has opted out, and all they ever said. Raises RescindError."""
        return self._data("GET", f"recipients/{quote(phone_number, safe='')}")

    def campaign(self, key: str, **changes: object) -> Data:
        """Return a campaign, once it is changed as said; None clears what it says now. Raises RescindError.

        ``status`` is active, paused or ended; ``ends_at`` a datetime; ``tcr_campaign_id`` and ``telnyx_campaign_id``
        tie it to the carriers'. Its messages are decided on again.
        """
        path = f"campaigns/{quote(key, safe='')}"
        if not changes:
            return self._data("GET", path)
        said = {name: _instant(value) if isinstance(value, datetime) else value for name, value in changes.items()}
        return self._data("PUT", path, said)

    def hold(
        self, scope: str, value: str | None = None, *, reason: str, until: datetime | timedelta | None = None
    ) -> Data:
        """Hold every message of a scope, and return the hold. Raises RescindError.

        ``scope`` is all, or campaign, sender, recipient or profile with its ``value``. ``until`` says when the hold
        ends by itself, or after how long; without it, when the server's default says.
        """
        said: Data = {"scope": scope, "reason": reason, **_given(value=value)}
        if isinstance(until, timedelta):
            said["expires_in"] = int(until.total_seconds())
        elif until is not None:
            said["expires_at"] = _instant(until)
        return self._data("POST", "holds", said)

    def lift(self, hold_id: str) -> Data:
        """Lift a hold, and return it. Raises RescindError."""
        return self._data("DELETE", f"holds/{quote(hold_id, safe='')}")

    def holds(self) -> list[Data]:
        """Return all holds that ever were, the newest first. Raises RescindError."""
        page = self._ask("GET", "holds")
        found: list[Data] = page["data"]
        while page["next"] is not None:
            page = self._ask("GET", f"holds?after={quote(page['next'], safe='')}")
            found += page["data"]
        return found

    def _data(self, method: str, path: str, body: Data | None = None) -> Data:
        told: Data = self._ask(method, path, body)["data"]
        return told

    def _ask(self, method: str, path: str, body: Data | None = None) -> Data:
        for tried in range(self._retries + 1):
            wait = min(_FIRST_WAIT * 2**tried, _LONGEST_WAIT)
            try:
                response = self._http.request(method, path, json=body)
            except httpx.RequestError as error:
                trouble = RescindError("unreachable", f"{self._http.base_url} does not answer: {error}; is it up?")
            else:
                if response.status_code not in _UNAVAILABLE:
                    return _told(response)
                trouble = _error(response)
                wait = min(max(wait, _seconds(response.headers.get("Retry-After"))), _LONGEST_WAIT)
            if tried < self._retries:
                time.sleep(wait)
        raise trouble


def through_door(
    *, campaign: str | None = None, message_class: str | None = None, tags: Iterable[str] = ()
) -> dict[str, str]:
    """Return the headers that say, of a message sent through ``/v2``, what it belongs to.

    Give them to Telnyx's SDK as ``extra_headers``; they are not passed on to Telnyx. Raises ValueError for what a
    header cannot carry.
    """
    words = list(tags)
    if any("," in word for word in words):
        raise ValueError("a tag has a comma in it; in a header, commas separate tags")
    headers = _given(
        **{"Rescind-Campaign": campaign, "Rescind-Class": message_class, "Rescind-Tags": ",".join(words) or None}
    )
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name}: {value!r} has characters that a header cannot carry; use printable ASCII")
    return headers


def _registration(message: object, campaign: str | None, message_class: str | None, tags: Iterable[str] | None) -> Data:
    words = None if tags is None else list(tags)
    return {"data": _object(message), **_given(**{"campaign": campaign, "class": message_class, "tags": words})}


def _object(message: object) -> Data:
    """Return Telnyx's message object as JSON values: what an SDK's model dumps, or a response holds."""
    if dump := getattr(message, "model_dump", None):
        # The SDK keeps words that its types do not know, such as "scheduled"; pydantic would warn of each.
        message = dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    elif not isinstance(message, Mapping) and (parse := getattr(message, "json", None)):
        message = parse()
    if isinstance(message, Mapping) and "id" not in message and isinstance(message.get("data"), Mapping):
        message = message["data"]
    if not isinstance(message, Mapping):
        raise TypeError(f"a {type(message).__name__} is no answer of Telnyx's; give its message object")
    return dict(message)


def _parts(messages: Iterable[object]) -> Iterator[list[object]]:
    rest = iter(messages)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _given(**said: Any) -> Data:  # noqa: ANN401 - JSON values
    return {name: value for name, value in said.items() if value is not None}


def _instant(at: datetime | None) -> str | None:
    if at is not None and at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone; use datetime.now(UTC), or give it a tzinfo")
    return at.isoformat() if at is not None else None


def _told(response: httpx.Response) -> Data:
    body = _json(response)
    if response.is_success and isinstance(body, dict) and "data" in body:
        return body
    raise _error(response)


def _error(response: httpx.Response) -> RescindError:
    body = _json(response)
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return RescindError(str(error.get("code")), error["message"], status=response.status_code)
    begins = " ".join(response.text.split())[:_SHOWN]
    told = f"{response.url} answers {response.status_code}, and not as Rescind does: {begins}; is the URL right?"
    return RescindError("unexpected_answer", told, status=response.status_code)


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def _seconds(raw: str | None) -> float:
    return float(raw) if raw is not None and raw.isascii() and raw.isdigit() else 0.0
