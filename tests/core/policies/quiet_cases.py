"""What tests of quiet hours have in common: numbers of several places, and times of sending by their clocks."""

from datetime import UTC, datetime

from core.campaigns import Campaign
from core.facts import MessageClass
from core.policies import quiet_hours
from core.zones import zone
from tests.policy_cases import judged

NEW_YORKER, FLORIDIAN, PENSACOLA, TEXAN = "+12125550101", "+13055550101", "+18505550101", "+15125550101"
ALABAMIAN, TORONTO, BERLINER, SAMOAN = "+12055550101", "+14165550101", "+4915112345678", "+6857212345"
TOLL_FREE, NOWHERE = "+18005550101", "+15557650101"
#: In use in Louisiana, and not in our tables yet.
NEWEST = "+14575550101"
EASTERN, CENTRAL, PACIFIC = map(zone, ("America/New_York", "America/Chicago", "America/Los_Angeles"))
HAWAIIAN = zone("Pacific/Honolulu")


def at(*clock, where=EASTERN, day=(2026, 5, 1)):
    """A time of sending: the first of May 2026 is a Friday."""
    return datetime(*day, *clock, tzinfo=where).astimezone(UTC)


def said(send_at, *numbers, people=(), campaign=None, message_class=MessageClass.MARKETING, **settings):
    known = {
        "send_at": send_at,
        "recipients": numbers or (NEW_YORKER,),
        "people": people,
        "campaigns": (Campaign("sale", time_zone=campaign),) if campaign else (),
        "message_class": message_class,
    }
    return judged(quiet_hours, settings, known)
