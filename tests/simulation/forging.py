"""What Telnyx did not sign: it changes nothing, wherever it comes in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from schemas.envelope import FAILOVER_PATH, WEBHOOK_PATH
from tests import telnyx_signing
from tests.simulation import looking

if TYPE_CHECKING:
    from tests.simulation.world import World

Headers = dict[str, str]


def _nothing(_: bytes, __: Headers) -> Headers:
    return {}


def _other_key(body: bytes, headers: Headers) -> Headers:
    return telnyx_signing.headers(body, headers["telnyx-timestamp"], key=telnyx_signing.OTHER_KEY)


def _public_key(body: bytes, headers: Headers) -> Headers:
    told = headers["telnyx-timestamp"].encode() + b"|" + body
    mac = hmac.new(base64.b64decode(telnyx_signing.PUBLIC_KEY), told, hashlib.sha512).digest()
    return {**headers, "telnyx-signature-ed25519": base64.b64encode(mac).decode()}


def _other_time(_: bytes, headers: Headers) -> Headers:
    return {**headers, "telnyx-timestamp": str(int(headers["telnyx-timestamp"]) + 1)}


def _other_body(body: bytes, _: Headers) -> Headers:
    return telnyx_signing.headers(body + b" ", 1_777_777_777)


WAYS: dict[str, Callable[[bytes, Headers], Headers]] = {
    "without headers": _nothing,
    "with another key": _other_key,
    "with the public key": _public_key,
    "of another second": _other_time,
    "of another body": _other_body,
}


def forge(world: World, how: str, *, to_failover: bool) -> None:
    """Post a STOP that nobody signed, and see that it had no effect."""
    body = json.dumps({"data": {"event_type": "message.received", "id": "forged", "payload": {"id": "x"}}}).encode()
    headers = WAYS[how](body, telnyx_signing.headers(body, world.clock.ours()))
    eyes = world.stores.of["eyes"]
    before, asked = looking.dump(eyes), len(world.telnyx.log)
    if to_failover:
        answer = world.play("failover", lambda: world.failover.client.post(FAILOVER_PATH, data=body, headers=headers))
    else:
        answer = world.post(WEBHOOK_PATH, body, headers)
    world.tell(f"forged {how}: {answer.status_code if answer else 'no answer'}")
    assert answer is None or answer.status_code in {401, 500}, answer.status_code
    assert looking.dump(eyes) == before
    assert len(world.telnyx.log) == asked
    assert all(row.event_id != "forged" for row in world.spooled())
