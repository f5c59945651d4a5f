from datetime import UTC, datetime

import pytest

from schemas.instants import instant


@pytest.mark.parametrize(
    "raw",
    [
        "2026-03-05T12:00:00Z",
        "2026-03-05T12:00:00.000+00:00",
        "2026-03-05 12:00:00+00:00",
        "2026-03-05T13:30:00+01:30",
        "2026-03-05T07:00:00-0500",
    ],
)
def test_time_with_a_zone_is_read_as_utc(raw):
    read = instant(raw)

    assert read == datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("raw", ["2026-03-05T12:00:00", "2026-03-05 12:00", "2026-03-05"])
def test_time_without_a_zone_is_refused(raw):
    with pytest.raises(ValueError, match=r"^has no zone; write Z or an offset"):
        instant(raw)


@pytest.mark.parametrize(
    "raw", ["", "soon", "2026-03-05T12:00:60Z", "2026-02-30T12:00:00Z", None, 1772712000, [], "\x00"]
)
def test_what_is_no_time_is_refused(raw):
    with pytest.raises(ValueError, match=r"^is not a time such as"):
        instant(raw)


@pytest.mark.parametrize(
    "raw",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"],
)
def test_time_that_no_clock_shows_is_refused(raw):
    with pytest.raises(ValueError, match=r"^lies outside the years 1971 to 2998$"):
        instant(raw)


@pytest.mark.parametrize("raw", ["1971-01-01T00:00:00Z", "2998-12-31T23:59:59Z"])
def test_time_within_the_years_that_a_refusal_names_is_read(raw):
    assert instant(raw) == datetime.fromisoformat(raw)


def test_time_is_read_the_same_in_every_zone_of_the_machine(monkeypatch):
    import time  # noqa: PLC0415 - only here is the process's zone turned

    for zone in ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert instant("2026-03-08T02:30:00Z") == datetime(2026, 3, 8, 2, 30, tzinfo=UTC)
    monkeypatch.undo()
    time.tzset()
