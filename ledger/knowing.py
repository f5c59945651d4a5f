"""Tell since when there was a reason to cancel a message that is cancelled too late.

What comes up past a message's deadline is no fault of ours. But the message may have had another reason for long,
which nobody has acted on: its review was not carried out yet, or its last look was missed. Then that one is what
it should have been cancelled for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.deadlines import deadline, last_look
from core.deciding import Act, Decision, Mode, Verdict
from store import decisions, reviews
from store.messages import MessageRow


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to cancel, and from when on it was one that we knew."""

    policy: str
    text: str
    known_at: datetime


def reasons(
    connection: sa.Connection,
    rows: Collection[MessageRow],
    standing: Mapping[str, Decision],
    heard_at: Mapping[str, datetime],
) -> dict[str, Reason]:
    """Return what each of these messages is to be cancelled for: what decided, or what was known before it was late.

    The decisions must be on record. ``heard_at`` is when that which called for each reached us.
    """
    found = {row.id: _deciding(standing[row.id], heard_at[row.id]) for row in rows}
    late = [(row, row.send_at) for row in rows if row.send_at and found[row.id].known_at >= deadline(row.send_at)]
    under_review = reviews.unfinished_causes(connection) if late else {}
    for row, send_at in late:
        objections = [
            each for mode, each in standing[row.id].verdicts if mode is Mode.ENFORCE and each.act is not Act.ALLOW
        ]
        told_at = _objecting_since(connection, row.id, {each.policy for each in objections})
        deciding = found[row.id]
        older = [_known(each, told_at, under_review, deciding.known_at, send_at) for each in objections]
        found[row.id] = min([deciding, *older], key=lambda reason: reason.known_at)
    return found


def _deciding(decision: Decision, heard_at: datetime) -> Reason:
    return Reason(decision.policy or "", decision.reason, max(heard_at, decision.since or heard_at))


def _known(
    verdict: Verdict,
    told_at: Mapping[str, datetime],
    under_review: Mapping[str, datetime],
    otherwise: datetime,
    send_at: datetime,
) -> Reason:
    """Return one objection as a reason; what is merely held has to be cancelled from its last look on."""
    times = [verdict.known_at, told_at.get(verdict.policy), under_review.get(verdict.event_id or "")]
    known_at = min((at for at in times if at is not None), default=otherwise)
    if verdict.act is Act.HOLD:
        known_at = max(known_at, last_look(send_at))
    return Reason(verdict.policy, verdict.reason, known_at)


def _objecting_since(connection: sa.Connection, message_id: str, policies: set[str]) -> dict[str, datetime]:
    """Return since which decision each of these policies has objected, if it has in every one from there on."""
    *before, _ = (row for row in decisions.of(connection, message_id) if row.mode == Mode.ENFORCE)
    since: dict[str, datetime] = {}
    for row in reversed(before):
        policies = policies & {
            str(told["policy"])
            for told in row.verdicts
            if told["mode"] == Mode.ENFORCE and told["verdict"] != Act.ALLOW
        }
        since |= dict.fromkeys(policies, row.decided_at)
    return since
