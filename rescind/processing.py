"""``rescind worker`` and ``rescind sweeper``: the processes that do the work."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import click
import structlog

from core.errors import SettingsError
from ledger.forecasting import Outlook
from rescind import databases, logs
from schemas.settings import Settings
from workers import jobs, rq_worker
from workers.abandoned import AbandonedRequests
from workers.alarms import LatenessAlarm, PoliciesAlarm
from workers.anomalies import AnomalyAlarm
from workers.chaining import Chainer
from workers.proving import Prover
from workers.runtime import Runtime, now, reconciler
from workers.scheduled_reconciling import Schedule
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
    """Look every second for work that nobody rang for; do it when Redis is gone. Until SIGTERM.

    Beside that, it recovers from Telnyx's own records what was missed.
    """
    settings = Settings.from_env(require=_NEEDED)
    logs.start()
    jobs.stop.listen()
    runtime = Runtime.from_settings(settings)
    databases.require_migrated_if_there(runtime.database)
    log.info("sweeper_started")
    sweeper = Sweeper(
        database=runtime.database,
        bell=runtime.bell,
        drain=lambda: runtime.drain,
        rules=runtime.rules,
        now=now,
        stop=jobs.stop,
        leads=runtime.ahead.latest,
        alarms=[
            LatenessAlarm(Outlook(runtime.database, rate=settings.cancel_rate), now=now),
            PoliciesAlarm(lambda: runtime.rulebook.trouble, now=now),
            AbandonedRequests(runtime.database, runtime.rules, now),
            AnomalyAlarm(runtime.database, runtime.rules, now),
            Chainer(runtime.database, now),
            Prover(runtime.database, runtime.rules, now),
        ],
    )
    with _reconciling(settings, runtime):
        sweeper.run()
    runtime.close()


def _reconciling(settings: Settings, runtime: Runtime) -> AbstractContextManager[None]:
    if settings.reconcile_every is None:
        return nullcontext()
    made = reconciler(settings, runtime.database, rules=runtime.rules, wait=jobs.stop.wait)
    return Schedule(made, settings.reconcile_every, jobs.stop).beside()
