"""The scenarios by name; each is one module with a function ``run``, which takes a ``Setting`` and returns figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, not yet loaded."""

    module: str
    about: str
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    """Those it makes sense on; the last is the one it is run on unless another is asked for."""
    is_short: bool = True
    """Whether it is part of the short tier."""


SCENARIOS = {
    "killing": Scenario("killing", "SIGKILL of every process, again and again, under load: none lost, none doubled"),
    "healthy": Scenario("healthy", "nothing is wrong: how fast events are acknowledged"),
    "redis-faults": Scenario("redis_faults", "Redis refused, hung, slow, emptied: answers as fast as ever"),
    "sql-faults": Scenario(
        "sql_faults", "PostgreSQL down, hung, out of reach, locked, full up: the failover accepts", ("postgresql",)
    ),
}
