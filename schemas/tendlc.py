"""10DLC events: what they say of a campaign's registration, and which ids name one campaign.

``campaignId`` is Telnyx's UUID in most events and the id at The Campaign Registry
(TCR) in some; the other id stands in ``tcrCampaignId``, or only in the description.
Source: https://developers.telnyx.com/docs/messaging/10dlc/event-notifications
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from core.campaigns import CarrierState, carrier_state
from core.errors import EventInvalid
from core.reports import CampaignReport
from schemas import fields, problems
from schemas.fields import Told

#: "Campaign C6X6M95 successfully added to TCR". A digit is asked for, so that no
#: word of a sentence ("Campaign CANCELED …") ties two campaigns together.
_IN_DESCRIPTION = re.compile(r"Campaign (?=[A-Z]*[0-9])(C[A-Z0-9]{6,7})\b")


class _Campaign(Schema):
    """The fields of ``10dlc.campaign.update`` and ``10dlc.phone_number.update`` that concern a campaign."""

    class Meta:
        unknown = EXCLUDE

    campaign_id = Told(fields.name, data_key="campaignId")
    tcr_campaign_id = Told(fields.name, data_key="tcrCampaignId")
    kind = Told(fields.text, data_key="type")
    tcr_event = Told(fields.text, data_key="eventType")
    status = Told(fields.text)
    description = Told(fields.text)


_CAMPAIGN = _Campaign()


def campaign_update(payload: Mapping[str, Any], *, source_id: str, occurred_at: datetime) -> CampaignReport:
    """Return what a ``10dlc.campaign.update`` says. Raises EventInvalid when it names no campaign."""
    try:
        loaded = _CAMPAIGN.load(payload)
    except ValidationError as error:
        raise EventInvalid(problems.first(error.messages, within="payload")) from None
    report = _report(
        loaded,
        carrier_state(loaded.get("kind"), loaded.get("tcr_event"), loaded.get("status")),
        source_id=source_id,
        occurred_at=occurred_at,
    )
    if report is None:
        raise EventInvalid("payload.campaignId: is missing")
    return report


def number_update(payload: Mapping[str, Any], *, source_id: str, occurred_at: datetime) -> CampaignReport | None:
    """Return the two ids that a ``10dlc.phone_number.update`` ties together, or None when it names no such pair."""
    try:
        loaded = _CAMPAIGN.load(payload)
    except ValidationError:
        return None
    report = _report(loaded, None, source_id=source_id, occurred_at=occurred_at)
    return report if report and report.telnyx_campaign_id and report.tcr_campaign_id else None


def _report(
    loaded: Mapping[str, Any], state: CarrierState | None, *, source_id: str, occurred_at: datetime
) -> CampaignReport | None:
    named: str | None = loaded.get("campaign_id")
    described = _IN_DESCRIPTION.match(loaded.get("description", ""))
    telnyx_campaign_id = named.lower() if named and fields.is_uuid(named.lower()) else None
    tcr_campaign_id = (
        (None if telnyx_campaign_id else named) or loaded.get("tcr_campaign_id") or (described and described[1])
    )
    campaign_id = telnyx_campaign_id or tcr_campaign_id
    if campaign_id is None:
        return None
    return CampaignReport(
        source_id=source_id,
        occurred_at=occurred_at,
        campaign_id=campaign_id,
        state=state,
        telnyx_campaign_id=telnyx_campaign_id,
        tcr_campaign_id=tcr_campaign_id,
        description=loaded.get("description"),
    )
