"""The alarm for messages that went out on schedule although they had come in through no door.

No policy was ever asked about such a message, so it is the one kind of which nobody can say why it was let go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog

from core.numbers import masked
from core.orphans import sent_on_schedule
from core.reports import MessageReport
from ledger import recording
from store import messages
from store.messages import MessageRow

log = structlog.get_logger()

_REMEDY = (
    "no policy was asked about it: send through POST /v2/messages of this program, register what is scheduled with"
    " POST /v1/messages, or give the ids to `rescind import`"
)


def note(connection: sa.Connection, rows: Mapping[str, MessageRow], reports: Sequence[MessageReport]) -> None:
    """Mark the messages that these reports show to be orphans, and raise the alarm once for each.

    ``rows`` are held under lock, as they stand with the reports merged in. Of several reports the earliest time
    stands, so their order and repetition change nothing. Registering the message takes the mark away.
    """
    told: dict[str, tuple[datetime, MessageReport]] = {}
    for report in reports:
        at = sent_on_schedule(report) if recording.has_left(report) else None
        if at is not None and _is_foreign(rows[report.message_id]):
            known = told.get(report.message_id)
            told[report.message_id] = (at, report) if known is None or at < known[0] else known
    earlier = {of: at for of, (at, _) in told.items() if (held := rows[of].orphaned_at) is None or at < held}
    messages.set_orphaned(connection, earlier)
    for message_id in sorted(earlier):
        if rows[message_id].orphaned_at is None:
            sent_at, report = told[message_id]
            log.error(
                "orphan_message",
                message_id=message_id,
                to=[masked(addressee.phone_number) for addressee in report.addressees],
                sent_at=sent_at.isoformat(),
                remedy=_REMEDY,
            )


def _is_foreign(row: MessageRow) -> bool:
    return row.registered_at is None and row.door is None and row.direction == "outbound"
