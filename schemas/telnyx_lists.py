"""The lists that Telnyx keeps of what it delivered and of who opted out, a page at a time.

Sources: https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries and
https://developers.telnyx.com/api-reference/opt-out-management/list-opt-outs
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from core import numbers
from core.errors import EventInvalid
from schemas import fields, problems
from schemas.fields import Told
from schemas.instants import instant


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    rows: list[Any]
    pages: int | None
    """How many there are; None when the answer does not say."""


@dataclass(frozen=True, slots=True)
class ListedOptOut:
    """A recipient whom Telnyx lets nobody of a messaging profile write to any more."""

    phone_number: str
    messaging_profile_id: str | None
    keyword: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        """Return the name under which it is recorded, once however often it is listed."""
        told = f"{self.phone_number}|{self.messaging_profile_id or ''}|{self.created_at.isoformat()}"
        return f"telnyx_optout:{hashlib.sha256(told.encode()).hexdigest()}"


def page(body: object) -> Page | None:
    """Return the page that an answer holds, or None when it holds none."""
    if not isinstance(body, Mapping) or not isinstance(body.get("data"), list):
        return None
    meta = body.get("meta")
    pages = meta.get("total_pages") if isinstance(meta, Mapping) else None
    counts = isinstance(pages, int) and not isinstance(pages, bool)
    return Page(body["data"], pages if counts else None)


def webhook_of(record: object) -> Mapping[str, Any]:
    """Return the event whose delivery a record is of. Raises EventInvalid when it holds none."""
    webhook = record.get("webhook") if isinstance(record, Mapping) else None
    if not isinstance(webhook, Mapping):
        raise EventInvalid("webhook: is no object" if isinstance(record, Mapping) else "the record is no object")
    return webhook


def _recipient(raw: object) -> str:
    number = fields.phone_number(raw)
    if number is None or not number.startswith("+") or not numbers.is_sender(number):
        raise ValueError("is not a phone number such as +15551230001; is redaction switched on?")
    return number


class _OptOut(Schema):
    class Meta:
        unknown = EXCLUDE

    to = Told(_recipient, required=True)
    messaging_profile_id = Told(fields.name)
    keyword = Told(fields.text)
    created_at = Told(instant, required=True)


_OPT_OUT = _OptOut()


def opt_out(row: object) -> ListedOptOut:
    """Return a row of the list of opt-outs. Raises EventInvalid with one line on what cannot be read."""
    if not isinstance(row, Mapping):
        raise EventInvalid("the row is no object")
    try:
        told = _OPT_OUT.load(row)
    except ValidationError as error:
        raise EventInvalid(problems.first(error.messages)) from None
    return ListedOptOut(told["to"], told.get("messaging_profile_id"), told.get("keyword"), told["created_at"])
