"""When something may be sent to a place: within the hours set for everybody and those of its state's laws.

A window is half open: the moment at which it closes lies outside. A local time that does not exist on a day, or exists
twice, because clocks are changed is taken so that less is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.holidays import holiday
from core.quiet_windows import FEDERAL, FEDERAL_HOURS, Hours, Row

_DAY = timedelta(days=1)
#: No place is closed for longer than a Sunday with holidays around it.
_FURTHEST = 14 * _DAY
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Place:
    """One zone that somebody may be in, and the hours that count there."""

    zone: ZoneInfo
    everywhere: Hours
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when something may be sent to a place on one day of its own."""

    opens: datetime
    closes: datetime
    """Not after ``opens`` when nothing may be sent on the day."""
    told: str
    """The same in local time, and whose law it is."""
    sources: tuple[str, ...]

    def holds(self, start: datetime, end: datetime) -> bool:
        """Return True when all from ``start`` to ``end`` lies inside."""
        return self.opens <= start and end <= self.closes


def at(place: Place, moment: datetime) -> Window:
    """Return a place's window on the day that a moment falls on there."""
    return _of_day(place.zone, place.everywhere, place.rows, moment.astimezone(place.zone).date())


@lru_cache(maxsize=1024)
def next_opening(places: tuple[Place, ...], moment: datetime, length: timedelta) -> datetime | None:
    """Return the first time from a moment on at which something that takes so long may be sent to all the places.

    None when there is none within two weeks. It is remembered, since many messages are sent at one time.
    """
    until = moment + _FURTHEST
    while moment <= until:
        later = [_opening(place, moment, length) for place in places]
        if all(each == moment for each in later):
            return moment
        moment = max(later)
    return None


def _opening(place: Place, moment: datetime, length: timedelta) -> datetime:
    """Return the moment when its window holds it, else the next opening, or the beginning of the next local day."""
    window = at(place, moment)
    start = max(moment, window.opens)
    if window.holds(start, start + length):
        return start
    return _late(place.zone, moment.astimezone(place.zone).date() + _DAY, time())


@lru_cache(maxsize=4096)
def _of_day(zone: ZoneInfo, everywhere: Hours, rows: tuple[Row, ...], day: date) -> Window:
    named = holiday(day)
    opens, closes = everywhere.opens, everywhere.closes
    sources = [FEDERAL if everywhere == FEDERAL_HOURS else "the settings 'opens' and 'closes'"]
    for row in rows:
        hours = row.hours(day, named)
        if hours is None:
            rests = named if named and not row.on_holidays else _DAYS[day.weekday()]
            start = _late(zone, day, time())
            return Window(start, start, f"nothing on {rests} ({row.state})", (row.source,))
        if hours.opens > opens or hours.closes < closes:
            sources.append(row.source)
        opens, closes = max(opens, hours.opens), min(closes, hours.closes)
    whose = f" ({rows[0].state})" if len(sources) > 1 else ""
    return Window(_late(zone, day, opens), _early(zone, day, closes), f"{Hours(opens, closes)}{whose}", tuple(sources))


def _late(zone: ZoneInfo, day: date, local: time) -> datetime:
    return max(_instants(zone, day, local))


def _early(zone: ZoneInfo, day: date, local: time) -> datetime:
    return min(_instants(zone, day, local))


def _instants(zone: ZoneInfo, day: date, local: time) -> tuple[datetime, datetime]:
    """Return the two moments that a local time may mean: the same one, unless clocks are changed at it."""
    naive = datetime.combine(day, local)
    first, second = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second
