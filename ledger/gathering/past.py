"""Gather what was known of messages at earlier moments, each at its own, as if it were decided on then.

What has no history is given as it is today: what was told of people, which names make one campaign, until when a gate
stands, how a message ended of which one thing was told after another, and its sender, profile and TCR id, of which
webhooks may have told later. A text counts from when it was said, even if a decision made in hindsight passed over it,
and what one transaction decided in several steps counts as decided at once. Of what a day's messages cost nothing can
be told any more; see ``UNTOLD``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.campaigns import Campaign
from core.facts import Facts, Need
from ledger.gathering import past_sources, past_traffic, people
from ledger.gathering.campaigns import Campaigns, names_of
from ledger.gathering.facts import Needs, facts_of, found_by, heard, subject_of, told_of
from ledger.gathering.subjects import Source
from store import campaigns, consents, holds, messages
from store.messages import MessageRow

#: Kinds of fact that cannot be gathered any more.
UNTOLD = frozenset({Need.SPENDING})

_SOURCES: Mapping[Need, Source] = {
    Need.PEOPLE: people.find,
    Need.TRAFFIC: past_traffic.find,
    Need.INBOUND: past_sources.inbound_then,
    Need.SIGNALS: past_sources.signals_then,
    Need.OUTCOMES: past_sources.outcomes_then,
    Need.SENDER_OUTCOMES: past_sources.sender_outcomes_then,
    Need.TALLIES: past_sources.tallies_then,
}


@dataclass(frozen=True, slots=True)
class Look:
    """A message, and the moment at which it was decided on."""

    row: MessageRow
    """It must have a time of sending."""
    at: datetime
    is_last: bool


def gather(connection: sa.Connection, looks: Sequence[Look], needs: Needs) -> dict[str, Facts]:
    """Return what was known of each message then. No need may be one of ``UNTOLD``."""
    if not looks:
        return {}
    found = messages.recipients_of(connection, {look.row.id for look in looks})
    to = {of: tuple(each.phone_number for each in each_of) for of, each_of in found.items()}
    words = consents.heard_from(connection, {number for numbers in to.values() for number in numbers})
    known = Campaigns(connection, {name for look in looks for name in names_of(look.row)})
    subjects = [subject_of(look.row, to.get(look.row.id, ()), known, look.at) for look in looks]
    were = campaigns.history(connection, {each.key for subject in subjects for each in known.of(subject.row)})
    gates = holds.standing_between(connection, min(look.at for look in looks), max(look.at for look in looks))
    needed = found_by(_SOURCES, connection, subjects, needs)
    return {
        subject.id: facts_of(
            subject,
            is_last=look.is_last,
            gates=[row.hold for row in gates if row.stood(look.at)],
            consents=tuple(heard(subject, words, until=look.at)),
            campaigns=tuple(_as_it_was(each, were, look.at) for each in known.of(subject.row)),
            **told_of(subject, needed),
        )
        for look, subject in zip(looks, subjects, strict=True)
    }


def _as_it_was(campaign: Campaign, were: Mapping[str, Sequence[tuple[datetime, Campaign]]], at: datetime) -> Campaign:
    """Return what a campaign was; before anything was said of it, it was active."""
    earlier = [was for changed_at, was in were.get(campaign.key, ()) if changed_at <= at]
    return earlier[-1] if earlier else Campaign(campaign.key)
