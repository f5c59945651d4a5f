"""The lists that recovery reads: filters, pages, and what stands in a row."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

ALICE, BOB, SENDER = "+15557650101", "+15557650102", "+15557650900"
BEARER = {"Authorization": "Bearer any"}


@pytest.fixture
def listed(telnyx_sim):
    """Asks for a list and gives its answer."""

    def listed_(name: str, **query: str) -> httpx.Response:
        return httpx.get(f"{telnyx_sim.base_url}/{name}", params=query, headers=BEARER)

    return listed_


def refusing(*receivers):
    for receiver in receivers:
        receiver.answers.extend([503] * 3)


def test_a_delivery_that_all_attempts_failed_is_a_whole_record(telnyx_sim, listed, receiver, failover):
    refusing(receiver, failover)
    event = telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    assert telnyx_sim.settle()

    body = listed("webhook_deliveries", **{"filter[status][eq]": "failed"}).json()

    (record,) = body["data"]
    assert set(record) == {
        *("id", "user_id", "record_type", "status", "webhook", "started_at", "finished_at", "attempts"),
    }
    assert (record["record_type"], record["status"], record["webhook"]) == ("webhook_delivery", "failed", event)
    urls = [attempt["http"]["request"]["url"] for attempt in record["attempts"]]
    assert urls == [failover.url] * 3 + [receiver.url] * 3
    assert [attempt["http"]["response"]["status"] for attempt in record["attempts"]] == [503] * 6
    assert body["meta"] == {"total_pages": 1, "total_results": 1, "page_number": 1, "page_size": 25}


def test_a_delivery_that_the_failover_took_is_no_failed_one(telnyx_sim, listed, receiver):
    refusing(receiver)
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    assert telnyx_sim.settle()

    assert listed("webhook_deliveries", **{"filter[status][eq]": "failed"}).json()["data"] == []
    assert len(listed("webhook_deliveries", **{"filter[status][eq]": "delivered"}).json()["data"]) == 1


def test_a_delivery_under_way_is_in_no_list(telnyx_sim, listed, receiver):
    receiver.seconds = 1
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")

    assert listed("webhook_deliveries").json()["data"] == []


def test_deliveries_are_found_by_type_and_time(telnyx_sim, listed):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    telnyx_sim.emit({"id": "e1", "event_type": "10dlc.campaign.update", "payload": {}})
    telnyx_sim.emit({"id": "e2", "event_type": "call.initiated", "payload": {}})
    assert telnyx_sim.settle()
    now = datetime.now(UTC)
    before, after = (now - timedelta(minutes=1)).isoformat(), (now + timedelta(minutes=1)).isoformat()

    def found(**query: str) -> int:
        return len(listed("webhook_deliveries", **query).json()["data"])

    assert found(**{"filter[event_type]": "message.received,10dlc.campaign.update"}) == 2
    for moment in ("started_at", "finished_at"):
        assert found(**{f"filter[{moment}][gte]": before, f"filter[{moment}][lte]": after}) == 3
        assert found(**{f"filter[{moment}][gte]": after}) == found(**{f"filter[{moment}][lte]": before}) == 0


@pytest.mark.parametrize(
    "query",
    [
        {"filter[status][eq]": "lost"},
        {"filter[status]": "failed"},
        {"filter[finished_at][gte]": "yesterday"},
        {"page[size]": "251"},
        {"page[number]": "x"},
    ],
)
def test_a_query_that_cannot_be_understood_is_refused(listed, telnyx_sim, query):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    assert telnyx_sim.settle()

    answer = listed("webhook_deliveries", **query)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "10015")


def test_a_page_beyond_the_last_is_empty(listed, telnyx_sim):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")

    body = listed("messaging_optouts", **{"page[number]": "3", "page[size]": "1"}).json()

    assert (body["data"], body["meta"]["total_pages"]) == ([], 1)


def test_opt_outs_are_found_by_profile_and_time_and_go_with_a_start(listed, telnyx_sim):
    began = datetime.now(UTC)
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="stop")
    telnyx_sim.inbound(sender=BOB, to=SENDER, text="Please stop")
    (row,) = listed("messaging_optouts").json()["data"]

    assert (row["to"], row["from"], row["keyword"]) == (ALICE, SENDER, "STOP")
    # Between date and time stands a space there.
    assert datetime.fromisoformat(row["created_at"]) >= began - timedelta(seconds=1)
    assert "T" not in row["created_at"]
    profile = row["messaging_profile_id"]
    assert listed("messaging_optouts", **{"filter[messaging_profile_id]": profile}).json()["data"] == [row]
    assert listed("messaging_optouts", **{"filter[messaging_profile_id]": "another"}).json()["data"] == []
    later = (began + timedelta(hours=1)).isoformat()
    assert listed("messaging_optouts", **{"created_at[lte]": later}).json()["data"] == [row]
    assert listed("messaging_optouts", **{"created_at[gte]": later}).json()["data"] == []
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="START")
    assert listed("messaging_optouts").json()["data"] == []


def test_numbers_are_hidden_when_that_is_asked_for(listed, telnyx_sim):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")

    (row,) = listed("messaging_optouts", redaction_enabled="true").json()["data"]

    assert row["to"] == "+1555***0101"
