"""Whatever is scheduled, no recipient gets too much, and nothing is dropped that there was room for.

Each message is looked at when its time comes, alone or with those next to it, and goes or is dropped by what the policy
says of it then. What came before is known as sent, or gone from the books; what comes after as pending.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import labels
from core.deciding import Act
from core.facts import MessageClass, Need, Progress, Traffic
from core.policies import frequency_cap
from core.policies.frequency_cap import Per, Settings
from tests.policy_cases import ALICE, NOW, facts

HOUR = timedelta(hours=1)
#: Telnyx schedules five days ahead.
HORIZON = 120


@dataclass(frozen=True)
class Planned:
    """One message of a plan, by the hour."""

    number: int
    hour: int
    priority: int
    known_from: int
    """The hour at which it is scheduled."""
    minute: int

    @property
    def at(self):
        return NOW + self.hour * HOUR + timedelta(minutes=self.minute)

    def told(self):
        """As it looks to itself, or to others."""
        return {
            "message_id": f"m{self.number:02}",
            "scheduled_at": NOW + self.known_from * HOUR - 6 * HOUR,
            "labels": labels.read([f"priority:{self.priority}"]),
        }

    def traffic(self, progress):
        return Traffic(
            phone_number=ALICE, progress=progress, at=self.at, message_class=MessageClass.MARKETING, **self.told()
        )


@st.composite
def plans(draw, *, all_known=True):
    planned = []
    for number in range(draw(st.integers(1, 14))):
        hour = draw(st.integers(0, HORIZON - 1))
        known_from = draw(st.integers(0, 0 if all_known else hour))
        minute = draw(st.sampled_from([0, 0, 1, 59]))
        planned.append(Planned(number, hour, draw(st.sampled_from([1, 5, 5, 9])), known_from, minute))
    return planned


def settings_of():
    return st.builds(
        Settings,
        most=st.integers(1, 3),
        window=st.integers(1, 60).map(lambda hours: hours * HOUR),
        per=st.sampled_from(Per),
    )


def going(planned, settings, batch):
    """Look at each message in the order of their times, those of a span of ``batch`` hours at one moment."""
    sent, dropped = [], []
    reach = frequency_cap.needs(settings)[Need.TRAFFIC].back
    order = sorted(planned, key=lambda each: (each.at, each.number))
    for _, together in groupby(order, key=lambda each: each.hour // batch):
        looked_at = list(together)
        hour = looked_at[0].hour
        settled = set(map(id, sent + dropped))
        pending = [each for each in planned if id(each) not in settled and each.known_from <= hour]
        others = [each.traffic(Progress.SENT) for each in sent] + [each.traffic(Progress.PENDING) for each in pending]
        said = []
        for each in looked_at:
            traffic = tuple(
                other
                for other in others
                if other.message_id != each.told()["message_id"] and abs(other.at - each.at) <= reach
            )
            known = facts(now=NOW + hour * HOUR, send_at=each.at, traffic=traffic, **each.told())
            said.append(frequency_cap.judge(known, settings).act)
        for each, act in zip(looked_at, said, strict=True):
            (sent if act is Act.ALLOW else dropped).append(each)
    return sent, dropped


def most_at_once(planned, settings):
    """Return how many any window, or any day, holds; counted in the plainest way."""
    if settings.per is Per.DAY:
        days = [each.at.date() for each in planned]
        return max((days.count(day) for day in days), default=0)
    times = [each.at for each in planned]
    return max((sum(start <= at < start + settings.window for at in times) for start in times), default=0)


@pytest.mark.parametrize("batch", [1, 4])
@given(planned=plans(), settings=settings_of())
def test_what_goes_never_exceeds_the_cap_and_nothing_is_dropped_without_need(batch, planned, settings):
    sent, dropped = going(planned, settings, batch)
    assert most_at_once(sent, settings) <= settings.most
    for each in dropped:
        assert most_at_once([*sent, each], settings) > settings.most


@given(planned=plans(all_known=False), settings=settings_of())
def test_what_goes_never_exceeds_the_cap_though_more_is_scheduled_meanwhile(planned, settings):
    sent, _ = going(planned, settings, 1)
    assert most_at_once(sent, settings) <= settings.most


@given(planned=plans(), settings=settings_of())
def test_the_more_important_never_yields_to_the_less_important_alone(planned, settings):
    sent, dropped = going(planned, settings, 1)
    for each in dropped:
        as_important = [other for other in sent if other.priority <= each.priority]
        assert most_at_once([*as_important, each], settings) > settings.most


@given(planned=plans(), settings=settings_of())
def test_what_is_looked_at_alone_or_with_others_comes_to_the_same(planned, settings):
    assert {each.number for each in going(planned, settings, 1)[0]} == {
        each.number for each in going(planned, settings, HORIZON)[0]
    }
