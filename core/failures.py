"""What Telnyx's error codes say of a message that failed: who or what is at fault, and whether that can pass.

Telnyx publishes the codes and, on a page of its own, which of them may be retried; it
does not say whose fault each is. That reading is ours, so each code has how certain it is.
Source: https://developers.telnyx.com/docs/messaging/messages/error-codes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SOURCE = "https://developers.telnyx.com/docs/messaging/messages/error-codes"
#: When the page was read.
AS_OF = "2026-08-05"


class FailureClass(StrEnum):
    """Who or what is at fault."""

    RECIPIENT = "recipient"
    """The number cannot be reached, whoever writes to it."""
    SENDER = "sender"
    """Our number, or what is set up for it."""
    CONTENT = "content"
    CAMPAIGN = "campaign"
    """The carriers' registration of what is sent."""
    ACCOUNT = "account"
    """The messaging profile, or the whole account."""
    PAIR = "pair"
    """This sender and this recipient do not go together; each may do with others."""
    CONSENT = "consent"
    """The recipient refused: a matter of consent, and no failure of the number."""
    TRANSIENT = "transient"
    """Nobody in particular; also what nobody has explained."""


class Certainty(StrEnum):
    """How sure the reading of a code is."""

    DOCUMENTED = "documented"
    """Telnyx says whether to try again, or what to set right first."""
    INFERRED = "inferred"
    """From the title and the cause that Telnyx gives for the code."""
    DISPUTED = "disputed"
    """Telnyx's pages contradict each other."""
    UNKNOWN = "unknown"
    """A code that is not in our table, or none at all."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What one code says."""

    code: str | None
    title: str
    about: FailureClass
    is_permanent: bool
    """It will not pass by itself: to send the same once more would fail once more."""
    certainty: Certainty


_R, _S, _C, _K, _A, _P, _T = (
    FailureClass.RECIPIENT,
    FailureClass.SENDER,
    FailureClass.CONTENT,
    FailureClass.CAMPAIGN,
    FailureClass.ACCOUNT,
    FailureClass.PAIR,
    FailureClass.TRANSIENT,
)
_LONGEST_CODE = 16
_DOC, _INF, _DIS = Certainty.DOCUMENTED, Certainty.INFERRED, Certainty.DISPUTED

_ROWS: tuple[tuple[str, str, FailureClass, bool, Certainty], ...] = (
    ("40001", "Not routable", _R, True, _DOC),
    ("40002", "Blocked as spam (temporary)", _C, False, _DOC),
    ("40003", "Blocked as spam (permanent)", _S, True, _DOC),
    ("40004", "Rejected by destination", _T, False, _INF),
    ("40005", "Message expired", _T, False, _DOC),
    ("40006", "Recipient unavailable", _T, False, _DOC),
    ("40007", "Loop detected", _C, True, _INF),
    # Telnyx counts it among those that may resolve, so it never condemns a number.
    ("40008", "Undeliverable", _T, False, _DOC),
    ("40009", "Invalid message body", _C, True, _INF),
    ("40010", "Not 10DLC registered", _K, True, _DOC),
    # Too much from us at once, as 40318: the recipient has no part in it.
    ("40011", "Rate limit exceeded (upstream)", _S, False, _DOC),
    ("40012", "Invalid destination number", _R, True, _INF),
    ("40013", "Invalid source number", _S, True, _INF),
    # In Telnyx's queue, before anybody asked for the recipient.
    ("40014", "Expired in queue", _S, False, _DOC),
    ("40015", "Internal spam filter", _C, True, _DOC),
    ("40016", "T-Mobile 10DLC sending limit reached", _K, False, _DOC),
    ("40017", "AT&T 10DLC spam", _C, False, _DOC),
    ("40018", "AT&T 10DLC sending limit reached", _K, False, _DOC),
    ("40019", "AT&T 10DLC invalid tag data", _K, True, _DOC),
    ("40020", "Artificial inflation of traffic suspected", _C, False, _DOC),
    ("40100", "Number not enabled for messaging", _S, True, _INF),
    *((f"{code}", "Toll-free registry", _S, True, _INF) for code in range(40150, 40160)),
    # "Destination unreachable" on another of Telnyx's pages.
    ("40300", "Blocked due to STOP message", FailureClass.CONSENT, True, _DIS),
    ("40301", "Unsupported message type for 'to'", _P, True, _INF),
    ("40302", "Message too large", _C, True, _INF),
    ("40304", "Invalid combination of message content", _C, True, _INF),
    ("40305", "Invalid 'from' address", _S, True, _INF),
    ("40306", "Alpha sender not configured", _S, True, _INF),
    ("40307", "Alpha sender mismatch", _S, True, _INF),
    ("40308", "Invalid 'from' for MMS", _S, True, _INF),
    ("40309", "Destination region not on the profile's list", _P, True, _INF),
    ("40310", "Invalid 'to' address", _R, True, _INF),
    ("40312", "Messaging profile disabled", _A, True, _INF),
    ("40313", "Messaging profile without a secret", _A, True, _INF),
    ("40314", "Messaging disabled on the account", _A, True, _DOC),
    ("40315", "Unhealthy 'from' address", _S, False, _DOC),
    ("40316", "No content", _C, True, _INF),
    ("40317", "Invalid MMS content", _C, True, _INF),
    ("40318", "Message queue full", _S, False, _DOC),
    ("40319", "Incompatible message type for the 'to' and 'from' addresses", _P, True, _INF),
    ("40320", "Temporarily unusable 'from' address", _S, False, _DOC),
    ("40321", "No usable number in the pool", _S, False, _INF),
    ("40322", "Blocked due to content", _C, True, _DOC),
    ("40325", "Invalid alpha sender", _S, True, _INF),
    ("40328", "Message exceeds the recommended size", _C, True, _INF),
    ("40329", "Toll-free number not verified", _S, True, _DOC),
    ("40330", "Toll-free number not provisioned", _S, True, _INF),
    ("40331", "Destination not on the profile's list", _P, True, _INF),
    ("40333", "Messaging profile spend limit reached", _A, False, _DOC),
    ("47000", "10DLC campaign required", _K, True, _DIS),
)
TABLE = {row[0]: Failure(*row) for row in _ROWS}

#: Codes for which a sender's queue is better kept back.
OF_SENDERS = frozenset(
    code
    for code, failure in TABLE.items()
    if failure.about in {FailureClass.SENDER, FailureClass.CAMPAIGN, FailureClass.ACCOUNT}
)


def of(code: str | None) -> Failure:
    """Return what a code says; one that is not known, or none at all, may pass and is nobody's fault."""
    return TABLE.get(code or "") or Failure(code, "Unknown", _T, is_permanent=False, certainty=Certainty.UNKNOWN)


def speaking(errors: Iterable[object]) -> tuple[str | None, str | None]:
    """Return code and title of the error that says most: the first that the table knows, else the first with a code.

    ``errors`` are Telnyx's error objects, of which nothing is certain.
    """
    told = [each for each in map(_told, errors) if each[0]]
    return next((each for each in told if each[0] in TABLE), told[0] if told else (None, None))


def _told(error: object) -> tuple[str | None, str | None]:
    if not isinstance(error, dict):
        return None, None
    code, title = error.get("code"), error.get("title")
    is_code = isinstance(code, str) and len(code) <= _LONGEST_CODE
    return code if is_code else None, title if isinstance(title, str) else None
