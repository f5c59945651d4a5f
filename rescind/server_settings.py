"""How gunicorn serves the web processes: ``gunicorn --config python:rescind.server_settings``, as the Procfile does.

Each can be overruled on gunicorn's command line. This module is read by gunicorn's own process, which outlives the
workers it restarts: nothing of the application may be imported here, or a restart would not bring new code.
"""

from __future__ import annotations

import os
import resource
import signal
import threading
from collections import Counter
from contextlib import suppress
from typing import Any

workers = 2
#: Threads, because a request waits for its commit most of the time, and what waits together is committed together.
worker_class = "gthread"
#: Started as they are needed, and so many only when somebody sends slowly on as many connections: a sender who takes
#: his time holds a thread, and nobody else. How many events wait to be committed is bounded elsewhere.
threads = 1000
worker_connections = 2000
#: A worker that is silent for so long is replaced. Its threads may wait for longer.
timeout = 30
#: A server that ends gives its calls so long. Most take two seconds at most, but one through the door waits for Telnyx
#: for 15, and for a commit before and after that. Cut off, it would leave a message of which nobody knows the id, and
#: whose sender's library asks for it once more.
graceful_timeout = 25
#: Telnyx, and a proxy in front of us, come back over the connection they have.
keepalive = 75
#: Nobody would look after it.
control_socket_disable = True

#: A connection needs a descriptor, and so do the database, the log and Redis.
_DESCRIPTORS = worker_connections + 500
#: Time enough for new workers to start.
_STARTING = 5.0


def on_starting(server: Any) -> None:  # noqa: ANN401 - gunicorn's own, without types
    """Allow each process as many descriptors as it may have connections; most systems start with about a thousand."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(_DESCRIPTORS, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        server.log.debug("descriptors: %s, raised from %s", wanted, allowed)


def on_reload(server: Any) -> None:  # noqa: ANN401 - gunicorn's own, without types
    """Let the old workers work until the new ones are ready: at SIGHUP gunicorn would send them away at once.

    It then waits until they have gone, ``graceful_timeout`` at most, and sends nobody away while it waits.
    """
    old = list(server.WORKERS)
    server.num_workers += len(old)
    enough = threading.Timer(_STARTING, _send_away, (server, old))
    enough.daemon = True
    enough.start()


def _send_away(server: Any, workers: list[int]) -> None:  # noqa: ANN401 - gunicorn's own, without types
    server.num_workers = server.cfg.workers
    for pid in workers:
        if pid in server.WORKERS:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def pre_fork(server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn's own, without types
    """Choose the processor on which fewest of the other workers run."""
    taken = Counter(getattr(other, "processor", None) for other in server.WORKERS.values())
    worker.processor = min(_processors(), key=lambda processor: taken[processor], default=None)


def post_fork(server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn's own, without types
    """Keep a worker to its processor, when there are as many workers as processors.

    The threads of one Python process take turns. Woken up now on one processor and now on another, they find none of
    what they touch in its caches, which takes half of the rate. Where there are more processors than workers, it is
    left to the system: others on the same machine may have chosen the same ones.
    """
    if worker.processor is not None and len(_processors()) <= server.cfg.workers:
        os.sched_setaffinity(0, {worker.processor})


def _processors() -> list[int]:
    """Return the processors that this process may use, none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
