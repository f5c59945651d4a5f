"""Who may be reached when."""

from datetime import time, timedelta

import pytest

from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Person, Reach
from core.policies import quiet_hours
from core.quiet_windows import FEDERAL
from core.zones import zone
from tests.core.policies.quiet_cases import (
    ALABAMIAN,
    BERLINER,
    CENTRAL,
    FLORIDIAN,
    NEW_YORKER,
    NOWHERE,
    PACIFIC,
    PENSACOLA,
    SAMOAN,
    TEXAN,
    TOLL_FREE,
    TORONTO,
    at,
    said,
)

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("send_at", "act"),
    [
        pytest.param(at(7, 59, 59), Act.HOLD, id="a second before it opens"),
        pytest.param(at(8), Act.ALLOW, id="as it opens"),
        pytest.param(at(8) + SECOND, Act.ALLOW, id="a second after it opens"),
        pytest.param(at(12), Act.ALLOW, id="noon"),
        pytest.param(at(20, 58, 59), Act.ALLOW, id="a second before the last moment"),
        pytest.param(at(20, 59), Act.ALLOW, id="may arrive as it closes, and not later"),
        pytest.param(at(20, 59) + SECOND, Act.HOLD, id="may arrive a second after it closes"),
        pytest.param(at(21), Act.HOLD, id="as it closes"),
        pytest.param(at(23, 59, 30), Act.HOLD, id="around midnight"),
        pytest.param(at(0), Act.HOLD, id="midnight"),
        pytest.param(at(20, 59, day=(2026, 1, 31)), Act.ALLOW, id="on the last evening of a month"),
        pytest.param(at(21, day=(2026, 1, 31)), Act.HOLD, id="too late on the last evening of a month"),
        pytest.param(at(8, day=(2028, 2, 29)), Act.ALLOW, id="on a leap day"),
        pytest.param(at(8, day=(2026, 3, 8)), Act.ALLOW, id="as it opens on the day of 23 hours"),
        pytest.param(at(8, day=(2026, 3, 8)) - SECOND, Act.HOLD, id="before it opens on the day of 23 hours"),
        pytest.param(at(20, 59, day=(2026, 11, 1)), Act.ALLOW, id="before it closes on the day of 25 hours"),
        pytest.param(at(20, 59, day=(2026, 11, 1)) + SECOND, Act.HOLD, id="as it closes on the day of 25 hours"),
    ],
)
def test_all_of_the_span_in_which_a_message_may_arrive_lies_in_the_hours(send_at, act):
    assert said(send_at).act is act


@pytest.mark.parametrize(
    ("send_at", "drain", "act"),
    [
        (at(18, 59), timedelta(hours=2), Act.ALLOW),
        (at(18, 59) + SECOND, timedelta(hours=2), Act.HOLD),
        (at(8), timedelta(hours=12, minutes=59), Act.ALLOW),
        (at(8), timedelta(hours=13), Act.HOLD),
        (at(8), timedelta(days=3), Act.HOLD),
    ],
)
def test_queue_of_the_sender_has_run_empty_before_it_closes(send_at, drain, act):
    assert said(send_at, drain=drain).act is act


@pytest.mark.parametrize(
    ("numbers", "send_at", "act"),
    [
        pytest.param((FLORIDIAN,), at(19, 59), Act.ALLOW, id="Florida closes at eight"),
        pytest.param((FLORIDIAN,), at(19, 59) + SECOND, Act.HOLD, id="Florida has closed"),
        pytest.param((PENSACOLA,), at(8, 30), Act.HOLD, id="too early in one of an area code's two zones"),
        pytest.param((PENSACOLA,), at(8, where=CENTRAL), Act.ALLOW, id="open in both"),
        pytest.param((PENSACOLA,), at(19, 59, where=CENTRAL), Act.HOLD, id="too late in the other"),
        pytest.param((PENSACOLA,), at(19, 59), Act.ALLOW, id="still open in both"),
        pytest.param((ALABAMIAN,), at(12, day=(2026, 5, 2)), Act.ALLOW, id="Alabama on a Saturday"),
        pytest.param((ALABAMIAN,), at(12, day=(2026, 5, 3)), Act.HOLD, id="Alabama on a Sunday"),
        pytest.param((ALABAMIAN,), at(0, 30, day=(2026, 5, 4)), Act.HOLD, id="Alabama late on a Sunday night"),
        pytest.param((ALABAMIAN,), at(12, day=(2026, 9, 7)), Act.HOLD, id="Alabama on Labor Day"),
        pytest.param((TEXAN,), at(8, where=CENTRAL), Act.ALLOW, id="Texas, whose hours are disputed"),
        pytest.param((TORONTO,), at(20, 59), Act.ALLOW, id="Canada, the hours set"),
        pytest.param((TORONTO,), at(21), Act.HOLD, id="Canada, too late"),
        pytest.param((BERLINER,), at(8, where=zone("Europe/Berlin")), Act.ALLOW, id="Germany, the hours set"),
        pytest.param((BERLINER,), at(7, 59, where=zone("Europe/Berlin")), Act.HOLD, id="Germany, too early"),
        pytest.param((SAMOAN,), at(8, where=zone("Pacific/Apia")), Act.ALLOW, id="west of the date line"),
        pytest.param((SAMOAN,), at(21, where=zone("Pacific/Apia")), Act.HOLD, id="west of the date line, too late"),
        pytest.param((NEW_YORKER, BERLINER), at(8), Act.ALLOW, id="a group that is awake"),
        pytest.param((NEW_YORKER, BERLINER), at(15), Act.HOLD, id="one of a group sleeps"),
        pytest.param((TOLL_FREE,), at(12), Act.HOLD, id="a number that is nowhere"),
        pytest.param((NOWHERE,), at(12), Act.HOLD, id="an area code that nobody has"),
    ],
)
def test_recipient_is_where_the_number_may_be(numbers, send_at, act):
    assert said(send_at, *numbers).act is act


@pytest.mark.parametrize(
    ("message_class", "settings", "act"),
    [
        (MessageClass.MARKETING, {}, Act.HOLD),
        (MessageClass.TRANSACTIONAL, {}, Act.ALLOW),
        (MessageClass.OTP, {}, Act.ALLOW),
        (MessageClass.COMPLIANCE, {}, Act.ALLOW),
        (MessageClass.OTP, {"exempt": frozenset()}, Act.HOLD),
        (MessageClass.MARKETING, {"act": Act.CANCEL}, Act.CANCEL),
    ],
)
def test_marketing_alone_is_kept_back_unless_it_is_set_otherwise(message_class, settings, act):
    assert said(at(3), message_class=message_class, **settings).act is act


def test_other_hours_may_be_set():
    settings = {"opens": time(10), "closes": time(12, 30)}
    assert [said(at(*clock), **settings).act for clock in ((9, 59), (10,), (12, 29), (12, 30))] == [
        Act.HOLD,
        Act.ALLOW,
        Act.ALLOW,
        Act.HOLD,
    ]


@pytest.mark.parametrize(("opens", "closes"), [(time(21), time(8)), (time(8), time(8))])
def test_hours_that_nothing_lies_between_are_refused(opens, closes):
    with pytest.raises(ValueError, match="'opens' must be before 'closes'"):
        quiet_hours.Settings(opens=opens, closes=closes)


def test_it_is_off_by_default_and_looks_at_what_was_told_of_people():
    settings = quiet_hours.Settings()
    assert (settings.mode, settings.act, settings.on_unknown) == (Mode.OFF, Act.HOLD, Act.HOLD)
    assert quiet_hours.needs(settings) == {Need.PEOPLE: Reach(timedelta(), of_class=MessageClass.MARKETING)}
    of_all = quiet_hours.Settings(exempt=frozenset({MessageClass.OTP}))
    assert quiet_hours.needs(of_all) == {Need.PEOPLE: Reach(timedelta())}


def test_objection_names_the_time_the_zone_the_law_and_the_next_opening():
    verdict = said(at(20), FLORIDIAN)

    assert verdict.reason == (
        "+13055550101 would be reached between 2026-05-01 20:00:00 and 20:01:00 in America/New_York;"
        " allowed on that day: 08:00 to 20:00 (FL); next opening: 2026-05-02T12:00:00+00:00"
    )
    assert verdict.facts == {
        "phone_number": FLORIDIAN,
        "zones": ["America/New_York"],
        "known_by": "number",
        "region": "FL",
        "send_at": "2026-05-02T00:00:00+00:00",
        "sent_by": "2026-05-02T00:01:00+00:00",
        "zone": "America/New_York",
        "local_time": "2026-05-01T20:00:00-04:00",
        "window": "08:00 to 20:00 (FL)",
        "sources": [
            FEDERAL,
            "Fla. Stat. 501.616(6)(a); http://www.lawserver.com/law/state/florida/statutes/florida_statutes_501-616",
        ],
        "as_of": "2025-11-01",
        "next_opening": "2026-05-02T12:00:00+00:00",
    }
    assert (verdict.policy, verdict.event_id, verdict.until, verdict.since) == ("quiet_hours", None, None, None)


def test_end_on_another_day_is_told_with_its_date():
    verdict = said(at(12), FLORIDIAN, drain=timedelta(days=365))

    assert "between 2026-05-01 12:00:00 and 2027-05-01 12:01:00 in America/New_York" in verdict.reason


def test_next_opening_suits_all_candidates_and_all_recipients():
    assert said(at(3), PENSACOLA).facts["next_opening"] == at(8, where=CENTRAL).isoformat()
    group = said(at(3), NEW_YORKER, ALABAMIAN, people=(Person(NEW_YORKER, "America/Los_Angeles"),))
    assert group.facts["next_opening"] == at(8, where=PACIFIC).isoformat()


def test_there_may_be_no_next_opening():
    verdict = said(at(3), drain=timedelta(hours=14))
    assert verdict.reason.endswith("; next opening: none within two weeks")
    assert verdict.facts["next_opening"] is None


def test_sleeper_is_named_before_somebody_who_may_be_anywhere():
    assert said(at(3), TOLL_FREE, NEW_YORKER).facts["phone_number"] == NEW_YORKER


def test_unknown_zone_is_told_with_the_remedy():
    verdict = said(at(12), NEW_YORKER, TOLL_FREE)

    assert verdict.reason == "nothing tells the time zone of +18005550101; tell it, or set 'default_zone'"
    assert verdict.facts == {
        "phone_number": TOLL_FREE,
        "zones": [],
        "known_by": "nothing",
        "region": None,
        "send_at": "2026-05-01T16:00:00+00:00",
    }


def test_what_is_allowed_tells_where_everybody_is_taken_to_be():
    verdict = said(at(12), PENSACOLA)

    assert verdict.reason == "no recipient is reached in quiet hours"
    assert verdict.facts == {
        "send_at": "2026-05-01T16:00:00+00:00",
        "sent_by": "2026-05-01T16:01:00+00:00",
        "recipients": [
            {
                "phone_number": PENSACOLA,
                "zones": ["America/Chicago", "America/New_York"],
                "known_by": "number",
                "region": "FL",
                "windows": ["08:00 to 20:00 (FL)", "08:00 to 20:00 (FL)"],
            }
        ],
    }
