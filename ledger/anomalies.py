"""Find the campaigns that are to be held because too much of what they sent lately went wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from core import facts
from core.deciding import Act, Rules, Verdict
from core.facts import Need
from core.policies import anomaly
from core.scopes import Scope
from core.spans import SPAN
from ledger.gathering import tallies
from ledger.gathering.campaigns import Campaigns
from store import reviews
from store import tallies as counted

#: What trips a campaign ended a moment ago.
_LATELY = 2 * SPAN


def standing(
    connection: sa.Connection, rules: Rules, *, besides: Collection[str], now: datetime
) -> Mapping[str, Verdict]:
    """Return the campaigns that are to be held, by name, each with the verdict that its messages get.

    Those are looked at of which something ended lately, and those that are given ``besides``.
    """
    rule = next((rule for rule in rules if rule.name == anomaly.NAME), None)
    if rule is None:
        return {}
    names = {*counted.lately_ended(connection, since=now - _LATELY), *besides}
    known = Campaigns(connection, names)
    called = {name: frozenset(known.one_with(frozenset({name}))) for name in names}
    told = tallies.of_campaigns(connection, set(called.values()), since=now - rule.needs[Need.TALLIES].back)
    verdicts = {
        name: rule.judge(facts.about(now=now, campaign_key=name, tallies=told[called[name]])) for name in sorted(names)
    }
    return {name: verdict for name, verdict in verdicts.items() if verdict.act is not Act.ALLOW}


def call_for_review(connection: sa.Connection, campaign: str, *, now: datetime) -> None:
    """Have the pending messages of a campaign decided on again."""
    reviews.request(connection, Scope.CAMPAIGN, campaign, event_id=None, known_at=now)
