"""Campaigns: our own word on them, and the carriers'.

A campaign has a key. The carriers know it by two more names, Telnyx's UUID and
the id at The Campaign Registry (TCR); events use either, messages only the
latter. Rows that name each other's ids are one campaign.
Source: https://developers.telnyx.com/docs/messaging/10dlc/event-notifications
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import merging


class CampaignStatus(StrEnum):
    """What we ourselves say of a campaign."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class CarrierState(StrEnum):
    """What the carriers say of a campaign's 10DLC registration."""

    ACTIVE = "active"
    DORMANT = "dormant"
    """No traffic for long: suspended for inactivity."""
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    EXPIRED = "expired"
    """Telnyx: "suspended is reversible, expired is not"."""


#: At the same instant the worse word wins; ``expired`` outranks any later one.
_SEVERITY = {
    CarrierState.ACTIVE: 0,
    CarrierState.DORMANT: 1,
    CarrierState.SUSPENDED: 2,
    CarrierState.REJECTED: 3,
    CarrierState.EXPIRED: 4,
}

_BY_TCR_EVENT: dict[str, CarrierState] = {
    "CAMPAIGN_EXPIRED": CarrierState.EXPIRED,
    "MNO_CAMPAIGN_OPERATION_SUSPENDED": CarrierState.SUSPENDED,
    "MNO_CAMPAIGN_OPERATION_UNSUSPENDED": CarrierState.ACTIVE,
    "MNO_CAMPAIGN_OPERATION_REJECTED": CarrierState.REJECTED,
    "MNO_CAMPAIGN_OPERATION_APPROVED": CarrierState.ACTIVE,
}
_BY_STATUS: dict[str, CarrierState] = {
    "DORMANT": CarrierState.DORMANT,
    "SUSPENDED": CarrierState.SUSPENDED,
    "EXPIRED": CarrierState.EXPIRED,
    "REJECTED": CarrierState.REJECTED,
    "FAILED": CarrierState.REJECTED,
    "ACTIVE": CarrierState.ACTIVE,
    "ACCEPTED": CarrierState.ACTIVE,
    "TCR_SUSPENDED": CarrierState.SUSPENDED,
    "TCR_EXPIRED": CarrierState.EXPIRED,
    "TCR_FAILED": CarrierState.REJECTED,
    "TELNYX_FAILED": CarrierState.REJECTED,
    "MNO_REJECTED": CarrierState.REJECTED,
    "MNO_PROVISIONED": CarrierState.ACTIVE,
}
#: The kinds of ``10dlc.campaign.update`` whose ``status`` speaks of the campaign itself.
_STATUS_SPEAKS = {"REGISTRATION", "TELNYX_REVIEW", "MNO_REVIEW", "TELNYX_EVENT"}


def carrier_state(kind: str | None, tcr_event: str | None, status: str | None) -> CarrierState | None:
    """Return what a ``10dlc.campaign.update`` says, or None when it says nothing about sending.

    ``kind`` is the payload's ``type``, ``tcr_event`` its ``eventType``, ``status`` its ``status``.
    """
    kind, tcr_event, status = ((word or "").upper() for word in (kind, tcr_event, status))
    if kind == "VERIFIED":
        return CarrierState.ACTIVE
    if kind == "TCR_EVENT":
        return _BY_TCR_EVENT.get(tcr_event)
    if kind in _STATUS_SPEAKS or not kind:
        return _BY_STATUS.get(status)
    return None


def carrier_stamp(state: CarrierState, occurred_at: datetime, event_id: str) -> str:
    """Return the stamp by which this word on a campaign outranks, or yields to, another."""
    absorbing = 1 if state is CarrierState.EXPIRED else 0
    return merging.stamp(absorbing, occurred_at, f"{_SEVERITY[state]}|{event_id}")


@dataclass(frozen=True, slots=True)
class Campaign:
    """One named campaign as held: our status, and what the carriers said last."""

    key: str
    status: CampaignStatus = CampaignStatus.ACTIVE
    status_event_id: str | None = None
    ends_at: datetime | None = None
    tcr_campaign_id: str | None = None
    telnyx_campaign_id: str | None = None
    carrier_state: CarrierState | None = None
    carrier_stamp: str | None = None
    carrier_event_id: str | None = None
    time_zone: str | None = None
    """Where its recipients are: an IANA name."""

    def names(self) -> frozenset[str]:
        """Return every id under which this campaign is known."""
        return frozenset(name for name in (self.key, self.tcr_campaign_id, self.telnyx_campaign_id) if name)


def registration(campaigns: Iterable[Campaign]) -> Campaign | None:
    """Return the row that holds the carriers' last word on what is one campaign, or None when they said nothing."""
    heard = [campaign for campaign in campaigns if campaign.carrier_state is not None]
    return max(heard, key=lambda campaign: campaign.carrier_stamp or "", default=None)


def linked(start: frozenset[str], campaigns: Mapping[str, Campaign], aliases: frozenset[tuple[str, str]]) -> list[str]:
    """Return the keys of all campaigns that are one with the started-from names, sorted.

    ``aliases`` pairs Telnyx's UUID of a campaign with its TCR id. A key of our
    own joins the carriers' campaign it is tied to, but two of our own campaigns
    under one registration do not become one: from a registration we go to
    carriers' rows only.
    """
    registrations = set(start)
    for name in start:
        if name in campaigns:
            registrations |= campaigns[name].names()
    grown = True
    while grown:
        grown = False
        for pair in aliases:
            if not registrations.isdisjoint(pair) and not registrations.issuperset(pair):
                registrations |= set(pair)
                grown = True
    return sorted(key for key in registrations if key in campaigns)
