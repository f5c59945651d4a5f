"""Change campaigns: by our own word, or by the carriers' in a 10DLC event.

A change does not touch the campaign's messages itself, of which there may be
hundreds of thousands. It orders a review, which the workers carry out in batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from core import campaigns as campaign_names
from core.campaigns import Campaign, CampaignStatus, carrier_stamp
from core.errors import NotFound
from core.reports import CampaignReport
from core.scopes import Scope
from ledger import showing
from ledger.deciding import Cause
from store import campaigns, reviews

#: Who told of a tie that came with an event; one that came by a change is told by the campaign's key.
_CARRIERS = ""


@dataclass(frozen=True, slots=True)
class CampaignChange:
    """What is to change; a field that is None and not among ``clear`` stays as it is."""

    status: CampaignStatus | None = None
    ends_at: datetime | None = None
    tcr_campaign_id: str | None = None
    telnyx_campaign_id: str | None = None
    time_zone: str | None = None
    clear: frozenset[str] = frozenset()


def change(connection: sa.Connection, key: str, wanted: CampaignChange, *, cause: str, now: datetime) -> Campaign:
    """Change a campaign, making it when there is none, and order its messages to be decided on again."""
    tied = {name for name in (wanted.tcr_campaign_id, wanted.telnyx_campaign_id) if name}
    held = _hold(connection, {key} | tied)[key]
    told = {
        name: getattr(wanted, name)
        for name in ("status", "ends_at", "tcr_campaign_id", "telnyx_campaign_id", "time_zone")
        if getattr(wanted, name) is not None or name in wanted.clear
    }
    changes = {name: value for name, value in told.items() if value != getattr(held, name)}
    if not changes:
        return held
    if changes.keys() & {"status", "ends_at"}:
        changes["status_event_id"] = cause
    changed = replace(held, **changes)
    campaigns.update(connection, key, changes, now=now)
    campaigns.untie(connection, told_by=key)
    if changed.telnyx_campaign_id and changed.tcr_campaign_id:
        campaigns.tie(connection, changed.telnyx_campaign_id, changed.tcr_campaign_id, told_by=key)
    reviews.request(connection, Scope.CAMPAIGN, key, event_id=cause, known_at=now)
    return changed


def hear(
    connection: sa.Connection,
    reports: Sequence[tuple[CampaignReport, Cause]],
    *,
    besides: frozenset[str] = frozenset(),
    now: datetime,
) -> None:
    """Merge what the carriers say, each as the cause that it is, in any order to the same rows.

    ``besides`` are further campaigns to keep from changing, since all are to be held at once.
    """
    if not reports:
        if besides:
            campaigns.lock(connection, besides, to_change=False)
        return
    held = _hold(connection, {name for report, _ in reports for name in _names(report)} | besides)
    reviewed: dict[str, Cause] = {}
    for report, cause in reports:
        if report.telnyx_campaign_id and report.tcr_campaign_id:
            campaigns.tie(connection, report.telnyx_campaign_id, report.tcr_campaign_id, told_by=_CARRIERS)
            _call(reviewed, report.campaign_id, cause)
        if report.state is None:
            continue
        campaign = held[report.campaign_id]
        told = carrier_stamp(report.state, report.occurred_at, report.source_id)
        if campaign.carrier_stamp is not None and told < campaign.carrier_stamp:
            continue
        # The same word once more is an event that is replayed: what follows from it may not have been done yet.
        _call(reviewed, report.campaign_id, cause)
        if told == campaign.carrier_stamp:
            continue
        changes = {"carrier_state": report.state, "carrier_stamp": told, "carrier_event_id": report.source_id}
        campaigns.update(connection, report.campaign_id, changes, now=now)
        held[report.campaign_id] = replace(
            campaign, carrier_state=report.state, carrier_stamp=told, carrier_event_id=report.source_id
        )
    for key, cause in sorted(reviewed.items(), key=itemgetter(0)):
        reviews.request(
            connection, Scope.CAMPAIGN, key, event_id=cause.event_id, known_at=cause.known_at, acts=cause.acts
        )


def _call(reviewed: dict[str, Cause], key: str, cause: Cause) -> None:
    """Note the cause of a review; one that acts is not lost to a later one that does not."""
    if cause.acts or key not in reviewed or not reviewed[key].acts:
        reviewed[key] = cause


def _names(report: CampaignReport) -> set[str]:
    return {name for name in (report.campaign_id, report.telnyx_campaign_id, report.tcr_campaign_id) if name}


def _hold(connection: sa.Connection, names: set[str]) -> dict[str, Campaign]:
    """Lock campaigns for a change, and with them all whose messages it concerns.

    A registration holds only the names that its message bears, so a change
    under one name must hold the others too, or the two pass each other unseen.
    """
    held: dict[str, Campaign] = {}
    while missing := {each for name in names for each in affected_by(connection, name)[0]} - held.keys():
        held |= campaigns.lock(connection, missing, to_change=True)
    return held


def affected_by(connection: sa.Connection, key: str) -> tuple[set[str], set[str]]:
    """Return the campaign keys, and the carriers' ids, whose messages a change of this campaign concerns.

    A change of our own campaign concerns its own messages; a change of a
    carriers' campaign concerns all that is sent under any of its names.
    """
    registrations = {key}
    for pair in campaigns.aliases_of(connection, {key}):
        registrations |= set(pair)
    return registrations | set(campaigns.tied_to(connection, registrations)), registrations


def one_shown(connection: sa.Connection, key: str) -> dict[str, Any]:
    """Show the campaign held under a key, or under an id of the carriers'; raises NotFound."""
    row = campaigns.find(connection, {key}).get(key)
    if row is None:
        raise NotFound(f"no campaign {key!r} is known; it is made by a PUT, a registration or an event that names it")
    (told,) = shown(connection, [row])
    return told


def shown(connection: sa.Connection, rows: Sequence[Campaign]) -> list[dict[str, Any]]:
    """Show campaigns, each with what the carriers say of it under any of its names."""
    aliases = campaigns.aliases_of(connection, {name for row in rows for name in row.names()})
    names = {name for pair in aliases for name in pair}.union(*(row.names() for row in rows))
    held = campaigns.find(connection, names)
    by_name = {name: Campaign(name) for name in names}
    told = []
    for row in rows:
        one = campaign_names.linked(row.names(), by_name, aliases)
        told.append(
            showing.campaign(
                row,
                linked=[held[name] for name in one if name in held],
                aliases=frozenset(pair for pair in aliases if pair[0] in one),
            )
        )
    return told
