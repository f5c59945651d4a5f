"""Signed events that wait in a spool, as the failover process leaves them there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from store.group_commit import GroupCommit
from store.spool import Spool
from tests import telnyx_signing as telnyx
from webhook_app import receiving
from webhook_app.signature import Signed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@contextmanager
def spool_in(folder: Path) -> Iterator[Spool]:
    spool = Spool(folder / "spool.db", max_events=10_000, max_bytes=10**9)
    spool.open()
    yield spool
    spool.dispose()


def spooled(spool: Spool, *events: dict[str, Any] | bytes, received_at: datetime = NOW) -> list[int]:
    """Put events into a spool as received and signed at a time, and return their rows."""
    deliveries = []
    for each in events:
        raw = each if isinstance(each, bytes) else telnyx.raw(each)
        headers = telnyx.headers(raw, received_at)
        signed = Signed(raw, headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"])
        deliveries.append(receiving.event(signed, received_at, source="failover"))
    GroupCommit(spool.database, spool, deadline=timedelta(seconds=60)).put_all(deliveries)
    row_of = {row.event_id: row.id for row in spool.listing(limit=10_000)}
    return [row_of[each.event_id] for each in deliveries]
