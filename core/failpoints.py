"""The places at which a test may ask this program to fail, and how; what they do is in ``store.failpoints``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Failpoint(StrEnum):
    """A place on an event's way where a crash would matter most."""

    V0 = "V0"
    """Before the signature is verified."""
    I0 = "I0"
    """Verified; nothing is written yet."""
    I1 = "I1"
    """The inbox row is about to be written and committed, which is one statement."""
    I2 = "I2"
    """The inbox row is committed."""
    A0 = "A0"
    """Before the answer is given."""
    E1 = "E1"
    """The doorbell has rung."""
    C1 = "C1"
    """A job has begun; nothing is claimed yet."""
    C2 = "C2"
    """Events are claimed."""
    S1 = "S1"
    """State, consent and decisions are written, and not committed."""
    S2 = "S2"
    """State, consent and decisions are committed."""
    D0 = "D0"
    """The attempt to cancel is on record; nothing is sent yet."""
    D1 = "D1"
    """The request to cancel has left."""
    D2 = "D2"
    """Telnyx has answered; the answer is not on record yet."""
    R1 = "R1"
    """The answer is on record."""
    P1 = "P1"
    """The spool row is about to be written and committed, which is one statement."""
    P2 = "P2"
    """The spool row is committed."""
    H1 = "H1"
    """The primary has committed what was handed over; the spool does not know yet."""
    H2 = "H2"
    """The spool has marked what was handed over."""
    W1 = "W1"
    """In the middle of a sweep."""


class Fault(StrEnum):
    """What happens at a failpoint."""

    KILL = "kill"
    """The process ends as by SIGKILL."""
    RAISE = "raise"
    """An exception is raised that nobody expects."""
    HANG = "hang"
    """The thread goes no further."""
    SLEEP = "sleep"
    """The thread waits for some seconds, and goes on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fault at one place, each time it is reached."""

    failpoint: Failpoint
    fault: Fault
    seconds: float = 0.0
    """How long to sleep."""


def plan(written: str) -> Plan:
    """Read ``name:kill``, ``name:raise``, ``name:hang`` or ``name:sleep=SECONDS``. Raises ValueError with a remedy."""
    name, _, what = written.partition(":")
    fault, _, seconds = what.partition("=")
    try:
        read = Plan(Failpoint(name), Fault(fault), float(seconds or 0))
    except ValueError:
        places = ", ".join(Failpoint)
        raise ValueError(
            f"is no failpoint; give name:kill, :raise, :hang or :sleep=SECONDS with one of {places}"
        ) from None
    if (read.fault is Fault.SLEEP) != bool(seconds) or not 0 <= read.seconds <= 3600:  # noqa: PLR2004 - an hour
        raise ValueError(
            "sleeps for no time; give :kill, :raise and :hang without seconds, and :sleep=SECONDS up to 3600"
        )
    return read
