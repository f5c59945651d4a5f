"""Cancel what belongs to a campaign that is over, on hold, or no longer registered, and what has waited too long.

What is paused, or what the carriers took back and may give again, can be held instead: it goes out if that is over by
its last look. What has ended, or expired at the carriers, does not come back, and is always cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from core import durations
from core.campaigns import Campaign, CampaignStatus, CarrierState, registration
from core.deadlines import ACCURACY
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "stale_campaign"
PRIORITY = 1
SOURCE = "https://developers.telnyx.com/docs/messaging/10dlc/event-notifications"

#: A message is too old from the moment after it has reached its greatest age.
_AFTER = timedelta(seconds=1)


class Instead(StrEnum):
    """What is done about something that may pass."""

    CANCEL = "cancel"
    """Cancel at once."""
    HOLD = "hold"
    """Cancel at the last look, if it has not passed by then."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is done about campaigns that may yet go on, and after how long a scheduled message is stale."""

    mode: Mode = Mode.ENFORCE
    paused: Instead = field(default=Instead.CANCEL, metadata={"doc": "what is done while we have paused a campaign"})
    unregistered: Instead = field(
        default=Instead.CANCEL,
        metadata={"doc": "what is done while carriers reject or suspend a campaign; expired is always cancelled"},
    )
    max_age: timedelta | None = field(
        default=None, metadata={"doc": "cancel what was scheduled longer ago than this; absent: never"}
    )
    exempt: frozenset[MessageClass] = frozenset()


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` or ``hold`` when the message's campaign, or its own age, makes it stale."""
    aged = _aged(facts, settings.max_age)
    objections = [*_raised(facts, settings), *([aged] if aged.act is not Act.ALLOW else [])]
    if not objections:
        return aged
    strongest = min(objections, key=lambda verdict: verdict.act is not Act.CANCEL)
    # What is held grows old meanwhile.
    return replace(strongest, until=aged.until) if strongest.act is Act.HOLD else strongest


def _raised(facts: Facts, settings: Settings) -> Iterator[Verdict]:
    for campaign in facts.campaigns:
        yield from _over(campaign, facts.send_at, settings.paused)
    yield from _unregistered(facts.campaigns, settings.unregistered)


def _over(campaign: Campaign, send_at: datetime, paused: Instead) -> Iterator[Verdict]:
    """Yield the objections that our own word on one campaign raises."""
    about = {"campaign": campaign.key}
    if campaign.status is not CampaignStatus.ACTIVE:
        may_pass = paused is Instead.HOLD and campaign.status is CampaignStatus.PAUSED
        yield Verdict(
            Act.HOLD if may_pass else Act.CANCEL,
            NAME,
            f"campaign {campaign.key} is {campaign.status}",
            {**about, "status": campaign.status},
            event_id=campaign.status_event_id,
        )
    sent_by = send_at + ACCURACY
    if campaign.ends_at is not None and campaign.ends_at <= sent_by:
        ends_at = campaign.ends_at.isoformat()
        yield Verdict(
            Act.CANCEL,
            NAME,
            f"campaign {campaign.key} ends at {ends_at} and the message may be sent as late as {sent_by.isoformat()}",
            {**about, "ends_at": ends_at, "send_at": send_at.isoformat(), "sent_by": sent_by.isoformat()},
            event_id=campaign.status_event_id,
        )


def _unregistered(campaigns: Sequence[Campaign], treatment: Instead) -> Iterator[Verdict]:
    """Yield the objection that the carriers' last word raises, under whichever of the campaign's names it came."""
    told = registration(campaigns)
    if told is None or told.carrier_state is CarrierState.ACTIVE:
        return
    may_pass = treatment is Instead.HOLD and told.carrier_state is not CarrierState.EXPIRED
    yield Verdict(
        Act.HOLD if may_pass else Act.CANCEL,
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
        return Verdict(
            Act.CANCEL, NAME, f"the message was scheduled longer ago than {durations.written(max_age)}", ages
        )
    return Verdict(
        Act.ALLOW,
        NAME,
        f"{told} and the message is not older than {durations.written(max_age)}",
        ages,
        until=stale_from + _AFTER if stale_from < facts.send_at else None,
    )
