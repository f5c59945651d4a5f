"""What makes a campaign's messages wait because too much of what went out before went wrong."""

from datetime import timedelta

import pytest

from core.campaigns import Campaign
from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Reach, Tally
from core.policies import anomaly
from core.spans import SPAN
from tests.policy_cases import NOW, judged

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ON = {"mode": Mode.ENFORCE}


def span(minutes_ago, ended=0, *, failed=0, spam=0, opted_out=0):
    return Tally(NOW - minutes_ago * MINUTE, ended, failed, spam, opted_out)


def campaign(*tallies, **more):
    return {"campaign_key": "sale", "campaigns": (Campaign("sale"),), "tallies": tallies, **more}


@pytest.mark.parametrize(
    ("settings", "tallies", "act"),
    [
        pytest.param({}, [], Act.ALLOW, id="nothing ended"),
        pytest.param({}, [span(5, 100)], Act.ALLOW, id="all is well"),
        pytest.param({}, [span(5, 100, opted_out=5)], Act.ALLOW, id="opt-outs, just as many as may be"),
        pytest.param({}, [span(5, 100, opted_out=6)], Act.HOLD, id="one opt-out more"),
        pytest.param({}, [span(5, 100, spam=2)], Act.ALLOW, id="spam, just as much as may be"),
        pytest.param({}, [span(5, 100, spam=3)], Act.HOLD, id="one more taken for spam"),
        pytest.param({}, [span(5, 100, failed=30)], Act.ALLOW, id="failures, just as many as may be"),
        pytest.param({}, [span(5, 100, failed=31)], Act.HOLD, id="one failure more"),
        pytest.param({}, [span(5, 49, failed=49)], Act.ALLOW, id="too few ended to tell"),
        pytest.param({}, [span(5, 50, failed=50)], Act.HOLD, id="just enough ended to tell"),
        pytest.param({"least": 51}, [span(5, 50, failed=50)], Act.ALLOW, id="another least sample"),
        pytest.param({"opt_outs": 0.06}, [span(5, 100, opted_out=6)], Act.ALLOW, id="more opt-outs are usual"),
        pytest.param({"spam": 0.03}, [span(5, 100, spam=3)], Act.ALLOW, id="more spam is usual"),
        pytest.param({"failures": 0.31}, [span(5, 100, failed=31)], Act.ALLOW, id="more failures are usual"),
        pytest.param({}, [span(0, 100, failed=31)], Act.HOLD, id="in the span that is under way"),
        pytest.param({}, [span(-5, 100, failed=31)], Act.ALLOW, id="in a span that has not begun"),
        pytest.param({}, [span(25, 25, failed=25), span(0, 25, failed=25)], Act.HOLD, id="within one window"),
        pytest.param(
            {}, [span(30, 25, failed=25), span(0, 25, failed=25)], Act.ALLOW, id="further apart than a window"
        ),
        pytest.param({}, [span(60, 1000, opted_out=40), span(0, 100, opted_out=3)], Act.ALLOW, id="opt-outs before it"),
        pytest.param({}, [span(60, 1000, spam=15), span(0, 100, spam=1)], Act.ALLOW, id="spam before it"),
        pytest.param({}, [span(60, 1000, failed=200), span(0, 100, failed=20)], Act.ALLOW, id="failures before it"),
        pytest.param({}, [span(5, 100, failed=31), span(0, 10)], Act.HOLD, id="mended, but over a moment ago"),
        pytest.param({}, [span(25, 1000), span(0, 50, failed=20)], Act.ALLOW, id="much went well before"),
        pytest.param({}, [span(50, 1000), span(25, 50, failed=20)], Act.HOLD, id="what went well is long ago by now"),
    ],
)
def test_campaign_is_held_while_a_window_is_over(settings, tallies, act):
    verdict = judged(anomaly, {**ON, **settings}, campaign(*tallies))
    assert (verdict.act, verdict.policy) == (act, "anomaly")


@pytest.mark.parametrize(
    ("window", "apart", "act"),
    [
        pytest.param(5, 5, Act.ALLOW, id="one span"),
        pytest.param(6, 5, Act.HOLD, id="what is begun counts whole"),
        pytest.param(10, 5, Act.HOLD, id="two spans"),
        pytest.param(10, 10, Act.ALLOW, id="two spans hold no third"),
    ],
)
def test_window_is_made_of_whole_spans(window, apart, act):
    known = campaign(span(apart, 30, failed=30), span(0, 30, failed=30))
    assert judged(anomaly, {**ON, "window": window * MINUTE}, known).act is act


#: Of 100 that end in one span all fail: each of the six windows that it is part of is over.
BURST = (span(0, 100, failed=100),)
LAST_WINDOW_ENDS = NOW + 6 * SPAN


@pytest.mark.parametrize(
    ("at", "act"),
    [
        (NOW, Act.HOLD),
        (LAST_WINDOW_ENDS - SECOND, Act.HOLD),
        (LAST_WINDOW_ENDS, Act.HOLD),
        (LAST_WINDOW_ENDS + HOUR - SECOND, Act.HOLD),
        (LAST_WINDOW_ENDS + HOUR, Act.ALLOW),
        (LAST_WINDOW_ENDS + HOUR + SECOND, Act.ALLOW),
    ],
)
def test_campaign_rests_after_its_last_window_that_was_over(at, act):
    assert judged(anomaly, ON, campaign(*BURST, now=at)).act is act


@pytest.mark.parametrize(
    ("at", "until", "since"),
    [
        pytest.param(NOW, NOW + SPAN + HOUR, NOW, id="at once"),
        pytest.param(NOW + SPAN - SECOND, NOW + SPAN + HOUR, NOW + SPAN - SECOND, id="while the span is under way"),
        pytest.param(NOW + SPAN, NOW + 2 * SPAN + HOUR, NOW + SPAN, id="as it ends"),
        pytest.param(NOW + HOUR, LAST_WINDOW_ENDS + HOUR, NOW + SPAN, id="later"),
        pytest.param(
            NOW + SPAN + HOUR, LAST_WINDOW_ENDS + HOUR, NOW + 2 * SPAN, id="once its first window is forgotten"
        ),
    ],
)
def test_verdict_tells_since_when_and_until_when_to_look_again(at, until, since):
    verdict = judged(anomaly, ON, campaign(*BURST, now=at))
    assert (verdict.act, verdict.until, verdict.since) == (Act.HOLD, until, since)
    assert verdict.facts["tripped_at"] == since.isoformat()


def test_until_comes_true_when_nothing_more_happens():
    at, looks = NOW, 0
    while (verdict := judged(anomaly, ON, campaign(*BURST, now=at))).act is Act.HOLD:
        assert verdict.until > at
        at, looks = verdict.until, looks + 1
    assert at == LAST_WINDOW_ENDS + HOUR
    assert looks == 2


def test_reason_says_the_rate_the_sample_the_threshold_and_the_window():
    verdict = judged(anomaly, ON, campaign(span(20, 60, opted_out=2), span(10, 60, opted_out=10)))

    assert verdict.reason == (
        "campaign sale had 12 opt-outs to 120 messages that ended in the 30 minutes up to 2026-05-01 12:00 UTC, "
        "10.0% and more than 5.0%: reason to hold it until 13:05 UTC or for longer"
    )
    assert verdict.facts == {
        "campaign": "sale",
        "of": "opt-outs",
        "count": 12,
        "ended": 120,
        "most": 0.05,
        "least": 50,
        "window_seconds": 1800,
        "window_ended_at": "2026-05-01T12:05:00+00:00",
        "tripped_at": "2026-05-01T11:55:00+00:00",
    }
    assert verdict.event_id is None


@pytest.mark.parametrize(
    ("tally", "told"),
    [
        (span(10, 100, spam=40), "40 spam refusals to 100 messages"),
        (span(10, 100, failed=40), "40 failures to 100 messages"),
        (span(10, 100, failed=40, spam=40), "40 spam refusals"),
        (span(10, 100, failed=40, spam=40, opted_out=40), "40 opt-outs"),
    ],
)
def test_reason_names_one_threshold_in_one_order(tally, told):
    assert told in judged(anomaly, ON, campaign(tally)).reason


def test_what_is_usual_is_told_with_how_much_was_looked_at():
    verdict = judged(anomaly, ON, campaign(span(20, 60), span(10, 60)))

    assert (verdict.reason, verdict.until, verdict.since) == ("campaign sale shows nothing unusual", None, None)
    assert verdict.facts == {"campaign": "sale", "ended": 120, "least": 50, "window_seconds": 1800}


def test_message_without_a_campaign_is_not_held():
    verdict = judged(anomaly, ON, {"tallies": BURST})
    assert (verdict.act, verdict.reason) == (Act.ALLOW, "the message belongs to no campaign")


def test_message_known_by_the_carriers_campaign_alone_is_held():
    verdict = judged(anomaly, ON, {"campaigns": (Campaign("CSALE"),), "tallies": BURST})
    assert (verdict.act, verdict.facts["campaign"]) == (Act.HOLD, "CSALE")


@pytest.mark.parametrize(
    ("message_class", "act"),
    [
        (MessageClass.MARKETING, Act.HOLD),
        (MessageClass.TRANSACTIONAL, Act.HOLD),
        (MessageClass.OTP, Act.ALLOW),
        (MessageClass.COMPLIANCE, Act.ALLOW),
    ],
)
def test_codes_and_confirmations_of_opt_outs_are_spared(message_class, act):
    assert judged(anomaly, ON, campaign(*BURST, message_class=message_class)).act is act


def test_it_is_off_by_default_and_looks_as_far_back_as_its_first_window():
    settings = anomaly.Settings()
    assert (settings.mode, settings.window, settings.rest) == (Mode.OFF, 30 * MINUTE, HOUR)
    assert (settings.least, settings.opt_outs, settings.spam, settings.failures) == (50, 0.05, 0.02, 0.3)
    assert anomaly.needs(settings) == {Need.TALLIES: Reach(HOUR + 35 * MINUTE)}
    assert anomaly.PRIORITY == 1


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"window": SPAN - SECOND}, "five minutes in which is counted; give '5m' or longer$"),
        ({"window": HOUR, "rest": 23 * HOUR + SECOND}, "longer than a day together; give shorter ones$"),
    ],
)
def test_times_that_nothing_can_be_counted_in_are_refused(chosen, told):
    with pytest.raises(ValueError, match=told):
        anomaly.Settings(**chosen)
    assert anomaly.Settings(window=SPAN).window == SPAN
    assert anomaly.Settings(window=HOUR, rest=23 * HOUR).rest == 23 * HOUR
