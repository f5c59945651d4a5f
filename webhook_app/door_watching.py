"""Calls that look at a message or cancel it, on their way through: what Telnyx answers is taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Literal

import sqlalchemy as sa
from flask import Response
from structlog.typing import FilteringBoundLogger

from core.cancelling import Action, Answer, Meaning, meaning
from core.deciding import Rules
from core.errors import RulesUnavailable, StoreUnavailable
from core.reports import MessageReport
from ledger import passing
from schemas import fields, message, strict_json
from webhook_app.door_answers import passed_on, silence
from webhook_app.door_book import Book
from webhook_app.door_call import Call
from webhook_app.door_sending import DOOR
from webhook_app.door_telnyx import Line, Reply, Silence


class Watching:
    """The way of a call that sends nothing."""

    def __init__(
        self,
        *,
        book: Book,
        line: Line,
        rules: Callable[[], Rules],
        now: Callable[[], datetime],
        log: FilteringBoundLogger,
    ) -> None:
        """Take what it works with."""
        self._book = book
        self._line = line
        self._rules = rules
        self._now = now
        self._log = log

    def look(self, call: Call) -> tuple[Response, bool]:
        """Return the answer to a call, and whether Telnyx let its key in."""
        answer = self._line.ask(call)
        if isinstance(answer, Silence):
            return silence(answer, is_harmless=True), False
        message_id = _named_in(call.path)
        if answer.is_good and message_id is not None:
            self._take_in(call.method, message_id, answer)
        # Anybody may ask for the options, say.
        return passed_on(answer), answer.is_good and call.method in set(Action)

    def _take_in(self, method: str, message_id: str, answer: Reply) -> None:
        now = self._now()
        if method == Action.DELETE:
            report = _report(answer, "cancel", now)
            body = Answer(http_status=answer.status)
            if report is not None and meaning(Action.DELETE, message_id, body, report) is Meaning.CANCELLED:
                self._keep(lambda connection: passing.cancelled(connection, report, now=now), message_id)
        elif method == Action.GET and answer.status == HTTPStatus.OK:
            seen = _report(answer, "retrieve", now)
            if seen is not None and seen.message_id == message_id:
                self._take_in_seen(seen, now)

    def _take_in_seen(self, seen: MessageReport, now: datetime) -> None:
        """Keep what was seen of a message; it is decided on with that, so without rules it is seen another time."""
        try:
            rules = self._rules()
        except RulesUnavailable:
            return
        # An application may look as often as it likes, and waits for nothing of ours.
        self._book.write_soon(
            lambda connection: passing.seen(connection, seen, rules, door=DOOR, now=now), f"message {seen.message_id}"
        )

    def _keep(self, work: Callable[[sa.Connection], bool], message_id: str) -> None:
        try:
            self._book.write(work)
        except StoreUnavailable as error:
            self._log.warning("door_answer_not_kept", message_id=message_id, reason=str(error))
            self._book.write_later(work, f"message {message_id}")
        except Exception as error:  # noqa: BLE001 - a bug of ours must not hide what Telnyx answered
            self._log.error("bug", message_id=message_id, error=type(error).__name__, exc_info=error)


def _named_in(path: str) -> str | None:
    """Return the id of the one message that a path names, or None."""
    _, _, rest = path.partition("/")
    return rest.lower() if fields.is_uuid(rest.lower()) else None


def _report(answer: Reply, source: Literal["cancel", "retrieve"], now: datetime) -> MessageReport | None:
    try:
        body = strict_json.read(answer.body)
    except ValueError:
        return None
    report = message.answered(body, source=source, now=now)
    # Shown as what it is: not a call of ours.
    return report and replace(report, source=f"{DOOR} {source}", source_id=f"{DOOR}:{report.source_id}")
