"""Cancel what belongs to a campaign that is over, on hold, or no longer registered, and what has waited too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.campaigns import Campaign, CampaignStatus, CarrierState, registration
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "stale_campaign"
PRIORITY = 1
SOURCE = "https://developers.telnyx.com/docs/messaging/10dlc/event-notifications"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which classes are spared, and after how long a message that is still scheduled is stale (None: never)."""

    mode: Mode = Mode.ENFORCE
    max_age: timedelta | None = None
    exempt: frozenset[MessageClass] = frozenset()


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when the message's campaign, or its own age, makes it stale."""
    for campaign in facts.campaigns:
        objection = _over(campaign, facts.send_at)
        if objection is not None:
            return objection
    return _unregistered(facts.campaigns) or _aged(facts, settings.max_age)


def _over(campaign: Campaign, send_at: datetime) -> Verdict | None:
    """Return the objection that our own word on one campaign raises."""
    about = {"campaign": campaign.key}
    if campaign.status is not CampaignStatus.ACTIVE:
        return Verdict(
            Act.CANCEL,
            NAME,
            f"campaign {campaign.key} is {campaign.status}",
            {**about, "status": campaign.status},
            event_id=campaign.status_event_id,
        )
    if campaign.ends_at is not None and campaign.ends_at < send_at:
        return Verdict(
            Act.CANCEL,
            NAME,
            f"campaign {campaign.key} ends at {campaign.ends_at.isoformat()}, before the message is sent",
            {**about, "ends_at": campaign.ends_at.isoformat(), "send_at": send_at.isoformat()},
            event_id=campaign.status_event_id,
        )
    return None


def _unregistered(campaigns: Sequence[Campaign]) -> Verdict | None:
    """Return the objection that the carriers' last word raises, under whichever of the campaign's names it came."""
    told = registration(campaigns)
    if told is None or told.carrier_state is CarrierState.ACTIVE:
        return None
    return Verdict(
        Act.CANCEL,
        NAME,
        f"the 10DLC registration of campaign {campaigns[0].key} is {told.carrier_state}",
        {"campaign": campaigns[0].key, "registration": told.key, "carrier_state": told.carrier_state},
        event_id=told.carrier_event_id,
    )


def _aged(facts: Facts, max_age: timedelta | None) -> Verdict:
    """Return ``cancel`` when the message was scheduled longer ago than ``max_age``, else when it will have been."""
    told = f"campaign {facts.campaigns[0].key} is active" if facts.campaigns else "the message belongs to no campaign"
    looked_at = {"campaigns": [campaign.key for campaign in facts.campaigns]}
    if max_age is None:
        return Verdict(Act.ALLOW, NAME, told, looked_at)
    stale_from = facts.scheduled_at + max_age
    ages = {
        **looked_at,
        "scheduled_at": facts.scheduled_at.isoformat(),
        "max_age_seconds": int(max_age.total_seconds()),
    }
    if facts.now > stale_from:
        return Verdict(Act.CANCEL, NAME, f"the message was scheduled longer ago than {max_age}", ages)
    return Verdict(
        Act.ALLOW,
        NAME,
        f"{told} and the message is not older than {max_age}",
        ages,
        until=stale_from + timedelta(seconds=1) if stale_from < facts.send_at else None,
    )
