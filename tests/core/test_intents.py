"""What an answer to a request to send says of the message."""

import pytest

from core.intents import IntentState, is_declined, text_digest, yielding_to


@pytest.mark.parametrize(
    ("http_status", "is_certain"),
    [
        (None, False),
        (200, False),
        (302, False),
        (399, False),
        (400, True),
        (408, False),
        (429, True),
        (499, True),
        (500, False),
    ],
)
def test_only_a_4xx_of_telnyx_itself_says_that_no_message_was_made(http_status, is_certain):
    assert is_declined(http_status) is is_certain


@pytest.mark.parametrize("told", [IntentState.REFUSED, IntentState.UNKNOWN])
def test_word_that_is_no_answer_replaces_only_that_it_is_on_its_way(told):
    assert yielding_to(told) == [IntentState.OPEN]


def test_refusal_by_telnyx_settles_a_doubt_and_leaves_a_message_that_was_found():
    assert yielding_to(IntentState.DECLINED) == [IntentState.OPEN, IntentState.UNKNOWN]


def test_furthest_word_on_a_request_stands():
    assert yielding_to(IntentState.OPEN) == []
    assert yielding_to(IntentState.FOUND) == [IntentState.OPEN, IntentState.UNKNOWN]
    assert yielding_to(IntentState.ANSWERED) == [IntentState.OPEN, IntentState.UNKNOWN, IntentState.FOUND]


def test_text_is_known_again_by_its_digest():
    assert text_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert text_digest("abd") != text_digest("abc")
    assert len(text_digest("\ud83d")) == 64
    assert text_digest(None) is None
    assert text_digest("") is None
