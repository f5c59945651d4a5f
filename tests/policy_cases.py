"""What tests of policies have in common: a message at noon, of which a case says what is different."""

from datetime import UTC, datetime, timedelta

from core.facts import Facts, MessageClass
from core.policies.catalogue import rules

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALICE, BOB = "+15557650101", "+15557650102"
MESSAGE_ID = "0d3c0f5a-0000-4000-8000-000000000001"


def facts(**changes):
    """Return what is known of a marketing message to Alice, to be sent in three hours, but for the changes."""
    known = {
        "now": NOW,
        "message_id": MESSAGE_ID,
        "send_at": NOW + timedelta(hours=3),
        "scheduled_at": NOW - timedelta(hours=1),
        "message_class": MessageClass.MARKETING,
        "messaging_profile_id": "spring",
        "recipients": (ALICE,),
    }
    return Facts(**{**known, **changes})


def judged(policy, settings, known):
    """Return what a policy under these settings (a dict) says of a message of which this (a dict) is known."""
    chosen = rules(**{policy.NAME: policy.Settings(**settings)})
    (rule,) = [rule for rule in chosen.every if rule.name == policy.NAME]
    return rule.ask(facts(**known))
