"""Telnyx as the simulation has it: messages, a clock that is right, webhooks, lists, and a log of what it was asked.

It is asked by calls instead of HTTP, in the shape of ``workers.telnyx.AsksTelnyx``. It cancels as documented: what is
scheduled, and more than a minute away by its own clock. It blocks nobody: whatever is not cancelled goes out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.cancelling import Answer, Trouble
from core.failpoints import Failpoint
from store import failpoints
from store.failpoints import Planned
from tests.simulation.clock import Clock
from tests.simulation.webhooks import Delivery, listed

OURS = "+15557650900"
PROFILE = "4001a7b2-0000-4000-8000-000000000001"
WALL = timedelta(seconds=60)
#: What its own STOP words are; it keeps a list of who said one.
_STOPS, _STARTS = {"STOP", "UNSUBSCRIBE"}, {"START"}


class Mood(StrEnum):
    """How the API answers."""

    OK = "ok"
    ERROR = "500"
    THROTTLED = "429"
    LOCKED = "401"
    TIMEOUT_APPLIED = "timeout applied"
    TIMEOUT_NOT_APPLIED = "timeout not applied"


@dataclass
class Sms:
    """A message to one recipient."""

    id: str
    to: str
    send_at: datetime
    scheduled_at: datetime
    text: str
    status: str = "scheduled"
    left_at: datetime | None = None
    cancelled_by: str | None = None

    def told(self, status: str | None = None) -> dict[str, Any]:
        """The message object; like Telnyx's own it does not say when it is to be sent."""
        status = status or self.status
        return {
            "record_type": "message",
            "direction": "outbound",
            "id": self.id,
            "type": "SMS",
            "messaging_profile_id": PROFILE,
            "from": {"phone_number": OURS, "carrier": "TELNYX LLC", "line_type": "VoIP"},
            "to": [{"phone_number": self.to, "status": status, "carrier": "T-MOBILE", "line_type": "Wireless"}],
            "text": self.text,
            "received_at": self.scheduled_at.isoformat(),
            "sent_at": self.left_at.isoformat() if self.left_at else None,
            "errors": [],
        }


@dataclass(frozen=True)
class Request:
    """One request, as Telnyx saw it."""

    action: str
    message_id: str
    at: datetime
    ours: datetime
    """The same moment by the clock of who asked."""
    mood: Mood
    status: int | None
    """None when no answer came."""
    cancelled: bool = False


@dataclass
class Telnyx:
    """The account."""

    clock: Clock
    wait: Callable[[timedelta], None]
    """Lets time pass, as a request that hangs does."""
    on_cancel: Callable[[str], None] = lambda _: None
    """Is told of each request to cancel before it is carried out."""
    messages: dict[str, Sms] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    opt_outs: list[dict[str, str]] = field(default_factory=list)
    log: list[Request] = field(default_factory=list)
    mood: Mood = Mood.OK
    longest: timedelta = timedelta(seconds=5)
    bad_answers: int | None = None
    """After so many it is well again; None: never by itself."""
    _named: int = 0

    def schedule(self, to: str, in_: timedelta, *, text: str = "Spring sale") -> Sms:
        made = Sms(self._id(1), to, self.clock.true + in_, self.clock.true, text)
        self.messages[made.id] = made
        return made

    def post(self, to: str, send_at: datetime, text: str) -> Answer:
        """Somebody asks to have a message scheduled."""
        mood = self._mood()
        made = (
            self.schedule(to, send_at - self.clock.true, text=text) if mood in {Mood.OK, Mood.TIMEOUT_APPLIED} else None
        )
        return _json(200, {"data": made.told()}) if made and mood is Mood.OK else self._refusal(mood, self.longest)

    def text(self, sender: str, words: str, occurred_at: datetime) -> Delivery:
        """Somebody texts us."""
        word = words.upper()
        if word in _STOPS | _STARTS:
            self.opt_outs = [row for row in self.opt_outs if row["to"] != sender]
        if word in _STOPS:
            created_at = self.clock.true.isoformat()
            told = {"to": sender, "messaging_profile_id": PROFILE, "keyword": word, "created_at": created_at}
            self.opt_outs.append({**told, "from": OURS})
        said = "STOP" if word in _STOPS else "START" if word in _STARTS else None
        payload = {
            "record_type": "message",
            "direction": "inbound",
            "id": self._id(2),
            "type": "SMS",
            "messaging_profile_id": PROFILE,
            "from": {"phone_number": sender, "carrier": "T-MOBILE", "line_type": "Wireless"},
            "to": [{"phone_number": OURS, "status": "webhook_delivered"}],
            "text": words,
            "autoresponse_type": said,
            "received_at": occurred_at.isoformat(),
        }
        return self._emit("message.received", occurred_at, payload)

    def tick(self) -> None:
        """Send what is due."""
        for sms in self.messages.values():
            if sms.status == "scheduled" and sms.send_at <= self.clock.true:
                self.send(sms, at=sms.send_at)

    def send(self, sms: Sms, *, at: datetime | None = None) -> None:
        """Send a message, whatever stands against it."""
        sms.status, sms.left_at = "delivered", at or self.clock.true
        self._emit("message.sent", sms.left_at, sms.told("sent"))
        self._emit("message.finalized", sms.left_at + timedelta(seconds=3), sms.told("delivered"))

    def cancel_here(self, sms: Sms, *, by: str) -> bool:
        """Cancel as the wall allows; return whether it was."""
        if sms.status != "scheduled" or sms.send_at - self.clock.true <= WALL:
            return False
        sms.status, sms.cancelled_by = "cancelled", by
        return True

    def cancel(self, message_id: str, timeout: timedelta) -> Answer:
        self.on_cancel(message_id)
        mood = self._mood()
        applies = mood in {Mood.OK, Mood.TIMEOUT_APPLIED}
        sms = self.messages.get(message_id)
        cancelled = applies and sms is not None and self.cancel_here(sms, by="us")
        asked_at, ours = self.clock.true, self.clock.ours()
        answer = self._cancelled(sms, done=cancelled) if mood is Mood.OK else self._refusal(mood, timeout)
        request = Request("DELETE", message_id, asked_at, ours, mood, answer.http_status, cancelled)
        self.log.append(request)
        try:
            failpoints.reach(Failpoint.D1)
        except Planned as error:
            # Nothing is raised to whoever asks.
            self.log[-1] = replace(request, mood=Mood.TIMEOUT_APPLIED, status=None)
            return Answer(text=str(error), trouble=Trouble.UNEXPECTED)
        return answer

    def retrieve(self, message_id: str, timeout: timedelta) -> Answer:
        mood = self._mood()
        sms = self.messages.get(message_id)
        asked_at, ours = self.clock.true, self.clock.ours()
        if mood is not Mood.OK:
            answer = self._refusal(mood, timeout)
        else:
            answer = _json(200, {"data": sms.told()}) if sms else _json(404, {"errors": [{"code": "10005"}]})
        self.log.append(Request("GET", message_id, asked_at, ours, mood, answer.http_status))
        return answer

    def page(self, listing: str, query: dict[str, str]) -> Answer:
        mood = self._mood()
        if mood is not Mood.OK:
            return self._refusal(mood, timedelta(seconds=15))
        if listing == "webhook_deliveries":
            return _json(200, listed(self.deliveries, query))
        since, until = (datetime.fromisoformat(query[f"created_at[{end}]"]) for end in ("gte", "lte"))
        found = [row for row in self.opt_outs if since <= datetime.fromisoformat(row["created_at"]) <= until]
        return _json(200, {"data": found if query["page[number]"] == "1" else [], "meta": {"total_pages": 1}})

    def close(self) -> None:
        """There is nothing to close."""

    def _mood(self) -> Mood:
        mood = self.mood
        if self.bad_answers is not None and mood is not Mood.OK:
            self.bad_answers -= 1
            if self.bad_answers == 0:
                self.mood, self.bad_answers = Mood.OK, None
        return mood

    def _refusal(self, mood: Mood, timeout: timedelta) -> Answer:
        match mood:
            case Mood.ERROR:
                return _json(500, {"errors": [{"code": "10007", "title": "Unexpected error"}]})
            case Mood.LOCKED:
                return _json(401, {"errors": [{"code": "10009", "title": "Authentication failed"}]})
            case Mood.THROTTLED:
                return Answer(http_status=429, text="{}", body={}, retry_after=timedelta(seconds=2))
        self.wait(min(timeout, timedelta(seconds=5)))
        return Answer(text="ReadTimeout", trouble=Trouble.TIMEOUT)

    def _cancelled(self, sms: Sms | None, *, done: bool) -> Answer:
        if sms is None:
            return _json(404, {"errors": [{"code": "10005", "title": "Resource not found"}]})
        return _json(200, sms.told()) if done else _json(422, {"errors": [{"code": "10027", "title": "Unprocessable"}]})

    def _emit(self, event_type: str, occurred_at: datetime, payload: dict[str, Any]) -> Delivery:
        data = {
            "event_type": event_type,
            "id": self._id(3),
            "occurred_at": occurred_at.isoformat(),
            "payload": payload,
            "record_type": "event",
        }
        delivery = Delivery(data, made_at=self.clock.true)
        self.deliveries.append(delivery)
        return delivery

    def _id(self, kind: int) -> str:
        self._named += 1
        return str(uuid.UUID(int=(kind << 112) | (4 << 76) | (8 << 60) | self._named))


def _json(status: int, body: Any) -> Answer:
    text = json.dumps(body)
    return Answer(http_status=status, text=text, body=json.loads(text))
