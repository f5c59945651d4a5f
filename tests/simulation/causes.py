"""Why a message was not cancelled that should have been: each cause is confirmed by what the world wrote down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from store import tables
from tests.simulation import oracle
from tests.simulation.looking import Held, rows
from tests.simulation.telnyx import WALL, Mood, Request, Sms

if TYPE_CHECKING:
    from tests.simulation.world import World

_REFUSALS = {404, 422}


@dataclass(frozen=True)
class Case:
    """One breach, with what bears on it."""

    world: World
    held: Held
    sms: Sms

    @property
    def wall(self) -> datetime:
        """By our clock, which may have been set meanwhile; then it is this uncertain."""
        return self.sms.send_at - WALL

    @cached_property
    def registered_at(self) -> datetime:
        assert self.held.registered_at is not None
        return self.held.registered_at

    @cached_property
    def known_at(self) -> list[datetime]:
        """When each reason there ever was came to bear on the message."""
        return [max(each.known_at, self.registered_at) for each in oracle.ever_objected(self.world, self.sms)]

    @cached_property
    def attempts(self) -> list[dict[str, Any]]:
        table = tables.cancellation_attempts
        of = (table.c.message_id == self.sms.id, table.c.action == "DELETE")
        return rows(self.world.stores.of["eyes"], table, *of)

    @cached_property
    def asked_in_time(self) -> list[Request]:
        """What Telnyx was asked in time; a request may have been on its way for long."""
        asked = [each for each in self.world.telnyx.log if (each.action, each.message_id) == ("DELETE", self.sms.id)]
        return [each for each in asked if self._began(each) < self.wall]

    def _began(self, request: Request) -> datetime:
        return min(
            [row["started_at"] for row in self.attempts if row["started_at"] <= request.ours], default=request.ours
        )

    @cached_property
    def heard_in_time(self) -> list[dict[str, Any]]:
        """The requests that were made in time, and whose answers had been heard when the message was closed."""
        assert self.held.closed_at is not None
        in_time = [row for row in self.attempts if row["started_at"] < self.wall and row["outcome"]]
        return [row for row in in_time if row["finished_at"] < self.held.closed_at]

    def is_before_wall(self, moment: datetime) -> bool:
        return moment < self.wall + self.world.record.clock_moved

    def is_after_wall(self, moment: datetime) -> bool:
        return moment >= self.wall - self.world.record.clock_moved


def _left_early(case: Case) -> bool:
    return case.sms.left_at is not None and case.is_before_wall(case.world.record.closed[case.sms.id].ours)


def _telnyx_was_away(case: Case) -> bool:
    if any(each.mood is not Mood.OK for each in case.asked_in_time):
        return True
    # While it answers nobody, it is asked for a few, and the others wait.
    others = [each for each in case.world.telnyx.log if each.ours < case.wall]
    return bool(others) and others[-1].mood is not Mood.OK


def _worker_was_late(case: Case) -> bool:
    known = any(case.is_before_wall(at) for at in case.known_at)
    return known and case.is_before_wall(case.registered_at) and not case.heard_in_time


_CONFIRMS: dict[str, Callable[[Case], bool]] = {
    "sent_after_cancel": lambda case: "sent although cancelled" in case.world.record.surprises.get(case.sms.id, ()),
    "registered_too_late": lambda case: case.is_after_wall(case.registered_at),
    "inside_wall": lambda case: any(case.is_after_wall(at) for at in case.known_at),
    "left_early": _left_early,
    "refused": lambda case: any(each.status in _REFUSALS for each in case.asked_in_time),
    "telnyx_unavailable": _telnyx_was_away,
    "worker_late": _worker_was_late,
}


def is_confirmed(world: World, held: Held) -> bool:
    """Return whether what really happened is the cause that is held."""
    sms = world.telnyx.messages.get(held.id)
    if sms is None:
        return held.breach_cause == "unknown_message"
    return held.breach_cause is not None and _CONFIRMS[held.breach_cause](Case(world, held, sms))
