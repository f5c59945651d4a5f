"""Taking over what the failover process has received: each event is judged as if Telnyx had delivered it here, then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from flask import Blueprint, Response, request
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import NotImplemented as NotImplementedHere
from werkzeug.exceptions import Unauthorized

from core.errors import SignatureInvalid, SignatureStale
from core.inbox import Acceptance
from schemas import handover as wire
from schemas.handover import HANDOVER_PATH, Handed, Ruling, Unreadable, Verdict, VersionUnknown
from schemas.secret import Secret
from store import nonces
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from webhook_app import admission, handover_seal, receiving
from webhook_app.bulkhead import Bulkhead
from webhook_app.log import Refusals
from webhook_app.signature import Verifier

_SOURCE = "failover"
#: Threads that hand-overs may take from webhooks: one for the failover process, one for an operator's ``--now``.
_AT_ONCE = 2
#: How far the clock by which an event was received may be ahead of ours.
_AHEAD = timedelta(minutes=5)
#: The seal of a clock that is ahead is good for longer than the window; its nonce is remembered until then.
_REMEMBERED = 2 * handover_seal.WINDOW
_UNSEALED = "The hand-over is not sealed with this server's secret, or not now, or it was here before."


def blueprint(
    *,
    secret: Secret,
    verifier: Verifier,
    commit: GroupCommit,
    ring: Callable[[], None],
    clock: Callable[[], datetime],
    log: FilteringBoundLogger,
) -> Blueprint:
    """Return the primary's side of it. ``ring`` says that there is work, and must neither block nor raise."""
    routes = Blueprint("handover", __name__)
    refusals = Refusals(log, told_as="handover_refused")
    bulkhead = Bulkhead(places=_AT_ONCE, told="Too many hand-overs are under way.")
    routes.before_request(bulkhead.enter)
    routes.teardown_request(bulkhead.leave)

    @routes.post(HANDOVER_PATH, provide_automatic_options=False)
    def take_over() -> Response:
        """Take events over, and answer what became of each once all that are kept are committed.

        Without events it is a question: the answer says that the secret is right and that the database can be written.
        """
        now = clock()
        judged = [_judged(each, verifier=verifier, now=now) for each in _read(genuine_body(now))]
        rulings = keep(judged)
        if any(ruling.verdict is Verdict.ACCEPTED for ruling in rulings):
            ring()
        if rulings:
            log.info("taken_over", **Counter(ruling.verdict.value for ruling in rulings))
        return Response(wire.answer(rulings), mimetype="application/json")

    def genuine_body(now: datetime) -> bytes:
        try:
            seal = handover_seal.read(request.environ, now=now)
            body = admission.body_of(request.environ, limit=wire.MAX_BODY)
            handover_seal.require_genuine(seal, body, secret)
            use_up(seal.nonce, now)
        except (SignatureInvalid, SignatureStale) as error:
            refusals.note(str(error))
            raise Unauthorized(_UNSEALED) from None
        return body

    def use_up(nonce: str, now: datetime) -> None:
        """Record the nonce before anything else is: a request that was recorded and sent again changes nothing."""
        long_ago = now - _REMEMBERED
        if not commit.run(lambda connection: nonces.use(connection, nonce, now=now, forget_before=long_ago)):
            raise SignatureInvalid("the nonce was used before")

    def keep(judged: Sequence[tuple[int, NewEvent] | Ruling]) -> list[Ruling]:
        """Commit the events all at once, and return the ruling on each in order."""
        events = [each[1] for each in judged if not isinstance(each, Ruling)]
        accepted = iter(commit.put_all(events) if events else ())
        return [each if isinstance(each, Ruling) else _ruling(*each, next(accepted)) for each in judged]

    return routes


def _read(body: bytes) -> list[Handed | Unreadable]:
    try:
        return wire.read_request(body)
    except VersionUnknown as error:
        # Nothing is wrong with the events, so the sender must keep them: a later release will know.
        raise NotImplementedHere(str(error)) from None


def _judged(handed: Handed | Unreadable, *, verifier: Verifier, now: datetime) -> tuple[int, NewEvent] | Ruling:
    """Return the row that the event becomes here, or the ruling that it becomes none."""
    if isinstance(handed, Unreadable):
        return Ruling(handed.id, Verdict.REFUSED, handed.reason)
    if len(handed.raw) > admission.MAX_BODY:
        return Ruling(handed.id, Verdict.REFUSED, "raw: is longer than a webhook may be")
    if handed.received_at > now + _AHEAD:
        return Ruling(handed.id, Verdict.REFUSED, "received_at: lies in the future")
    try:
        signed = verifier.verify(handed.raw, signature=handed.signature, timestamp=handed.timestamp)
    except SignatureInvalid as error:
        return Ruling(handed.id, Verdict.REFUSED, f"not signed by Telnyx: {error}")
    try:
        verifier.require_fresh(signed, received_at=handed.received_at)
    except SignatureStale:
        return handed.id, receiving.held(signed, handed.received_at, source=_SOURCE)
    return handed.id, receiving.event(signed, handed.received_at, source=_SOURCE)


def _ruling(row_id: int, event: NewEvent, acceptance: Acceptance) -> Ruling:
    kept_as = None if acceptance in {Acceptance.ACCEPTED, Acceptance.DUPLICATE} else event.reason
    return Ruling(row_id, Verdict(acceptance), kept_as)
