"""Messages past their time whose end nobody told us: each is asked about, ever more seldom.

Telnyx knows messages for ten days: "only messages no older than 10 days".
Source: https://developers.telnyx.com/api-reference/messages/retrieve-a-message
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog

from core import merging, statuses
from core.cancelling import Answer
from core.deciding import Rules
from core.reports import MessageReport
from ledger.absorbing import Heard, absorb
from schemas.message import answered
from store import inquiries, messages
from store.engine import Database
from store.inquiries import Inquiry
from store.messages import RecipientRow
from workers.inquiring import Inquirer
from workers.tallying import SourceName, Tally, Window

log = structlog.get_logger()

#: By then a webhook would have come.
PATIENCE = timedelta(minutes=10)
#: Each wait is twice the one before, up to this.
_LONGEST_WAIT = timedelta(days=1)
_REMEMBERED = timedelta(days=10)
#: Nor is one scheduled for longer: what came before this is remembered no more, whenever it was to be sent.
_OLDEST = _REMEMBERED + timedelta(days=10)
_DOUBLINGS = 10
#: So many are asked about in one scheduled run; the others in the next, the longest waiting first.
_ASKED_ON_SCHEDULE = 300
_BATCH = 1000
#: Asking about so many takes seconds, in which the end of others may come to be known.
_ASKED_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages of ours without an end."""

    database: Database
    inquirer: Inquirer
    rules: Callable[[], Rules]
    show_alive: Callable[[], None]
    """Called between parts of the work: a run that is silent for long is taken for dead."""
    now: Callable[[], datetime]
    name: SourceName = SourceName.MESSAGES

    def heal(self, window: Window, tally: Tally) -> int:
        """Ask about what is due, merge the answers, and return how far it looked. Raises Unanswered."""
        found, reached = self._watch(window)
        asked = 0
        for batch in self._due(window, found):
            self.show_alive()
            with self.database.read() as connection:
                ended = inquiries.ended(connection, [row.message_id for row in batch])
            if ended and not window.is_dry:
                with self.database.begin() as connection:
                    inquiries.remove(connection, ended)
            for row in batch:
                if row.message_id in ended:
                    continue
                if window.is_scheduled and asked == _ASKED_ON_SCHEDULE:
                    return reached
                self._take(row, self.inquirer.message(row.message_id), tally, is_dry=window.is_dry)
                asked += 1
        return reached

    def _watch(self, window: Window) -> tuple[list[Inquiry], int]:
        """Find the messages that have come since the last time, to be asked about once they are due.

        The newest are looked at first, and none that Telnyx has long forgotten. Return those that are only looked at,
        and up to which ``seq`` it has looked.
        """
        found: list[Inquiry] = []
        reached = window.reached if isinstance(window.reached, int) else 0
        above, below = inquiries.with_margin(reached), None
        while True:
            self.show_alive()
            now = self.now()
            with self.database.read() as connection:
                look = inquiries.look(connection, above=above, below=below, now=now, patience=PATIENCE, limit=_BATCH)
            if look is None:
                return found, reached
            reached = max(reached, look.last)
            fresh = [row for row in look.fresh if now - row.due_at < _REMEMBERED]
            if window.is_dry:
                found += fresh
            elif fresh:
                with self.database.begin() as connection:
                    inquiries.add(connection, fresh)
            if look.heard_at is not None and now - look.heard_at > _OLDEST:
                return found, reached
            below = look.first

    def _due(self, window: Window, found: Sequence[Inquiry]) -> Iterator[list[Inquiry]]:
        """Yield what is due when the run begins, a part at a time, and what a dry run has found besides."""
        last: Inquiry | None = None
        while True:
            with self.database.read() as connection:
                if window.is_asked_for:
                    part = inquiries.due_between(
                        connection, window.since, window.until, limit=_ASKED_TOGETHER, after=last
                    )
                else:
                    part = inquiries.due(connection, now=window.until, limit=_ASKED_TOGETHER, after=last)
            yield part
            if len(part) < _ASKED_TOGETHER:
                break
            last = part[-1]
        yield [row for row in found if window.since <= row.due_at <= window.until]

    def _take(self, row: Inquiry, answer: Answer, tally: Tally, *, is_dry: bool) -> None:
        now = self.now()
        report = answered(answer.body, source="reconcile", now=now) if answer.http_status == HTTPStatus.OK else None
        if report is not None and report.message_id != row.message_id:
            report = None
        with self.database.read() as connection:
            is_news = report is not None and _is_news(report, messages.recipients_of(connection, [row.message_id]))
        tally.reported += 1
        tally.failed += report is None
        tally.healed += is_news
        tally.held += report is not None and not is_news
        outcome = "told" if report else f"http_{answer.http_status}"
        if report is None:
            log.warning("message_not_told_of", message_id=row.message_id, outcome=outcome)
        elif is_news:
            told = sorted({each.status for each in report.addressees})
            log.info("message_recovered", message_id=row.message_id, statuses=told)
        if not is_dry:
            self._write(row, report if is_news else None, outcome, now)

    def _write(self, row: Inquiry, report: MessageReport | None, outcome: str, now: datetime) -> None:
        next_at = now + min(PATIENCE * 2 ** min(row.asks, _DOUBLINGS), _LONGEST_WAIT)
        rules = self.rules()
        with self.database.begin() as connection:
            if report is not None:
                absorb(connection, [Heard(report, now)], rules, now=now)
            if next_at - row.due_at > _REMEMBERED or inquiries.ended(connection, [row.message_id]):
                inquiries.remove(connection, [row.message_id])
            else:
                inquiries.asked(connection, row, outcome=outcome, next_at=next_at)


def _is_news(report: MessageReport, held: Mapping[str, Sequence[RecipientRow]]) -> bool:
    """Return True when a report says more of any recipient than is held."""
    known = {row.phone_number: row for row in held.get(report.message_id, ())}
    for each in report.addressees:
        row = known.get(each.phone_number)
        if row is None:
            return True
        if each.status != row.status and statuses.rank_of(each.status) >= merging.rank_in(row.stamp):
            return True
    return False
