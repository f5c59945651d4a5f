from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from rescind.processes import Process
from tests.processes import descendants, is_alive, wait_for

#: Starts a child of its own, says both pids, and then sleeps, deaf to SIGTERM if asked to be.
FAMILY = """
import os, signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", deaf])
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
#: Starts such a family under a guard, and sleeps.
PARENT = f"""
import sys, time
from rescind.processes import Process
process = Process([sys.executable, "-c", {FAMILY!r}])
time.sleep(60)
"""


def family(*arguments: str, grace: float = 5.0) -> tuple[Process, list[int]]:
    process = Process(
        [sys.executable, "-c", FAMILY, *arguments], output=subprocess.PIPE, grace=timedelta(seconds=grace)
    )
    return process, [int(pid) for pid in process.output.readline().split()]


def test_stopping_a_command_ends_what_it_started_too():
    process, pids = family()
    assert all(map(is_alive, pids))

    assert process.stop() == 128 + signal.SIGTERM

    assert not any(map(is_alive, pids))


def test_a_command_that_is_deaf_is_killed_after_the_grace():
    process, pids = family("deaf", grace=0.5)
    time.sleep(0.2)
    asked_at = time.monotonic()

    assert process.stop() == 128 + signal.SIGKILL

    assert time.monotonic() - asked_at > 0.4
    assert not any(map(is_alive, pids))


def test_a_command_that_ends_by_itself_gives_its_status():
    process = Process([sys.executable, "-c", "import sys; sys.exit(7)"])

    assert wait_for(lambda: process.poll() is not None)
    assert process.poll() == 7
    assert process.stop() == 7


def test_a_command_that_does_not_exist_says_so():
    process = Process(["/nowhere/nothing"], output=subprocess.PIPE)

    assert process.output.read() == b"/nowhere/nothing cannot be started: No such file or directory\n"
    assert process.stop() == 127


def test_when_the_parent_is_killed_its_children_and_theirs_end():
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        env=dict(os.environ) | {"PYTHONPATH": root},
        start_new_session=True,
    )
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    everything = descendants(parent.pid) | {*pids}

    parent.kill()
    parent.wait()

    assert wait_for(lambda: not any(map(is_alive, everything)))
    parent.stdout.close()
