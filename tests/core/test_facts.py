"""Facts that stand alone, for asking a policy about something that is no message yet; and how far policies look."""

from datetime import UTC, datetime, timedelta

import pytest

from core import facts
from core.facts import MessageClass, Reach
from core.labels import Labels

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_about_something_of_which_nothing_else_is_known():
    known = facts.about(now=NOW, campaign_key="spring")

    assert (known.now, known.send_at, known.scheduled_at) == (NOW, NOW, NOW)
    assert (known.message_id, known.recipients, known.messaging_profile_id) == ("", (), None)
    assert known.message_class is MessageClass.MARKETING
    assert known.campaign_key == "spring"


@pytest.mark.parametrize(
    ("reach", "labels", "message_class", "concerned"),
    [
        (Reach(timedelta()), Labels(), MessageClass.OTP, True),
        (Reach(timedelta(), of_labelled="about"), Labels(), MessageClass.OTP, False),
        (Reach(timedelta(), of_labelled="about"), Labels(about="cart"), MessageClass.OTP, True),
        (Reach(timedelta(), of_class=MessageClass.OTP), Labels(), MessageClass.OTP, True),
        (Reach(timedelta(), of_class=MessageClass.OTP), Labels(), MessageClass.MARKETING, False),
        (Reach(timedelta(), "about", MessageClass.OTP), Labels(), MessageClass.OTP, False),
        (Reach(timedelta(), "about", MessageClass.OTP), Labels(about="cart"), MessageClass.OTP, True),
    ],
)
def test_policy_looks_at_messages_of_its_class_that_bear_its_label(reach, labels, message_class, concerned):
    assert reach.concerns(labels, message_class) is concerned
