"""Receiving Telnyx's webhooks: admit, verify, read, store, and only then answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Response, request
from structlog.typing import FilteringBoundLogger

from core.errors import SignatureInvalid, SignatureStale
from core.failpoints import Failpoint
from core.inbox import Acceptance, InboxStatus
from schemas import envelope
from store import failpoints
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from webhook_app import admission
from webhook_app.bulkhead import Bulkhead
from webhook_app.log import Refusals
from webhook_app.signature import Signed, Verifier

#: As many as are committed together. More at a time would make all of them late; Telnyx comes again.
_AT_ONCE = 64
_ANSWERS = {
    acceptance: f'{{"status":"{acceptance}"}}\n'.encode("ascii")
    for acceptance in (Acceptance.ACCEPTED, Acceptance.DUPLICATE, Acceptance.QUARANTINED)
}


def blueprint(
    *,
    paths: Sequence[str],
    source: str,
    verifier: Verifier,
    commit: GroupCommit,
    ring: Callable[[], None],
    clock: Callable[[], datetime],
    log: FilteringBoundLogger,
) -> Blueprint:
    """Return the receiver at some paths, of the primary or of the failover process.

    ``ring`` says that there is work, and must neither block nor raise.
    """
    receiver = Blueprint("receiving", __name__)
    refusals = Refusals(log)
    bulkhead = Bulkhead(places=_AT_ONCE, told="Too many events are being received at this moment.")

    def receive() -> Response:
        """Take one delivery and answer before doing any of the work.

        A 2xx promises only that the event survives a restart. So a database that cannot commit is a 503, while a dead
        Redis is a 200: the sweeper finds what nobody rang for, and another delivery would only bring the same event.
        """
        received_at = clock()
        failpoints.reach(Failpoint.V0)
        raw = admission.body_of(request.environ)
        with bulkhead.place():
            return take(raw, received_at)

    def take(raw: bytes, received_at: datetime) -> Response:
        signed = verified(raw)
        try:
            verifier.require_fresh(signed, received_at=received_at)
        except SignatureStale:
            # Telnyx did sign it: somebody may be replaying it, or our clock is wrong. Kept to look at, never applied.
            keep(held(signed, received_at, source=source))
            raise
        acceptance = keep(event(signed, received_at, source=source))
        if acceptance is Acceptance.ACCEPTED:
            ring()
            failpoints.reach(Failpoint.E1)
        failpoints.reach(Failpoint.A0)
        return Response(_ANSWERS[acceptance], mimetype="application/json")

    def verified(raw: bytes) -> Signed:
        try:
            return verifier.verify(
                raw,
                signature=request.environ.get("HTTP_TELNYX_SIGNATURE_ED25519"),
                timestamp=request.environ.get("HTTP_TELNYX_TIMESTAMP"),
            )
        except SignatureInvalid as error:
            refusals.note(str(error))
            raise

    def keep(delivered: NewEvent) -> Acceptance:
        failpoints.reach(Failpoint.I0)
        acceptance = commit.put(delivered)
        log.info(
            acceptance.value,
            event_id=delivered.event_id,
            event_type=delivered.event_type,
            attempt=delivered.attempt,
            reason=delivered.reason,
        )
        return acceptance

    for path in paths:
        receiver.add_url_rule(path, view_func=receive, methods=["POST"], provide_automatic_options=False)
    return receiver


def event(signed: Signed, received_at: datetime, *, source: str) -> NewEvent:
    """Return the event that was delivered, as a dead letter when it cannot be read."""
    return NewEvent(
        **envelope.told(signed.raw),
        received_at=received_at,
        source=source,
        raw=signed.raw,
        signature=signed.signature,
        signature_timestamp=signed.timestamp,
    )


def held(signed: Signed, received_at: datetime, *, source: str) -> NewEvent:
    """Return what was signed at another time, under a name that no fresh delivery of the same event has."""
    digest = hashlib.sha256(signed.raw).hexdigest()
    return replace(
        event(signed, received_at, source=source),
        event_id=f"{InboxStatus.STALE}:{digest}",
        status=InboxStatus.STALE,
        reason=f"signed at {signed.timestamp}, received at {received_at.timestamp():.0f}",
        digest=digest,
    )
