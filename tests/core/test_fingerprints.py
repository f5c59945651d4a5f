import pytest

from core.fingerprints import fingerprint

SAID = 'Spring sale: 20% off - it\'s "on"...'


def test_fingerprint_is_the_same_wherever_it_is_made():
    assert fingerprint("Hello there") == "12998c017066eb0d2a70b94e6ed31929"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SAID.upper(), id="case"),
        pytest.param(f"  {SAID}\r\n", id="spaces around"),
        pytest.param(SAID.replace(" ", "\n\t "), id="other spaces"),
        pytest.param(SAID.replace(" ", "\u00a0"), id="spaces that do not break"),
        pytest.param("Spring sale: 20% off \u2013 it\u2019s \u201con\u201d\u2026", id="an editor's signs"),
        pytest.param(SAID.replace("20", "\uff12\uff10"), id="width"),
        pytest.param(SAID.replace("sale", "sa\u00adle\u200b"), id="what nobody sees"),
    ],
)
def test_text_that_says_the_same_has_the_same_fingerprint(text):
    assert fingerprint(text) == fingerprint(SAID)


@pytest.mark.parametrize("text", ["", SAID.replace("20", "21"), SAID.replace(" ", ""), f"{SAID} Reply STOP"])
def test_text_that_says_something_else_has_another(text):
    assert fingerprint(text) != fingerprint(SAID)


def test_fingerprint_is_short_and_does_not_show_the_text():
    assert len(fingerprint(SAID)) == 32
    assert int(fingerprint(SAID), 16)


def test_text_with_half_a_character_has_one_too():
    assert len(fingerprint("\ud83d")) == 32
