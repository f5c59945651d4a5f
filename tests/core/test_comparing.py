"""What other rules change: which words are stronger, which are weaker, and a few examples of each."""

from datetime import UTC, datetime

import pytest

from core.comparing import EXAMPLES, Comparison, Opinion, Pair
from core.deciding import Act

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def pair(then, now, message_id="m"):
    return Pair(message_id, AT, Opinion(then, "then"), Opinion(now, "now"))


@pytest.mark.parametrize(
    ("then", "now", "more", "fewer", "same"),
    [
        (Act.ALLOW, Act.ALLOW, 0, 0, 1),
        (Act.ALLOW, Act.HOLD, 1, 0, 0),
        (Act.ALLOW, Act.CANCEL, 1, 0, 0),
        (Act.HOLD, Act.ALLOW, 0, 1, 0),
        (Act.HOLD, Act.HOLD, 0, 0, 1),
        (Act.HOLD, Act.CANCEL, 1, 0, 0),
        (Act.CANCEL, Act.ALLOW, 0, 1, 0),
        (Act.CANCEL, Act.HOLD, 0, 1, 0),
        (Act.CANCEL, Act.CANCEL, 0, 0, 1),
    ],
)
def test_cancel_is_stronger_than_hold_and_hold_than_allow(then, now, more, fewer, same):
    comparison = Comparison()

    comparison.add(pair(then, now))

    assert (comparison.more, comparison.fewer, comparison.same, comparison.tried) == (more, fewer, same, 1)
    assert (comparison.cancel_then, comparison.cancel_now) == (then is Act.CANCEL, now is Act.CANCEL)
    assert (comparison.hold_then, comparison.hold_now) == (then is Act.HOLD, now is Act.HOLD)


def test_first_five_of_each_kind_are_kept_as_examples_and_all_are_counted():
    comparison = Comparison()

    for number in range(7):
        comparison.add(pair(Act.ALLOW, Act.CANCEL, f"more {number}"))
        comparison.add(pair(Act.CANCEL, Act.ALLOW, f"fewer {number}"))
        comparison.add(pair(Act.HOLD, Act.HOLD))

    assert EXAMPLES == 5
    assert [each.message_id for each in comparison.examples_of_more] == [f"more {number}" for number in range(5)]
    assert [each.message_id for each in comparison.examples_of_fewer] == [f"fewer {number}" for number in range(5)]
    assert (comparison.more, comparison.fewer, comparison.same, comparison.tried) == (7, 7, 7, 21)
    assert (comparison.cancel_then, comparison.cancel_now, comparison.hold_then, comparison.hold_now) == (7, 7, 7, 7)
