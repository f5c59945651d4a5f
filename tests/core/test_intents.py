"""What an answer to a request to send says of the message."""

import pytest

from core.intents import is_declined


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
