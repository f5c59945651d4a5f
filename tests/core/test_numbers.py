import pytest

from core import numbers


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("+15557650101", "+15557650101", id="E.164"),
        pytest.param("+1 (415) 765-0101", "+14157650101", id="formatted"),
        pytest.param(" +44 20 7946 0958", "+442079460958", id="spaces"),
        pytest.param("4157650101", None, id="no country code"),
        pytest.param("+1555•••0101", None, id="redacted"),
        pytest.param("+", None, id="only a plus"),
        pytest.param("", None, id="empty"),
        pytest.param("+1415", None, id="too short"),
        pytest.param("STOP", None, id="a word"),
        pytest.param("+99912345678901234567", None, id="too long"),
    ],
)
def test_number_is_read(raw, expected):
    assert numbers.e164(raw) == expected


def test_short_codes_and_numbers_can_send_and_redacted_ones_cannot():
    assert numbers.is_sender("+15557650101")
    assert numbers.is_sender("72345")
    assert not numbers.is_sender("+1555•••0101")
    assert not numbers.is_sender("ACME")


def test_masked_number_shows_neither_all_nor_nothing():
    assert numbers.masked("+15557650101") == "+1555•••0101"
    assert numbers.masked("72345") == "•••"


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("+155", "1"),
        ("+447", "44"),
        ("+353", "353"),
        ("+35", ""),
        ("+7", "7"),
        ("+999", ""),
        ("+", ""),
        ("", ""),
        ("1555", ""),
        ("2877", ""),
        ("+sal", ""),
        ("+1²5", ""),
    ],
)
def test_country_is_known_by_the_first_characters_of_a_number(prefix, code):
    assert numbers.country_code(prefix) == code
