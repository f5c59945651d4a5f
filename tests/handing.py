"""Hand-overs as a failover process sends them, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.test import TestResponse

from schemas import handover
from schemas.handover import HANDOVER_PATH, Handed
from schemas.secret import Secret
from tests import telnyx_signing as telnyx
from tests.receiving_world import Receiver
from webhook_app import handover_seal

SECRET = "a-secret-that-failover-and-primary-share"


def handed(
    row_id: int, event: dict[str, Any] | bytes, *, received_at: datetime, signed_at: datetime | None = None
) -> Handed:
    """An event as it comes from the spool, signed when it was received unless another time is given."""
    raw = event if isinstance(event, bytes) else telnyx.raw(event)
    headers = telnyx.headers(raw, signed_at or received_at)
    return Handed(row_id, received_at, raw, headers["telnyx-signature-ed25519"], headers["telnyx-timestamp"])


def body_of(*events: Handed) -> bytes:
    return handover.request([handover.encoded(each) for each in events])


def sealing(body: bytes, at: datetime, *, secret: str = SECRET) -> dict[str, str]:
    """The headers that seal a body at a time."""
    return handover_seal.sealed(body, Secret(secret), now=at).headers


def post(primary: Receiver, body: bytes, headers: Mapping[str, str]) -> TestResponse:
    return primary.client.post(HANDOVER_PATH, data=body, headers=dict(headers))


def hand_over(primary: Receiver, *events: Handed) -> TestResponse:
    """Hand events over now, sealed as it should be."""
    body = body_of(*events)
    return post(primary, body, sealing(body, primary.now))


def verdicts(answer: TestResponse) -> dict[int, str]:
    assert answer.status_code == 200, answer.text
    return {each["id"]: each["verdict"] for each in answer.json["data"]}
