from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.consent import (
    Consent,
    ConsentKind,
    ConsentScope,
    Language,
    Tier,
    effective_at,
    is_known,
    open_words,
    settlement_of,
    standing_opt_out,
)
from core.wording import Reading

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OUT, IN, DOUBT, DISMISSED = ConsentKind.OPT_OUT, ConsentKind.OPT_IN, ConsentKind.DOUBT, ConsentKind.DISMISSED
EN, ES = Language.ENGLISH, Language.SPANISH


def word(kind, minute=0, profile="spring", event_id=None, tier=None, languages=()):
    return Consent(
        phone_number="+15557650101",
        kind=kind,
        effective_at=NOON + timedelta(minutes=minute),
        messaging_profile_id=profile,
        event_id=event_id or f"{kind}-{minute}-{profile}",
        source="webhook",
        tier=tier,
        languages=languages,
    )


def settled(about, kind, minute=9):
    return word(kind, minute, about.messaging_profile_id, event_id=settlement_of(about.event_id))


@pytest.mark.parametrize(
    ("history", "stands"),
    [
        pytest.param([], False, id="nothing said"),
        pytest.param([word(OUT)], True, id="stop"),
        pytest.param([word(OUT), word(IN, 1)], False, id="stop, then start"),
        pytest.param([word(IN), word(OUT, 1)], True, id="start, then stop"),
        pytest.param([word(OUT), word(IN)], True, id="at the same instant stop wins"),
        pytest.param([word(OUT), word(IN, 1), word(OUT, 2)], True, id="stop, start, stop"),
        pytest.param([word(OUT, profile=None)], True, id="by API, for every profile"),
        pytest.param([word(OUT, profile=None), word(IN, 1)], False, id="by API, lifted by a later start"),
        pytest.param([word(OUT), word(IN, 1, "summer")], True, id="a start to another profile lifts nothing"),
        pytest.param(
            [word(OUT, profile=None), word(IN, 1, "summer")], True, id="by API, and a start to another profile"
        ),
        pytest.param([word(OUT, profile="summer")], True, id="a stop to another profile reaches all"),
        pytest.param([word(DOUBT)], False, id="a doubt is no opt-out"),
        pytest.param([word(OUT), word(DOUBT, 1)], True, id="stop, then a doubt"),
        pytest.param([word(IN), word(DOUBT, 1)], False, id="start, then a doubt"),
        pytest.param([word(OUT), settled(word(OUT), DISMISSED)], False, id="a phrase that an operator dismissed"),
        pytest.param([word(OUT), settled(word(OUT, 1), DISMISSED)], True, id="another was dismissed"),
        pytest.param([word(OUT), word(OUT, 1), settled(word(OUT, 1), DISMISSED)], True, id="an earlier one stands"),
        pytest.param([word(DOUBT), settled(word(DOUBT), OUT)], True, id="a doubt that was settled as an opt-out"),
        pytest.param([word(DOUBT), settled(word(DOUBT), DISMISSED)], False, id="a doubt that was dismissed"),
    ],
)
def test_latest_word_stands_over_all_profiles(history, stands):
    for order in (history, history[::-1]):
        found = standing_opt_out(order, messaging_profile_id="spring", scope=ConsentScope.ALL)
        assert (found is not None) is stands


@pytest.mark.parametrize(
    ("history", "stands"),
    [
        pytest.param([word(OUT, profile="summer")], False, id="a stop to another profile"),
        pytest.param([word(OUT, profile="spring")], True, id="a stop to this profile"),
        pytest.param([word(OUT, profile=None)], True, id="by API, for every profile"),
        pytest.param([word(OUT, profile=None), word(IN, 1, "summer")], True, id="a start to another profile"),
    ],
)
def test_scope_profile_judges_one_profile(history, stands):
    found = standing_opt_out(history, messaging_profile_id="spring", scope=ConsentScope.PROFILE)
    assert (found is not None) is stands


@pytest.mark.parametrize(
    ("kind", "said", "counts"),
    [
        pytest.param(
            OUT, timedelta(hours=-9), timedelta(hours=-9), id="a stop that comes late counts from when it was said"
        ),
        pytest.param(IN, timedelta(hours=-9), timedelta(hours=-9), id="a start that comes late, too"),
        pytest.param(OUT, timedelta(minutes=3), timedelta(minutes=3), id="a stop may be a little ahead"),
        pytest.param(OUT, timedelta(days=9999), timedelta(minutes=5), id="a stop from far ahead counts from near"),
        pytest.param(IN, timedelta(minutes=3), timedelta(), id="a start is never ahead of when it was heard"),
        pytest.param(IN, timedelta(days=9999), timedelta(), id="nor is one from far ahead"),
        pytest.param(DOUBT, timedelta(days=9999), timedelta(minutes=5), id="a doubt is dated as a stop"),
    ],
)
def test_word_counts_from_when_it_was_said_within_limits(kind, said, counts):
    assert effective_at(kind, NOON + said, NOON) == NOON + counts


def said(kind, tier, *languages, minute=5, **more):
    return word(kind, minute, tier=tier, languages=languages, **more)


words = st.lists(
    st.builds(
        word,
        st.sampled_from([OUT, IN, DOUBT]),
        st.integers(0, 3),
        st.sampled_from(["spring", "summer", None]),
        st.uuids().map(str),
    ),
    max_size=6,
)


@given(words, st.randoms(use_true_random=False), st.sampled_from(ConsentScope))
def test_any_order_of_the_same_words_gives_the_same_answer(history, random, scope):
    shuffled = random.sample(history, len(history))
    asked = {"messaging_profile_id": "spring", "scope": scope}
    assert standing_opt_out(shuffled, **asked) == standing_opt_out(history, **asked)


@given(words, st.sampled_from(["spring", "autumn", None]))
def test_what_one_profile_must_not_send_no_profile_may_when_opt_outs_reach_all(history, profile):
    asked = {"messaging_profile_id": profile}
    if standing_opt_out(history, **asked, scope=ConsentScope.PROFILE) is not None:
        assert standing_opt_out(history, **asked, scope=ConsentScope.ALL) is not None


@pytest.mark.parametrize("scope", ConsentScope)
@pytest.mark.parametrize(("profile", "stands"), [("summer", False), ("spring", True), (None, False)])
def test_start_lifts_an_opt_out_of_every_profile_for_the_one_it_was_sent_to_alone(scope, profile, stands):
    history = [word(OUT, profile=None), word(IN, 1, "summer")]
    found = standing_opt_out(history, messaging_profile_id=profile, scope=scope)
    assert (found is not None) is stands


@pytest.mark.parametrize("scope", ConsentScope)
def test_message_from_who_knows_where_may_be_from_a_profile_that_no_start_was_sent_to(scope):
    history = [word(IN, profile="autumn"), word(OUT, 1, profile=None), word(IN, 2, "summer")]
    assert standing_opt_out(history, messaging_profile_id=None, scope=scope) is not None


@given(st.lists(st.builds(word, st.sampled_from([OUT, IN]), st.integers(0, 3), st.just("spring"), st.uuids().map(str))))
def test_opted_out_exactly_when_the_last_word_is_stop_and_stop_wins_ties(history):
    last = max(history, key=lambda said: (said.effective_at, said.kind is OUT), default=None)
    found = standing_opt_out(history, messaging_profile_id="spring", scope=ConsentScope.ALL)
    assert (found is not None) is (last is not None and last.kind is OUT)


@pytest.mark.parametrize(
    ("history", "listed", "expected"),
    [
        pytest.param([], word(OUT, 5), False, id="nothing heard"),
        pytest.param([word(OUT, 5)], word(OUT, 5), True, id="heard, at that very time"),
        pytest.param([word(OUT, 5.5)], word(OUT, 5), True, id="heard, on a clock a little ahead"),
        pytest.param([word(OUT, 8)], word(OUT, 5), False, id="heard later: this one was missed"),
        pytest.param([word(OUT, 1)], word(OUT, 5), True, id="refused already, and never taken back"),
        pytest.param([word(OUT, 1), word(IN, 3)], word(OUT, 5), False, id="taken back before it"),
        pytest.param([word(OUT, 5), word(IN, 9)], word(OUT, 5), True, id="heard, and taken back since"),
        pytest.param([word(IN, 9)], word(OUT, 5), False, id="missed, though taken back since"),
        pytest.param([word(OUT, 5, "autumn")], word(OUT, 5), False, id="heard of another profile"),
        pytest.param([word(OUT, 5, None)], word(OUT, 5), True, id="heard of all profiles"),
        pytest.param([word(OUT, 5)], word(OUT, 5, None), False, id="listed of all profiles, heard of one"),
        pytest.param([said(OUT, Tier.KEYWORD, EN)], word(OUT, 5), True, id="heard as a keyword"),
        pytest.param([said(OUT, Tier.KEYWORD)], word(OUT, 5), True, id="heard as Telnyx's own keyword"),
        pytest.param([said(OUT, Tier.EVIDENCE)], word(OUT, 5), True, id="told by a refused message"),
        pytest.param([said(OUT, Tier.KEYWORD, ES)], word(OUT, 5), False, id="heard in a language that may not be read"),
        pytest.param([said(OUT, Tier.KEYWORD, ES, EN)], word(OUT, 5), True, id="heard in two, and one is English"),
        pytest.param([said(OUT, Tier.PHRASE, EN)], word(OUT, 5), False, id="heard as a phrase, which may be ignored"),
        pytest.param([said(DOUBT, Tier.DOUBTFUL, EN)], word(OUT, 5), False, id="heard as a doubt"),
    ],
)
def test_listed_opt_out_is_known_or_news(history, listed, expected):
    assert is_known(history, listed) is expected


@pytest.mark.parametrize(
    ("tier", "languages", "expected"),
    [
        (Tier.KEYWORD, (), True),
        (Tier.KEYWORD, (ES, EN), True),
        (Tier.KEYWORD, (ES,), False),
        (Tier.PHRASE, (EN,), False),
        (Tier.DOUBTFUL, (), False),
    ],
)
def test_text_as_read_is_as_certain_as_the_word_that_is_kept_of_it(tier, languages, expected):
    assert Reading(OUT, tier, languages).is_certain is expected
    assert word(OUT, tier=tier, languages=languages).is_certain is expected


FIRST, SECOND = said(DOUBT, Tier.DOUBTFUL, minute=1), said(DOUBT, Tier.DOUBTFUL, minute=3)
PHRASE = said(OUT, Tier.PHRASE, minute=2)


@pytest.mark.parametrize(
    ("history", "tier", "expected"),
    [
        pytest.param([], Tier.DOUBTFUL, [], id="nothing said"),
        pytest.param([SECOND, FIRST], Tier.DOUBTFUL, [FIRST, SECOND], id="the latest last"),
        pytest.param([FIRST, SECOND], Tier.PHRASE, [], id="another tier"),
        pytest.param([FIRST, SECOND, PHRASE], Tier.DOUBTFUL, [SECOND], id="an opt-out between them ends the first"),
        pytest.param([PHRASE, FIRST], Tier.PHRASE, [PHRASE], id="a phrase, which nothing earlier ends"),
        pytest.param([PHRASE, word(OUT, 5)], Tier.PHRASE, [], id="a phrase, and a stop after it"),
        pytest.param([PHRASE, settled(PHRASE, DISMISSED)], Tier.PHRASE, [], id="a phrase that was settled"),
        pytest.param(
            [FIRST, PHRASE, settled(PHRASE, DISMISSED)], Tier.DOUBTFUL, [FIRST], id="a dismissed phrase ends no doubt"
        ),
        pytest.param([FIRST, SECOND, settled(FIRST, DISMISSED)], Tier.DOUBTFUL, [SECOND], id="one of two was settled"),
        pytest.param([FIRST, settled(FIRST, OUT, 1)], Tier.DOUBTFUL, [], id="settled as an opt-out"),
        pytest.param([FIRST, word(IN, 5, "summer")], Tier.DOUBTFUL, [FIRST], id="a start to another profile"),
        pytest.param([FIRST, word(IN, 5, None)], Tier.DOUBTFUL, [], id="an opt-in for every profile"),
        pytest.param(
            [said(DOUBT, Tier.DOUBTFUL, profile=None), word(IN, 7)], Tier.DOUBTFUL, [], id="a doubt of no known profile"
        ),
        pytest.param([FIRST, word(IN, 1)], Tier.DOUBTFUL, [FIRST], id="a start at the same instant"),
        pytest.param([FIRST, word(IN, 0)], Tier.DOUBTFUL, [FIRST], id="a start before it"),
    ],
)
def test_word_is_open_until_it_is_settled_or_a_later_one_ends_it(history, tier, expected):
    for order in (history, history[::-1]):
        assert open_words(order, tier) == expected
