"""Times of day, time zones and states in policies.toml."""

from datetime import time, timedelta

import pytest

from core.errors import SettingsError
from core.policies.quiet_hours import Settings
from core.quiet_windows import Disputed
from core.zones import zone
from schemas import policies


@pytest.fixture
def read(tmp_path):
    """A function that reads the settings of quiet hours from lines."""

    def read_from(lines):
        path = tmp_path / "policies.toml"
        path.write_text(f"[quiet_hours]\n{lines}\n")
        return policies.load(path)["quiet_hours"]

    return read_from


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("8:00", time(8)), ("08:00", time(8)), ("0:00", time(0)), ("00:01", time(0, 1)), ("19:59", time(19, 59))],
)
def test_time_of_day_is_hours_and_minutes(read, text, read_as):
    assert read(f'opens = "{text}"').opens == read_as


@pytest.mark.parametrize(
    "text", ['"24:00"', '"8"', '"8:60"', '"8:0"', '"8 am"', '" 8:00"', '"\uff18:00"', "8", "08:00:00"]
)
def test_what_is_no_time_of_day_is_refused_with_the_remedy(read, text):
    with pytest.raises(SettingsError, match=r"line 2: quiet_hours.opens is .*; write hours and minutes in quotes"):
        read(f"opens = {text}")


def test_zone_is_the_name_of_one(read):
    assert read('default_zone = "America/New_York"').default_zone is zone("America/New_York")


@pytest.mark.parametrize("text", ['"EDT"', '"../UTC"', '""', "5"])
def test_what_is_no_zone_is_refused_with_the_remedy(read, text):
    with pytest.raises(SettingsError, match=r"line 2: quiet_hours.default_zone is .*; write the name of a time zone"):
        read(f"default_zone = {text}")


def test_every_setting_is_read(read):
    settings = read('states = false\ndisputed = ["TX", "RI"]\ndrain = "30m"\nact = "cancel"\non_unknown = "allow"')
    assert settings == Settings(
        states=False,
        disputed=frozenset({Disputed.TX, Disputed.RI}),
        drain=timedelta(minutes=30),
        act=settings.act,
        on_unknown=settings.on_unknown,
    )
    assert (settings.act, settings.on_unknown) == ("cancel", "allow")


def test_state_of_which_nothing_is_disputed_is_refused(read):
    with pytest.raises(SettingsError, match=r"quiet_hours.disputed is \['FL'\]; list any of 'MA', 'MI'"):
        read('disputed = ["FL"]')
