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
    NEW_YORKER,
    PACIFIC,
    TEXAN,
    TOLL_FREE,
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
        ({"default_zone": EASTERN}, Act.ALLOW),
        ({"default_zone": zone("Asia/Tokyo")}, Act.HOLD),
    ],
)
def test_recipient_who_may_be_anywhere(settings, act):
    assert said(at(12), TOLL_FREE, **settings).act is act


def test_default_zone_is_said_to_be_one():
    verdict = said(at(12), TOLL_FREE, default_zone=EASTERN)
    assert verdict.facts["recipients"] == [
        {
            "phone_number": TOLL_FREE,
            "zones": ["America/New_York"],
            "known_by": "default_zone",
            "region": None,
            "windows": ["08:00 to 21:00"],
        }
    ]
