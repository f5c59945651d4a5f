"""When words are a repetition of others."""

from datetime import timedelta

import pytest

from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Progress, Reach
from core.policies import duplicate
from core.policies.duplicate import Settings
from tests.core.policies.traffic_cases import SCHEDULED_AT, SECOND, SEND_AT, another, sent
from tests.policy_cases import ALICE, BOB, NOW, judged

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def twin(number=1, **more):
    return another(number, **{"fingerprint": "same", **more})


def gone(number=1, **more):
    return sent(number, **{"fingerprint": "same", "at": NOW - HOUR, **more})


def words(*traffic, **more):
    return {"fingerprint": "same", "traffic": traffic, **more}


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, words(), Act.ALLOW, id="nothing else"),
        pytest.param({}, words(twin(after=-HOUR)), Act.HOLD, id="the same words before"),
        pytest.param({}, words(twin(after=HOUR)), Act.ALLOW, id="the same words after"),
        pytest.param({}, words(twin(after=-HOUR, fingerprint="other")), Act.ALLOW, id="other words"),
        pytest.param({}, words(twin(after=-HOUR, fingerprint=None)), Act.ALLOW, id="unknown words"),
        pytest.param({}, words(twin(after=-DAY)), Act.ALLOW, id="a day before"),
        pytest.param({}, words(twin(after=SECOND - DAY)), Act.HOLD, id="a second less than a day before"),
        pytest.param({"within": HOUR}, words(twin(after=-HOUR)), Act.ALLOW, id="a shorter time"),
        pytest.param({"within": HOUR}, words(twin(after=SECOND - HOUR)), Act.HOLD, id="a second within it"),
        pytest.param({}, words(twin(scheduled=-SECOND)), Act.HOLD, id="at the same time, scheduled earlier"),
        pytest.param({}, words(twin(scheduled=SECOND)), Act.ALLOW, id="at the same time, scheduled later"),
        pytest.param({}, words(twin(message_id="0")), Act.HOLD, id="alike but for the id"),
        pytest.param({}, words(twin(message_id="1")), Act.ALLOW, id="alike but for a later id"),
        pytest.param({}, words(another(1, "priority:9", after=-HOUR, fingerprint="same")), Act.HOLD, id="unimportant"),
        pytest.param({}, words(gone()), Act.CANCEL, id="sent"),
        pytest.param({}, words(gone(at=NOW)), Act.CANCEL, id="sent now"),
        pytest.param({}, words(gone(at=NOW + SECOND)), Act.HOLD, id="let go, and not yet sent"),
        pytest.param({}, words(gone(at=SEND_AT + HOUR)), Act.HOLD, id="let go for later"),
        pytest.param({}, words(gone(at=SEND_AT - DAY)), Act.ALLOW, id="sent a day before"),
        pytest.param({}, words(gone(at=SEND_AT - DAY + SECOND)), Act.CANCEL, id="sent a second less before"),
        pytest.param({}, words(gone(progress=Progress.FAILED)), Act.ALLOW, id="sent and not delivered"),
        pytest.param({}, words(gone(message_class=MessageClass.OTP)), Act.ALLOW, id="of another class"),
        pytest.param({}, words(gone(phone_number=BOB)), Act.ALLOW, id="to somebody else"),
        pytest.param({}, words(gone(phone_number=BOB), recipients=(ALICE, BOB)), Act.CANCEL, id="to one of a group"),
        pytest.param(
            {},
            words(gone(1, at=SEND_AT - 2 * DAY + 2 * HOUR), twin(2, after=HOUR - DAY)),
            Act.ALLOW,
            id="what is before has to yield itself",
        ),
        pytest.param(
            {}, words(twin(2, after=-2 * HOUR), gone(1)), Act.CANCEL, id="both pending and sent before it: sent counts"
        ),
        pytest.param({}, {"traffic": (gone(fingerprint=None),)}, Act.ALLOW, id="its own words are not known"),
        pytest.param({"on_unknown": Act.HOLD}, {}, Act.HOLD, id="its own words are not known, which holds"),
        pytest.param({"on_unknown": Act.CANCEL}, {}, Act.CANCEL, id="its own words are not known, which cancels"),
        pytest.param({}, words(gone(), message_class=MessageClass.OTP), Act.ALLOW, id="an exempt class"),
        pytest.param(
            {"exempt": frozenset()},
            words(gone(message_class=MessageClass.OTP), message_class=MessageClass.OTP),
            Act.CANCEL,
            id="a class that is not exempt",
        ),
    ],
)
def test_duplicate(settings, known, act):
    assert judged(duplicate, settings, known).act is act


def test_verdict_names_the_message_that_says_the_same():
    verdict = judged(duplicate, {}, words(gone(scheduled=SECOND)))
    assert verdict.reason == (
        f"message other-1 was sent to {ALICE} at 2026-05-01 11:00:00 UTC with the same words, within 24 hours of it"
    )
    assert verdict.facts == {
        "phone_number": ALICE,
        "twin": "other-1",
        "at": "2026-05-01T11:00:00+00:00",
        "progress": "sent",
        "fingerprint": "same",
        "within_seconds": 86400,
    }
    assert (verdict.since, verdict.event_id, verdict.until) == (SCHEDULED_AT + SECOND, None, None)


def test_verdict_on_a_pending_one_names_the_earliest():
    verdict = judged(duplicate, {"within": 2 * HOUR}, words(twin(2, after=-HOUR), twin(1, after=SECOND - 2 * HOUR)))
    assert verdict.facts["twin"] == "other-1"
    assert "other-1 is to be sent to" in verdict.reason
    assert verdict.reason.endswith("within 2 hours of it")


def test_allowance_says_what_it_rests_on():
    verdict = judged(duplicate, {}, words())
    assert verdict.reason == "no recipient gets these words twice in 24 hours"
    assert verdict.facts == {"fingerprint": "same", "within_seconds": 86400}


def test_unknown_words_are_named_as_the_reason():
    verdict = judged(duplicate, {"on_unknown": Act.HOLD}, {})
    assert (verdict.reason, verdict.facts) == ("its words are not known", {"on_unknown": "hold"})


def test_it_is_off_unless_it_is_set_and_looks_twice_as_far():
    assert duplicate.PRIORITY == 1
    assert Settings().mode is Mode.OFF
    assert Settings().exempt == {MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE}
    assert duplicate.needs(Settings(within=HOUR)) == {Need.TRAFFIC: Reach(2 * HOUR)}
