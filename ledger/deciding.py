"""Decide on pending messages: gather facts, run the policies, keep decisions, order or withdraw cancellations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import campaigns as campaign_names
from core.campaigns import Campaign
from core.deadlines import last_look
from core.deciding import Act, Decision, Facts, MessageClass, Mode, Rule, decide
from core.holds import Hold
from core.outcomes import LedgerState
from store import campaigns, cancellations, consents, decisions, holds, messages
from store.cancellations import NewCancellation
from store.decisions import DecisionRow
from store.messages import Looks, MessageRow


@dataclass(frozen=True, slots=True)
class Cause:
    """What called for a decision."""

    event_id: str | None
    known_at: datetime
    """When it reached us: from then on the message could have been cancelled."""
    acts: bool = True
    """False for a replay whose effects are off: it is decided as by a policy in shadow mode, and nothing is done."""


def decide_on(
    connection: sa.Connection,
    held: Collection[MessageRow],
    rules: Sequence[Rule],
    *,
    trigger: str,
    causes: Mapping[str, Cause],
    now: datetime,
    is_last: bool = False,
) -> dict[str, Decision]:
    """Decide on those of the messages that are pending, and return the decision that stands for each.

    The messages must be held under lock, so that facts read here cannot be older
    than another's decision. ``trigger`` names what called for deciding, ``causes``
    tells it for each message. ``is_last`` makes it their last look, be it earlier than usual.
    """
    pending = [row for row in held if row.ledger == LedgerState.PENDING and row.send_at is not None]
    gathered = gather(connection, pending, now=now, is_last=is_last)
    standing: dict[str, Decision] = {}
    kept: list[DecisionRow] = []
    for row in pending:
        made = decide(gathered[row.id], rules)
        standing[row.id] = made[0]
        kept += [_kept(row.id, decision, trigger, causes[row.id], now) for decision in made]
    decisions.add(connection, kept)
    acting = [row for row in pending if causes[row.id].acts]
    unwelcome = [row for row in acting if standing[row.id].verdict is Act.CANCEL]
    cancellations.request(connection, [_ordered(row, standing[row.id], causes[row.id], now) for row in unwelcome])
    welcome = [row.id for row in acting if standing[row.id].verdict is not Act.CANCEL]
    cancellations.withdraw(connection, welcome, now=now)
    looks = [(row, _looks(row, standing[row.id], now, is_last=is_last)) for row in acting]
    changed = [each for row, each in looks if (each.review_at, each.last_look_at) != (row.review_at, row.last_look_at)]
    messages.set_looks(connection, changed)
    return standing


def gather(
    connection: sa.Connection, rows: Collection[MessageRow], *, now: datetime, is_last: bool = False
) -> dict[str, Facts]:
    """Return all that is known of each scheduled message, in a handful of queries for all of them."""
    found = messages.recipients_of(connection, {row.id for row in rows})
    to = {row.id: tuple(recipient.phone_number for recipient in found.get(row.id, ())) for row in rows}
    return gather_of(connection, rows, to, now=now, is_last=is_last)


def gather_of(
    connection: sa.Connection,
    rows: Collection[MessageRow],
    to: Mapping[str, tuple[str, ...]],
    *,
    now: datetime,
    is_last: bool = False,
) -> dict[str, Facts]:
    """Do the same for messages that need not be held, each with the numbers that it goes ``to``."""
    words = consents.of(connection, {number for numbers in to.values() for number in numbers})
    known = _Campaigns(connection, {name for row in rows for name in names_of(row)})
    gates = holds.standing(connection, now=now) if rows else ()
    facts: dict[str, Facts] = {}
    for row in rows:
        assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
        facts[row.id] = Facts(
            now=now,
            message_id=row.id,
            send_at=row.send_at,
            scheduled_at=row.scheduled_at or row.registered_at or now,
            message_class=MessageClass(row.message_class or MessageClass.MARKETING),
            messaging_profile_id=row.messaging_profile_id,
            recipients=to[row.id],
            consents=tuple(word for number in to[row.id] for word in words.get(number, ())),
            campaigns=known.of(row),
            holds=tuple(
                hold
                for hold in gates
                if _covers(hold, row, to[row.id], known.names_of(row)) and not (is_last and _opens_before(hold, row))
            ),
            is_last=is_last,
        )
    return facts


def _covers(hold: Hold, row: MessageRow, recipients: tuple[str, ...], campaign_keys: Collection[str]) -> bool:
    return hold.covers(
        campaigns=campaign_keys,
        sender=row.from_number,
        recipients=recipients,
        profile=row.messaging_profile_id,
    )


def _opens_before(hold: Hold, row: MessageRow) -> bool:
    """Return True for a gate that opens by itself before the time at which the last look is usual."""
    return row.send_at is not None and hold.has_expired(last_look(row.send_at))


def names_of(row: MessageRow) -> frozenset[str]:
    """Return the names under which a message's campaign may be held."""
    return frozenset(name for name in (row.campaign_key, row.tcr_campaign_id) if name)


class _Campaigns:
    """The campaigns that some messages belong to, read once."""

    def __init__(self, connection: sa.Connection, names: set[str]) -> None:
        self._cache: dict[frozenset[str], tuple[Campaign, ...]] = {}
        self._held: dict[str, Campaign] = {}
        self._aliases: frozenset[tuple[str, str]] = frozenset()
        self._named: dict[str, Campaign] = {}
        if not names:
            return
        self._held = campaigns.find(connection, names)
        tied = {name for campaign in self._held.values() for name in campaign.names()} | names
        self._aliases = campaigns.aliases_of(connection, tied)
        further = tied | {name for pair in self._aliases for name in pair}
        self._held |= campaigns.find(connection, further - self._held.keys())
        self._named = {name: Campaign(name) for name in further} | self._held

    def of(self, row: MessageRow) -> tuple[Campaign, ...]:
        """Return a message's own campaign first, then those it is tied to."""
        names = names_of(row)
        if names not in self._cache:
            keys = campaign_names.linked(names, self._held, self._aliases)
            self._cache[names] = tuple(self._held[key] for key in keys)
        return tuple(sorted(self._cache[names], key=lambda campaign: campaign.key != row.campaign_key))

    def names_of(self, row: MessageRow) -> Collection[str]:
        """Return every name that the message's campaign goes by, those included that nothing else is held under."""
        return campaign_names.linked(names_of(row), self._named, self._aliases)


def _looks(row: MessageRow, decision: Decision, now: datetime, *, is_last: bool) -> Looks:
    """Return when to look next; a decision from the last look on is the last, unless the message is put off."""
    assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
    is_last = is_last or now >= last_look(row.send_at)
    return Looks(row.id, decision.review_at, (row.last_look_at or now) if is_last else None)


def _kept(message_id: str, decision: Decision, trigger: str, cause: Cause, now: datetime) -> DecisionRow:
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
        }
        for mode, verdict in decision.verdicts
    ]


def _ordered(row: MessageRow, decision: Decision, cause: Cause, now: datetime) -> NewCancellation:
    assert row.send_at is not None  # noqa: S101 - messages without a time are never pending
    return NewCancellation(
        message_id=row.id,
        policy=decision.policy or "",
        reason=decision.reason,
        priority=decision.priority,
        send_at=row.send_at,
        registered_at=row.registered_at or now,
        requested_at=now,
        known_at=max(cause.known_at, decision.since or cause.known_at),
    )
