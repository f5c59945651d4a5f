"""Events in the inbox, as the receiver leaves them there."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from core.inbox import InboxStatus
from schemas import envelope
from store import backlog, inbox
from store.engine import Database
from store.inbox import NewEvent
from tests.reports import NOW

PAYLOADS = Path(__file__).parent / "payloads"


def sample(name: str, **payload: Any) -> dict[str, Any]:
    """Return a sample webhook under an event id of its own, with some fields of its payload changed."""
    body = json.loads((PAYLOADS / f"{name}.json").read_text())
    body["data"]["id"] = str(uuid.uuid4())
    body["data"]["payload"] |= payload
    return body


def accept(
    database: Database, *bodies: dict[str, Any], received_at: datetime = NOW, source: str = "webhook"
) -> list[str]:
    """Store webhooks as accepted and return their event ids."""
    events = [_event(json.dumps(body).encode(), received_at, source) for body in bodies]
    with database.begin() as connection:
        inbox.accept(connection, events)
    return [event.event_id for event in events]


def mark_all(database: Database, status: InboxStatus, *, reason: str | None = None) -> None:
    """Have every event that waits end as this."""
    with database.begin() as connection:
        seqs = backlog.next_in_line(connection, now=NOW, limit=1000).together
        backlog.mark(connection, seqs, status, now=NOW, reason=reason)


def _event(raw: bytes, received_at: datetime, source: str) -> NewEvent:
    return NewEvent(
        **envelope.told(raw), received_at=received_at, source=source, raw=raw, signature="", signature_timestamp=""
    )
