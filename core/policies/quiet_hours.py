"""Keep back what would reach somebody at night, or whenever the law of their state wants them left alone.

What counts is the whole span in which a message may arrive: Telnyx sends within a minute of the time that it was given,
and a sender's queue may take longer. That span must lie within the hours of every zone that the recipient may be in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core import area_codes, windows, zones
from core.deadlines import ACCURACY
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Person, Reach
from core.quiet_windows import AS_OF, FEDERAL, FEDERAL_HOURS, Disputed, Hours, Row, rows_of
from core.windows import Place, Window

NAME = "quiet_hours"
PRIORITY = 1
SOURCE = FEDERAL


@dataclass(frozen=True, slots=True)
class Settings:
    """The hours everywhere, whether the states' own count as well, and where somebody is who may be anywhere."""

    mode: Mode = Mode.OFF
    opens: time = field(default=FEDERAL_HOURS.opens, metadata={"doc": "from when on messages may arrive"})
    closes: time = field(default=FEDERAL_HOURS.closes, metadata={"doc": "until when they may"})
    states: bool = field(default=True, metadata={"doc": "whether the states' own hours count as well"})
    disputed: frozenset[Disputed] = field(
        default=frozenset(), metadata={"doc": "states of which also those hours count that sources disagree on"}
    )
    drain: timedelta = field(
        default=timedelta(),
        metadata={"doc": "how long a message may wait in its sender's queue at Telnyx; absent: not"},
    )
    default_zone: ZoneInfo | None = field(
        default=None, metadata={"doc": "of recipients whose zone nothing tells; absent: it is unknown"}
    )
    act: Act = Act.HOLD
    on_unknown: Act = Act.HOLD
    exempt: frozenset[MessageClass] = frozenset({MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE})

    def __post_init__(self) -> None:
        """Raise ValueError for hours that nothing lies between."""
        if self.opens >= self.closes:
            hours = Hours(self.opens, self.closes)
            raise ValueError(f"from {hours} nothing could be sent; 'opens' must be before 'closes'")


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Where one recipient may be, and by what we know."""

    phone_number: str
    region: str | None
    known_by: str
    places: tuple[Place, ...]
    lacks: str | None
    """What nothing tells, and what can be done about it."""

    def shown(self) -> dict[str, object]:
        return {
            "phone_number": self.phone_number,
            "zones": [place.zone.key for place in self.places],
            "known_by": self.known_by,
            "region": self.region,
        }


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return that it looks at what was told of the recipients, of one class alone if it spares all others."""
    asked = [each for each in MessageClass if each not in settings.exempt]
    return {Need.PEOPLE: Reach(timedelta(), of_class=asked[0] if len(asked) == 1 else None)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``act`` when a recipient may be reached outside of the hours, ``on_unknown`` when it cannot be told."""
    end = facts.send_at + ACCURACY + settings.drain
    told = {person.phone_number: person for person in facts.people}
    named = next((zone for each in facts.campaigns if (zone := each.time_zone and zones.zone(each.time_zone))), None)
    everybody = [_whereabouts(number, told.get(number), named, settings) for number in facts.recipients]
    for somebody in everybody:
        for place in somebody.places:
            window = windows.at(place, facts.send_at)
            if not window.holds(facts.send_at, end):
                return _disturbed(facts.send_at, end, somebody, place, window, everybody, settings)
    for somebody in everybody:
        if somebody.lacks is not None:
            return Verdict(
                settings.on_unknown,
                NAME,
                f"nothing tells {somebody.lacks}",
                {**somebody.shown(), "send_at": facts.send_at.isoformat()},
            )
    return Verdict(
        Act.ALLOW,
        NAME,
        "no recipient is reached in quiet hours",
        {
            "send_at": facts.send_at.isoformat(),
            "sent_by": end.isoformat(),
            "recipients": [
                {**somebody.shown(), "windows": [windows.at(place, facts.send_at).told for place in somebody.places]}
                for somebody in everybody
            ],
        },
    )


def _whereabouts(number: str, told: Person | None, campaign: ZoneInfo | None, settings: Settings) -> _Whereabouts:
    """Return where somebody may be: what was told of them counts before their campaign's zone, and that before both."""
    told_zone = zones.zone(told.time_zone) if told and told.time_zone else None
    told_region = told.region if told else None
    by_number = zones.candidates(number)
    found: tuple[ZoneInfo, ...]
    if own := ((told_zone,) if told_zone else zones.of_region(told_region or "")):
        known_by, found = "told", own
    elif campaign is not None:
        known_by, found = "campaign", (campaign,)
    elif by_number:
        known_by, found = "number", by_number
    elif settings.default_zone is not None:
        known_by, found = "default_zone", (settings.default_zone,)
    else:
        known_by, found = "nothing", ()
    region = told_region or area_codes.region_of(number)
    lacks = None
    if not found:
        lacks = f"the time zone of {number}; tell it, or set 'default_zone'"
    elif settings.states and region is None and area_codes.may_be_in_a_region(number):
        lacks = f"the state of {number}; tell it, or set 'states' to false"
    return _Whereabouts(number, region, known_by, _places(found, region, settings), lacks)


@lru_cache(maxsize=4096)
def _places(found: tuple[ZoneInfo, ...], region: str | None, settings: Settings) -> tuple[Place, ...]:
    rows = _rows(settings.disputed).get(region or "", ()) if settings.states else ()
    return tuple(Place(zone, Hours(settings.opens, settings.closes), rows) for zone in found)


@lru_cache(maxsize=64)
def _rows(disputed: frozenset[Disputed]) -> dict[str, tuple[Row, ...]]:
    return rows_of(disputed)


def _disturbed(
    start: datetime,
    end: datetime,
    somebody: _Whereabouts,
    place: Place,
    window: Window,
    everybody: list[_Whereabouts],
    settings: Settings,
) -> Verdict:
    everywhere = tuple(dict.fromkeys(each for one in everybody for each in one.places))
    opening = windows.next_opening(everywhere, start, end - start)
    local, local_end = start.astimezone(place.zone), end.astimezone(place.zone)
    told_end = f"{local_end:%H:%M:%S}" if local_end.date() == local.date() else f"{local_end:%Y-%m-%d %H:%M:%S}"
    next_one = opening.isoformat() if opening else "none within two weeks"
    return Verdict(
        settings.act,
        NAME,
        f"{somebody.phone_number} would be reached between {local:%Y-%m-%d %H:%M:%S} and {told_end} in"
        f" {place.zone.key}; allowed on that day: {window.told}; next opening: {next_one}",
        {
            **somebody.shown(),
            "send_at": start.isoformat(),
            "sent_by": end.isoformat(),
            "zone": place.zone.key,
            "local_time": local.isoformat(),
            "window": window.told,
            "sources": list(window.sources),
            "as_of": AS_OF.isoformat(),
            "next_opening": opening.isoformat() if opening else None,
        },
    )
