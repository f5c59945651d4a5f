from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.consent import Consent, ConsentKind, ConsentScope, effective_at, is_known, standing_opt_out

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OUT, IN = ConsentKind.OPT_OUT, ConsentKind.OPT_IN


def word(kind, minute=0, profile="spring", event_id=None):
    return Consent(
        phone_number="+15557650101",
        kind=kind,
        effective_at=NOON + timedelta(minutes=minute),
        messaging_profile_id=profile,
        event_id=event_id or f"{kind}-{minute}-{profile}",
        source="webhook",
    )


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
        pytest.param([word(OUT, profile="summer")], True, id="a stop to another profile reaches all"),
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
    ],
)
def test_word_counts_from_when_it_was_said_within_limits(kind, said, counts):
    assert effective_at(kind, NOON + said, NOON) == NOON + counts


words = st.lists(
    st.builds(
        word,
        st.sampled_from([OUT, IN]),
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
    ],
)
def test_listed_opt_out_is_known_or_news(history, listed, expected):
    assert is_known(history, listed) is expected
