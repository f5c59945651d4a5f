"""Time zones: by their names, and those that a phone number may be in.

A number may be anywhere that its area code reaches, and a mobile number is taken along to wherever its owner moves:
the zones of a number are candidates, never knowledge. Of a North American number the area code counts, since the
digits behind it tell no more of a number that was ported; of any other only the country, since mobile numbers elsewhere
belong to no place in it. Source of the zones: the tables of phonenumbers, which are those of
https://github.com/google/libphonenumber/tree/master/resources/timezones
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from zoneinfo import ZoneInfo

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.tzdata import TIMEZONE_DATA

from core import area_codes

_NORTH_AMERICA = "+1"
_AREA_CODE = len("+1305")
_COUNTRY_CODES = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
_LONGEST_COUNTRY_CODE = 3
#: Codes laid over an older one that reaches into two zones; the tables know only where most of their numbers are.
_LAID_OVER = {"+1364": "+1270", "+1448": "+1850", "+1458": "+1541", "+1930": "+1812"}
#: What a system has among its zones besides them: its own clock's, and copies that count leap seconds.
_NO_NAMES = ("localtime", "Factory", "posix", "right/")


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """Return the zone of an IANA name such as ``America/New_York``, or None when there is none."""
    if name.startswith(_NO_NAMES):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def candidates(number: str) -> tuple[ZoneInfo, ...]:
    """Return the zones that a number in E.164 may be in by its area code or country; none when it tells none."""
    if number.startswith(_NORTH_AMERICA):
        return _of_area_code(number[:_AREA_CODE])
    return _of_country(number[1 : _LONGEST_COUNTRY_CODE + 1])


@lru_cache(maxsize=128)
def of_region(region: str) -> tuple[ZoneInfo, ...]:
    """Return the zones that a US state or territory reaches into: those of all its area codes."""
    return _zones({found.key for code in area_codes.of_region(region) for found in _of_area_code(code)})


@lru_cache(maxsize=1024)
def _of_area_code(code: str) -> tuple[ZoneInfo, ...]:
    return _zones(_BY_AREA_CODE.get(code, set()) | _BY_AREA_CODE.get(_LAID_OVER.get(code, ""), set()))


@lru_cache(maxsize=1024)
def _of_country(digits: str) -> tuple[ZoneInfo, ...]:
    """Return the zones of the country whose code these digits begin with; no code is the beginning of another."""
    code = next((digits[:length] for length in range(1, len(digits) + 1) if digits[:length] in _COUNTRY_CODES), "")
    return _zones(set(TIMEZONE_DATA.get(code, ())))


def _zones(names: set[str]) -> tuple[ZoneInfo, ...]:
    return tuple(found for found in map(zone, sorted(names)) if found is not None)


def _by_area_code() -> dict[str, set[str]]:
    """Return every zone that an area code reaches into."""
    found: dict[str, set[str]] = defaultdict(set)
    for prefix, names in TIMEZONE_DATA.items():
        code = f"+{prefix}"[:_AREA_CODE]
        if code.startswith(_NORTH_AMERICA) and len(code) == _AREA_CODE:
            found[code] |= set(names)
    return dict(found)


_BY_AREA_CODE = _by_area_code()
