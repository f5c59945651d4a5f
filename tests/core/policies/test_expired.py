"""When a message's own label makes it too old."""

from datetime import UTC, datetime, timedelta

import pytest

from core import labels
from core.deciding import Act, Mode
from core.facts import MessageClass
from core.policies import expired
from tests.policy_cases import NOW, judged

SEND_AT = NOW + timedelta(hours=3)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def labelled(*tags):
    return {"labels": labels.read(tags), "send_at": SEND_AT}


def expiring(at):
    return labelled(f"expires:{at.isoformat()}")


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {}, Act.ALLOW, id="no label"),
        pytest.param({}, expiring(SEND_AT + MINUTE + SECOND), Act.ALLOW, id="a second after the latest sending"),
        pytest.param({}, expiring(SEND_AT + MINUTE), Act.CANCEL, id="at the latest sending"),
        pytest.param({}, expiring(SEND_AT + MINUTE - SECOND), Act.CANCEL, id="a second before the latest sending"),
        pytest.param({}, expiring(SEND_AT), Act.CANCEL, id="as it is sent"),
        pytest.param({}, expiring(NOW - SECOND), Act.CANCEL, id="already"),
        pytest.param({}, labelled("expires:tomorrow"), Act.HOLD, id="cannot be read"),
        pytest.param({}, labelled("expires:2026-05-01T12:00:00"), Act.HOLD, id="has no zone"),
        pytest.param({}, labelled("expires:9999-12-31T23:59:59-12:00"), Act.HOLD, id="is beyond all calendars"),
        pytest.param({}, labelled("step:x"), Act.ALLOW, id="another label cannot be read"),
        pytest.param(
            {"on_unknown": Act.ALLOW}, labelled("expires:x"), Act.ALLOW, id="cannot be read, which is allowed"
        ),
        pytest.param({"on_unknown": Act.CANCEL}, labelled("expires:x"), Act.CANCEL, id="cannot be read, which cancels"),
        pytest.param(
            {},
            labelled(f"expires:{NOW.isoformat()}", "expires:x"),
            Act.CANCEL,
            id="one says that it is over, another cannot be read",
        ),
        pytest.param(
            {},
            labelled(f"expires:{(SEND_AT + timedelta(days=1)).isoformat()}", "expires:x"),
            Act.HOLD,
            id="one says that it is not over, another cannot be read",
        ),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            {**expiring(NOW), "message_class": MessageClass.OTP},
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_expired(settings, known, act):
    assert judged(expired, settings, known).act is act


def test_it_is_enforced_for_every_class_by_default():
    settings = expired.Settings()
    assert (settings.mode, settings.exempt, settings.on_unknown) == (Mode.ENFORCE, frozenset(), Act.HOLD)


def test_expiry_names_its_times_whatever_zone_the_label_was_written_in():
    verdict = judged(expired, {}, labelled("expires:2026-05-01T11:00:00-04:00"))

    assert verdict.reason == (
        "the message expires at 2026-05-01T15:00:00+00:00 and may be sent as late as 2026-05-01T15:01:00+00:00"
    )
    assert verdict.facts == {
        "expires_at": "2026-05-01T15:00:00+00:00",
        "send_at": "2026-05-01T15:00:00+00:00",
        "sent_by": "2026-05-01T15:01:00+00:00",
    }
    assert (verdict.policy, verdict.until, verdict.event_id) == ("expired", None, None)


def test_what_does_not_expire_in_time_says_so():
    assert judged(expired, {}, {}).reason == "the message does not expire"
    verdict = judged(expired, {}, expiring(datetime(2026, 6, 1, tzinfo=UTC)))
    assert verdict.reason == "the message is sent before it expires at 2026-06-01T00:00:00+00:00"


def test_label_that_cannot_be_read_is_quoted_with_the_remedy():
    verdict = judged(expired, {}, labelled("expires:soon"))

    assert verdict.reason == (
        "the label 'expires:soon' tells no time with its zone, such as 'expires:2026-05-01T12:00:00Z'"
    )
    assert (verdict.facts["malformed"], verdict.facts["expires_at"]) == (["expires:soon"], None)
