"""What the policy does about each kind of word: the tables read as its specification."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.consent import Consent, ConsentKind, ConsentScope, Language, Tier, settlement_of
from core.deciding import Act
from core.facts import MessageClass, Need, Progress, Traffic
from core.policies import opt_out
from core.policies.opt_out import OnDoubt, OnPhrase
from tests.policy_cases import ALICE, BOB, NOW, judged

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
EN, ES = Language.ENGLISH, Language.SPANISH
OUT, IN, DOUBT, DISMISSED = ConsentKind.OPT_OUT, ConsentKind.OPT_IN, ConsentKind.DOUBT, ConsentKind.DISMISSED


def word(kind, ago=60, *, number=ALICE, profile="spring", tier=None, languages=(EN,), event_id=None, evidence=None):
    """A word that was said some minutes ago."""
    return Consent(
        phone_number=number,
        kind=kind,
        effective_at=NOW - ago * MINUTE,
        messaging_profile_id=profile,
        event_id=event_id or f"{kind}-{ago}",
        source="webhook",
        evidence=evidence,
        tier=tier,
        languages=languages if tier else (),
    )


STOP = word(OUT, tier=Tier.KEYWORD, evidence="STOP")
PHRASE = word(OUT, tier=Tier.PHRASE, evidence="please stop texting me", event_id="phrase")
MAYBE = word(DOUBT, tier=Tier.DOUBTFUL, evidence="please stop by", event_id="maybe")
BLOCKED = word(OUT, tier=Tier.EVIDENCE, languages=(), evidence="40300: Blocked due to STOP message")
PHRASE_ES = replace(PHRASE, languages=(ES,))
MAYBE_ES = replace(MAYBE, languages=(ES,))


def settled(about, kind, ago=30):
    return word(kind, ago, event_id=settlement_of(about.event_id))


@pytest.mark.parametrize(
    ("settings", "consents", "act"),
    [
        pytest.param({}, [], Act.ALLOW, id="nothing said"),
        pytest.param({}, [STOP], Act.CANCEL, id="a keyword"),
        pytest.param({}, [PHRASE], Act.CANCEL, id="a phrase"),
        pytest.param({}, [MAYBE], Act.HOLD, id="a doubtful text"),
        pytest.param({}, [BLOCKED], Act.CANCEL, id="evidence"),
        pytest.param({}, [word(OUT)], Act.CANCEL, id="by API"),
        pytest.param({"phrases": OnPhrase.HOLD}, [PHRASE], Act.HOLD, id="a phrase, and phrases hold"),
        pytest.param({"phrases": OnPhrase.IGNORE}, [PHRASE], Act.ALLOW, id="a phrase, and phrases are ignored"),
        pytest.param({"phrases": OnPhrase.IGNORE}, [STOP], Act.CANCEL, id="a keyword, and phrases are ignored"),
        pytest.param({"phrases": OnPhrase.IGNORE}, [MAYBE], Act.HOLD, id="a doubt, and phrases are ignored"),
        pytest.param({"doubtful": OnDoubt.IGNORE}, [MAYBE], Act.ALLOW, id="a doubt, and doubts are ignored"),
        pytest.param({"doubtful": OnDoubt.IGNORE}, [PHRASE], Act.CANCEL, id="a phrase, and doubts are ignored"),
        pytest.param({"phrases": OnPhrase.HOLD}, [STOP, PHRASE], Act.CANCEL, id="a keyword before a phrase on hold"),
        pytest.param({"phrases": OnPhrase.HOLD}, [PHRASE, word(IN, 5)], Act.ALLOW, id="a phrase on hold, and a START"),
        pytest.param({}, [PHRASE_ES], Act.ALLOW, id="in a language that is not read"),
        pytest.param({}, [MAYBE_ES], Act.ALLOW, id="a doubt in a language that is not read"),
        pytest.param({"languages": (EN, ES)}, [PHRASE_ES], Act.CANCEL, id="in a language that is read"),
        pytest.param({"languages": (ES,)}, [MAYBE_ES], Act.HOLD, id="a doubt in a language that is read"),
        pytest.param({"languages": (ES,)}, [PHRASE], Act.CANCEL, id="English is always read"),
        pytest.param({}, [replace(PHRASE, languages=(EN, ES))], Act.CANCEL, id="in two languages, one of them read"),
        pytest.param({}, [replace(STOP, languages=(ES,))], Act.ALLOW, id="a keyword of a language that is not read"),
        pytest.param({}, [replace(STOP, languages=())], Act.CANCEL, id="Telnyx's own reading counts in every language"),
        pytest.param({}, [replace(MAYBE, languages=())], Act.HOLD, id="a sign counts in every language"),
        pytest.param({}, [STOP, word(IN, 59)], Act.ALLOW, id="STOP, then START"),
        pytest.param({}, [PHRASE, word(IN, 60)], Act.CANCEL, id="a phrase and START at once"),
        pytest.param({}, [BLOCKED, word(IN, 5)], Act.ALLOW, id="evidence, then START"),
        pytest.param({}, [BLOCKED, word(IN, 90)], Act.CANCEL, id="evidence after START"),
    ],
)
def test_each_tier_is_treated_as_is_set(settings, consents, act):
    for order in (consents, consents[::-1]):
        assert judged(opt_out, settings, {"consents": tuple(order)}).act is act


@pytest.mark.parametrize(
    ("consents", "act"),
    [
        pytest.param([MAYBE, word(IN, 59)], Act.ALLOW, id="ended by a START"),
        pytest.param([MAYBE, word(IN, 60)], Act.HOLD, id="not by a START at the same instant"),
        pytest.param([MAYBE, word(IN, 61)], Act.HOLD, id="not by a START before it"),
        pytest.param([MAYBE, word(OUT, 59, tier=Tier.KEYWORD)], Act.CANCEL, id="overtaken by a STOP"),
        pytest.param([MAYBE, word(OUT, 90), word(IN, 80)], Act.HOLD, id="raised after a STOP that was taken back"),
        pytest.param([MAYBE, word(OUT, 50), word(IN, 40)], Act.ALLOW, id="ended by a STOP that was taken back"),
        pytest.param(
            [STOP, replace(MAYBE, effective_at=NOW)], Act.CANCEL, id="a standing STOP is not lifted by a doubt"
        ),
        pytest.param([MAYBE, settled(MAYBE, DISMISSED)], Act.ALLOW, id="dismissed"),
        pytest.param([MAYBE, settled(MAYBE, OUT)], Act.CANCEL, id="settled as an opt-out"),
        pytest.param(
            [MAYBE, settled(MAYBE, OUT, 60), word(IN, 50)], Act.ALLOW, id="settled, but they said START since"
        ),
        pytest.param(
            [MAYBE, settled(MAYBE, DISMISSED), word(DOUBT, 5, tier=Tier.DOUBTFUL)],
            Act.HOLD,
            id="dismissed, and a new one",
        ),
        pytest.param([PHRASE, settled(PHRASE, DISMISSED)], Act.ALLOW, id="a phrase that was dismissed"),
        pytest.param([STOP, PHRASE, settled(PHRASE, DISMISSED)], Act.CANCEL, id="a phrase dismissed, beside a STOP"),
        pytest.param([MAYBE, word(IN, 5, profile="autumn")], Act.HOLD, id="a START to another profile"),
        pytest.param([MAYBE, word(IN, 5, profile=None)], Act.ALLOW, id="an opt-in for every profile"),
    ],
)
def test_doubt_stands_until_it_is_settled_or_more_is_said(consents, act):
    for order in (consents, consents[::-1]):
        assert judged(opt_out, {}, {"consents": tuple(order)}).act is act


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {"messaging_profile_id": "autumn"}, Act.HOLD, id="another profile"),
        pytest.param(
            {"scope": ConsentScope.PROFILE}, {"messaging_profile_id": "autumn"}, Act.ALLOW, id="of one profile"
        ),
        pytest.param({"scope": ConsentScope.PROFILE}, {}, Act.HOLD, id="the profile it was sent to"),
        pytest.param({"scope": ConsentScope.PROFILE}, {"messaging_profile_id": None}, Act.HOLD, id="none was told"),
        pytest.param({}, {"recipients": (BOB,)}, Act.ALLOW, id="somebody else"),
        pytest.param({}, {"recipients": (BOB, ALICE)}, Act.HOLD, id="one of a group"),
        pytest.param({}, {"message_class": MessageClass.OTP}, Act.HOLD, id="a code"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            {"message_class": MessageClass.OTP},
            Act.ALLOW,
            id="an exempt code",
        ),
    ],
)
def test_doubt_reaches_as_far_as_an_opt_out(settings, known, act):
    assert judged(opt_out, settings, {"consents": (MAYBE,), **known}).act is act


def test_opt_out_of_one_of_a_group_outweighs_the_doubt_about_another():
    consents = (replace(MAYBE, phone_number=ALICE), replace(STOP, phone_number=BOB))
    assert judged(opt_out, {}, {"consents": consents, "recipients": (ALICE, BOB)}).act is Act.CANCEL


def confirmation(
    *consents, ago=3 * MINUTE, asked=timedelta(), sends=timedelta(), others=(), recipients=(ALICE,), **more
):
    """A text of class compliance, asked for and sent some time after words that were said some minutes ago."""
    said = tuple(replace(each, effective_at=NOW - ago) for each in consents or (STOP,))
    known = {"message_class": MessageClass.COMPLIANCE, "consents": said, "recipients": recipients, "message_id": "mine"}
    times = {"scheduled_at": NOW - ago + asked, "send_at": NOW - ago + sends}
    return judged(opt_out, {}, {**known, **times, "traffic": tuple(others), **more})


def other(message_class=MessageClass.COMPLIANCE, *, after=timedelta(), number=ALICE, progress=Progress.SENT, of="a"):
    at = NOW - 3 * MINUTE + after
    return Traffic(of, number, progress, at=at, scheduled_at=at, message_class=message_class)


@pytest.mark.parametrize(
    ("known", "act"),
    [
        pytest.param({}, Act.ALLOW, id="at once"),
        pytest.param({"sends": 5 * MINUTE, "asked": MINUTE}, Act.ALLOW, id="five minutes after"),
        pytest.param({"sends": 5 * MINUTE + SECOND, "asked": MINUTE}, Act.CANCEL, id="a second later"),
        pytest.param({"asked": -MINUTE}, Act.ALLOW, id="asked for a minute before, by another clock"),
        pytest.param(
            {"asked": -MINUTE - SECOND}, Act.CANCEL, id="asked for before the opt-out: it confirms something else"
        ),
        pytest.param({"message_class": MessageClass.TRANSACTIONAL}, Act.CANCEL, id="another class"),
        pytest.param({"asked": MINUTE, "others": (other(),)}, Act.CANCEL, id="the second"),
        pytest.param(
            {"asked": MINUTE, "others": (other(after=MINUTE),)}, Act.CANCEL, id="the second at one time, by id"
        ),
        pytest.param(
            {"asked": MINUTE, "others": (other(after=MINUTE, of="z"),)}, Act.ALLOW, id="the first at one time"
        ),
        pytest.param({"asked": MINUTE, "others": (other(after=2 * MINUTE),)}, Act.ALLOW, id="another follows"),
        pytest.param({"asked": MINUTE, "others": (other(after=-MINUTE),)}, Act.CANCEL, id="one by another clock"),
        pytest.param({"asked": MINUTE, "others": (other(after=-2 * MINUTE),)}, Act.ALLOW, id="one before the opt-out"),
        pytest.param({"asked": MINUTE, "others": (other(number=BOB),)}, Act.ALLOW, id="one to somebody else"),
        pytest.param({"asked": MINUTE, "others": (other(progress=Progress.FAILED),)}, Act.ALLOW, id="one that failed"),
        pytest.param({"asked": MINUTE, "others": (other(MessageClass.OTP),)}, Act.ALLOW, id="one of another class"),
    ],
)
def test_one_text_may_confirm_an_opt_out_within_five_minutes(known, act):
    assert confirmation(**known).act is act


def test_confirmation_may_answer_a_doubtful_text_but_nothing_that_telnyx_refused():
    assert confirmation(MAYBE).act is Act.ALLOW
    assert confirmation(BLOCKED).act is Act.CANCEL
    assert confirmation(MAYBE, sends=6 * MINUTE).act is Act.HOLD


@pytest.mark.parametrize(
    ("refusal", "act"),
    [
        pytest.param(replace(STOP, languages=()), Act.CANCEL, id="flagged as STOP"),
        pytest.param(replace(word(OUT), source="telnyx_api"), Act.CANCEL, id="on Telnyx's list"),
        pytest.param(replace(STOP, source="telnyx_api"), Act.ALLOW, id="in Telnyx's records, and not flagged"),
        pytest.param(PHRASE, Act.ALLOW, id="in words that Telnyx does not read"),
        pytest.param(replace(word(OUT), source="api"), Act.ALLOW, id="by API"),
    ],
)
def test_nothing_confirms_once_more_what_telnyx_has_answered_by_itself(refusal, act):
    assert confirmation(refusal).act is act


def test_confirmation_to_a_group_may_not_go_to_somebody_else_who_opted_out():
    refusals = (STOP, replace(STOP, phone_number=BOB))
    assert confirmation(*refusals, recipients=(ALICE, BOB)).act is Act.ALLOW
    others = (other(number=BOB),)
    assert confirmation(*refusals, recipients=(ALICE, BOB), asked=MINUTE, others=others).act is Act.CANCEL
    assert confirmation(*refusals, recipients=(BOB, ALICE), asked=MINUTE, others=others).act is Act.CANCEL


def test_only_texts_that_may_confirm_are_compared_with_others():
    (need,) = opt_out.needs(opt_out.Settings()).items()
    assert need[0] is Need.TRAFFIC
    assert (need[1].back, need[1].of_class) == (6 * MINUTE, MessageClass.COMPLIANCE)
    assert opt_out.needs(opt_out.Settings(exempt=frozenset({MessageClass.COMPLIANCE}))) == {}


def test_reasons_say_who_said_what_when():
    refused = judged(opt_out, {}, {"consents": (PHRASE,)})
    assert refused.reason == "+15557650101 opted out at 2026-05-01 11:00:00 UTC (please stop texting me)"
    assert refused.event_id == "phrase"
    assert refused.facts == {
        "phone_number": ALICE,
        "source": "webhook",
        "messaging_profile_id": "spring",
        "evidence": "please stop texting me",
        "tier": "phrase",
        "languages": ["en"],
        "opted_out_at": "2026-05-01T11:00:00+00:00",
        "scope": "all",
    }
    held = judged(opt_out, {}, {"consents": (MAYBE,)})
    assert held.reason == "+15557650101 may have opted out at 2026-05-01 11:00:00 UTC (please stop by), unsettled"
    assert (held.event_id, held.facts["said_at"], held.facts["tier"]) == (
        "maybe",
        "2026-05-01T11:00:00+00:00",
        "doubtful",
    )
    spared = confirmation()
    assert spared.reason == (
        "it may confirm, once and until 2026-05-01 12:02:00 UTC, what +15557650101 said at 2026-05-01 11:57:00 UTC"
    )
    assert (spared.event_id, spared.facts["evidence"]) == (STOP.event_id, "STOP")
    allowed = judged(opt_out, {}, {"consents": (word(IN),)})
    assert (allowed.reason, allowed.facts) == (
        "no recipient has opted out",
        {"recipients": [ALICE], "words_heard": 1, "scope": "all"},
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(None, "UTC", id="nothing"),
        pytest.param("two\n lines", "UTC (two lines)", id="lines"),
        pytest.param("x" * 80, f"UTC ({'x' * 80})", id="as long as is shown"),
        pytest.param("x" * 81, f"UTC ({'x' * 80}…)", id="longer"),
    ],
)
def test_what_was_said_is_shown_in_one_short_line(said, shown):
    assert judged(opt_out, {}, {"consents": (replace(STOP, evidence=said),)}).reason.endswith(shown)


def test_latest_doubt_is_told():
    later = word(DOUBT, 5, tier=Tier.DOUBTFUL, event_id="later")
    assert judged(opt_out, {}, {"consents": (later, MAYBE)}).event_id == "later"
