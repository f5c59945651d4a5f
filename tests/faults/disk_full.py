"""Disks run full under load: what cannot be kept is refused in time, and when there is room again, it goes on.

Three times: with everything on the full disk, with the failover's spool alone on it while the primary is away, and
with the logs alone on it, which must cost nothing at all.
"""

from __future__ import annotations

import dataclasses
import http.client
import time
from contextlib import closing
from pathlib import Path

from tests.faults import checks
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.fleet import HOST
from tests.faults.phases import Phase, Phases
from tests.faults.world import Setting, World, running
from tests.small_disk import NoSmallDisk, SmallDisk, small_disk

#: Each event that both receivers refuse comes six times.
_RATE = 50.0
_ANSWER_MS = 1500.0
_BACK_SECONDS = 5.0
_ASK_EVERY = 0.5
#: More than the load needs, with what PostgreSQL starts with; the rest is taken while the disk is to be full.
_MEGABYTES = {"sqlite": 64.0, "postgresql": 320.0}
_LOGS = ("web", "worker-1", "worker-2", "sweeper", "failover")


def run(setting: Setting) -> list[Figure]:
    """Fill a disk under each in turn."""
    # The database server may run as somebody else, who has to get to its folder.
    setting.folder.mkdir(parents=True, exist_ok=True)
    setting.folder.chmod(0o755)
    try:
        return [*_everything(setting), *_spool(setting), *_logs(setting)]
    except NoSmallDisk as error:
        return [told("SKIPPED, nothing is shown", f"no small disk can be mounted here: {error}")]


def _everything(setting: Setting) -> list[Figure]:
    """Database, spool and logs are all on the disk that fills."""
    folder = setting.folder / "everything"
    with small_disk(folder / "disk", _MEGABYTES[setting.database]) as disk:
        there = dataclasses.replace(setting, folder=disk.folder / "world")
        with running(there) as world:
            figures, phases = _filled("everything", world, disk, folder)
            world.kill_everything()
            world.bring_everything_up()
            return [*figures, *checks.everything(world, phases.promised())]


def _spool(setting: Setting) -> list[Figure]:
    """The primary is away, and the failover's own disk fills."""
    folder = setting.folder / "spool"
    with small_disk(folder / "disk", _MEGABYTES["sqlite"]) as disk:
        spool = disk.folder / "spool.db"
        there = dataclasses.replace(setting, folder=folder / "world")
        with running(there, more_environ={"RESCIND_SPOOL": str(spool)}) as world:
            world.spool = spool
            world.fleet.take_down("web")
            figures, phases = _filled("spool", world, disk, folder, where="failover")
            world.fleet.take_down("failover")
            world.fleet.bring_up("failover", "web")
            return [*figures, *checks.everything(world, phases.promised())]


def _logs(setting: Setting) -> list[Figure]:
    """Nothing but what the processes tell goes to the disk that fills."""
    folder = setting.folder / "logs"
    world_folder = folder / "world"
    with small_disk(folder / "disk", 2) as disk:
        world_folder.mkdir(parents=True)
        for name in _LOGS:
            (world_folder / f"{name}.log").symlink_to(disk.folder / f"{name}.log")
        with running(dataclasses.replace(setting, folder=world_folder)) as world:
            phases = Phases(world, rate=_RATE, seconds=_seconds(setting))
            phases.warm_up()
            phase = phases.under("log", disk.fill, disk.make_room, after=1)
            return [
                *_common(phase, world),
                safety("log: answers but 200", phase.refused(), at_most=0),
                *checks.everything(world, phases.promised()),
            ]


def _filled(
    name: str, world: World, disk: SmallDisk, folder: Path, *, where: str = "primary"
) -> tuple[list[Figure], Phases]:
    # The client keeps its book on another disk.
    phases = Phases(dataclasses.replace(world, folder=folder), rate=_RATE, seconds=_seconds(world.setting))
    phases.warm_up()
    receiver = "web" if where == "primary" else "failover"
    ready = _Readiness(world.fleet.of[receiver].port)
    # Whatever becomes free meanwhile, by a log that is emptied or a file that is removed, is taken as well.
    phase = phases.under(
        name, disk.fill, disk.make_room, during=lambda: (disk.fill(), ready.ask()), before=2, after=_BACK_SECONDS + 2
    )
    # No answer at all is a matter of time.
    statuses = {attempt.status for attempt in phase.to(where)} - {0}
    return [
        *_common(phase, world, where),
        safety(f"{name}: answers but 200 and 503", len(statuses - {200, 503}), at_most=0),
        safety(f"{name}: refused", phase.refused(where), at_least=1),
        safety(f"{name}: times /readyz said 503", ready.said.count(503), at_least=1),
        timing(f"{name}: back after seconds", _back_after(phase, where), at_most=_BACK_SECONDS),
    ], phases


def _common(phase: Phase, world: World, where: str = "primary") -> list[Figure]:
    unanswered = sum(attempt.status == 0 for attempt in phase.to(where))
    return [
        told(f"{phase.name}: attempts", len(phase.attempts)),
        timing(f"{phase.name}: slowest answer ms", phase.slowest(), at_most=_ANSWER_MS),
        timing(f"{phase.name}: attempts without an answer", unanswered, at_most=0),
        safety(f"{phase.name}: processes that ended", world.fleet.restarts(), at_most=0),
    ]


def _back_after(phase: Phase, where: str) -> float:
    failed = [each.at + each.ms / 1000 for each in phase.to(where) if each.status != 200]
    return max(0.0, max(failed, default=0.0) - phase.healed_at)


def _seconds(setting: Setting) -> float:
    return setting.scaled("seconds", short=5, full=60)


class _Readiness:
    """Asks a receiver now and then whether it is ready, as a platform does."""

    def __init__(self, port: int | None) -> None:
        assert port is not None
        self._port = port
        self._next_at = 0.0
        self.said: list[int] = []

    def ask(self) -> None:
        if time.monotonic() < self._next_at:
            return
        with closing(http.client.HTTPConnection(HOST, self._port, timeout=5)) as connection:
            connection.request("GET", "/readyz")
            self.said.append(connection.getresponse().status)
        self._next_at = time.monotonic() + _ASK_EVERY
