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
    """Whether it is part of the short tier, which is for a busy machine and for ten minutes."""


SCENARIOS = {
    "killing": Scenario("killing", "SIGKILL of every process, again and again, under load: none lost, none doubled"),
    "healthy": Scenario("healthy", "nothing is wrong: how fast events are acknowledged", is_short=False),
    "redis-faults": Scenario("redis_faults", "Redis refused, hung, slow, emptied: answers as fast as ever"),
    "failpoint-matrix": Scenario(
        "failpoint_matrix",
        "every failpoint, killed and raised at, for three kinds of events: 114 runs",
        ("postgresql", "sqlite"),
    ),
    "handing-over": Scenario(
        "handing_over", "a day's events wait in the spool: all are handed over, beside the usual load"
    ),
    "sql-faults": Scenario(
        "sql_faults", "PostgreSQL down, hung, out of reach, locked, full up: the failover accepts", ("postgresql",)
    ),
    "fsync-order": Scenario("fsync_order", "every 200 leaves after its event is on disk, by the order of system calls"),
    "io-errors": Scenario(
        "io_errors",
        "every write and every sync fails in turn: never a 200 that is not true",
        ("sqlite",),
        is_short=False,
    ),
    "disk-full": Scenario(
        "disk_full",
        "database, spool and log on full disks: 503 in time, and on when there is room",
        is_short=False,
    ),
    "slow-clients": Scenario(
        "slow_clients", "a thousand senders who never finish: everybody else is answered as ever", is_short=False
    ),
    "rolling-restart": Scenario(
        "rolling_restart", "one process after the other restarted under load: no request is refused", is_short=False
    ),
    "overload": Scenario(
        "overload", "more than the database can commit: in time, or sent away at once", ("postgresql",), is_short=False
    ),
    "teeth": Scenario(
        "planted",
        "ten faults are planted: each is found, and nothing is found without it",
        ("postgresql",),
        is_short=False,
    ),
}
