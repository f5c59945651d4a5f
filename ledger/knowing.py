"""Tell since when there was a reason to cancel a message that is cancelled too late.

What comes up past a message's deadline is no fault of ours. But the message may have had another reason for long,
which nobody has acted on: its review was not carried out yet, or its last look was missed. Then that one is what
it should have been cancelled for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.deadlines import last_look
from core.deciding import Act, Decision, Mode, Verdict
from store import decisions, reviews


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to cancel, and from when on it was one that we knew."""

    policy: str
    text: str
    known_at: datetime


def first(
    connection: sa.Connection, message_id: str, send_at: datetime, decision: Decision, *, known_at: datetime
) -> Reason:
    """Return the reason that was known first, of all that are enforced; the one that decided was at ``known_at``.

    The decision must be on record. What is merely held has to be cancelled from its last look on.
    """
    deciding = Reason(decision.policy or "", decision.reason, known_at)
    objections = [each for mode, each in decision.verdicts if mode is Mode.ENFORCE and each.act is not Act.ALLOW]
    under_review = reviews.unfinished_causes(connection)
    told_at = _objecting_since(connection, message_id, {each.policy for each in objections})
    found = [deciding]
    for verdict in objections:
        times = [verdict.known_at, told_at.get(verdict.policy), under_review.get(verdict.event_id or "")]
        known = min((at for at in times if at is not None), default=known_at)
        found.append(Reason(verdict.policy, verdict.reason, _from(verdict, known, send_at)))
    return min(found, key=lambda reason: reason.known_at)


def _from(verdict: Verdict, known_at: datetime, send_at: datetime) -> datetime:
    return max(known_at, last_look(send_at)) if verdict.act is Act.HOLD else known_at


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
