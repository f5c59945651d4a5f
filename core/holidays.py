"""The federal holidays of the United States, by rule.

A holiday on a Saturday is observed on the Friday before, one on a Sunday on the Monday after; both days count here.
Source: 5 U.S.C. 6103, https://www.opm.gov/policy-data-oversight/pay-leave/federal-holidays/
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
_DAY = timedelta(days=1)


def holiday(day: date) -> str | None:
    """Return the name of the holiday that a day is, or on which it is observed; None on other days."""
    return _of(day.year).get(day)


@cache
def _of(year: int) -> dict[date, str]:
    """Return the holidays of a year; the next New Year's Day may be observed on its last day."""
    found: dict[date, str] = {}
    for day, name in [*_fixed(year), *_floating(year), *_fixed(year + 1)[:1]]:
        for each in (day, _observed(day)):
            if each.year == year:
                found[each] = name
    return found


def _observed(day: date) -> date:
    if day.weekday() == _SATURDAY:
        return day - _DAY
    return day + _DAY if day.weekday() == _SUNDAY else day


def _fixed(year: int) -> list[tuple[date, str]]:
    return [
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 6, 19), "Juneteenth"),
        (date(year, 7, 4), "Independence Day"),
        (date(year, 11, 11), "Veterans Day"),
        (date(year, 12, 25), "Christmas Day"),
    ]


def _floating(year: int) -> list[tuple[date, str]]:
    return [
        (_nth(year, 1, _MONDAY, 3), "Martin Luther King Jr. Day"),
        (_nth(year, 2, _MONDAY, 3), "Washington's Birthday"),
        (_nth(year, 6, _MONDAY, 1) - 7 * _DAY, "Memorial Day"),
        (_nth(year, 9, _MONDAY, 1), "Labor Day"),
        (_nth(year, 10, _MONDAY, 2), "Columbus Day"),
        (_nth(year, 11, _THURSDAY, 4), "Thanksgiving Day"),
    ]


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + _DAY * ((weekday - first.weekday()) % 7 + 7 * (nth - 1))
