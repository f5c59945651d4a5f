"""What is stored of an event, whichever way its body came."""

from __future__ import annotations

import hashlib

from core.inbox import InboxStatus
from schemas import envelope

BODY = (
    b'{"data": {"id": "e1", "event_type": "message.received", "occurred_at": "2025-05-15T18:47:41Z",'
    b' "payload": {"id": "1fa55452-5cc6-4ce7-9cb0-8612fa4ddca1"}}, "meta": {"attempt": 2, "delivered_to": "https://a"}}'
)


def test_what_is_stored_of_an_event_is_what_its_body_tells():
    told = envelope.told(BODY)

    event = envelope.read(BODY)
    assert (told["status"], told["reason"], told["priority"]) == (InboxStatus.PENDING, None, 0)
    for name in ("event_id", "event_type", "occurred_at", "digest", "attempt", "delivered_to"):
        assert told[name] == getattr(event, name)


def test_what_cannot_be_read_is_a_dead_letter_under_a_name_of_its_own():
    nameless = envelope.told(b"nonsense")
    named = envelope.told(BODY.replace(b"payload", b"other"))

    assert nameless["event_id"] == f"invalid:{hashlib.sha256(b'nonsense').hexdigest()}"
    assert (nameless["event_type"], nameless["status"]) == ("unreadable", InboxStatus.INVALID)
    assert nameless["reason"].startswith("the body ")
    assert (named["event_id"], named["event_type"]) == ("e1", "message.received")
    assert (named["status"], named["reason"]) == (InboxStatus.INVALID, "data.payload: is missing")
