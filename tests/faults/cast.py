"""The people of the failpoint matrix: for every place and fault some with a message scheduled, one who opted out."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.failpoints import Fault
from tests.faults import calls, events
from tests.faults.book import Entry
from tests.faults.events import Errand, Kind
from tests.faults.failpoints import FAULTS, PLACES, Place
from tests.faults.figures import Failed
from tests.faults.world import World

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Part:
    """One event of one run."""

    place: Place
    fault: Fault
    kind: Kind
    is_retried: bool
    """Whether the sender tries again when it was not answered."""
    errand: Errand
    message_id: str
    """What it is about: the message that is to be cancelled, or that has arrived."""
    answer: dict[str, Any]
    """Of a registration, what Telnyx answered when it was scheduled."""

    @property
    def name(self) -> str:
        retried = "" if self.is_retried else ", never again"
        return f"{self.place.failpoint}:{self.fault}, {self.kind}{retried}"


class Cast:
    """Everybody, with what has to be known before the first failpoint strikes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = random.Random(f"cast {world.setting.seed}")
        self._people = iter(range(1_000_000))
        self.promised: dict[Entry, dict[str, str]] = {entry: {} for entry in Entry}
        self.parts = [part for place in PLACES for fault in FAULTS for part in self._parts(place, fault)]
        self._register([part.answer for part in self.parts if part.kind is Kind.STOP])
        for part in self.parts:
            if part.kind is Kind.REGISTER:
                self._opt_out(part.errand.phone_number)

    def of(self, place: Place, fault: Fault) -> list[Part]:
        return [part for part in self.parts if part.place is place and part.fault is fault]

    def _parts(self, place: Place, fault: Fault) -> Iterator[Part]:
        for is_retried in (True, False):
            person = events.number_of(next(self._people))
            stop = events.inbound(self._chance, person, stops_it=True)
            answer = self._scheduled(person)
            yield Part(place, fault, Kind.STOP, is_retried, stop, answer["id"], answer)
            news = events.finalized(self._chance)
            yield Part(place, fault, Kind.STATUS, is_retried, news, news.body["payload"]["id"], {})
        person = events.number_of(next(self._people))
        answer = self._scheduled(person)
        registered = Errand(Kind.REGISTER, answer["id"], answer, person)
        yield Part(
            place, fault, Kind.REGISTER, is_retried=True, errand=registered, message_id=answer["id"], answer=answer
        )

    def _scheduled(self, to: str) -> dict[str, Any]:
        send_at = datetime.now(UTC) + timedelta(hours=20)
        answer = self._world.telnyx.schedule(
            to=to, sender=events.OURS, send_at=send_at, messaging_profile_id=events.PROFILE
        )
        self.promised[Entry.SCHEDULED][answer["id"]] = to
        return answer

    def _register(self, answers: list[dict[str, Any]]) -> None:
        for start in range(0, len(answers), _AT_ONCE):
            part = answers[start : start + _AT_ONCE]
            body = json.dumps({"messages": [{"data": answer} for answer in part]})
            if calls.call("POST", "/v1/messages", body, self._world.fleet.port) != 200:
                raise Failed("the messages of the matrix could not be registered")
            self.promised[Entry.REGISTERED] |= {answer["id"]: answer["to"][0]["phone_number"] for answer in part}

    def _opt_out(self, person: str) -> None:
        body = json.dumps({"phone_number": person, "reason": "asked by phone"})
        if calls.call("POST", "/v1/opt-outs", body, self._world.fleet.port) not in (200, 201):
            raise Failed("the opt-outs of the matrix could not be recorded")
        for entry in (Entry.STOP_TRIED, Entry.STOP_ACKED):
            self.promised[entry][f"by-phone:{person}"] = person
