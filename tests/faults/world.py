"""Everything of one scenario: database, Redis, Telnyx, the program's processes, and what stands between them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import simulator
from simulator import RunningSimulator
from store import migrating
from store.engine import Database
from tests.faults import events
from tests.faults.calls import TOKEN
from tests.faults.fleet import ROOT, Fleet
from tests.faults.proxy import FaultProxy
from tests.faults.sending import Load
from tests.faults.servers import PostgreSQL, RedisServer
from tests.processes import environ

SECRET = "a secret that failover and primary share".replace(" ", "-")


@dataclass(frozen=True)
class Setting:
    """What a scenario is asked to do."""

    seed: int
    database: str
    """``sqlite`` or ``postgresql``."""
    folder: Path
    full: bool = False
    events: int | None = None
    kills: int | None = None
    seconds: float | None = None

    def scaled(self, name: str, *, short: float, full: float) -> float:
        """Return a measure as chosen on the command line, else that of the tier."""
        chosen: float | None = getattr(self, name)
        return chosen if chosen is not None else full if self.full else short


@dataclass
class World:
    """What a scenario works with."""

    setting: Setting
    folder: Path
    postgresql: PostgreSQL | None
    redis: RedisServer
    telnyx: RunningSimulator
    fleet: Fleet
    database: Database
    """For looking: past every proxy."""
    spool: Path
    sql_proxy: FaultProxy | None
    redis_proxy: FaultProxy | None

    def load(self, name: str, **chosen: object) -> Load:
        """Return a load on this world; further names are those of ``Load``."""
        given: dict[str, object] = {
            "folder": str(self.folder),
            "name": name,
            "seed": self.setting.seed,
            "primary_port": self.fleet.port,
            "failover_port": self.fleet.failover_port,
            "telnyx_port": int(self.telnyx.url.rpartition(":")[2]),
            "token": TOKEN,
        }
        return Load(**{**given, **chosen})

    def kill_everything(self) -> None:
        """SIGKILL every process there is but Telnyx, as when the power goes, and leave all of it dead."""
        self.fleet.take_down()
        self.redis.kill()
        if self.postgresql is not None:
            self.postgresql.kill()
        self.database.dispose()

    def bring_everything_up(self) -> None:
        """Start all that is dead again, and return when it is up."""
        if self.postgresql is not None and not self.postgresql.pids:
            self.postgresql.start()
        if not self.redis.pids:
            self.redis.start()
        self.fleet.bring_up(*(name for name, kept in self.fleet.of.items() if not kept.pids()))
        self.fleet.wait_until_up()


@contextmanager
def running(
    setting: Setting,
    *,
    workers: int = 2,
    failover: bool = True,
    sql_proxy: bool = False,
    redis_proxy: bool = False,
    max_connections: int = 100,
    sql_settings: dict[str, str] | None = None,
    root: Path = ROOT,
    more_environ: dict[str, str] | None = None,
) -> Iterator[World]:
    """Start a world in an empty folder and yield it when all of it is up."""
    folder = setting.folder
    # The database server may run as somebody else, who has to get to its folder.
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    with ExitStack() as stack:
        postgresql: PostgreSQL | None = None
        if setting.database == "postgresql":
            postgresql = PostgreSQL(folder / "postgresql", max_connections=max_connections, settings=sql_settings)
            stack.callback(postgresql.kill)
            postgresql.start()
            postgresql.create_database()
        url = postgresql.url if postgresql else f"sqlite:///{folder}/rescind.db"
        database = Database(url)
        stack.callback(database.dispose)
        migrating.upgrade(database)
        redis = RedisServer(folder / "redis")
        stack.callback(redis.kill)
        redis.start()
        telnyx = stack.enter_context(simulator.running(seed=setting.seed))
        before_sql = stack.enter_context(FaultProxy(postgresql.port)) if sql_proxy and postgresql else None
        before_redis = stack.enter_context(FaultProxy(redis.port)) if redis_proxy else None
        shutil.copy(ROOT / "policies.toml", folder)
        chosen = {
            "DATABASE_URL": postgresql.url_at(before_sql.port) if before_sql and postgresql else url,
            "REDIS_URL": redis.url_at(before_redis.port) if before_redis else redis.url,
            "TELNYX_PUBLIC_KEY": events.PUBLIC_KEY,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
            "RESCIND_CANCEL_RATE": "1000",
            "RESCIND_SPOOL": str(folder / "spool.db"),
            "RESCIND_HANDOVER_SECRET": SECRET,
            "RESCIND_RECONCILE_MINUTES": "0",
            **(more_environ or {}),
        }
        fleet = Fleet(environ(**chosen), folder, workers=workers, failover=failover, root=root)
        stack.callback(fleet.stop)
        fleet.start()
        yield World(
            setting=setting,
            folder=folder,
            postgresql=postgresql,
            redis=redis,
            telnyx=telnyx,
            fleet=fleet,
            database=database,
            spool=folder / "spool.db",
            sql_proxy=before_sql,
            redis_proxy=before_redis,
        )
