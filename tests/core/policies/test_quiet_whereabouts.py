"""Where somebody is taken to be, and by which laws."""

from datetime import UTC, datetime

import pytest

from core.deciding import Act
from core.facts import Person
from core.quiet_windows import Disputed
from core.zones import zone
from tests.core.policies.quiet_cases import (
    BERLINER,
    CENTRAL,
    EASTERN,
    FLORIDIAN,
    HAWAIIAN,
    NEW_YORKER,
    NEWEST,
    PACIFIC,
    TEXAN,
    TOLL_FREE,
    TORONTO,
    at,
    said,
)


@pytest.mark.parametrize(
    ("changes", "send_at", "known_by", "act"),
    [
        pytest.param({}, at(9), "number", Act.ALLOW, id="the number's own"),
        pytest.param({"campaign": "America/Los_Angeles"}, at(9), "campaign", Act.HOLD, id="the campaign's"),
        pytest.param({"campaign": "Mars/Olympus"}, at(9), "number", Act.ALLOW, id="a campaign's that there is not"),
        pytest.param(
            {"people": (Person(NEW_YORKER, "America/Los_Angeles"),)}, at(9), "told", Act.HOLD, id="what was told"
        ),
        pytest.param(
            {"people": (Person(NEW_YORKER, "America/New_York"),), "campaign": "America/Los_Angeles"},
            at(9),
            "told",
            Act.ALLOW,
            id="what was told before the campaign's",
        ),
        pytest.param(
            {"people": (Person(NEW_YORKER, "Mars/Olympus"),)}, at(9), "number", Act.ALLOW, id="told, but there is none"
        ),
        pytest.param({"people": (Person(FLORIDIAN, "Asia/Tokyo"),)}, at(9), "number", Act.ALLOW, id="of another"),
        pytest.param({"default_zone": PACIFIC}, at(9), "number", Act.ALLOW, id="the number's before the default"),
        pytest.param(
            {"people": (Person(NEW_YORKER, "Pacific/Kiritimati"),)},
            datetime(2026, 5, 1, 18, tzinfo=UTC),
            "told",
            Act.ALLOW,
            id="the first to see the day",
        ),
        pytest.param(
            {"people": (Person(NEW_YORKER, "Pacific/Pago_Pago"),)},
            datetime(2026, 5, 1, 18, tzinfo=UTC),
            "told",
            Act.HOLD,
            id="the last to see the day",
        ),
    ],
)
def test_what_is_told_counts_before_what_is_guessed(changes, send_at, known_by, act):
    verdict = said(send_at, **changes)
    shown = verdict.facts if verdict.act is Act.HOLD else verdict.facts["recipients"][0]
    assert (verdict.act, shown["known_by"]) == (act, known_by)


@pytest.mark.parametrize(
    ("number", "told", "settings", "act"),
    [
        (NEW_YORKER, None, {}, Act.ALLOW),
        (NEW_YORKER, "FL", {}, Act.HOLD),
        (FLORIDIAN, None, {}, Act.HOLD),
        (FLORIDIAN, "NY", {}, Act.ALLOW),
        (FLORIDIAN, None, {"states": False}, Act.ALLOW),
        (BERLINER, "FL", {"default_zone": EASTERN}, Act.HOLD),
    ],
)
def test_state_is_that_told_else_that_of_the_area_code(number, told, settings, act):
    people = (Person(number, "America/New_York", told),)
    assert said(at(20, 30), number, people=people, **settings).act is act


@pytest.mark.parametrize(
    ("disputed", "clock", "act"),
    [
        (frozenset(), (8, 30), Act.ALLOW),
        (frozenset({Disputed.TX}), (8, 30), Act.HOLD),
        (frozenset({Disputed.TX}), (9,), Act.ALLOW),
        (frozenset({Disputed.RI}), (8, 30), Act.ALLOW),
    ],
)
def test_disputed_hours_count_where_they_are_asked_for(disputed, clock, act):
    assert said(at(*clock, where=CENTRAL), TEXAN, disputed=disputed).act is act


@pytest.mark.parametrize(
    ("settings", "act"),
    [
        ({}, Act.HOLD),
        ({"on_unknown": Act.ALLOW}, Act.ALLOW),
        ({"on_unknown": Act.CANCEL}, Act.CANCEL),
        ({"default_zone": EASTERN, "states": False}, Act.ALLOW),
        ({"default_zone": zone("Asia/Tokyo"), "states": False}, Act.HOLD),
    ],
)
def test_recipient_who_may_be_anywhere(settings, act):
    assert said(at(12), TOLL_FREE, **settings).act is act


@pytest.mark.parametrize(
    ("told", "settings", "act"),
    [
        pytest.param({}, {"default_zone": EASTERN}, Act.HOLD, id="the zone alone is supposed"),
        pytest.param({}, {"campaign": "America/New_York"}, Act.HOLD, id="the zone alone is the campaign's"),
        pytest.param({"time_zone": "America/New_York"}, {}, Act.HOLD, id="the zone alone was told"),
        pytest.param({"time_zone": "America/New_York", "region": "NY"}, {}, Act.ALLOW, id="both were told"),
        pytest.param({}, {"default_zone": EASTERN, "on_unknown": Act.ALLOW}, Act.ALLOW, id="on_unknown allows"),
        pytest.param({}, {"default_zone": EASTERN, "on_unknown": Act.CANCEL}, Act.CANCEL, id="on_unknown cancels"),
        pytest.param({}, {"default_zone": EASTERN, "states": False}, Act.ALLOW, id="no state counts"),
    ],
)
@pytest.mark.parametrize("number", [TOLL_FREE, NEWEST])
def test_state_that_nothing_tells_is_for_on_unknown(number, told, settings, act):
    people = (Person(number, **{"time_zone": None, **told}),) if told else ()
    assert said(at(12), number, people=people, **settings).act is act


def test_state_that_nothing_tells_is_named_with_what_can_be_done():
    verdict = said(at(12), NEWEST, default_zone=EASTERN)
    assert verdict.reason == f"nothing tells the state of {NEWEST}; tell it, or set 'states' to false"
    assert verdict.facts["known_by"] == "default_zone"


@pytest.mark.parametrize("number", [TORONTO, BERLINER])
def test_number_of_another_country_is_in_no_state(number):
    assert said(at(12), number, campaign="America/New_York").act is Act.ALLOW


@pytest.mark.parametrize(
    ("region", "changes", "send_at", "act"),
    [
        pytest.param("HI", {}, at(9, 30), Act.HOLD, id="Hawaii sleeps while the number's place is up"),
        pytest.param("HI", {}, at(8, where=HAWAIIAN), Act.ALLOW, id="as it opens in Hawaii"),
        pytest.param("HI", {"campaign": "America/New_York"}, at(9, 30), Act.HOLD, id="before the campaign's zone"),
        pytest.param("FL", {}, at(8, 30), Act.HOLD, id="too early in one of the state's two zones"),
        pytest.param("FL", {}, at(8, where=CENTRAL), Act.ALLOW, id="open in both"),
    ],
)
def test_state_that_was_told_tells_the_zones(region, changes, send_at, act):
    verdict = said(send_at, people=(Person(NEW_YORKER, None, region),), **changes)
    shown = verdict.facts if verdict.act is Act.HOLD else verdict.facts["recipients"][0]
    assert (verdict.act, shown["known_by"], shown["region"]) == (act, "told", region)


def test_default_zone_is_said_to_be_one():
    verdict = said(at(12), TOLL_FREE, default_zone=EASTERN, states=False)
    assert verdict.facts["recipients"] == [
        {
            "phone_number": TOLL_FREE,
            "zones": ["America/New_York"],
            "known_by": "default_zone",
            "region": None,
            "windows": ["08:00 to 21:00"],
        }
    ]
