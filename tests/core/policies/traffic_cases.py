"""Other messages to Alice, for the policies that look at them."""

from __future__ import annotations

from datetime import timedelta

from core import labels
from core.facts import MessageClass, Progress, Traffic
from tests.policy_cases import ALICE, NOW

#: The message that is judged is sent then, and was scheduled then; see ``tests.policy_cases``.
SEND_AT, SCHEDULED_AT = NOW + timedelta(hours=3), NOW - timedelta(hours=1)
SECOND = timedelta(seconds=1)


def another(number=1, *tags, after=timedelta(), scheduled=timedelta(), **more):
    """A pending message so long after the one that is judged, scheduled so long after it."""
    told = {
        "message_id": f"other-{number}",
        "phone_number": ALICE,
        "progress": Progress.PENDING,
        "at": SEND_AT + after,
        "scheduled_at": SCHEDULED_AT + scheduled,
        "message_class": MessageClass.MARKETING,
        "labels": labels.read(tags),
    }
    return Traffic(**{**told, **more})


def sent(number=1, *tags, **more):
    return another(number, *tags, **{"progress": Progress.SENT, **more})
