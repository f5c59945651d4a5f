"""When a recipient's answer stops what is left of a sequence."""

from datetime import timedelta

import pytest

from core import labels
from core.deciding import Act, Mode
from core.facts import Inbound, MessageClass, Need, Progress, Reach, Traffic
from core.policies import reply_stops
from core.policies.catalogue import rules
from tests.policy_cases import ALICE, BOB, MESSAGE_ID, NOW, judged

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
BEGAN = NOW - 2 * DAY
SEND_AT = NOW + timedelta(hours=3)
OURS, OTHER = "+15557650900", "+15557650901"
STEP_2 = ("sequence:welcome", "step:2")


def sent(at=BEGAN, *tags, number=ALICE, progress=Progress.SENT, of="first", sender=OURS):
    read = labels.read(tags or ("sequence:welcome", "step:1"))
    return Traffic(of, number, progress, at, at, MessageClass.MARKETING, labels=read, from_number=sender)


def wrote(words="Tell me more", at=NOW - DAY, number=ALICE, to=OURS, profile="spring", told=None, event="reply-1"):
    return Inbound(number, at, words, told, to, profile, event)


FIRST, ANSWER = (sent(),), (wrote(),)


def known(traffic=FIRST, inbound=ANSWER, *, tags=STEP_2, **more):
    asked = {"labels": labels.read(tags), "traffic": tuple(traffic), "inbound": tuple(inbound)}
    return {"send_at": SEND_AT, "from_number": OURS, **asked, **more}


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, known(tags=()), Act.ALLOW, id="no label"),
        pytest.param({}, known(inbound=()), Act.ALLOW, id="no answer"),
        pytest.param({}, known(), Act.CANCEL, id="an answer to the step before"),
        pytest.param({}, known(inbound=[wrote(None)]), Act.CANCEL, id="a picture"),
        pytest.param({}, known(inbound=[wrote(number=BOB)]), Act.ALLOW, id="somebody else answers"),
        pytest.param({}, known([sent(), sent(number=BOB)], recipients=(BOB,)), Act.ALLOW, id="to somebody else"),
        pytest.param(
            {},
            known([sent(), sent(number=BOB)], [wrote(number=BOB)], recipients=(ALICE, BOB)),
            Act.CANCEL,
            id="one of a group answers",
        ),
        pytest.param({}, known(inbound=[wrote(at=BEGAN)]), Act.ALLOW, id="as the sequence began"),
        pytest.param({}, known(inbound=[wrote(at=BEGAN + SECOND)]), Act.CANCEL, id="a second after it began"),
        pytest.param({}, known(inbound=[wrote(at=BEGAN - SECOND)]), Act.ALLOW, id="a second before it began"),
        pytest.param({}, known(()), Act.ALLOW, id="nothing was sent before"),
        pytest.param({}, known([sent(progress=Progress.PENDING)]), Act.ALLOW, id="the first step is still to be sent"),
        pytest.param({}, known([sent(progress=Progress.FAILED)]), Act.ALLOW, id="the first step did not arrive"),
        pytest.param({}, known([sent(BEGAN, "sequence:sale", "step:1")]), Act.ALLOW, id="another sequence"),
        pytest.param({}, known([sent(BEGAN, "sequence:welcome")], tags=STEP_2[:1]), Act.CANCEL, id="without steps"),
        pytest.param({}, known([sent(of=MESSAGE_ID)]), Act.ALLOW, id="the message itself"),
        pytest.param({}, known([sent(SEND_AT + SECOND)], [wrote(at=SEND_AT + DAY)]), Act.ALLOW, id="sent later"),
        pytest.param({}, known([sent(SEND_AT)], [wrote(at=SEND_AT + DAY)]), Act.CANCEL, id="sent at the same time"),
        pytest.param({}, known(inbound=[wrote("STOP")]), Act.ALLOW, id="an opt-out is none"),
        pytest.param({}, known(inbound=[wrote("no me escriban más")]), Act.CANCEL, id="a refusal that is not read"),
        pytest.param({}, known(inbound=[wrote("Help!")]), Act.ALLOW, id="asking for help is none"),
        pytest.param({}, known(inbound=[wrote(told="HELP")]), Act.ALLOW, id="what Telnyx answered is none"),
        pytest.param({}, known(inbound=[wrote("Liked “Hi”")]), Act.ALLOW, id="a reaction is none"),
        pytest.param({}, known(inbound=[wrote("Liked “Hi”"), wrote()]), Act.CANCEL, id="a reaction, then an answer"),
        pytest.param(
            {"exempt": frozenset({MessageClass.TRANSACTIONAL})},
            known(message_class=MessageClass.TRANSACTIONAL),
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_reply_stops(settings, told, act):
    assert judged(reply_stops, settings, told).act is act


EARLIER = NOW - 9 * DAY


@pytest.mark.parametrize(
    ("traffic", "tags", "act"),
    [
        pytest.param([sent(EARLIER)], ("step:1",), Act.ALLOW, id="the first step begins anew"),
        pytest.param([sent(EARLIER)], ("step:0",), Act.ALLOW, id="so does one before the first"),
        pytest.param([sent(EARLIER)], ("step:2",), Act.CANCEL, id="the second goes on"),
        pytest.param([sent(EARLIER), sent(NOW - SECOND)], ("step:2",), Act.ALLOW, id="the second of the second run"),
        pytest.param(
            [sent(EARLIER), sent(NOW - SECOND, "sequence:welcome", "step:2")],
            ("step:3",),
            Act.CANCEL,
            id="the third of one run",
        ),
        pytest.param(
            [sent(EARLIER, "sequence:welcome", "step:4")],
            ("step:3",),
            Act.ALLOW,
            id="after a later step it begins anew",
        ),
        pytest.param(
            [sent(EARLIER, "sequence:welcome", "step:3")], ("step:3",), Act.CANCEL, id="after the same step it goes on"
        ),
        pytest.param(
            [sent(EARLIER, "sequence:welcome", "step:7"), sent(NOW - SECOND, "sequence:welcome", "step:2")],
            ("step:3",),
            Act.ALLOW,
            id="an earlier run came further",
        ),
        pytest.param(
            [sent(EARLIER, "sequence:welcome", "step:2"), sent(NOW - SECOND, "sequence:welcome")],
            ("step:3",),
            Act.CANCEL,
            id="one without a step between them",
        ),
        pytest.param(
            [sent(EARLIER, "sequence:welcome", "step:7"), sent(NOW - SECOND, "sequence:welcome")],
            ("step:3",),
            Act.ALLOW,
            id="one without a step after an earlier run",
        ),
        pytest.param(
            [sent(EARLIER), sent(EARLIER + SECOND, "sequence:welcome", "step:3")],
            ("step:2",),
            Act.ALLOW,
            id="all of an earlier run is left out",
        ),
        pytest.param(
            [
                sent(EARLIER),
                sent(NOW - SECOND, "sequence:welcome", "step:3", of="z"),
                sent(NOW - SECOND, "sequence:welcome", "step:4", of="a"),
            ],
            ("step:5",),
            Act.CANCEL,
            id="two at the same time are taken in the order of their steps",
        ),
    ],
)
def test_answer_to_an_earlier_run_does_not_count(traffic, tags, act):
    told = known(traffic, [wrote(at=EARLIER + DAY)], tags=("sequence:welcome", *tags))
    assert judged(reply_stops, {}, told).act is act


@pytest.mark.parametrize(
    ("began", "act"),
    [(SEND_AT - 90 * DAY, Act.CANCEL), (SEND_AT - 90 * DAY - SECOND, Act.ALLOW)],
    ids=["as long ago as counts", "a second longer ago"],
)
def test_what_was_sent_too_long_ago_belongs_to_an_earlier_run(began, act):
    assert judged(reply_stops, {}, known([sent(began)])).act is act
    longer = {"longest": 91 * DAY}
    assert judged(reply_stops, longer, known([sent(began)])).act is Act.CANCEL


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, known(inbound=[wrote(to=OTHER)]), Act.ALLOW, id="to another number"),
        pytest.param({"same_sender": False}, known(inbound=[wrote(to=OTHER)]), Act.CANCEL, id="which is all one"),
        pytest.param(
            {}, known([sent(sender=OTHER)], [wrote(to=OTHER)]), Act.CANCEL, id="to the number of the step before"
        ),
        pytest.param({}, known([sent(sender=None)], from_number=None), Act.CANCEL, id="of the pool: the same profile"),
        pytest.param(
            {},
            known([sent(sender=None)], [wrote(profile="autumn")], from_number=None),
            Act.ALLOW,
            id="of the pool: another profile",
        ),
        pytest.param({}, known(inbound=[wrote(to=None)]), Act.CANCEL, id="number unknown: the same profile"),
        pytest.param(
            {}, known(inbound=[wrote(to=None, profile="autumn")]), Act.ALLOW, id="number unknown: another profile"
        ),
        pytest.param({}, known(inbound=[wrote(to=None, profile=None)]), Act.CANCEL, id="nothing known"),
        pytest.param(
            {},
            known(inbound=[wrote(to=None)], messaging_profile_id=None),
            Act.CANCEL,
            id="profile of the message unknown",
        ),
    ],
)
def test_answer_counts_for_the_sender_that_it_was_sent_to(settings, told, act):
    assert judged(reply_stops, settings, told).act is act


def test_first_answer_is_told():
    answers = [
        wrote(at=NOW - SECOND, event="d"),
        wrote("Yes" * 50, NOW - DAY, event="b"),
        wrote("No", NOW - DAY, event="c"),
        wrote("👍 to “Hi”", BEGAN + SECOND, event="a"),
    ]
    verdict = judged(reply_stops, {}, known(inbound=answers))
    assert verdict.reason == f"{ALICE} answered sequence welcome at 2026-04-30 12:00:00 UTC"
    assert verdict.facts == {
        "sequence": "welcome",
        "step": 2,
        "phone_number": ALICE,
        "began_at": "2026-04-29T12:00:00+00:00",
        "answered_at": "2026-04-30T12:00:00+00:00",
        "sent_to": OURS,
        "text": ("Yes" * 50)[:100],
    }
    assert (verdict.event_id, verdict.since, verdict.until) == ("b", NOW - DAY, None)
    assert judged(reply_stops, {}, known(inbound=[wrote(None)])).facts["text"] is None


def test_message_that_nobody_answered_tells_when_its_sequence_began():
    verdict = judged(reply_stops, {}, known(inbound=[]))
    assert verdict.reason == "nobody has answered sequence welcome"
    assert verdict.facts == {"sequence": "welcome", "began_at": {ALICE: "2026-04-29T12:00:00+00:00"}}
    first = judged(reply_stops, {}, known(()))
    assert first.reason == "sequence welcome begins with this message"
    assert first.facts == {"sequence": "welcome", "began_at": {}}
    assert judged(reply_stops, {}, {}).reason == "the message belongs to no sequence"


def test_it_acts_by_default_and_looks_as_far_back_as_a_run_may_last():
    (rule,) = [rule for rule in rules() if rule.name == "reply_stops"]
    assert (rule.mode, rule.priority, rule.exempt) == (Mode.ENFORCE, 1, frozenset())
    reach = Reach(90 * DAY, "sequence")
    assert rule.needs == {Need.TRAFFIC: reach, Need.INBOUND: reach}
    assert reply_stops.Settings().same_sender is True
