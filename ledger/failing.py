"""Hear that messages failed, or were delivered after others had failed: whose pending messages are decided on again.

Only when a rule that is asked looks at failures. What goes to the same recipients is decided on in the same
transaction, what the same senders send by and by: there may be a great deal of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from core import facts, failures
from core.deciding import Act, Rules
from core.facts import Ending, Need
from core.reports import MessageReport
from core.scopes import Scope
from core.statuses import RANK_OF_UNCONFIRMED, rank_of
from ledger import ending
from ledger.deciding import Cause
from ledger.gathering import outcomes as gathered
from store import outcomes, reviews


@dataclass(frozen=True, slots=True)
class Ended:
    """For whom, and from whom, messages ended, each with the event that is the cause of deciding again."""

    failed: Mapping[str, Cause] = field(default_factory=dict)
    """By recipient."""
    delivered: Mapping[str, Cause] = field(default_factory=dict)
    """Recipients to whom nothing failed besides."""
    senders: Mapping[str, Cause] = field(default_factory=dict)

    @property
    def recipients(self) -> frozenset[str]:
        """Return all for whom something ended."""
        return frozenset(self.failed) | frozenset(self.delivered)


def heard(told: Sequence[tuple[MessageReport, Cause]], rules: Rules) -> Ended:
    """Return for whom messages ended with a failure or a delivery, as far as a rule looks at that."""
    failed: dict[str, Cause] = {}
    delivered: dict[str, Cause] = {}
    senders: dict[str, Cause] = {}
    for report, cause in sorted(told, key=_by_weight):
        if report.direction != "outbound":
            continue
        for addressee in report.addressees:
            if rank_of(addressee.status) < RANK_OF_UNCONFIRMED:
                continue
            end = ending.of(addressee.status)
            if end is Ending.UNCONFIRMED:
                continue
            (failed if end is Ending.FAILED else delivered).setdefault(addressee.phone_number, cause)
            code, _ = failures.speaking(addressee.errors or ())
            if report.from_number and (end is Ending.DELIVERED or code in failures.OF_SENDERS):
                senders.setdefault(report.from_number, cause)
    looks_at_recipients = Need.OUTCOMES in rules.needs
    return Ended(
        failed if looks_at_recipients else {},
        {number: delivered[number] for number in delivered.keys() - failed.keys()} if looks_at_recipients else {},
        senders if Need.SENDER_OUTCOMES in rules.needs else {},
    )


def concerned(connection: sa.Connection, ended: Ended, rules: Rules, *, now: datetime) -> dict[str, Cause]:
    """Return the recipients whose pending messages are to be decided on again.

    They must be held under lock. A delivery changes something only for those to whom something had failed.
    """
    mended: Collection[str] = ()
    if ended.delivered:
        back = max(reach.back for reach in rules.needs[Need.OUTCOMES])
        mended = outcomes.failed_to(connection, ended.delivered.keys(), since=now - back)
    return {**ended.failed, **{number: ended.delivered[number] for number in mended}}


def standing(connection: sa.Connection, ended: Ended, rules: Rules, *, now: datetime) -> dict[str, tuple[Act, ...]]:
    """Return what the rules say at the moment of each of these senders, to be compared with what they say later."""
    if not ended.senders:
        return {}
    back = max(reach.back for reach in rules.needs[Need.SENDER_OUTCOMES])
    asked = [rule for rule in rules if Need.SENDER_OUTCOMES in rule.needs]
    said: dict[str, tuple[Act, ...]] = {}
    for sender in ended.senders:
        failed = gathered.of_sender(connection, sender, since=now - back)
        known = facts.about(now=now, from_number=sender, sender_outcomes=failed)
        said[sender] = tuple(rule.judge(known).act for rule in asked)
    return said


def call_for_reviews(
    connection: sa.Connection,
    ended: Ended,
    before: Mapping[str, tuple[Act, ...]],
    rules: Rules,
    *,
    now: datetime,
) -> None:
    """Order what is pending from those senders to be decided on again of whom the rules say something else now."""
    after = standing(connection, ended, rules, now=now)
    for sender in sorted(sender for sender in after if after[sender] != before[sender]):
        cause = ended.senders[sender]
        reviews.request(
            connection, Scope.SENDER, sender, event_id=cause.event_id, known_at=cause.known_at, acts=cause.acts
        )


def _by_weight(told: tuple[MessageReport, Cause]) -> tuple[bool, datetime, str]:
    """Sort causes: those that act first, then by when they reached us."""
    report, cause = told
    return not cause.acts, cause.known_at, report.source_id
