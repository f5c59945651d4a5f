"""Where each failpoint lies: which process reaches it, on the way of which event."""

from __future__ import annotations

from dataclasses import dataclass

from core.failpoints import Failpoint, Fault
from tests.faults.events import Kind

#: What every run is about: an opt-out, the news that a message arrived, and a message that is registered.
KINDS = (Kind.STOP, Kind.STATUS, Kind.REGISTER)
FAULTS = (Fault.KILL, Fault.RAISE)
_EVENTS = frozenset({Kind.STOP, Kind.STATUS})
#: An opt-out cancels what was registered before, a registration is cancelled by an opt-out from before.
_CANCELLED = frozenset({Kind.STOP, Kind.REGISTER})


@dataclass(frozen=True, slots=True)
class Place:
    """One failpoint on its path."""

    failpoint: Failpoint
    process: str
    """The command of the fleet that reaches it."""
    passes: frozenset[Kind]
    """Which kinds pass it; the others take another way."""
    keeps: bool = True
    """Whether what was under way is kept although nobody tries again: it was committed before."""

    @property
    def door(self) -> str:
        """The receiver that events are delivered to."""
        return "failover" if self.process == "failover" else "web"

    @property
    def is_at_the_door(self) -> bool:
        """Whether it strikes before a delivery is answered."""
        return self.process == "web" or self.failpoint in {Failpoint.P1, Failpoint.P2}


#: Those of cancelling first: what they leave under way waits for its lease, which the others then take the time for.
PLACES = (
    Place(Failpoint.D0, "worker-1", _CANCELLED),
    Place(Failpoint.D1, "worker-1", _CANCELLED),
    Place(Failpoint.D2, "worker-1", _CANCELLED),
    Place(Failpoint.R1, "worker-1", _CANCELLED),
    Place(Failpoint.C1, "worker-1", frozenset(KINDS)),
    Place(Failpoint.C2, "worker-1", _EVENTS),
    Place(Failpoint.S1, "worker-1", _EVENTS),
    Place(Failpoint.S2, "worker-1", _EVENTS),
    Place(Failpoint.W1, "sweeper", frozenset(KINDS)),
    Place(Failpoint.H1, "failover", _EVENTS),
    Place(Failpoint.H2, "failover", _EVENTS),
    Place(Failpoint.P1, "failover", _EVENTS, keeps=False),
    Place(Failpoint.P2, "failover", _EVENTS),
    Place(Failpoint.V0, "web", _EVENTS, keeps=False),
    Place(Failpoint.I0, "web", _EVENTS, keeps=False),
    Place(Failpoint.I1, "web", _EVENTS, keeps=False),
    Place(Failpoint.I2, "web", _EVENTS),
    Place(Failpoint.A0, "web", _EVENTS),
    Place(Failpoint.E1, "web", _EVENTS),
)
