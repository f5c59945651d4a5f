"""What Telnyx would send: webhooks under ids of their own, signed, and one message scheduled for each person."""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from nacl.signing import SigningKey

from tests import telnyx_signing

PUBLIC_KEY = telnyx_signing.PUBLIC_KEY
PROFILE = "4001a7b2-0000-4000-8000-0000000000fa"
OURS = "+15557650900"
_BLOCK = 40


class Kind(StrEnum):
    """What one errand of the client is about."""

    STATUS = "status"
    STOP = "stop"
    TEXT = "text"
    REGISTER = "register"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing that the client has to see through."""

    kind: Kind
    id: str
    """The event's id; of a registration, what it is told by."""
    body: dict[str, Any]
    phone_number: str = "-"


_TEMPLATES = {
    name: json.dumps(telnyx_signing.event(name)["data"])
    for name in ("message.sent", "message.finalized.delivered", "message.received.stop", "message.received.text")
}


def errands(seed: int, *, first_person: int = 0) -> Iterator[Errand]:
    """Yield errands without end, the same for the same seed; texts and registrations of one person lie close.

    Of two people, each with a scheduled message, one texts STOP and the other something else.
    """
    # Under a name of its own: the simulator draws its ids from the bare seed, and two messages would be one.
    chance = random.Random(f"events {seed}")
    person = first_person
    while True:
        stops, stays = number_of(person), number_of(person + 1)
        person += 2
        block = [
            register(chance, stops),
            register(chance, stays),
            inbound(chance, stops, stops_it=True),
            inbound(chance, stays, stops_it=False),
            _forged(chance),
        ]
        while len(block) < _BLOCK:
            block += statuses(chance)
        chance.shuffle(block)
        yield from block


def number_of(person: int) -> str:
    """Return somebody's phone number."""
    return f"+1555{person:07d}"


def statuses(chance: random.Random) -> list[Errand]:
    """Return what Telnyx tells of a message that nobody registered: that it was sent, and that it arrived."""
    message_id = _id(chance)
    return [_status(chance, name, message_id) for name in ("message.sent", "message.finalized.delivered")]


def finalized(chance: random.Random) -> Errand:
    """Return the news that a message arrived."""
    return _status(chance, "message.finalized.delivered", _id(chance))


def inbound(chance: random.Random, sender: str, *, stops_it: bool) -> Errand:
    """Return a text that somebody sends: STOP, or something else."""
    data = _data("message.received.stop" if stops_it else "message.received.text", _id(chance))
    data["payload"] |= {"id": _id(chance), "messaging_profile_id": PROFILE, "received_at": data["occurred_at"]}
    data["payload"]["from"]["phone_number"] = sender
    data["payload"]["to"][0]["phone_number"] = OURS
    return Errand(Kind.STOP if stops_it else Kind.TEXT, data["id"], data, sender)


def register(chance: random.Random, to: str) -> Errand:
    """Return a message to be scheduled at Telnyx and then registered."""
    send_at = datetime.now(UTC) + timedelta(hours=20)
    body = {"from": OURS, "to": to, "text": "Spring sale", "messaging_profile_id": PROFILE}
    return Errand(Kind.REGISTER, _id(chance), body | {"send_at": send_at.isoformat()}, to)


def _forged(chance: random.Random) -> Errand:
    data = _data("message.received.stop", _id(chance))
    data["payload"]["id"] = _id(chance)
    return Errand(Kind.FORGED, data["id"], data, data["payload"]["from"]["phone_number"])


def _status(chance: random.Random, name: str, message_id: str) -> Errand:
    data = _data(name, _id(chance))
    data["payload"]["id"] = message_id
    data["payload"]["to"][0]["phone_number"] = number_of(9_000_000 + chance.randrange(900_000))
    return Errand(Kind.STATUS, data["id"], data)


def _data(name: str, event_id: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_TEMPLATES[name])
    return data | {"id": event_id, "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds")}


def _id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def delivery(errand: Errand, *, attempt: int, url: str) -> tuple[bytes, dict[str, str]]:
    """Return one attempt's body and headers, signed now; forged ones by a key that is not Telnyx's."""
    body = json.dumps({"data": errand.body, "meta": {"attempt": attempt, "delivered_to": url}}).encode()
    key = telnyx_signing.OTHER_KEY if errand.kind is Kind.FORGED else telnyx_signing.KEY
    return body, signed(body, key)


def signed(body: bytes, key: SigningKey) -> dict[str, str]:
    """Return the headers of a body that is signed now."""
    timestamp = str(int(datetime.now(UTC).timestamp()))
    signature = key.sign(timestamp.encode() + b"|" + body).signature
    return {
        "Content-Type": "application/json",
        "User-Agent": "telnyx-webhooks",
        "telnyx-timestamp": timestamp,
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
    }
