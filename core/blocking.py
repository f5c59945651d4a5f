"""Block rules: what Telnyx tells of a message that it refused because the recipient had opted out.

It says "Blocked due to STOP message", and that there is "an existing block rule".

Source: https://developers.telnyx.com/docs/messaging/messages/error-codes . Its code 40300 has two meanings on Telnyx's
own pages, "Blocked due to STOP message" and "Destination unreachable", so only the wording tells which is meant.
"""

from __future__ import annotations

import re
from typing import Any

from core.reports import Addressee, MessageReport
from core.statuses import Status

_CODE = "40300"
_SAYS_STOP = re.compile(r"\b(?:stop|block rule)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_FAILED = frozenset({Status.SENDING_FAILED, Status.DELIVERY_FAILED})


def blocked(report: MessageReport) -> dict[str, str]:
    """Return those to whom a message of ours was refused because they opted out, each with Telnyx's words for it.

    Of a message to a group it has to be told who is meant: one person's refusal is not held against the others.
    """
    if report.direction != "outbound":
        return {}
    found: dict[str, str] = {}
    for addressee in report.addressees:
        told = (_told(error) for error in addressee.errors or () if _is_about(error, addressee, report))
        words = next((each for each in told if _SAYS_STOP.search(each)), None)
        if words is not None and addressee.status in _FAILED:
            found[addressee.phone_number] = words
    return found


def _told(error: dict[str, Any]) -> str:
    """Return an error's code and words; nothing when it is about something else."""
    if error.get("code") != _CODE:
        return ""
    words = (error.get(name) for name in ("title", "detail"))
    return ": ".join([_CODE, *(each.strip() for each in words if isinstance(each, str) and each.strip())])


def _is_about(error: dict[str, Any], addressee: Addressee, report: MessageReport) -> bool:
    """Return True when an error speaks of this recipient: it names or points at them, or there is nobody else."""
    named = set(_NUMBER.findall(_told(error))) - {report.from_number}
    if named:
        return addressee.phone_number in named
    return len(report.addressees) == 1 or error.get("source") is not None
