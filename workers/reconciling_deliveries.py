"""Events that Telnyx reports to have delivered, or not: what is missing here goes into the inbox.

Source: https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from core.errors import EventInvalid
from schemas import envelope, telnyx_lists
from schemas.reading import EVENT_TYPES
from store import inbox, known
from store.engine import Database
from store.inbox import NewEvent
from workers.inquiring import Inquirer
from workers.tallying import SourceName, Tally, Window
from workers.telnyx import Listing

log = structlog.get_logger()

SOURCE = "telnyx_api"
#: A record of a failed delivery holds many answers of up to 10 kB, one of a good delivery mostly one short one.
_PAGE_SIZES = {"failed": 50, "delivered": 250}


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliveries that ended in one way: ``failed`` or ``delivered``."""

    name: SourceName
    status: str
    database: Database
    inquirer: Inquirer
    ring: Callable[[], object]
    now: Callable[[], datetime]

    def heal(self, window: Window, tally: Tally) -> str:
        """Compare, take in what is missing, and return how far it came. Raises Unanswered and Refused."""
        query = {
            "filter[status][eq]": self.status,
            # Of all that an account is told, calls and faxes included, only what concerns us.
            "filter[event_type]": ",".join(EVENT_TYPES),
            "filter[finished_at][gte]": window.since.isoformat(),
            "filter[finished_at][lte]": window.until.isoformat(),
        }
        for records in self.inquirer.pages(Listing.DELIVERIES, query, size=_PAGE_SIZES[self.status]):
            self._take(records, tally, is_dry=window.is_dry)
        return window.until.isoformat()

    def _take(self, records: list[Any], tally: Tally, *, is_dry: bool) -> None:
        told = list(filter(None, (self._told(record) for record in records)))
        reported = {event.event_id: event for event in told}
        with self.database.read() as connection:
            held = known.event_ids(connection, reported)
        missing = [event for event_id, event in reported.items() if event_id not in held]
        if missing and not is_dry:
            with self.database.begin() as connection:
                inbox.accept(connection, missing)
            self.ring()
        for event in missing:
            log.info("event_recovered", event_id=event.event_id, event_type=event.event_type, delivery=self.status)
        tally.reported += len(records)
        tally.failed += len(records) - len(told)
        tally.healed += len(missing)
        tally.held += len(told) - len(missing)

    def _told(self, record: object) -> NewEvent | None:
        try:
            return _event(telnyx_lists.webhook_of(record), self.now())
        except EventInvalid as error:
            log.error("delivery_unreadable", reason=str(error))  # noqa: TRY400 - one line says it all
            return None


def _event(webhook: Mapping[str, Any], received_at: datetime) -> NewEvent:
    """Return the event as its webhook would have brought it, unsigned: we asked Telnyx for it ourselves."""
    raw = envelope.body_of(webhook)
    return NewEvent(
        **envelope.told(raw), received_at=received_at, source=SOURCE, raw=raw, signature="", signature_timestamp=""
    )
