"""How many messages a recipient gets, and which of them have to yield."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core import labels
from core.deciding import Act, Mode, decide
from core.facts import MessageClass, Need, Progress, Reach
from core.policies import frequency_cap
from core.policies.catalogue import rules
from core.policies.frequency_cap import Per, Same, Settings
from tests.core.policies.traffic_cases import SCHEDULED_AT, SECOND, SEND_AT, another, sent
from tests.policy_cases import ALICE, BOB, MESSAGE_ID, NOW, facts, judged

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = {"most": 1}
BY_CAMPAIGN = {"most": 1, "same": Same.CAMPAIGN}


def important(priority):
    return {"labels": labels.read([f"priority:{priority}"])}


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param(ONE, {}, Act.ALLOW, id="nothing else"),
        pytest.param({}, {"traffic": (sent(1), sent(2))}, Act.ALLOW, id="one less than may go"),
        pytest.param({}, {"traffic": (sent(1), sent(2), sent(3))}, Act.HOLD, id="as many as may go"),
        pytest.param(ONE, {"traffic": (sent(after=-DAY),)}, Act.ALLOW, id="a window ago"),
        pytest.param(ONE, {"traffic": (sent(after=SECOND - DAY),)}, Act.HOLD, id="a second less than a window ago"),
        pytest.param(ONE, {"traffic": (sent(after=-DAY - SECOND),)}, Act.ALLOW, id="a second more than a window ago"),
        pytest.param(ONE, {"traffic": (sent(after=DAY),)}, Act.ALLOW, id="let go for a window later"),
        pytest.param(ONE, {"traffic": (sent(after=DAY - SECOND),)}, Act.HOLD, id="let go for a second before that"),
        pytest.param(
            {"most": 2},
            {"traffic": (sent(1, after=-13 * HOUR), sent(2, after=12 * HOUR))},
            Act.ALLOW,
            id="one before and one after, in no window together",
        ),
        pytest.param(
            {"most": 2},
            {"traffic": (sent(1, after=-12 * HOUR + SECOND), sent(2, after=12 * HOUR))},
            Act.HOLD,
            id="one before and one after, in one window with it",
        ),
        pytest.param(
            {"most": 2},
            {"traffic": (sent(1, after=-12 * HOUR), sent(2, after=12 * HOUR))},
            Act.ALLOW,
            id="one before and one after, exactly a window apart",
        ),
        pytest.param(
            {"most": 2},
            {"traffic": (sent(1, after=-23 * HOUR), sent(2, after=-HOUR), sent(3, after=23 * HOUR))},
            Act.HOLD,
            id="a window that ends with it",
        ),
        pytest.param({"window": HOUR, "most": 1}, {"traffic": (sent(after=-HOUR),)}, Act.ALLOW, id="a shorter window"),
        pytest.param(ONE, {"traffic": (another(after=-SECOND),)}, Act.HOLD, id="another one is sent before"),
        pytest.param(ONE, {"traffic": (another(after=SECOND),)}, Act.ALLOW, id="another one is sent after"),
        pytest.param(
            ONE, {"traffic": (another(scheduled=-SECOND),)}, Act.HOLD, id="at the same time, scheduled earlier"
        ),
        pytest.param(ONE, {"traffic": (another(scheduled=SECOND),)}, Act.ALLOW, id="at the same time, scheduled later"),
        pytest.param(ONE, {"traffic": (another(message_id="0"),)}, Act.HOLD, id="alike but for the id"),
        pytest.param(ONE, {"traffic": (another(message_id="1"),)}, Act.ALLOW, id="alike but for a later id"),
        pytest.param(
            ONE, {"traffic": (another(1, "priority:4", after=HOUR),)}, Act.HOLD, id="a more important one is sent after"
        ),
        pytest.param(
            ONE, {"traffic": (another(1, "priority:6", after=-HOUR),)}, Act.ALLOW, id="a less important one before"
        ),
        pytest.param(
            ONE, {"traffic": (another(after=-HOUR),), **important(4)}, Act.ALLOW, id="it is more important itself"
        ),
        pytest.param(
            ONE, {"traffic": (sent(1, "priority:9", after=-HOUR),), **important(0)}, Act.HOLD, id="sent, unimportant"
        ),
        pytest.param(
            ONE,
            {"traffic": (sent(1, after=-25 * HOUR), another(2, after=-2 * HOUR))},
            Act.ALLOW,
            id="one before has to yield itself",
        ),
        pytest.param(
            ONE,
            {"traffic": (another(1, "priority:0", after=30 * HOUR), another(2, "priority:1", after=20 * HOUR))},
            Act.ALLOW,
            id="a more important one has to yield to one later still",
        ),
        pytest.param(ONE, {"traffic": (sent(progress=Progress.FAILED),)}, Act.ALLOW, id="not delivered"),
        pytest.param(
            {"most": 1, "count_failed": True}, {"traffic": (sent(progress=Progress.FAILED),)}, Act.HOLD, id="counted"
        ),
        pytest.param(ONE, {"traffic": (sent(message_class=MessageClass.OTP),)}, Act.ALLOW, id="a code"),
        pytest.param(
            {"most": 1, "exempt": frozenset()}, {"traffic": (sent(message_class=MessageClass.OTP),)}, Act.HOLD, id="any"
        ),
        pytest.param(
            ONE, {"traffic": (sent(),), "message_class": MessageClass.TRANSACTIONAL}, Act.ALLOW, id="an exempt class"
        ),
        pytest.param(ONE, {"traffic": (sent(phone_number=BOB),)}, Act.ALLOW, id="to somebody else"),
        pytest.param(
            ONE,
            {"traffic": (sent(phone_number=BOB),), "recipients": (ALICE, BOB)},
            Act.HOLD,
            id="to the second of its recipients",
        ),
        pytest.param(
            {"most": 2},
            {"traffic": (sent(1), sent(2, phone_number=BOB)), "recipients": (ALICE, BOB)},
            Act.ALLOW,
            id="no recipient alone gets too many",
        ),
        pytest.param(
            BY_CAMPAIGN, {"traffic": (sent(campaign_key="a"),), "campaign_key": "b"}, Act.ALLOW, id="another campaign"
        ),
        pytest.param(
            BY_CAMPAIGN, {"traffic": (sent(campaign_key="a"),), "campaign_key": "a"}, Act.HOLD, id="the same campaign"
        ),
        pytest.param(BY_CAMPAIGN, {"traffic": (sent(),)}, Act.HOLD, id="neither belongs to any campaign"),
        pytest.param(BY_CAMPAIGN, {"traffic": (sent(),), "campaign_key": "a"}, Act.ALLOW, id="one belongs to none"),
        pytest.param(ONE, {"traffic": (sent(campaign_key="a"),), "campaign_key": "b"}, Act.HOLD, id="all count"),
    ],
)
def test_rolling_window(settings, known, act):
    assert judged(frequency_cap, settings, known).act is act


def at(*moment, zone=UTC, fold=0):
    return datetime(*moment, tzinfo=zone, fold=fold).astimezone(UTC)


NEW_YORK, SANTIAGO = ZoneInfo("America/New_York"), ZoneInfo("America/Santiago")


@pytest.mark.parametrize(
    ("zone", "send_at", "other", "act"),
    [
        pytest.param(ZoneInfo("UTC"), at(2026, 5, 1), at(2026, 4, 30, 23, 59, 59), Act.ALLOW, id="the month before"),
        pytest.param(ZoneInfo("UTC"), at(2026, 5, 1), at(2026, 5, 1, 23, 59, 59), Act.HOLD, id="the end of the day"),
        pytest.param(ZoneInfo("UTC"), at(2026, 5, 1), at(2026, 5, 2), Act.ALLOW, id="the next day"),
        pytest.param(ZoneInfo("UTC"), at(2026, 5, 1), at(2026, 6, 1), Act.ALLOW, id="the same day of another month"),
        pytest.param(NEW_YORK, at(2026, 5, 2, 3, 59, 59), at(2026, 5, 1, 4), Act.HOLD, id="one day over there"),
        pytest.param(NEW_YORK, at(2026, 5, 2, 4), at(2026, 5, 2, 3, 59, 59), Act.ALLOW, id="midnight over there"),
        pytest.param(
            NEW_YORK,
            at(2026, 11, 1, 0, zone=NEW_YORK),
            at(2026, 11, 1, 23, 59, 59, zone=NEW_YORK),
            Act.HOLD,
            id="a day of 25 hours",
        ),
        pytest.param(
            NEW_YORK, at(2026, 11, 1, 0, zone=NEW_YORK), at(2026, 11, 2, zone=NEW_YORK), Act.ALLOW, id="and its end"
        ),
        pytest.param(
            NEW_YORK,
            at(2026, 3, 8, 0, zone=NEW_YORK),
            at(2026, 3, 8, 0, zone=NEW_YORK) + 23 * HOUR - SECOND,
            Act.HOLD,
            id="a day of 23 hours",
        ),
        pytest.param(
            NEW_YORK,
            at(2026, 3, 8, 0, zone=NEW_YORK),
            at(2026, 3, 8, 0, zone=NEW_YORK) + 23 * HOUR,
            Act.ALLOW,
            id="and its end, too",
        ),
        pytest.param(SANTIAGO, at(2026, 9, 6, 4), at(2026, 9, 6, 3, 59, 59), Act.ALLOW, id="a day without a midnight"),
    ],
)
def test_calendar_day(zone, send_at, other, act):
    settings = {"most": 1, "per": Per.DAY, "time_zone": zone}
    known = {"send_at": send_at, "traffic": (sent(at=other),), "now": send_at - HOUR}
    assert judged(frequency_cap, settings, known).act is act


def test_day_is_full_when_as_many_as_may_go_are_of_it():
    settings = {"most": 2, "per": Per.DAY}
    known = (sent(1, after=-HOUR), sent(2, after=-HOUR - DAY), sent(3, after=HOUR))
    assert judged(frequency_cap, settings, {"traffic": known[:2]}).act is Act.ALLOW
    verdict = judged(frequency_cap, settings, {"traffic": known})
    assert verdict.act is Act.HOLD
    assert [each["message_id"] for each in verdict.facts["before"]] == ["other-1", "other-3"]


def test_verdict_names_those_before_it_and_the_rule():
    first = sent(1, "priority:2", after=-5 * HOUR, scheduled=-HOUR)
    second = another(2, after=-HOUR, scheduled=SECOND)
    verdict = judged(frequency_cap, {"most": 2}, {"traffic": (second, first)})
    assert verdict.reason == (
        f"{ALICE} gets no more than 2 messages in 24 hours, and as many go before it: 1 sent and 1 pending, the first "
        "at 2026-05-01 10:00:00 UTC"
    )
    assert verdict.facts == {
        "most": 2,
        "per": "rolling",
        "same": "all",
        "window_seconds": 86400,
        "phone_number": ALICE,
        "before": [
            {"message_id": "other-1", "at": "2026-05-01T10:00:00+00:00", "progress": "sent", "priority": 2},
            {"message_id": "other-2", "at": "2026-05-01T14:00:00+00:00", "progress": "pending", "priority": 5},
        ],
    }
    assert (verdict.since, verdict.event_id, verdict.until) == (SCHEDULED_AT + SECOND, None, None)


def test_verdict_counts_what_was_sent_and_what_is_pending():
    known = {"traffic": (sent(1, after=-3 * HOUR), sent(2, after=-2 * HOUR), another(3, after=-HOUR))}
    assert "2 sent and 1 pending" in judged(frequency_cap, {}, known).reason


def test_verdict_names_the_day_and_the_campaign():
    settings = {"most": 1, "per": Per.DAY, "time_zone": NEW_YORK, "same": Same.CAMPAIGN}
    verdict = judged(frequency_cap, settings, {"campaign_key": "a", "traffic": (sent(campaign_key="a"),)})
    assert "gets no more than 1 message of campaign a on 2026-05-01 in America/New_York, and" in verdict.reason
    told = {key: verdict.facts[key] for key in ("per", "day", "time_zone", "campaign")}
    assert told == {"per": "day", "day": "2026-05-01", "time_zone": "America/New_York", "campaign": "a"}
    assert "window_seconds" not in verdict.facts


def test_allowance_says_what_was_looked_at():
    verdict = judged(frequency_cap, {"window": timedelta(minutes=90)}, {"traffic": (sent(phone_number=BOB),)})
    assert verdict.reason == "no recipient gets more than 3 messages in 1.5 hours with it"
    assert verdict.facts == {
        "most": 3,
        "per": "rolling",
        "same": "all",
        "window_seconds": 5400,
        "recipients": [ALICE],
        "looked_at": 1,
    }


def test_message_without_a_campaign_names_none():
    verdict = judged(frequency_cap, BY_CAMPAIGN, {"traffic": (sent(),)})
    assert "1 message in 24 hours" in verdict.reason
    assert verdict.facts["campaign"] is None


def test_what_is_held_at_the_last_look_is_cancelled():
    chosen = rules(frequency_cap=Settings(mode=Mode.ENFORCE, most=1))
    known = {"traffic": (sent(),)}
    assert decide(facts(**known), chosen)[0].verdict is Act.HOLD
    (decision,) = decide(facts(**known, is_last=True), chosen)
    assert (decision.verdict, decision.policy) == (Act.CANCEL, "frequency_cap")


def test_it_is_off_unless_it_is_set():
    assert frequency_cap.PRIORITY == 1
    (most,) = [each for each in fields(Settings) if each.name == "most"]
    assert (most.metadata["least"], most.metadata["most"]) == (1, 1000)
    assert Settings().mode is Mode.OFF
    assert Settings().exempt == {MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE}


@pytest.mark.parametrize(
    ("settings", "back"),
    [
        ({}, timedelta(days=5)),
        ({"window": timedelta(days=30)}, timedelta(days=30)),
        ({"per": Per.DAY, "window": timedelta(days=30)}, timedelta(days=2)),
    ],
)
def test_it_looks_as_far_as_what_is_pending_may_depend_on(settings, back):
    assert frequency_cap.needs(Settings(**settings)) == {Need.TRAFFIC: Reach(back)}


def test_request_that_has_no_id_yet_comes_after_what_was_there():
    known = {"message_id": "", "scheduled_at": NOW}
    assert judged(frequency_cap, ONE, {**known, "traffic": (another(),)}).act is Act.HOLD
    assert judged(frequency_cap, ONE, {**known, "traffic": (another(after=SECOND),)}).act is Act.ALLOW
    assert MESSAGE_ID > ""
    assert SEND_AT > NOW
