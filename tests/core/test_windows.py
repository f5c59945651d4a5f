"""When something may be sent to a place: days, laws, holidays, and clocks that are changed."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from core.quiet_windows import FEDERAL, FEDERAL_HOURS, ROWS, Confidence, Disputed, Hours, rows_of
from core.windows import Place, at, next_opening
from core.zones import zone

NEW_YORK, APIA, KIRITIMATI, LORD_HOWE = map(
    zone, ("America/New_York", "Pacific/Apia", "Pacific/Kiritimati", "Australia/Lord_Howe")
)
EVERY_ROW = rows_of(frozenset(Disputed))
SETTLED = rows_of(frozenset())
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def noon(where, *day):
    return datetime(*day, 12, tzinfo=where)


def local(window, where):
    """A window as clocks show it there."""
    return tuple(f"{moment.astimezone(where):%d %H:%M}" for moment in (window.opens, window.closes))


@pytest.mark.parametrize(
    ("state", "day", "told"),
    [
        ("FL", (2026, 5, 1), "08:00 to 20:00 (FL)"),
        ("FL", (2026, 5, 3), "08:00 to 20:00 (FL)"),
        ("OK", (2026, 5, 1), "08:00 to 20:00 (OK)"),
        ("MD", (2026, 5, 1), "08:00 to 20:00 (MD)"),
        ("CT", (2026, 5, 1), "09:00 to 20:00 (CT)"),
        ("KY", (2026, 5, 1), "10:00 to 21:00 (KY)"),
        ("AL", (2026, 5, 2), "08:00 to 20:00 (AL)"),
        ("AL", (2026, 5, 3), "nothing on Sundays (AL)"),
        ("AL", (2026, 7, 3), "nothing on Independence Day (AL)"),
        ("LA", (2026, 5, 3), "nothing on Sundays (LA)"),
        ("LA", (2026, 11, 26), "nothing on Thanksgiving Day (LA)"),
        ("LA", (2026, 11, 27), "08:00 to 20:00 (LA)"),
        ("MS", (2026, 5, 3), "nothing on Sundays (MS)"),
        ("MS", (2026, 7, 3), "08:00 to 20:00 (MS)"),
    ],
)
def test_settled_law_of_a_state(state, day, told):
    assert at(Place(NEW_YORK, FEDERAL_HOURS, SETTLED[state]), noon(NEW_YORK, *day)).told == told


@pytest.mark.parametrize(
    ("state", "day", "told"),
    [
        ("MS", (2026, 7, 3), "nothing on Independence Day (MS)"),
        ("TX", (2026, 5, 2), "09:00 to 21:00 (TX)"),
        ("TX", (2026, 5, 3), "12:00 to 21:00 (TX)"),
        ("RI", (2026, 5, 1), "09:00 to 18:00 (RI)"),
        ("RI", (2026, 5, 2), "10:00 to 17:00 (RI)"),
        ("RI", (2026, 5, 3), "nothing on Sundays (RI)"),
        ("RI", (2026, 12, 25), "nothing on Christmas Day (RI)"),
        ("WA", (2026, 5, 1), "08:00 to 20:00 (WA)"),
        ("MA", (2026, 5, 1), "08:00 to 20:00 (MA)"),
        ("MI", (2026, 5, 1), "09:00 to 21:00 (MI)"),
        ("MN", (2026, 5, 1), "09:00 to 21:00 (MN)"),
        ("NM", (2026, 5, 1), "09:00 to 21:00 (NM)"),
        ("NV", (2026, 5, 1), "09:00 to 20:00 (NV)"),
    ],
)
def test_disputed_row_counts_where_it_is_asked_for(state, day, told):
    moment = noon(NEW_YORK, *day)
    assert at(Place(NEW_YORK, FEDERAL_HOURS, EVERY_ROW[state]), moment).told == told
    assert at(Place(NEW_YORK, FEDERAL_HOURS, SETTLED.get(state, ())), moment).told != told


def test_only_the_disputed_rows_of_the_states_asked_for_count():
    chosen = rows_of(frozenset({Disputed.TX}))
    assert chosen.keys() - SETTLED.keys() == {"TX"}
    assert chosen["MS"] == SETTLED["MS"]


def test_every_row_has_a_source_a_date_and_seven_days_and_is_as_sure_as_it_is_settled():
    assert {row.state for row in ROWS if row.disputed} == set(Disputed)
    for row in ROWS:
        assert ("http" in row.source, len(row.week), row.as_of) == (True, 7, date(2025, 11, 1)), row.state
        assert (row.confidence is Confidence.LOW) == bool(row.disputed), row.state
        assert all(hours is None or hours.opens < hours.closes for hours in row.week), row.state


def test_sources_are_of_the_laws_that_narrow_the_hours():
    (florida,) = SETTLED["FL"]
    moment = noon(NEW_YORK, 2026, 5, 1)
    assert at(Place(NEW_YORK, FEDERAL_HOURS), moment).sources == (FEDERAL,)
    assert at(Place(NEW_YORK, FEDERAL_HOURS, (florida,)), moment).sources == (FEDERAL, florida.source)
    as_florida = at(Place(NEW_YORK, Hours(time(8), time(20)), (florida,)), moment)
    assert (as_florida.told, len(as_florida.sources)) == ("08:00 to 20:00", 1)
    narrower = Hours(time(9), time(19))
    window = at(Place(NEW_YORK, narrower, (florida,)), moment)
    assert (window.told, window.sources) == ("09:00 to 19:00", ("the settings 'opens' and 'closes'",))
    (alabama,) = SETTLED["AL"]
    assert at(Place(NEW_YORK, FEDERAL_HOURS, (alabama,)), noon(NEW_YORK, 2026, 5, 3)).sources == (alabama.source,)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        pytest.param((2026, 3, 7), (13, 0), (2, 0), id="the day before clocks go forward"),
        pytest.param((2026, 3, 8), (12, 0), (1, 0), id="the day of 23 hours"),
        pytest.param((2026, 10, 31), (12, 0), (1, 0), id="the day before clocks go back"),
        pytest.param((2026, 11, 1), (13, 0), (2, 0), id="the day of 25 hours"),
    ],
)
def test_hours_are_of_the_local_clock_when_clocks_are_changed(day, opens, closes):
    window = at(Place(NEW_YORK, FEDERAL_HOURS), noon(NEW_YORK, *day))
    tomorrow = date(*day) + timedelta(days=1)
    assert (window.opens, window.closes) == (
        utc(*day, *opens),
        utc(tomorrow.year, tomorrow.month, tomorrow.day, *closes),
    )


@pytest.mark.parametrize(
    ("hours", "day", "opens", "closes"),
    [
        pytest.param((time(2, 30), time(12)), (2026, 3, 8), (7, 30), (16, 0), id="opens at a time that is left out"),
        pytest.param((time(0), time(2, 30)), (2026, 3, 8), (5, 0), (6, 30), id="closes at a time that is left out"),
        pytest.param((time(1, 30), time(12)), (2026, 11, 1), (6, 30), (17, 0), id="opens at a time that comes twice"),
        pytest.param((time(0), time(1, 30)), (2026, 11, 1), (4, 0), (5, 30), id="closes at a time that comes twice"),
    ],
)
def test_local_time_that_is_left_out_or_comes_twice_allows_less(hours, day, opens, closes):
    window = at(Place(NEW_YORK, Hours(*hours)), noon(NEW_YORK, *day))
    assert (window.opens, window.closes) == (utc(*day, *opens), utc(*day, *closes))


def test_clocks_may_change_by_half_an_hour():
    before, after = (at(Place(LORD_HOWE, FEDERAL_HOURS), noon(LORD_HOWE, 2026, 4, day)) for day in (4, 5))
    assert after.opens - before.opens == timedelta(hours=24, minutes=30)


def test_the_day_is_that_of_the_place():
    moment = utc(2026, 5, 1, 11)
    assert local(at(Place(NEW_YORK, FEDERAL_HOURS), moment), NEW_YORK) == ("01 08:00", "01 21:00")
    assert local(at(Place(APIA, FEDERAL_HOURS), moment), APIA) == ("02 08:00", "02 21:00")
    assert local(at(Place(KIRITIMATI, FEDERAL_HOURS), moment), KIRITIMATI) == ("02 08:00", "02 21:00")


def test_day_that_a_place_left_out_is_stepped_over():
    """Samoa had no 30 December 2011."""
    opening = next_opening((Place(APIA, FEDERAL_HOURS),), datetime(2011, 12, 29, 22, tzinfo=APIA), HOUR)
    assert opening.astimezone(APIA) == datetime(2011, 12, 31, 8, tzinfo=APIA)


def test_window_is_half_open():
    window = at(Place(NEW_YORK, FEDERAL_HOURS), noon(NEW_YORK, 2026, 5, 1))
    assert window.holds(window.opens, window.closes)
    assert not window.holds(window.opens - SECOND, window.closes)
    assert not window.holds(window.opens, window.closes + SECOND)
    assert not window.holds(window.closes, window.closes + SECOND)


@pytest.mark.parametrize(
    ("places", "moment", "opening"),
    [
        pytest.param([Place(NEW_YORK, FEDERAL_HOURS)], utc(2026, 5, 1, 15), utc(2026, 5, 1, 15), id="now"),
        pytest.param([Place(NEW_YORK, FEDERAL_HOURS)], utc(2026, 5, 1, 5), utc(2026, 5, 1, 12), id="this morning"),
        pytest.param(
            [Place(NEW_YORK, FEDERAL_HOURS)],
            utc(2026, 5, 2, 0),
            utc(2026, 5, 2, 0),
            id="just long enough before it closes",
        ),
        pytest.param(
            [Place(NEW_YORK, FEDERAL_HOURS)], utc(2026, 5, 2, 0, 0, 1), utc(2026, 5, 2, 12), id="a second too late"
        ),
        pytest.param(
            [Place(NEW_YORK, FEDERAL_HOURS, SETTLED["AL"])],
            utc(2026, 5, 3, 15),
            utc(2026, 5, 4, 12),
            id="after a Sunday",
        ),
        pytest.param(
            [Place(NEW_YORK, FEDERAL_HOURS, SETTLED["AL"])],
            utc(2026, 7, 3, 15),
            utc(2026, 7, 6, 12),
            id="after a holiday, its day, and a Sunday",
        ),
        pytest.param(
            [Place(zone(name), FEDERAL_HOURS) for name in ("America/New_York", "America/Los_Angeles")],
            utc(2026, 5, 1, 5),
            utc(2026, 5, 1, 15),
            id="when it is morning at the last of them",
        ),
        pytest.param(
            [Place(zone(name), FEDERAL_HOURS) for name in ("America/New_York", "Asia/Tokyo")],
            utc(2026, 5, 1, 5),
            utc(2026, 5, 1, 23),
            id="in the hours that they share",
        ),
        pytest.param(
            [Place(zone(name), Hours(time(8), time(12))) for name in ("America/New_York", "Asia/Tokyo")],
            utc(2026, 5, 1, 5),
            None,
            id="never",
        ),
        pytest.param([Place(NEW_YORK, Hours(time(8), time(8, 30)))], utc(2026, 5, 1, 5), None, id="never for so long"),
        pytest.param([], utc(2026, 5, 1, 5), utc(2026, 5, 1, 5), id="nowhere"),
    ],
)
def test_next_opening_is_one_for_all_places(places, moment, opening):
    assert next_opening(tuple(places), moment, HOUR) == opening
