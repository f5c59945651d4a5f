"""``rescind worker`` and ``rescind sweeper``: the processes that do the work."""

from __future__ import annotations

import click
import structlog

from core.errors import SettingsError
from rescind import databases, logs
from schemas.settings import Settings
from workers import jobs, rq_worker
from workers.runtime import Runtime, now
from workers.sweeper import Sweeper

log = structlog.get_logger()

_NEEDED = ("TELNYX_API_KEY",)


@click.command("worker")
def worker_command() -> None:
    """Apply events and cancel messages, as the doorbell rings, until SIGTERM."""
    settings = Settings.from_env(require=_NEEDED)
    if settings.redis_url is None:
        raise SettingsError(
            "REDIS_URL is not set, and a worker listens there for the doorbell; set it to a Redis or Valkey server, "
            "or run `rescind sweeper` alone, which needs none"
        )
    logs.start()
    runtime = jobs.runtime()
    databases.require_migrated_if_there(runtime.database)
    runtime.warm_up()
    log.info("worker_started")
    rq_worker.run_worker(settings.redis_url, stop=jobs.stop)
    runtime.close()


@click.command("sweeper")
def sweeper_command() -> None:
    """Look every second for work that nobody rang for; do it when Redis is gone. Until SIGTERM."""
    settings = Settings.from_env(require=_NEEDED)
    logs.start()
    jobs.stop.listen()
    runtime = Runtime.from_settings(settings)
    databases.require_migrated_if_there(runtime.database)
    log.info("sweeper_started")
    Sweeper(
        database=runtime.database,
        bell=runtime.bell,
        drain=lambda: runtime.drain,
        rules=runtime.rules,
        now=now,
        stop=jobs.stop,
    ).run()
    runtime.close()
