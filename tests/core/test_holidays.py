from datetime import date, timedelta

import pytest

from core.holidays import holiday

#: As the Office of Personnel Management lists them for 2026: Independence Day falls on a Saturday.
IN_2026 = {
    date(2026, 1, 1): "New Year's Day",
    date(2026, 1, 19): "Martin Luther King Jr. Day",
    date(2026, 2, 16): "Washington's Birthday",
    date(2026, 5, 25): "Memorial Day",
    date(2026, 6, 19): "Juneteenth",
    date(2026, 7, 3): "Independence Day",
    date(2026, 7, 4): "Independence Day",
    date(2026, 9, 7): "Labor Day",
    date(2026, 10, 12): "Columbus Day",
    date(2026, 11, 11): "Veterans Day",
    date(2026, 11, 26): "Thanksgiving Day",
    date(2026, 12, 25): "Christmas Day",
}


def test_holidays_of_a_whole_year():
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert {day: holiday(day) for day in days if holiday(day)} == IN_2026


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2021, 12, 31), "New Year's Day"),
        (date(2023, 1, 1), "New Year's Day"),
        (date(2023, 1, 2), "New Year's Day"),
        (date(2023, 1, 3), None),
        (date(2023, 12, 31), None),
        (date(2021, 6, 18), "Juneteenth"),
        (date(2023, 11, 10), "Veterans Day"),
        (date(2027, 12, 24), "Christmas Day"),
        (date(2027, 5, 31), "Memorial Day"),
        (date(2027, 5, 24), None),
        (date(2027, 2, 15), "Washington's Birthday"),
        (date(2028, 11, 23), "Thanksgiving Day"),
        (date(2028, 11, 30), None),
    ],
)
def test_holiday_at_the_edges(day, name):
    assert holiday(day) == name
