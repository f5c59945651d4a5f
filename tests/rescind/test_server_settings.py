from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from bench import serving
from rescind import processes, server_settings
from tests.processes import descendants, is_alive, named, wait_for
from tests.receiving_world import served
from webhook_app import door_book, door_telnyx

needs_affinity = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system ties nothing down")


def chosen_after(*taken: int | None) -> int | None:
    server = SimpleNamespace(WORKERS={number: SimpleNamespace(processor=each) for number, each in enumerate(taken)})
    worker = SimpleNamespace()
    server_settings.pre_fork(server, worker)
    return worker.processor


@needs_affinity
def test_worker_takes_the_processor_that_fewest_others_have():
    first, *others = sorted(os.sched_getaffinity(0))

    assert chosen_after() == first
    assert chosen_after(*others) == first
    if others:
        assert chosen_after(first) == others[0]


@needs_affinity
@pytest.mark.parametrize(("workers", "is_tied"), [(os.cpu_count(), True), (0, False)])
def test_worker_keeps_to_its_processor_only_when_there_are_as_many_workers(workers, is_tied):
    code = f"""
import os
from types import SimpleNamespace
from rescind import server_settings
free = os.sched_getaffinity(0)
worker = SimpleNamespace(processor=min(free))
server_settings.post_fork(SimpleNamespace(cfg=SimpleNamespace(workers={workers})), worker)
print(os.sched_getaffinity(0) == ({{min(free)}} if {is_tied} else free))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=serving.ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout == "True\n"


def test_workers_may_open_as_many_files_as_they_may_have_connections(tmp_path, sqlite_template):
    path = tmp_path / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < server_settings.worker_connections:
        pytest.skip(f"this system allows {most} files")

    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
    try:
        with served(tmp_path, f"sqlite:///{path}"):
            allowed = [resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] for pid in descendants(os.getpid())]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))

    assert sum(each >= server_settings.worker_connections for each in allowed) >= server_settings.workers


def test_call_that_waits_for_telnyx_is_answered_before_the_server_ends():
    assert server_settings.graceful_timeout > (door_telnyx.PATIENCE + 2 * door_book.PATIENCE).total_seconds()
    assert processes.GRACE.total_seconds() > server_settings.graceful_timeout


def test_old_workers_are_sent_away_as_soon_as_new_ones_have_started(tmp_path, sqlite_template):
    path = tmp_path / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    with served(tmp_path, f"sqlite:///{path}"):
        servers = named(descendants(os.getpid()), "rescind.server_settings")
        (master,) = (pid for pid in servers if descendants(pid))
        old = descendants(master)
        os.kill(master, signal.SIGHUP)
        assert wait_for(lambda: len(descendants(master) - old) == server_settings.workers)
        assert any(map(is_alive, old))
        assert wait_for(lambda: not any(map(is_alive, old)), server_settings.graceful_timeout - 10)
        assert wait_for(lambda: len(descendants(master)) == server_settings.workers)
