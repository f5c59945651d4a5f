"""Campaigns over HTTP: our own word on them, and the carriers'."""

from __future__ import annotations

import pytest

from core.campaigns import CarrierState
from ledger import absorbing, reviewing
from tests.api_calls import Api, refused, telnyx_message, told
from tests.reports import NOW, RULES, carriers_say, heard, message_id

UUID = "4b300178-131c-4902-954e-72d90ba1620a"


def review(api: Api) -> None:
    with api.database.begin() as connection:
        reviewing.review(connection, RULES, now=NOW, limit=100)


def test_new_campaign_is_made(api):
    shown = told(api.put("/v1/campaigns/spring", {}))
    assert shown == {
        "key": "spring",
        "status": "active",
        "ends_at": None,
        "tcr_campaign_id": None,
        "telnyx_campaign_id": None,
        "time_zone": None,
        "carrier_state": None,
        "carrier_event_id": None,
        "linked": [],
    }
    assert told(api.get("/v1/campaigns/spring")) == shown


def test_paused_campaign_has_its_messages_decided_on_again(api):
    api.post("/v1/messages", {"data": telnyx_message(), "campaign": "spring"})
    api.rung = 0
    assert told(api.put("/v1/campaigns/spring", {"status": "paused"}))["status"] == "paused"
    assert api.rung == 1
    review(api)
    decision = told(api.get(f"/v1/messages/{message_id()}/why"))["decisions"][-1]
    assert (decision["verdict"], decision["reason"]) == ("cancel", "campaign spring is paused")
    assert decision["event_id"].startswith("campaign:")


def test_what_is_left_out_stays_and_null_clears(api):
    told(
        api.put(
            "/v1/campaigns/spring",
            {"status": "paused", "ends_at": "2026-06-01T00:00:00+02:00", "tcr_campaign_id": "CSPRING"},
        )
    )
    shown = told(api.put("/v1/campaigns/spring", {"status": "active"}))
    assert (shown["status"], shown["ends_at"], shown["tcr_campaign_id"]) == (
        "active",
        "2026-05-31T22:00:00Z",
        "CSPRING",
    )
    shown = told(
        api.put("/v1/campaigns/spring", {"ends_at": None, "tcr_campaign_id": None, "telnyx_campaign_id": None})
    )
    assert (shown["status"], shown["ends_at"], shown["tcr_campaign_id"]) == ("active", None, None)


def test_campaign_shows_what_the_carriers_say_under_any_of_its_names(api):
    api.put("/v1/campaigns/spring", {"tcr_campaign_id": "CSPRING"})
    with api.database.begin() as connection:
        said = carriers_say(CarrierState.SUSPENDED, campaign_id=UUID, telnyx_campaign_id=UUID, event_id="suspended")
        absorbing.absorb(connection, heard(said), RULES, now=NOW)

    shown = told(api.get("/v1/campaigns/spring"))
    assert (shown["status"], shown["carrier_state"], shown["carrier_event_id"]) == ("active", "suspended", "suspended")
    assert (shown["telnyx_campaign_id"], shown["linked"]) == (UUID, [UUID, "CSPRING"])
    for name, linked in ((UUID, ["CSPRING"]), ("CSPRING", [UUID])):
        shown = told(api.get(f"/v1/campaigns/{name}"))
        assert (shown["carrier_state"], shown["linked"]) == ("suspended", linked)
        assert (shown["tcr_campaign_id"], shown["telnyx_campaign_id"]) == ("CSPRING", UUID)


def test_campaigns_are_listed_by_key_each_with_its_own_names(api):
    for key, tcr_campaign_id in (("autumn", None), ("spring", "CSPRING"), ("summer", "CSUMMER")):
        api.put(f"/v1/campaigns/{key}", {"tcr_campaign_id": tcr_campaign_id})
    with api.database.begin() as connection:
        said = carriers_say(CarrierState.DORMANT, campaign_id=UUID, telnyx_campaign_id=UUID)
        absorbing.absorb(connection, heard(said), RULES, now=NOW)

    pages, after = [], ""
    while after is not None:
        page = api.get(f"/v1/campaigns?limit=2{after and f'&after={after}'}").get_json()
        pages += page["data"]
        after = page["next"]
    states = {each["key"]: each["carrier_state"] for each in pages}
    assert len(pages) == len(states)
    assert states == dict.fromkeys(["autumn", "summer", "CSUMMER"]) | dict.fromkeys(
        ["spring", "CSPRING", UUID], "dormant"
    )


@pytest.mark.parametrize(
    "key", ["a%2Fb", "%2Fa", "a%2F%2Fb", "spring%20sale", "fr%C3%BChling", "x" * 255, "a%25b", "a.b"]
)
def test_key_of_any_printable_characters_names_its_campaign(quick_api, key):
    made = told(quick_api.put(f"/v1/campaigns/{key}", {"status": "ended"}))
    assert told(quick_api.get(f"/v1/campaigns/{key}")) == made
    quick_api.post("/v1/messages", {"data": telnyx_message(), "campaign": made["key"]})
    decision = told(quick_api.get(f"/v1/messages/{message_id()}/why"))["decisions"][-1]
    assert decision["facts"]["campaign"] == made["key"]


def test_unknown_campaign_is_404(api):
    assert "'nothing'" in refused(api.get("/v1/campaigns/nothing"), 404)["message"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("a%00b", "key: has characters in it that cannot be printed"),
        ("a%0Ab", "key: has characters in it that cannot be printed"),
        ("%20a", "key: begins or ends with a blank"),
        ("x" * 256, "key: must have 1 to 255 characters"),
    ],
)
def test_key_that_cannot_be_one_is_422_and_makes_nothing(untouched_api, key, message):
    assert refused(untouched_api.put(f"/v1/campaigns/{key}", {}), 422)["message"] == message
    assert refused(untouched_api.get(f"/v1/campaigns/{key}"), 422)["message"] == message
    assert told(untouched_api.get("/v1/campaigns")) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"status": "over"}, "status: is not one of: active, paused, ended"),
        ({"status": None}, "status: is null; leave it out instead"),
        ({"ends_at": "2026-06-01"}, "ends_at: has no zone; write Z or an offset such as +00:00"),
        ({"ends_at": "tomorrow"}, "ends_at: is not a time such as 2026-02-15T14:30:00Z"),
        ({"tcr_campaign_id": ""}, "tcr_campaign_id: must have 1 to 64 characters"),
        ({"stauts": "ended"}, "stauts: is not known here; did you mean 'status'?"),
    ],
)
def test_change_that_cannot_be_read_is_422_and_changes_nothing(untouched_api, body, message):
    assert refused(untouched_api.put("/v1/campaigns/spring", body), 422)["message"] == message
    assert told(untouched_api.get("/v1/campaigns")) == []
    assert untouched_api.rung == 0


def test_uuid_of_a_campaign_is_read_as_events_write_it(quick_api):
    shown = told(quick_api.put("/v1/campaigns/spring", {"telnyx_campaign_id": UUID.upper()}))
    assert shown["telnyx_campaign_id"] == UUID


@pytest.mark.parametrize("after", ["w6Q=x", "gICA", "AA"])
def test_place_that_is_none_is_422(untouched_api, after):
    assert refused(untouched_api.get(f"/v1/campaigns?after={after}"), 422)["message"].startswith("after: is no place")
