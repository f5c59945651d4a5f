"""When something newer is known about what a message speaks of."""

from datetime import timedelta

import pytest

from core import labels
from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Progress, Reach, Signal, SignalKind
from core.policies import superseded
from core.policies.superseded import Settings
from tests.core.policies.traffic_cases import SCHEDULED_AT, SECOND, another, sent
from tests.policy_cases import ALICE, BOB, judged

VISIT = "about:visit-42"
HOUR = timedelta(hours=1)


def telling(*tags, traffic=(), signals=(), **more):
    return {"labels": labels.read([VISIT, *tags]), "traffic": traffic, "signals": signals, **more}


def changed(revision, *, after=HOUR, value="visit-42", number=None, kind=SignalKind.REVISION, signal_id="s1"):
    return Signal(signal_id, kind, value, SCHEDULED_AT + after, number, revision)


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {}, Act.ALLOW, id="speaks of nothing"),
        pytest.param({}, {"traffic": (sent(1, "revision:9"),)}, Act.ALLOW, id="nor does the other"),
        pytest.param({}, telling("revision:2"), Act.ALLOW, id="nothing else"),
        pytest.param({}, telling("revision:2", traffic=(another(1, VISIT, "revision:3"),)), Act.CANCEL, id="newer"),
        pytest.param({}, telling("revision:2", traffic=(another(1, VISIT, "revision:2"),)), Act.ALLOW, id="the same"),
        pytest.param({}, telling("revision:2", traffic=(another(1, VISIT, "revision:1"),)), Act.ALLOW, id="older"),
        pytest.param({}, telling("revision:2", traffic=(sent(1, VISIT, "revision:3"),)), Act.CANCEL, id="newer, sent"),
        pytest.param(
            {},
            telling("revision:2", traffic=(sent(1, VISIT, "revision:3", progress=Progress.FAILED),)),
            Act.CANCEL,
            id="newer, not delivered",
        ),
        pytest.param(
            {},
            telling("revision:2", traffic=(another(1, "about:visit-43", "revision:3"),)),
            Act.ALLOW,
            id="newer of something else",
        ),
        pytest.param(
            {},
            telling("revision:2", traffic=(another(1, VISIT, "revision:3", phone_number=BOB),)),
            Act.ALLOW,
            id="newer to somebody else",
        ),
        pytest.param({}, telling(traffic=(another(1, VISIT, scheduled=SECOND),)), Act.CANCEL, id="scheduled later"),
        pytest.param({}, telling(traffic=(another(1, VISIT),)), Act.ALLOW, id="scheduled at once"),
        pytest.param({}, telling(traffic=(another(1, VISIT, scheduled=-SECOND),)), Act.ALLOW, id="scheduled earlier"),
        pytest.param(
            {},
            telling("revision:2", traffic=(another(1, VISIT, scheduled=SECOND),)),
            Act.CANCEL,
            id="scheduled later without a revision",
        ),
        pytest.param(
            {},
            telling(traffic=(another(1, VISIT, "revision:1", scheduled=-SECOND),)),
            Act.ALLOW,
            id="scheduled earlier with a revision, and it has none",
        ),
        pytest.param(
            {},
            telling("revision:2", traffic=(another(1, VISIT, "revision:2", scheduled=SECOND),)),
            Act.ALLOW,
            id="of one revision both stay, whichever was scheduled later",
        ),
        pytest.param({}, telling("revision:2", signals=(changed(3),)), Act.CANCEL, id="changed"),
        pytest.param({}, telling("revision:2", signals=(changed(3, after=-HOUR),)), Act.CANCEL, id="changed before"),
        pytest.param({}, telling("revision:2", signals=(changed(2),)), Act.ALLOW, id="changed to what it tells"),
        pytest.param({}, telling("revision:2", signals=(changed(1),)), Act.ALLOW, id="an old change"),
        pytest.param({}, telling("revision:0", signals=(changed(0),)), Act.ALLOW, id="the very first revision"),
        pytest.param({}, telling(signals=(changed(1, after=SECOND),)), Act.CANCEL, id="changed since, it tells none"),
        pytest.param({}, telling(signals=(changed(1, after=0 * SECOND),)), Act.ALLOW, id="changed as it was scheduled"),
        pytest.param({}, telling("revision:2", signals=(changed(3, value="x"),)), Act.ALLOW, id="another changed"),
        pytest.param({}, telling("revision:2", signals=(changed(3, number=ALICE),)), Act.CANCEL, id="told of her"),
        pytest.param({}, telling("revision:2", signals=(changed(3, number=BOB),)), Act.ALLOW, id="told of him"),
        pytest.param(
            {}, telling("revision:2", signals=(changed(3, kind=SignalKind.GOAL),)), Act.ALLOW, id="of another kind"
        ),
        pytest.param({}, telling("revision:2", signals=(changed(None, after=SECOND),)), Act.CANCEL, id="is no more"),
        pytest.param({}, telling(signals=(changed(None, after=SECOND),)), Act.CANCEL, id="is no more, it tells none"),
        pytest.param(
            {}, telling("revision:2", signals=(changed(None, after=0 * SECOND),)), Act.ALLOW, id="ended as scheduled"
        ),
        pytest.param(
            {}, telling("revision:2", signals=(changed(None, after=-SECOND),)), Act.ALLOW, id="ended before, made anew"
        ),
        pytest.param(
            {},
            telling("revision:2", signals=(changed(None, after=SECOND), changed(2, after=HOUR, signal_id="s2"))),
            Act.ALLOW,
            id="ended, and came to be again",
        ),
        pytest.param(
            {},
            {"signals": (changed(None),), "labels": labels.read(["revision:2"])},
            Act.ALLOW,
            id="revision of nothing",
        ),
        pytest.param({}, telling("revision:new"), Act.HOLD, id="its revision cannot be read"),
        pytest.param({"on_unknown": Act.CANCEL}, telling("revision:new"), Act.CANCEL, id="which cancels"),
        pytest.param({"on_unknown": Act.ALLOW}, telling("revision:new"), Act.ALLOW, id="which is allowed"),
        pytest.param(
            {"on_unknown": Act.ALLOW},
            telling("revision:new", traffic=(another(1, VISIT, scheduled=SECOND),)),
            Act.CANCEL,
            id="which is allowed, and another was scheduled later",
        ),
        pytest.param({}, {"labels": labels.read(["about: "])}, Act.HOLD, id="what it speaks of cannot be read"),
        pytest.param({}, {"labels": labels.read(["revision:new"])}, Act.ALLOW, id="somebody's own tag"),
        pytest.param({}, telling("step:new"), Act.ALLOW, id="another label cannot be read"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            telling(signals=(changed(None),), message_class=MessageClass.OTP),
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_superseded(settings, known, act):
    assert judged(superseded, settings, known).act is act


BASE = {"about": "visit-42", "revision": 2, "scheduled_at": "2026-05-01T11:00:00+00:00"}


def test_verdict_names_the_latest_message_that_took_its_place():
    others = tuple(another(number, VISIT, f"revision:{number}", scheduled=number * SECOND) for number in (3, 5, 4))
    verdict = judged(superseded, {}, telling("revision:2", traffic=others, signals=(changed(9),)))
    assert verdict.reason == (
        f"message other-5 to {ALICE} tells of visit-42 anew as revision 5; it was scheduled at 2026-05-01 11:00:05 UTC"
    )
    assert verdict.facts == {
        **BASE,
        "by": "other-5",
        "by_revision": 5,
        "by_scheduled_at": "2026-05-01T11:00:05+00:00",
        "progress": "pending",
    }
    assert (verdict.since, verdict.event_id, verdict.until) == (SCHEDULED_AT + 5 * SECOND, None, None)


def test_verdict_on_messages_without_revisions_names_the_last_scheduled():
    others = (another(2, VISIT, scheduled=HOUR), another(1, VISIT, scheduled=SECOND))
    verdict = judged(superseded, {}, telling(traffic=others))
    assert verdict.reason == (
        f"message other-2 to {ALICE} tells of visit-42 anew; it was scheduled at 2026-05-01 12:00:00 UTC"
    )
    assert (verdict.facts["by_revision"], verdict.facts["revision"]) == (None, None)


def test_verdict_names_the_latest_change():
    signals = (changed(4, after=SECOND, signal_id="s4"), changed(3, after=HOUR, signal_id="s3"))
    verdict = judged(superseded, {}, telling("revision:2", signals=signals))
    assert verdict.reason == (
        "visit-42 was changed to revision 4 at 2026-05-01 11:00:01 UTC; the message tells revision 2"
    )
    assert verdict.facts == {**BASE, "signal": "s4", "signal_revision": 4, "at": "2026-05-01T11:00:01+00:00"}
    assert (verdict.event_id, verdict.since) == ("s4", SCHEDULED_AT + SECOND)


def test_verdict_on_what_tells_no_revision_names_none():
    verdict = judged(superseded, {}, telling(signals=(changed(1),)))
    assert verdict.reason == "visit-42 was changed to revision 1 at 2026-05-01 12:00:00 UTC"


def test_verdict_says_since_when_there_is_nothing_left_to_speak_of():
    verdict = judged(superseded, {}, telling("revision:2", signals=(changed(None),)))
    assert verdict.reason == "visit-42 is no more since 2026-05-01 12:00:00 UTC"
    assert verdict.facts == {**BASE, "signal": "s1", "signal_revision": None, "at": "2026-05-01T12:00:00+00:00"}
    assert (verdict.event_id, verdict.since) == ("s1", SCHEDULED_AT + HOUR)


def test_label_that_cannot_be_read_is_named():
    verdict = judged(superseded, {}, telling("revision:new"))
    assert verdict.reason == "its label 'revision:new' cannot be read"
    assert verdict.facts == {**BASE, "revision": None, "unread": "revision:new", "on_unknown": "hold"}


def test_allowance_says_what_it_rests_on():
    verdict = judged(superseded, {}, telling("revision:2"))
    assert (verdict.reason, verdict.facts) == ("nothing newer is known about visit-42", BASE)
    assert judged(superseded, {}, {}).reason == "it bears no label 'about'"


def test_it_acts_unless_it_is_switched_off_and_looks_at_what_bears_the_label():
    assert superseded.PRIORITY == 1
    assert (Settings().mode, Settings().exempt) == (Mode.ENFORCE, frozenset())
    reach = Reach(timedelta(days=30), of_labelled="about")
    assert superseded.needs(Settings()) == {Need.TRAFFIC: reach, Need.SIGNALS: reach}
