"""What happened lately to the messages of the campaigns that messages belong to, counted by spans of five minutes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.facts import Tally
from core.spans import SPAM_CODES, span_of
from ledger.gathering.subjects import Subject
from store import tallies
from store.tallies import Counted


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Tally, ...]]:
    """Return what happened to each message's campaign, under all its names, so far back; nothing without a campaign."""
    # Those of one batch are decided on at one moment.
    names = {subject.id: frozenset(subject.campaigns) for subject in subjects}
    told = of_campaigns(connection, set(names.values()), since=subjects[0].now - back)
    return {message_id: told[campaign] for message_id, campaign in names.items() if campaign}


def of_campaigns(
    connection: sa.Connection, campaigns: Collection[frozenset[str]], *, since: datetime
) -> Mapping[frozenset[str], tuple[Tally, ...]]:
    """Return what happened since then to each of these campaigns, that are given by all their names, in order."""
    return {campaign: in_spans(minutes) for campaign, minutes in by_minute(connection, campaigns, since=since).items()}


def by_minute(
    connection: sa.Connection, campaigns: Collection[frozenset[str]], *, since: datetime
) -> Mapping[frozenset[str], Sequence[Counted]]:
    """Return the same by the minute, in no order."""
    names = {name for campaign in campaigns for name in campaign}
    counted = defaultdict[str, list[Counted]](list)
    for each in tallies.ended(connection, names, spam=SPAM_CODES, since=span_of(since)):
        counted[each.campaign_key].append(each)
    for each in tallies.opted_out(connection, names, since=span_of(since)):
        counted[each.campaign_key].append(each)
    return {campaign: [each for name in campaign for each in counted.get(name, ())] for campaign in campaigns}


def in_spans(counted: Iterable[Counted]) -> tuple[Tally, ...]:
    """Return what was counted by the minute in spans of five, in order."""
    by_span = defaultdict[datetime, list[Counted]](list)
    for each in counted:
        by_span[span_of(each.at)].append(each)
    return tuple(
        Tally(
            at,
            ended=sum(each.ended for each in minutes),
            failed=sum(each.failed for each in minutes),
            spam=sum(each.spam for each in minutes),
            opted_out=sum(each.opted_out for each in minutes),
        )
        for at, minutes in sorted(by_span.items())
    )
