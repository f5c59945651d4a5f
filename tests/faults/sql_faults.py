"""PostgreSQL down, hung, out of reach, locked and full up: the primary says so at once, and the failover accepts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress

import psycopg

from tests.faults import checks
from tests.faults.figures import Figure, timing, told
from tests.faults.phases import Phase, Phases
from tests.faults.proxy import FaultProxy, Mode
from tests.faults.servers import PostgreSQL
from tests.faults.world import Setting, running

_RATE = 100.0
_ANSWER_MS = 1500.0
_BACK_SECONDS = 5.0
_CONNECTIONS = 60
#: A commit's answer is lost now and then, as by a router that restarts.
_DROP_FOR, _DROP_EVERY = 0.2, 1.0


def run(setting: Setting) -> list[Figure]:
    """Load through each fault, and on until the primary is back."""
    seconds = setting.scaled("seconds", short=4, full=60)
    with running(setting, sql_proxy=True, max_connections=_CONNECTIONS) as world:
        assert world.postgresql is not None
        assert world.sql_proxy is not None
        server, proxy = world.postgresql, world.sql_proxy
        phases = Phases(world, rate=_RATE, seconds=seconds)
        phases.warm_up()
        locked, full = _Held(lambda: _lock(server)), _Held(lambda: _fill_up(server))
        faults: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "killed": (server.kill, server.start),
            "hung": (server.pause, server.resume),
            "blackholed": (lambda: proxy.set(Mode.BLACKHOLE), lambda: proxy.set(Mode.PASS)),
            "table locked": (locked.begin, locked.end),
            "no connection left": (full.begin, full.end),
        }
        figures: list[Figure] = []
        for name, (begin, heal) in faults.items():
            figures += _told(phases.under(name, begin, heal, before=1.0, after=_BACK_SECONDS + 1))
        dropped = phases.under("answers dropped", during=_Dropping(proxy), heal=lambda: proxy.set(Mode.PASS), after=3)
        return [*figures, *_told(dropped), *checks.everything(world, phases.promised())]


def _told(phase: Phase) -> list[Figure]:
    accepted = [attempt.status == 200 for attempt in phase.to("failover")]
    return [
        told(f"{phase.name}: answers of the primary but 200", phase.refused()),
        timing(f"{phase.name}: slowest answer ms", phase.slowest(), at_most=_ANSWER_MS),
        told(f"{phase.name}: client late ms", phase.late_ms),
        timing(f"{phase.name}: attempts without an answer", phase.unanswered(), at_most=0),
        told(f"{phase.name}: events taken to the failover", len(accepted)),
        timing(f"{phase.name}: refused by the failover", len(accepted) - sum(accepted), at_most=0),
        timing(f"{phase.name}: given up by the sender", phase.given_up, at_most=0),
        timing(f"{phase.name}: back after seconds", phase.back_after(), at_most=_BACK_SECONDS),
    ]


class _Held:
    """A context that is entered and left by two calls."""

    def __init__(self, make: Callable[[], AbstractContextManager[object]]) -> None:
        self._make = make
        self._stack = ExitStack()

    def begin(self) -> None:
        self._stack.enter_context(self._make())

    def end(self) -> None:
        self._stack.close()


@contextmanager
def _lock(server: PostgreSQL) -> Iterator[None]:
    """Hold the inbox as a migration would that rewrites it."""
    with psycopg.connect(server.url) as connection:
        connection.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


@contextmanager
def _fill_up(server: PostgreSQL) -> Iterator[None]:
    """Take every connection there is, end those that the program has, and take each that comes free."""
    held: list[psycopg.Connection] = []
    ending = threading.Event()

    def take() -> None:
        while not ending.is_set():
            with suppress(psycopg.OperationalError):
                held.append(psycopg.connect(server.url, application_name="crowd", connect_timeout=2))
                continue
            with server.administration() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'rescind' AND application_name <> 'crowd'"
                )
            time.sleep(0.01)

    thread = threading.Thread(target=take, name="crowd", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        for connection in held:
            connection.close()


class _Dropping:
    """Loses the database's answers for a moment, again and again."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._next_at = 0.0
        self._is_dropping = False

    def __call__(self) -> None:
        if time.monotonic() < self._next_at:
            return
        self._is_dropping = not self._is_dropping
        self._proxy.set(Mode.DROP_ANSWER if self._is_dropping else Mode.PASS)
        self._next_at = time.monotonic() + (_DROP_FOR if self._is_dropping else _DROP_EVERY - _DROP_FOR)
