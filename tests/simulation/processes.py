"""The program's processes, played by one thread: real code, whose memory is gone when a process dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager, redirect_stderr
from datetime import datetime, timedelta
from os import devnull
from pathlib import Path
from random import Random
from typing import Any

import httpx
from werkzeug.test import TestResponse

from core.deciding import Rules
from core.errors import StoreUnavailable
from core.policies import catalogue
from schemas.secret import Secret
from schemas.settings import Settings
from store.engine import Database
from store.group_commit import GroupCommit
from store.kept_connection import KeptConnection
from store.spool import Spool
from tests import telnyx_signing
from tests.simulation.bell import Bell
from tests.simulation.clock import Clock
from tests.simulation.door import BookAtOnce, TelnyxLine
from tests.simulation.telnyx import Telnyx
from webhook_app import failover, primary
from webhook_app.handover_client import Primary
from webhook_app.handover_rounds import Round, Rounds
from workers.applying import Applier
from workers.cancelling import Canceller
from workers.draining import Drain
from workers.inquiring import SHARE
from workers.pacing import Pacer
from workers.reconciling import Reconciler
from workers.reviewing import Reviewer
from workers.stopping import StopFlag
from workers.sweeper import Sweeper

RULES = catalogue.rules()
KEY = "KEY-of-the-simulation-0123456789"
TOKEN = "a-token-of-the-simulation-0123456789"
SECRET = "a-secret-of-the-simulation-0123456789"
HANDOVER = "http://primary.test/internal/handover"
RATE = 20
#: A drain that takes more rounds than this never ends.
_ROUNDS = 3000


def follow() -> Rules:
    """The rules never change here."""
    return RULES


class Died(BaseException):
    """The process that does this is gone: nothing of ours may catch it."""


class _LetGo(BaseException):
    pass


@contextmanager
def quiet() -> Iterator[None]:
    """Have an application that is built here log to nobody."""
    with Path(devnull).open("a") as nowhere, redirect_stderr(nowhere):
        yield


class CommitAtOnce(GroupCommit):
    """Commits in the thread that asks, and waits for nobody."""

    def _ask(self, ticket: Any, *, timeout: float) -> Any:
        self._write([ticket])
        answer = ticket.answer.get_nowait()
        if isinstance(answer, StoreUnavailable):
            raise StoreUnavailable(str(answer)) from answer
        return answer

    def let_go(self, database: Database) -> None:
        """Close the connection that is kept, as the end of a process does."""

        def end(_: object) -> None:
            raise _LetGo

        try:
            self._connection.write(end)
        except (_LetGo, StoreUnavailable):
            self._connection = KeptConnection(database)


class Wire(Executor):
    """Requests under way to Telnyx: asked and answered when the simulation says so."""

    def __init__(self) -> None:
        self.is_slow = False
        """Requests wait for ``pass_on``, instead of being answered at once."""
        self.under_way: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()

    def submit(self, fn: Callable[..., object], /, *args: Any, **_: Any) -> Future[Any]:
        self.under_way.append((fn, args))
        if not self.is_slow:
            self.pass_on()
        return Future()

    def pass_on(self, at_most: int = 1000) -> None:
        """Let requests reach Telnyx, and its answers come back."""
        for _ in range(min(at_most, len(self.under_way))):
            ask, args = self.under_way.popleft()
            ask(*args)

    def shutdown(self, *_: object, **__: object) -> None:
        self.under_way.clear()


class Web:
    """The primary's application. It is built once: what it remembers between requests is how many are inside."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.commit = CommitAtOnce(database)
        self.clock = Clock()
        self.rung: Callable[[], object] = lambda: None
        self.telnyx: Telnyx | None = None
        self.book = BookAtOnce(database, ring=self._ring)
        settings = Settings.from_env(
            {
                "DATABASE_URL": database.url.render_as_string(hide_password=False),
                "TELNYX_PUBLIC_KEY": telnyx_signing.PUBLIC_KEY,
                "TELNYX_API_KEY": KEY,
                "RESCIND_API_TOKEN": TOKEN,
                "RESCIND_HANDOVER_SECRET": SECRET,
            }
        )
        with quiet():
            app = primary.app_of(
                settings,
                database=database,
                ring=self._ring,
                clock=self._now,
                commit=self.commit,
                line=TelnyxLine(self._asked),
                book=self.book,
            )
        self.client = app.test_client()

    def _ring(self) -> None:
        self.rung()

    def _now(self) -> datetime:
        return self.clock.ours()

    def _asked(self) -> Telnyx:
        assert self.telnyx is not None
        return self.telnyx

    def live_in(self, clock: Clock, ring: Callable[[], object], telnyx: Telnyx) -> None:
        self.clock, self.rung, self.telnyx = clock, ring, telnyx
        self.book.forget()

    def die(self) -> None:
        self.book.forget()
        self.commit.let_go(self.database)
        self.database.dispose()


class Failover:
    """The failover process: the receiver over a spool, and what hands over."""

    def __init__(self, spool: Spool, clock: Clock, transport: httpx.BaseTransport) -> None:
        self.spool = spool
        self._commit = CommitAtOnce(spool.database, spool, mend=spool.mend)
        settings = Settings.from_env({"TELNYX_PUBLIC_KEY": telnyx_signing.PUBLIC_KEY, "RESCIND_SPOOL": str(spool.path)})
        with quiet():
            app = failover.app_of(settings, spool=spool, clock=clock.ours, commit=self._commit)
        self.client = app.test_client()
        sender = Primary(
            HANDOVER, Secret(SECRET), clock=clock.ours, connect=lambda _: httpx.Client(transport=transport)
        )
        self._rounds = Rounds(spool=spool, primary=sender, clock=clock.ours)

    def hand_over(self) -> Round:
        return self._rounds.one()

    def die(self) -> None:
        self._commit.let_go(self.spool.database)
        self.spool.dispose()


class Working:
    """What a worker or a sweeper has in memory."""

    def __init__(self, database: Database, telnyx: Telnyx, clock: Clock, bell: Bell, *, batch: int) -> None:
        self.database = database
        self.wire = Wire()
        self.applier = Applier(database, follow, clock.ours, batch=batch)
        self.reviewer = Reviewer(database, follow, clock.ours)
        self.canceller = Canceller(
            database,
            telnyx,
            Pacer(RATE, None, clock=clock.seconds),
            now=clock.ours,
            random=Random(7),
            threads=self.wire,
        )
        self._drain = Drain(
            applier=self.applier,
            reviewer=self.reviewer,
            canceller=self.canceller,
            ring=bell.ring,
            now=clock.ours,
            sleep=lambda seconds: telnyx.wait(timedelta(seconds=seconds)),
        )
        self._bell = bell

    def run(self, **_: object) -> None:
        """Do all that is due, as a job does, or as the sweeper does when nobody comes."""
        rounds = 0

        def is_enough() -> bool:
            nonlocal rounds
            rounds += 1
            assert rounds < _ROUNDS, "the drain never ends"
            return False

        self.wire.is_slow = False
        self.wire.pass_on()
        self._drain.run(should_stop=is_enough)

    def sweeper(self, clock: Clock) -> Sweeper:
        return Sweeper(
            database=self.database,
            bell=self._bell,
            drain=lambda: self,
            rules=follow,
            now=clock.ours,
            stop=StopFlag(),
        )

    def die(self) -> None:
        self.database.dispose()


def reconciler(database: Database, telnyx: Telnyx, clock: Clock, bell: Bell) -> Reconciler:
    def wait(seconds: float) -> bool:
        telnyx.wait(timedelta(seconds=seconds))
        return False

    return Reconciler(
        database=database,
        client=telnyx,
        pacer=Pacer(RATE, None, share=SHARE, clock=clock.seconds),
        rules=follow,
        ring=bell.ring,
        now=clock.ours,
        wait=wait,
    )


class Line(httpx.BaseTransport):
    """The line from the failover to the primary."""

    def __init__(self, post: Callable[[str, bytes, Mapping[str, str]], TestResponse | None]) -> None:
        self._post = post
        self.lost_answers = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._post(request.url.path, request.read(), dict(request.headers))
        if answer is None:
            raise httpx.ConnectError("refused")
        if self.lost_answers:
            self.lost_answers -= 1
            raise httpx.ReadTimeout("lost")
        return httpx.Response(answer.status_code, stream=httpx.ByteStream(answer.data))
