"""Requests to send, on their way through: judged, written down, passed on, and the answer taken in before it is given.

What Telnyx answered is given whatever becomes of our own books, and a caller is
told to try again only when it is certain that nothing was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import Response
from structlog.typing import FilteringBoundLogger

from core.deciding import Act, Decision, Rules
from core.errors import RequestInvalid, StoreUnavailable
from core.intents import is_declined
from core.reports import MessageReport
from core.statuses import Status
from ledger import consenting, hearing, intending, meeting, registering, repeating
from ledger.intending import Wish
from ledger.registering import Registration
from schemas import message, passing, strict_json
from store.intents import IntentRow
from webhook_app import door_answers as answers
from webhook_app.door_answers import NO_RETRY, REGISTERED, REQUEST
from webhook_app.door_book import Book
from webhook_app.door_call import Call
from webhook_app.door_telnyx import Line, Reply, Silence

DOOR = "passthrough"
#: All others know no ``send_at``, and may pass over it.
_SCHEDULES = frozenset({"messages", "messages/schedule"})
_NEVER_LEFT = "our database did not confirm in time that it was written down, so it was not sent"
_LEFT_UNJUDGED = "our database did not confirm in time that it was written down, so it was passed on all the same"
_UNJUDGED = "the database is away, and calls are passed on unjudged as RESCIND_PASSTHROUGH_ON_FAILURE says"

Ending = Callable[..., None]
"""``intending.declined`` or ``intending.unknown``."""


@dataclass(frozen=True, slots=True)
class _Begun:
    intent: IntentRow
    decision: Decision


class Sending:
    """The way of a request to send."""

    def __init__(
        self,
        *,
        book: Book,
        line: Line,
        rules: Callable[[], Rules],
        ring: Callable[[], object],
        now: Callable[[], datetime],
        forwards_blindly: bool,
        log: FilteringBoundLogger,
    ) -> None:
        """Take what it works with; ``forwards_blindly`` passes calls on while the database is away."""
        self._book = book
        self._line = line
        self._rules = rules
        self._ring = ring
        self._now = now
        self._forwards_blindly = forwards_blindly
        self._log = log

    def send(self, call: Call) -> Response:
        """Return the answer to a request to send. Raises RequestInvalid for one that cannot be judged.

        Raises RulesUnavailable when none can be; nothing has left then, whatever is to be done without a database.
        """
        wish = _wish(call)
        self._rules()
        try:
            earlier = self._earlier(wish) if call.is_repeat else None
            if earlier is not None:
                self._log.warning("door_repetition_refused", request=earlier.id, message_id=earlier.message_id)
                return answers.repetition(earlier)
            begun = self._book.write(lambda connection: self._begin(connection, wish), undo=self._undo)
        except StoreUnavailable as error:
            return self._without_books(call, wish, error)
        refused = begun.decision.verdict is Act.CANCEL
        response = answers.objection(begun.decision) if refused else self._passed_on(call, wish, begun.intent)
        response.headers[REQUEST] = begun.intent.id
        return response

    def _passed_on(self, call: Call, wish: Wish, intent: IntentRow) -> Response:
        answer = self._line.ask(call)
        if isinstance(answer, Silence):
            return self._unanswered(intent, answer)
        if answer.is_good:
            return self._taken_in(intent, wish, answer)
        return self._declined(intent, answer)

    def _earlier(self, wish: Wish) -> IntentRow | None:
        """Look for a call for the same whose answer was lost, as when the process that had it was killed."""
        return self._book.write(lambda connection: repeating.earlier(connection, wish, door=DOOR, now=self._now()))

    def _begin(self, connection: sa.Connection, wish: Wish) -> _Begun:
        now = self._now()
        decision = intending.judge(connection, wish, self._rules(), now=now)[0]
        return _Begun(intending.begin(connection, wish, door=DOOR, decision=decision, now=now), decision)

    def _undo(self, connection: sa.Connection, begun: _Begun) -> None:
        if self._forwards_blindly:
            self._unknown(connection, begun.intent, http_status=None, reason=_LEFT_UNJUDGED, now=self._now())
        else:
            intending.declined(connection, begun.intent, http_status=None, reason=_NEVER_LEFT, now=self._now())

    def _without_books(self, call: Call, wish: Wish, error: StoreUnavailable) -> Response:
        if not self._forwards_blindly:
            self._log.warning("door_refuses", reason=str(error))
            return answers.unavailable("The message was not sent: whether it may be sent cannot be looked up now.")
        self._log.warning("door_unjudged", reason=f"{_UNJUDGED}: {error}")
        answer = self._line.ask(call)
        if isinstance(answer, Silence):
            return answers.silence(answer, is_harmless=False)
        report = _report(answer, wish.send_at, self._now()) if answer.is_good else None
        if report is not None:
            registration = Registration(report, wish.campaign_key, wish.message_class, wish.tags)
            if registering.refusal(registration) is None:
                self._book.write_later(lambda connection: self._register(connection, registration), report.message_id)
        return answers.passed_on(answer, {REGISTERED: "no", **_retrying(answer)})

    def _register(self, connection: sa.Connection, registration: Registration) -> bool:
        return bool(meeting.register_named(connection, [registration], self._rules(), door=DOOR, now=self._now()))

    def _taken_in(self, intent: IntentRow, wish: Wish, answer: Reply) -> Response:
        """Register the message before its sender hears of it."""
        report = _report(answer, wish.send_at, self._now())
        if report is None:
            reason = f"Telnyx answered {answer.status}, but with no message that can be read"
            self._end(intent, self._unknown, answer.status, reason)
            return answers.passed_on(answer, {REGISTERED: "no"})

        def take_in(connection: sa.Connection) -> bool:
            registered = intending.answered(
                connection, intent, report, self._rules(), http_status=answer.status, now=self._now()
            )
            return registered is not None

        if not intending.is_scheduled(report):
            # There is nothing more to be done about it: its sender need not wait.
            self._book.write_soon(take_in, f"request {intent.id}, message {report.message_id}")
            return answers.passed_on(answer)
        is_registered = self._keep(take_in, f"request {intent.id}, message {report.message_id}")
        return answers.passed_on(answer, {REGISTERED: "yes" if is_registered else "no"})

    def _declined(self, intent: IntentRow, answer: Reply) -> Response:
        reason = f"Telnyx answered {answer.status}"
        if not is_declined(answer.status):
            self._end(intent, self._unknown, answer.status, reason)
            return answers.passed_on(answer, _retrying(answer))

        errors = passing.errors(answer.body)

        def take_in(connection: sa.Connection) -> bool:
            now = self._now()
            said = hearing.words_in_refusal(connection, intent, errors, now=now)
            decided = consenting.hear(connection, said, self._rules(), now=now) if said else {}
            intending.declined(connection, intent, http_status=answer.status, reason=reason, now=now)
            return bool(decided)

        self._keep(take_in, f"request {intent.id}")
        return answers.passed_on(answer)

    def _unanswered(self, intent: IntentRow, answer: Silence) -> Response:
        ending = self._unknown if answer.has_left else intending.declined
        self._end(intent, ending, None, answer.reason)
        return answers.silence(answer, is_harmless=False)

    def _unknown(
        self, connection: sa.Connection, intent: IntentRow, *, http_status: int | None, reason: str, now: datetime
    ) -> None:
        intending.unknown(connection, intent, self._rules(), http_status=http_status, reason=reason, now=now)

    def _end(self, intent: IntentRow, ending: Ending, http_status: int | None, reason: str) -> None:
        def end(connection: sa.Connection) -> bool:
            ending(connection, intent, http_status=http_status, reason=reason, now=self._now())
            return False

        self._keep(end, f"request {intent.id}")

    def _keep(self, work: Callable[[sa.Connection], bool], about: str) -> bool:
        """Write what came of a request, later if not now: Telnyx has answered, and its answer is given whatever we do.

        Return what the work returns, or False. When it returns True, there is more to do, and the bell is rung.
        """
        try:
            if self._book.write(work):
                self._ring()
                return True
        except StoreUnavailable as error:
            self._log.error("door_answer_not_kept", about=about, reason=str(error))
            self._book.write_later(work, about)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not hide that the message was sent
            self._log.error("bug", about=about, error=type(error).__name__, exc_info=error)
        return False


def _wish(call: Call) -> Wish:
    passing.refuse_query(call.query)
    outgoing, said = passing.outgoing(call.body), passing.said(call.ours)
    waits = call.path in _SCHEDULES
    return Wish(
        path=call.path[:255],
        recipients=outgoing.recipients,
        from_number=outgoing.from_number,
        messaging_profile_id=outgoing.messaging_profile_id,
        campaign_key=said.campaign_key,
        message_class=said.message_class,
        tags=said.tags,
        send_at=outgoing.send_at if waits else None,
        text_digest=outgoing.text_digest,
        fingerprint=outgoing.fingerprint,
        body_digest=outgoing.body_digest,
    )


def _report(answer: Reply, send_at: datetime | None, now: datetime) -> MessageReport | None:
    """Return what an answer says of the message that was made, or None when it cannot be read."""
    try:
        body = strict_json.read(answer.body)
        if not isinstance(body, dict):
            return None
        report = message.registered(body, send_at=send_at, now=now)
        if any(each.status == Status.SCHEDULED for each in report.addressees):
            return report
        # It goes out at once, whatever was asked for, unless the answer itself says otherwise.
        return message.registered(body, send_at=None, now=now)
    except (ValueError, RequestInvalid):
        return None


def _retrying(answer: Reply) -> dict[str, str]:
    return {} if answer.is_good or is_declined(answer.status) else dict(NO_RETRY)
