import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.campaigns import CarrierState
from core.errors import EventInvalid
from core.reports import CampaignReport, InboundReport, MessageReport, NoticeReport, SpendLimitReport
from schemas import envelope, reading

SAMPLES = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
ANNA, BEN = "+15559010001", "+15559010002"
TCR = "CR7SND1"


def understood(path):
    return reading.report(envelope.read(path.read_bytes()), received_at=NOW)


def sample(name):
    return understood(SAMPLES / f"{name}.json")


def changed(name, **fields):
    """The sample's envelope with these fields of its payload replaced; ... leaves one out."""
    read = envelope.read((SAMPLES / f"{name}.json").read_bytes())
    payload = {key: value for key, value in {**read.payload, **fields}.items() if value is not ...}
    return replace(read, payload=payload)


@pytest.mark.parametrize(
    ("name", "statuses", "final"),
    [
        ("message.sent", {ANNA: "sent"}, False),
        ("message.finalized.delivered", {ANNA: "delivered"}, True),
        ("message.finalized.delivery_failed", {ANNA: "delivery_failed"}, True),
        ("message.finalized.sending_failed", {ANNA: "sending_failed"}, True),
        ("message.finalized.group", {ANNA: "delivered", BEN: "delivery_failed"}, True),
        ("message.finalized.older_shape", {ANNA: "delivered"}, True),
        ("message.read.rcs", {ANNA: "read"}, True),
    ],
)
def test_event_of_a_message_of_ours_tells_every_recipients_status(name, statuses, final):
    report = sample(name)

    assert isinstance(report, MessageReport)
    assert {one.phone_number: one.status for one in report.addressees} == statuses
    assert (report.final, report.direction) == (final, "outbound")
    assert name.startswith(report.source)


@pytest.mark.parametrize(
    ("name", "text", "autoresponse_type"),
    [
        ("message.received.text", "Thanks, see you on Friday 👋", None),
        ("message.received.mms", None, None),
        ("message.received.stop", "STOP", "STOP"),
        ("message.received.stop_in_words", "Stop!", None),
        ("message.received.start", "START", "START"),
        ("message.received.help", "help", "HELP"),
        ("message.received.group_mms", "Count me in", None),
        ("message.received.whatsapp_stop", "stop", None),
        ("message.received.rcs_stop", "Unsubscribe", None),
    ],
)
def test_inbound_message_tells_who_said_what(name, text, autoresponse_type):
    report = sample(name)

    assert isinstance(report, InboundReport)
    assert (report.text, report.autoresponse_type) == (text, autoresponse_type)
    assert (report.message.from_number, report.message.direction) == (ANNA, "inbound")


def test_inbound_message_is_addressed_to_our_numbers():
    assert [one.phone_number for one in sample("message.received.stop").message.addressees] == ["+15557230100"]
    assert [one.phone_number for one in sample("message.received.whatsapp_stop").message.addressees] == ["+15557230100"]
    assert [one.phone_number for one in sample("message.received.rcs_stop").message.addressees] == ["bistro-agent"]


def test_inbound_message_with_unreadable_own_number_still_counts():
    report = reading.report(changed("message.received.stop", to=[{"phone_number": 7}, None]), received_at=NOW)

    assert report.message.addressees == ()
    assert report.autoresponse_type == "STOP"


def test_opt_out_of_a_redacted_sender_is_refused_with_the_remedy():
    with pytest.raises(EventInvalid, match=r"switch off number redaction on messaging profile [0-9a-f-]{36}$"):
        sample("message.received.stop_redacted")


@pytest.mark.parametrize("sender", [{}, {"phone_number": ""}, {"phone_number": "15559010001"}, ..., None, "hidden"])
def test_opt_out_without_a_sender_is_refused(sender):
    with pytest.raises(EventInvalid, match=r"payload\.from\.phone_number"):
        reading.report(changed("message.received.stop_in_words", **{"from": sender}), received_at=NOW)


def test_opt_out_of_a_short_code_is_understood():
    report = reading.report(changed("message.received.stop", **{"from": "40404"}), received_at=NOW)

    assert report.message.from_number == "40404"


@pytest.mark.parametrize("name", ["message.received.text", "message.received.start", "message.received.help"])
def test_other_text_of_a_redacted_sender_is_kept(name):
    report = reading.report(changed(name, **{"from": {"phone_number": "+1555*******"}}), received_at=NOW)

    assert report.message.from_number == "+1555*******"


@pytest.mark.parametrize("field", ["text", "autoresponse_type"])
def test_unreadable_word_of_a_sender_is_refused(field):
    with pytest.raises(EventInvalid, match=rf"^payload\.{field}: is not a text$"):
        reading.report(changed("message.received.stop", **{field: ["STOP"]}), received_at=NOW)


@pytest.mark.parametrize("told", ["stop", " Stop "])
def test_telnyx_reading_is_compared_without_case(told):
    assert (
        reading.report(changed("message.received.text", autoresponse_type=told), received_at=NOW).autoresponse_type
        == "STOP"
    )


@pytest.mark.parametrize(
    ("name", "state", "tcr_campaign_id"),
    [
        ("10dlc.campaign.update.dormant", CarrierState.DORMANT, None),
        ("10dlc.campaign.update.flat", CarrierState.DORMANT, None),
        ("10dlc.campaign.update.expired", CarrierState.EXPIRED, TCR),
        ("10dlc.campaign.update.suspended", CarrierState.SUSPENDED, TCR),
        ("10dlc.campaign.update.verified", CarrierState.ACTIVE, None),
        ("10dlc.phone_number.update.added", None, TCR),
    ],
)
def test_campaign_event_tells_the_carriers_word_and_both_ids(name, state, tcr_campaign_id):
    report = sample(name)

    assert isinstance(report, CampaignReport)
    assert report.state == state
    assert report.campaign_id == report.telnyx_campaign_id
    assert report.tcr_campaign_id == tcr_campaign_id


def test_campaign_event_that_uses_the_tcr_id_is_about_that_campaign():
    report = sample("10dlc.campaign.update.nudge")

    assert (report.campaign_id, report.telnyx_campaign_id, report.tcr_campaign_id) == (TCR, None, TCR)
    assert report.state is None


@pytest.mark.parametrize(
    "name",
    [
        "10dlc.phone_number.update.assignment",
        "10dlc.brand.update",
        "link_click",
    ],
)
def test_event_that_changes_no_state_is_a_notice(name):
    read = envelope.read((SAMPLES / f"{name}.json").read_bytes())

    assert reading.report(read, received_at=NOW) == NoticeReport(read.event_id, read.event_type)


def test_spend_limit_tells_whose_it_is_and_when_it_was_reached():
    assert sample("messaging-profile.spend-limit-reached") == SpendLimitReport(
        "616499c9-e25a-4605-aec6-f0245bd86d40",
        datetime.fromisoformat("2026-03-03T08:00:00.000+00:00"),
        "d23f0824-128b-4f33-8c5c-7fd0a6a3a450",
    )


def test_spend_limit_of_a_clock_that_is_ahead_counts_from_when_it_was_heard():
    read = envelope.read((SAMPLES / "messaging-profile.spend-limit-reached.json").read_bytes())
    heard_at = read.occurred_at - timedelta(hours=1)

    assert reading.report(read, received_at=heard_at).occurred_at == heard_at


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({}, "is missing"),
        ({"profile_id": None}, "is missing"),
        ({"profile_id": ""}, "is empty"),
        ({"profile_id": 7}, "text"),
    ],
)
def test_spend_limit_of_nobody_is_refused(payload, told):
    read = envelope.read((SAMPLES / "messaging-profile.spend-limit-reached.json").read_bytes())

    with pytest.raises(EventInvalid, match=rf"payload\.profile_id: .*{told}"):
        reading.report(replace(read, payload=payload), received_at=NOW)


@pytest.mark.parametrize("kind", ["message.echo", "message.link_click", "call.hangup", "message." + "x" * 100])
def test_event_of_another_kind_is_a_notice(kind):
    read = replace(changed("message.received.text"), event_type=kind)

    assert reading.report(read, received_at=NOW) == NoticeReport(read.event_id, kind)


def test_new_kind_of_event_about_a_message_of_ours_is_merged():
    report = reading.report(replace(changed("message.sent"), event_type="message.sending"), received_at=NOW)

    assert isinstance(report, MessageReport)
    assert (report.source, report.final) == ("message.sending", False)


@pytest.mark.parametrize("to", [..., [], [{"phone_number": ANNA}], [{"status": "sent"}]])
def test_new_kind_of_event_that_tells_no_status_is_a_notice(to):
    read = replace(changed("message.sent", to=to), event_type="message.sending")

    assert isinstance(reading.report(read, received_at=NOW), NoticeReport)


@pytest.mark.parametrize(
    ("name", "status"),
    [("message.sent", "sent"), ("message.read.rcs", "read"), ("message.finalized.delivered", "unknown")],
)
def test_event_without_a_status_says_what_its_type_says(name, status):
    report = reading.report(changed(name, to=[{"phone_number": ANNA}]), received_at=NOW)

    assert report.addressees[0].status == status


def test_event_without_a_time_counts_from_its_receipt():
    read = replace(changed("message.sent"), occurred_at=None)

    assert reading.report(read, received_at=NOW).occurred_at == NOW


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("message.*.json")), ids=lambda path: path.stem)
def test_details_of_every_sample_survive_being_json(path):
    read = envelope.read(path.read_bytes())
    report = reading.report(replace(read, payload={**read.payload, "autoresponse_type": "HELP"}), received_at=NOW)
    details = (report.message if isinstance(report, InboundReport) else report).details

    assert json.loads(json.dumps(details, allow_nan=False)) == details


@pytest.mark.skipif("TELNYX_PAYLOADS" not in os.environ, reason="TELNYX_PAYLOADS names no folder of webhook bodies")
def test_every_body_in_the_named_folder_is_understood():
    folder = Path(os.environ["TELNYX_PAYLOADS"])
    paths = [path for path in folder.rglob("*.json") if path.parent.name != "api"]

    assert paths
    for path in paths:
        report = understood(path)
        if path.name.startswith("message."):
            assert not isinstance(report, NoticeReport), path.name
        if path.name.startswith("10dlc.campaign."):
            assert isinstance(report, CampaignReport), path.name
