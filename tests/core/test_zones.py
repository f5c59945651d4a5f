import phonenumbers
import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from core import area_codes, zones
from core.zones import candidates, zone


def keys(number):
    return [found.key for found in candidates(number)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12125550100", ["America/New_York"]),
        ("+13055550100", ["America/New_York"]),
        ("+18505550100", ["America/Chicago", "America/New_York"]),
        ("+14485550100", ["America/Chicago", "America/New_York"]),
        ("+19285550100", ["America/Denver", "America/Phoenix"]),
        ("+19075550100", ["America/Adak", "America/Anchorage", "America/Juneau", "Pacific/Honolulu"]),
        ("+18085550100", ["Pacific/Honolulu"]),
        ("+17875550100", ["America/Puerto_Rico"]),
        ("+14165550100", ["America/Toronto"]),
        ("+4915112345678", ["Europe/Berlin"]),
        ("+6857212345", ["Pacific/Apia"]),
        ("+68672001234", ["Pacific/Enderbury", "Pacific/Kiritimati", "Pacific/Tarawa"]),
    ],
)
def test_number_may_be_in_every_zone_that_its_area_code_reaches_into(number, expected):
    assert keys(number) == expected


def test_number_that_tells_its_country_alone_may_be_anywhere_in_it():
    found = keys("+79161234567")
    assert {"Europe/Moscow", "Asia/Kamchatka"} < set(found)
    assert found == sorted(found)
    assert {"Australia/Perth", "Australia/Sydney"} < set(keys("+61412345678"))


@pytest.mark.parametrize(
    "number",
    ["+18005550100", "+18885550100", "+19005550100", "+15005550006", "+15557650101", "+80012345678", "+870773111632"],
)
def test_number_that_is_nowhere_tells_no_zone(number):
    assert keys(number) == []


def test_digits_behind_an_area_code_tell_nothing():
    assert keys("+18502345678") == keys("+18509999999")


@pytest.mark.parametrize(
    "name",
    [
        *("", "Mars/Olympus", "America", "../etc/passwd", "america/new_york", "localtime", "posixrules"),
        *("right/UTC", "\0", "leapseconds", "x" * 300, "/usr/share/zoneinfo/UTC", "Factory"),
    ],
)
def test_what_is_no_name_of_a_zone_is_none(name):
    assert zone(name) is None


def test_zone_is_found_by_its_name_or_an_older_one():
    assert str(zone("America/New_York")) == "America/New_York"
    assert zone("US/Eastern") is not None


def test_every_zone_of_the_tables_is_there():
    assert [name for names in TIMEZONE_DATA.values() for name in names if zone(name) is None] == []


def area_codes_of(*countries):
    """Return the area codes that the numbering plan has in these countries."""
    found = set()
    for code in range(200, 1000):
        for rest in ("2345678", "5550100", "9876543"):
            number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{code}{rest}"))
            if phonenumbers.region_code_for_number(number) in countries and phonenumbers.number_type(number) not in {
                phonenumbers.PhoneNumberType.TOLL_FREE,
                phonenumbers.PhoneNumberType.PREMIUM_RATE,
            }:
                found.add(str(code))
    return found - {"500", *(f"5{digits}" for digits in (21, 22, 23, 24, 25, 26, 27, 28, 29, 32, 33, 44, 66, 77, 88))}


def test_every_geographic_area_code_has_its_region_and_zones():
    codes = area_codes_of("US", "PR", "VI", "GU", "MP", "AS")
    numbers = [f"+1{code}5550100" for code in codes]

    assert len(codes) > 360
    assert [number for number in numbers if area_codes.region_of(number) is None] == []
    assert [number for number in numbers if not candidates(number)] == []


def test_every_area_code_of_the_tables_is_a_states_or_another_countrys():
    told = {f"+{prefix}"[: len("+1305")] for prefix in TIMEZONE_DATA if prefix.startswith("1") and prefix != "1"}
    unlisted = sorted(
        code for code in told if area_codes.region_of(code) is None and area_codes.may_be_in_a_region(code)
    )
    assert unlisted == [], "phonenumbers knows new area codes: add them to core.area_codes"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12125550100", True),
        ("+18005550100", True),
        ("+14575550100", True),
        ("+14165550100", False),
        ("+18765550100", False),
        ("+4930551234567", False),
    ],
)
def test_number_that_is_not_known_to_be_abroad_may_be_in_a_state(number, expected):
    assert area_codes.may_be_in_a_region(number) is expected


def test_no_area_code_is_both_of_a_state_and_abroad():
    codes = [code for region in area_codes.REGIONS for code in area_codes.of_region(region)]
    assert [code for code in codes if not area_codes.may_be_in_a_region(code)] == []


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("+12125550100", "NY"),
        ("+13055550100", "FL"),
        ("+12025550100", "DC"),
        ("+16845550100", "AS"),
        ("+19795550100", "TX"),
        ("+14165550100", None),
        ("+18005550100", None),
        ("+15557650101", None),
        ("+4930551234567", None),
        ("30551", None),
    ],
)
def test_region_of_a_number(number, region):
    assert area_codes.region_of(number) == region


def test_regions_are_the_states_the_capital_and_five_territories():
    assert len(area_codes.REGIONS) == 50 + 1 + 5
    assert zones.candidates("+1") == ()


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("HI", ["Pacific/Honolulu"]),
        ("FL", ["America/Chicago", "America/New_York"]),
        ("TX", ["America/Chicago", "America/Denver"]),
        ("PR", ["America/Puerto_Rico"]),
        ("XX", []),
        ("", []),
    ],
)
def test_region_reaches_into_the_zones_of_its_area_codes(region, expected):
    assert [found.key for found in zones.of_region(region)] == expected


def test_every_region_has_a_zone():
    assert [region for region in area_codes.REGIONS if not zones.of_region(region)] == []
