"""Which of several messages go when not all of them may: what was sent, then one after the other in an order.

Pure. Each message is decided on by itself, and its rivals elsewhere and at other times. All come to the same result
because everybody goes through the same messages in the same order: a message goes when there is room for it beside
those that go before it. What was found to go stays so when it counts as sent afterwards, and what was found not to go
takes no room from others, whether it has been cancelled yet or not.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from core.facts import Progress, Traffic

#: The place of a pending message in the order; the smaller goes first.
Rank = tuple[Any, ...]
#: Returns which of those that go, in the order of their times, leave no room for one more at a moment, if any.
Crowd = Callable[[datetime, Sequence[Traffic]], Sequence[Traffic]]

_AT = attrgetter("at")


def in_the_way(
    at: datetime, mine: Rank, rivals: Iterable[Traffic], rank: Callable[[Traffic], Rank], crowd: Crowd
) -> Sequence[Traffic]:
    """Return those that leave no room for a message to be sent ``at`` a moment; none when it may go.

    ``mine`` is its own rank among the pending of its rivals, and ``rank`` tells theirs.
    """
    going: list[Traffic] = []
    ahead: list[tuple[Rank, Traffic]] = []
    for rival in rivals:
        if rival.progress is not Progress.PENDING:
            going.append(rival)
        elif (its := rank(rival)) < mine:
            ahead.append((its, rival))
    going.sort(key=_AT)
    for _, rival in sorted(ahead, key=lambda pair: pair[0]):
        if not crowd(rival.at, going):
            insort(going, rival, key=_AT)
    return crowd(at, going)
