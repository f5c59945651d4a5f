import pytest

from core.fingerprints import fingerprint


def test_fingerprint_is_the_same_wherever_it_is_made():
    assert fingerprint("Hello there") == "12998c017066eb0d2a70b94e6ed31929"


@pytest.mark.parametrize(
    "same", ["hello there", "  Hello\n\tTHERE ", "\uff28ello there", "hello\N{NO-BREAK SPACE}there"]
)
def test_case_width_and_spaces_do_not_count(same):
    assert fingerprint(same) == fingerprint("Hello there")


@pytest.mark.parametrize("other", ["hello there!", "hellothere", "hello their", ""])
def test_any_other_difference_counts(other):
    assert fingerprint(other) != fingerprint("Hello there")


def test_half_of_a_pair_of_surrogates_is_no_obstacle():
    assert len(fingerprint("\ud83d")) == 32
