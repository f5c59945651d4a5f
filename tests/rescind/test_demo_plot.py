from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from core import wording
from core.consent import ConsentKind
from rescind.demo import plot
from rescind.demo.plot import Plot

SEEDS = range(20)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_story_has_all_its_parts(seed):
    told = Plot.of(seed)

    assert len(told.scheduled) == 300
    assert len({each.to for each in told.scheduled}) == 120
    assert {each.campaign for each in told.scheduled} == set(plot.CAMPAIGNS)
    assert all(timedelta(minutes=6) <= each.ahead <= timedelta(hours=3) for each in told.scheduled)
    assert len(told.refusals) == len(dict(told.refusals)) == 24
    assert len(told.chatter) == 12
    assert not dict(told.refusals).keys() & dict(told.chatter).keys()
    assert dict(told.refusals)[told.returning] == "STOP"
    assert dict(told.refusals)[told.pestered] == "Stop!"


def test_a_seed_tells_the_same_story_again():
    assert Plot.of(7) == Plot.of(7)
    assert Plot.of(7) != Plot.of(8)


@pytest.mark.parametrize("words", plot.REFUSALS)
def test_every_refusal_is_one(words):
    assert wording.read(words, None).kind is ConsentKind.OPT_OUT


@pytest.mark.parametrize("words", plot.CHATTER)
def test_chatter_says_nothing_about_consent(words):
    assert wording.read(words, None) is None


def test_refusals_are_spelled_differently():
    assert max(Counter(words for _, words in Plot.of(1).refusals).values()) <= 4
