"""Decide on pending messages: gather facts, run the policies, keep decisions, order or withdraw cancellations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.deadlines import last_look
from core.deciding import Act, Decision, Mode, Rules, decide
from core.outcomes import LedgerState
from ledger import knowing
from ledger.gathering import facts
from ledger.knowing import Reason
from store import cancellations, decisions, messages
from store.cancellations import NewCancellation
from store.decisions import DecisionRow
from store.messages import Looks, MessageRow, RecipientRow


@dataclass(frozen=True, slots=True)
class Cause:
    """What called for a decision."""

    event_id: str | None
    known_at: datetime
    """When it reached us: from then on the message could have been cancelled."""
    acts: bool = True
    """False for a replay whose effects are off: it is decided as by a policy in shadow mode, and nothing is done."""
    is_first: bool = False
    """The message was never decided on before, so that there is nothing to take back."""
    lets_go: bool = True
    """False for a look that is the last for what it cancels, and for nothing else."""
    heard_until: datetime | None = None
    """Of what the recipients said only that counts which had reached us by then; None is all of it."""


def decide_on(
    connection: sa.Connection,
    held: Collection[MessageRow],
    rules: Rules,
    *,
    trigger: str,
    causes: Mapping[str, Cause],
    now: datetime,
    is_last: bool = False,
    recipients: Mapping[str, Sequence[RecipientRow]] = {},
) -> dict[str, Decision]:
    """Decide on those of the messages that are pending, and return the decision that stands for each.

    The messages must be held under lock, so that facts read here cannot be older
    than another's decision. ``trigger`` names what called for deciding, ``causes``
    tells it for each message. ``is_last`` makes it their last look, be it earlier than usual. ``recipients`` are
    those of messages of which they are known already.
    """
    pending = [row for row in held if row.ledger == LedgerState.PENDING and row.send_at is not None]
    gathered = facts.gather(
        connection,
        pending,
        rules.needs,
        now=now,
        is_last=is_last,
        recipients=recipients,
        heard_until={row.id: until for row in pending if (until := causes[row.id].heard_until)},
    )
    standing: dict[str, Decision] = {}
    kept: list[DecisionRow] = []
    for row in pending:
        made = decide(gathered[row.id], rules)
        standing[row.id] = made[0]
        kept += [_kept(row.id, decision, trigger, causes[row.id], rules, now) for decision in made]
    decisions.add(connection, kept)
    acting = [row for row in pending if causes[row.id].acts]
    unwelcome = [row for row in acting if standing[row.id].verdict is Act.CANCEL]
    reasons = knowing.reasons(connection, unwelcome, standing, {row.id: causes[row.id].known_at for row in unwelcome})
    cancellations.request(
        connection, [_ordered(row, reasons[row.id], standing[row.id].priority, now) for row in unwelcome]
    )
    welcome = [row.id for row in acting if standing[row.id].verdict is not Act.CANCEL and not causes[row.id].is_first]
    cancellations.withdraw(connection, welcome, now=now)
    lets_go = {row.id for row in acting if causes[row.id].lets_go or standing[row.id].verdict is Act.CANCEL}
    looks = [(row, _looks(row, standing[row.id], now, is_last=is_last and row.id in lets_go)) for row in acting]
    changed = [each for row, each in looks if (each.review_at, each.last_look_at) != (row.review_at, row.last_look_at)]
    messages.set_looks(connection, changed)
    return standing


def _looks(row: MessageRow, decision: Decision, now: datetime, *, is_last: bool) -> Looks:
    """Return when to look next; a decision from the last look on is the last, unless the message is put off."""
    assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
    is_last = is_last or now >= last_look(row.send_at)
    return Looks(row.id, decision.review_after(now), (row.last_look_at or now) if is_last else None)


def _kept(message_id: str, decision: Decision, trigger: str, cause: Cause, rules: Rules, now: datetime) -> DecisionRow:
    return DecisionRow(
        message_id=message_id,
        decided_at=now,
        trigger=trigger,
        verdict=decision.verdict,
        policy=decision.policy,
        mode=decision.mode if cause.acts else Mode.SHADOW,
        reason=decision.reason,
        facts=dict(decision.facts),
        verdicts=told(decision),
        event_id=decision.event_id or cause.event_id,
        rules=rules.digest,
    )


def told(decision: Decision) -> list[dict[str, object]]:
    """Return what every policy said, as it is kept."""
    return [
        {
            "policy": verdict.policy,
            "mode": mode,
            "verdict": verdict.act,
            "reason": verdict.reason,
            "facts": dict(verdict.facts),
            "event_id": verdict.event_id,
            **({"known_at": verdict.known_at.isoformat()} if verdict.known_at else {}),
        }
        for mode, verdict in decision.verdicts
    ]


def _ordered(row: MessageRow, reason: Reason, priority: int, now: datetime) -> NewCancellation:
    assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
    return NewCancellation(
        message_id=row.id,
        policy=reason.policy,
        reason=reason.text,
        priority=priority,
        send_at=row.send_at,
        registered_at=row.registered_at or now,
        requested_at=now,
        known_at=reason.known_at,
    )
