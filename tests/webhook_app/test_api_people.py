"""Telling over HTTP where a recipient is, or those of a campaign, on the way to an ordered cancellation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.deadlines import last_look
from core.deciding import Mode
from core.policies import quiet_hours
from core.policies.catalogue import rules
from ledger import reviewing
from store import people
from tests.api_calls import Api, refused, telnyx_message, told
from tests.reports import ALICE, NOW, message_id

ON = rules(quiet_hours=quiet_hours.Settings(mode=Mode.ENFORCE))
PATH = f"/v1/recipients/{ALICE}"
NEW_YORKER = "+12125550101"
SEND_AT = datetime(2026, 5, 1, 15, tzinfo=UTC)


@pytest.fixture
def quiet(database) -> Api:
    """An application by whose rules nobody is woken."""
    return Api(database, rules=ON)


def why(api: Api, number: int = 1):
    return told(api.get(f"/v1/messages/{message_id(number)}/why"))


def test_recipients_place_is_kept_and_null_forgets_it(api):
    shown = told(api.put(PATH, {"time_zone": "America/New_York", "region": "fl"}))
    assert shown == {"phone_number": ALICE, "time_zone": "America/New_York", "region": "FL", "pending": 0}
    assert told(api.put(PATH, {})) == shown
    place = told(api.get(PATH))
    assert (place["time_zone"], place["region"]) == ("America/New_York", "FL")
    assert told(api.put("/v1/recipients/%2B1%20(555)%20765-0101", {"region": None})) == {**shown, "region": None}
    assert api.rung == 3


def test_message_in_the_night_of_its_recipient_is_cancelled_at_its_last_look(quiet):
    answer = told(quiet.post("/v1/messages", telnyx_message(to=NEW_YORKER)), 201)
    assert answer["decision"]["verdict"] == "allow"
    told(quiet.put(f"/v1/recipients/{NEW_YORKER}", {"time_zone": "Pacific/Honolulu"}))
    decision = why(quiet)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["trigger"]) == ("hold", "quiet_hours", "recipient")
    assert decision["reason"] == (
        "+12125550101 would be reached between 2026-05-01 05:00:00 and 05:01:00 in Pacific/Honolulu;"
        " allowed on that day: 08:00 to 21:00; next opening: 2026-05-01T18:00:00+00:00"
    )
    assert why(quiet)["cancellation"] is None
    with quiet.database.begin() as connection:
        reviewing.look_last(connection, [message_id()], ON, now=last_look(SEND_AT))
    cancellation = why(quiet)["cancellation"]
    assert (cancellation["state"], cancellation["policy"]) == ("requested", "quiet_hours")
    assert cancellation["reason"].endswith("; it still was at the last look")


def test_zone_of_a_campaign_has_its_messages_decided_on_again(quiet):
    quiet.post("/v1/messages", {"data": telnyx_message(to=NEW_YORKER), "campaign": "spring"})
    shown = told(quiet.put("/v1/campaigns/spring", {"time_zone": "Asia/Tokyo"}))
    assert shown["time_zone"] == "Asia/Tokyo"
    with quiet.database.begin() as connection:
        reviewing.review(connection, ON, now=NOW, limit=100)
    decision = why(quiet)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["trigger"]) == ("hold", "quiet_hours", "campaign")
    assert (decision["facts"]["zone"], decision["facts"]["known_by"]) == ("Asia/Tokyo", "campaign")
    assert told(quiet.put("/v1/campaigns/spring", {"time_zone": None}))["time_zone"] is None


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (PATH, {"time_zone": "EDT"}, "time_zone: is not the name of a time zone, such as 'America/New_York'"),
        (PATH, {"time_zone": "../etc/passwd"}, "time_zone: is not the name of a time zone"),
        (PATH, {"time_zone": ""}, "time_zone: is not the name of a time zone"),
        (PATH, {"time_zone": "x" * 65}, "time_zone: is not the name of a time zone"),
        (PATH, {"time_zone": 5}, "time_zone: is not a text"),
        (PATH, {"region": "Florida"}, "region: is no US state or territory"),
        (PATH, {"region": "ON"}, "region: is no US state or territory, such as 'FL'"),
        (PATH, {"timezone": "UTC"}, "timezone: is not known here; did you mean 'time_zone'?"),
        ("/v1/recipients/STOP", {}, "phone_number: is not a phone number"),
        ("/v1/campaigns/spring", {"time_zone": "EDT"}, "time_zone: is not the name of a time zone"),
    ],
)
def test_place_that_there_is_not_is_422_and_keeps_nothing(untouched_api, path, body, message):
    assert refused(untouched_api.put(path, body), 422)["message"].startswith(message)
    with untouched_api.database.read() as connection:
        assert people.of(connection, {ALICE}) == {}
    assert untouched_api.rung == 0
