"""What happens in the demonstration: who gets which messages, and who says what. Pure; a seed repeats it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

SENDER = "+15557650900"
CAMPAIGNS = ("spring-sale", "webinar", "winback")
#: The one that is ended while its messages wait.
ENDED = "winback"
RECIPIENTS = 120
MESSAGES = 300
IMMEDIATE = 6

#: Telnyx knows only some of these; all of them are a STOP.
REFUSALS = (
    *("STOP", "stop", "Stop.", "Stop!", " STOP ", "stop all", "STOPALL", "UNSUBSCRIBE", "unsubscribe.", "Cancel"),
    *("END", "Quit!", '"STOP"', "\uff53\uff54\uff4f\uff50", "STOP\n", "Stop!!!", "cancel", "quit", "Stop all."),
)
#: None of these is.
CHATTER = (
    "Thanks!",
    "Don't stop",
    "HELP",
    "When is it?",
    "ok, can we end at 5?",
    "👍",
)
REFUSING = 24
CHATTING = 12
_SOONEST = timedelta(minutes=6)
_LATEST = timedelta(hours=3)
_LEAD = 2


@dataclass(frozen=True, slots=True)
class Planned:
    """A message to schedule, this long ahead."""

    to: str
    campaign: str
    ahead: timedelta


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is going to happen."""

    scheduled: tuple[Planned, ...]
    immediate: tuple[str, ...]
    """Who gets a message at once."""
    refusals: tuple[tuple[str, str], ...]
    """Who refuses, and in which words."""
    chatter: tuple[tuple[str, str], ...]
    """Who says something else."""
    returning: str
    """Who refused, later says START, and gets a message after that: it must go out."""
    pestered: str
    """Who refused in words that Telnyx does not know, and for whom a message is scheduled all the same."""

    @classmethod
    def of(cls, seed: int) -> Plot:
        """Make the plot of a seed."""
        chance = random.Random(seed)  # noqa: S311 - a story, no secret
        people = [f"+1555765{number:04d}" for number in chance.sample(range(1000, 9000), RECIPIENTS)]
        # Everybody gets one, some get several.
        addressees = people + [chance.choice(people) for _ in range(MESSAGES - RECIPIENTS)]
        chance.shuffle(addressees)
        scheduled = tuple(
            Planned(
                to=to,
                campaign=chance.choice(CAMPAIGNS),
                ahead=_SOONEST + (_LATEST - _SOONEST) * chance.random(),
            )
            for to in addressees
        )
        talking = chance.sample(people, REFUSING + CHATTING)
        refusing = talking[:REFUSING]
        spellings = [*REFUSALS, *chance.choices(REFUSALS, k=REFUSING - len(REFUSALS))]
        # The first two have parts of their own: one whose STOP Telnyx knows, and one whose it does not.
        spellings[spellings.index("Stop!")] = spellings[1]
        spellings[:_LEAD] = ["STOP", "Stop!"]
        return cls(
            scheduled=scheduled,
            immediate=tuple(chance.sample(people, IMMEDIATE)),
            refusals=tuple(zip(refusing, spellings, strict=True)),
            chatter=tuple((who, chance.choice(CHATTER)) for who in talking[REFUSING:]),
            returning=refusing[0],
            pestered=refusing[1],
        )
