from datetime import UTC, datetime

import pytest

from core.campaigns import CarrierState
from core.errors import EventInvalid
from schemas import tendlc

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
UUID = "5b0f4c1e-3d2a-4f69-8b7c-1a2b3c4d5e6f"


def update(**payload):
    return tendlc.campaign_update(payload, source_id="e1", occurred_at=NOW)


@pytest.mark.parametrize(
    ("payload", "telnyx", "tcr"),
    [
        pytest.param({"campaignId": UUID}, UUID, None, id="uuid alone"),
        pytest.param({"campaignId": UUID.upper()}, UUID, None, id="uuid in upper case"),
        pytest.param({"campaignId": "CR7SND1"}, None, "CR7SND1", id="TCR id alone"),
        pytest.param({"campaignId": UUID, "tcrCampaignId": "CR7SND1"}, UUID, "CR7SND1", id="both"),
        pytest.param({"tcrCampaignId": "CR7SND1"}, None, "CR7SND1", id="only in the other field"),
        pytest.param({"campaignId": "", "tcrCampaignId": "CR7SND1"}, None, "CR7SND1", id="blank uuid"),
        pytest.param({"campaignId": UUID, "description": "Campaign CR7SND1 ended"}, UUID, "CR7SND1", id="described"),
        pytest.param({"campaignId": UUID, "description": "Campaign CR7SND12, ended"}, UUID, "CR7SND12", id="8 signs"),
        pytest.param(
            {"campaignId": "CQQ0001", "description": "Campaign CR7SND1 ended"}, None, "CQQ0001", id="named wins"
        ),
        pytest.param({"campaignId": UUID, "description": "Campaign CANCELED"}, UUID, None, id="a word is no id"),
        pytest.param({"campaignId": UUID, "description": "The Campaign CR7SND1"}, UUID, None, id="not at the start"),
        pytest.param({"campaignId": UUID, "description": "Campaign CR7SND1X9Z"}, UUID, None, id="too long for an id"),
        pytest.param({"campaignId": UUID, "description": 7}, UUID, None, id="no description"),
    ],
)
def test_campaign_is_known_by_the_ids_that_the_event_names(payload, telnyx, tcr):
    report = update(**payload)

    assert (report.telnyx_campaign_id, report.tcr_campaign_id) == (telnyx, tcr)
    assert report.campaign_id == telnyx or tcr


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "payload.campaignId: is missing"),
        ({"campaignId": None}, "payload.campaignId: is missing"),
        ({"campaignId": 7}, "payload.campaignId: is not a text"),
        ({"campaignId": "C" * 65}, "payload.campaignId: is longer than 64 characters"),
    ],
)
def test_campaign_event_that_names_no_campaign_is_refused(payload, reason):
    with pytest.raises(EventInvalid) as refusal:
        update(type="TELNYX_EVENT", status="DORMANT", **payload)

    assert str(refusal.value) == reason


def test_carriers_word_is_read_from_type_event_and_status():
    assert update(campaignId=UUID, type="TELNYX_EVENT", status="DORMANT").state is CarrierState.DORMANT
    assert update(campaignId=UUID, type="TCR_EVENT", eventType="CAMPAIGN_EXPIRED").state is CarrierState.EXPIRED
    assert update(campaignId=UUID, type="NUMBER_POOL_PROVISIONED").state is None
    assert update(campaignId=UUID, type=["TELNYX_EVENT"], status={}).state is None


@pytest.mark.parametrize("payload", [{}, {"campaignId": UUID}, {"tcrCampaignId": "CR7SND1"}, {"campaignId": 7}])
def test_number_event_that_names_no_pair_of_ids_is_none(payload):
    assert tendlc.number_update(payload, source_id="e1", occurred_at=NOW) is None


def test_number_event_ties_the_two_ids_and_says_nothing_of_sending():
    payload = {"campaignId": UUID, "tcrCampaignId": "CR7SND1", "status": "DELETED", "type": "STATUS_UPDATE"}
    report = tendlc.number_update(payload, source_id="e1", occurred_at=NOW)

    assert (report.telnyx_campaign_id, report.tcr_campaign_id, report.state) == (UUID, "CR7SND1", None)
