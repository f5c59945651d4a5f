from datetime import UTC, datetime, timedelta

import pytest

from core.campaigns import Campaign, CarrierState, carrier_stamp, carrier_state, linked

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "tcr_event", "status", "expected"),
    [
        pytest.param("TCR_EVENT", "CAMPAIGN_EXPIRED", None, CarrierState.EXPIRED, id="expired"),
        pytest.param("TCR_EVENT", "MNO_CAMPAIGN_OPERATION_SUSPENDED", None, CarrierState.SUSPENDED, id="suspended"),
        pytest.param("TCR_EVENT", "MNO_CAMPAIGN_OPERATION_UNSUSPENDED", None, CarrierState.ACTIVE, id="unsuspended"),
        pytest.param("TCR_EVENT", "MNO_CAMPAIGN_OPERATION_REJECTED", None, CarrierState.REJECTED, id="MNO rejects"),
        pytest.param("TCR_EVENT", "CAMPAIGN_BILLED", None, None, id="billed says nothing about sending"),
        pytest.param("TCR_EVENT", "SOMETHING_NEW", "EXPIRED", None, id="an event we do not know says nothing"),
        pytest.param("TELNYX_EVENT", None, "DORMANT", CarrierState.DORMANT, id="dormant"),
        pytest.param("TELNYX_REVIEW", None, "REJECTED", CarrierState.REJECTED, id="Telnyx rejects"),
        pytest.param("MNO_REVIEW", None, "rejected", CarrierState.REJECTED, id="in lower case"),
        pytest.param("MNO_REVIEW", None, "ACCEPTED", CarrierState.ACTIVE, id="accepted"),
        pytest.param("REGISTRATION", None, "failed", CarrierState.REJECTED, id="registration failed"),
        pytest.param("VERIFIED", None, None, CarrierState.ACTIVE, id="verified"),
        pytest.param("NUMBER_POOL_PROVISIONED", None, None, None, id="numbers say nothing about sending"),
        pytest.param("CAMPAIGN_NUDGE", None, None, None, id="a nudge"),
        pytest.param(None, None, "TCR_EXPIRED", CarrierState.EXPIRED, id="the campaign's own status word"),
        pytest.param(None, None, None, None, id="nothing"),
    ],
)
def test_campaign_event_is_read(kind, tcr_event, status, expected):
    assert carrier_state(kind, tcr_event, status) is expected


def outranks(later, earlier, *, hours=1):
    return carrier_stamp(later, NOON + timedelta(hours=hours), "b") > carrier_stamp(earlier, NOON, "a")


def test_later_word_of_the_carriers_outranks_an_earlier_one():
    assert outranks(CarrierState.ACTIVE, CarrierState.SUSPENDED)
    assert outranks(CarrierState.SUSPENDED, CarrierState.ACTIVE)


def test_expired_is_never_taken_back():
    assert not outranks(CarrierState.ACTIVE, CarrierState.EXPIRED)


def test_at_the_same_instant_the_worse_word_outranks():
    assert outranks(CarrierState.SUSPENDED, CarrierState.ACTIVE, hours=0)
    assert not outranks(CarrierState.DORMANT, CarrierState.REJECTED, hours=0)


UUID = "751c6a5c-0000-4000-8000-000000000001"
HELD = {
    "spring-sale": Campaign("spring-sale", tcr_campaign_id="CSPRING"),
    "autumn-sale": Campaign("autumn-sale", tcr_campaign_id="CSPRING"),
    "CSPRING": Campaign("CSPRING"),
    UUID: Campaign(UUID),
    "COTHER": Campaign("COTHER"),
}


@pytest.mark.parametrize(
    ("names", "aliases", "expected"),
    [
        pytest.param({"spring-sale"}, set(), ["CSPRING", "spring-sale"], id="tied to the TCR id"),
        pytest.param({"spring-sale"}, {(UUID, "CSPRING")}, [UUID, "CSPRING", "spring-sale"], id="and to the UUID"),
        pytest.param({"CSPRING"}, {(UUID, "CSPRING")}, [UUID, "CSPRING"], id="our campaigns do not follow from theirs"),
        pytest.param({UUID}, {(UUID, "CSPRING")}, [UUID, "CSPRING"], id="from the UUID"),
        pytest.param({"nobody-knows"}, set(), [], id="not held"),
        pytest.param(set(), {(UUID, "CSPRING")}, [], id="no campaign"),
    ],
)
def test_names_of_one_campaign_are_linked(names, aliases, expected):
    assert linked(frozenset(names), HELD, frozenset(aliases)) == expected
