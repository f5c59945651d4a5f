from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from core.errors import SettingsError
from rescind.supervising import Command, Supervisor
from tests.processes import is_alive, wait_for
from workers.stopping import StopFlag

SLEEPING = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
REFUSING = "import sys; print('RESCIND_X is wrong', flush=True); sys.exit(2)"


class Told:
    def __init__(self):
        self.lines = []

    def __call__(self, name, line):
        self.lines.append((name, line))

    def of(self, name):
        return [line for who, line in self.lines if who == name]


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def stop():
    return StopFlag()


def command(name, program, told):
    return Command(name, [sys.executable, "-u", "-c", program], environ=dict(os.environ), tell=told)


def test_a_killed_child_is_started_again_and_all_end_together(told, stop):
    children = [command("one", SLEEPING, told), command("two", SLEEPING, told)]
    thread = threading.Thread(target=Supervisor(children, tell=told, stop=stop).run)
    thread.start()
    assert wait_for(lambda: told.of("one") and told.of("two"))
    first, other = int(told.of("one")[0]), int(told.of("two")[0])

    os.kill(first, signal.SIGKILL)

    assert wait_for(lambda: len(told.of("one")) == 3)
    assert told.of("one")[1] == "ended with status 137, starts again in 0.5 s"
    again = int(told.of("one")[2])
    assert (is_alive(other), len(told.of("two"))) == (True, 1)
    stop.set()
    thread.join(10)
    assert not any(map(is_alive, (first, other, again)))


def test_a_child_that_refuses_to_start_ends_everything(told, stop):
    children = [command("one", SLEEPING, told), command("two", REFUSING, told)]

    with pytest.raises(SettingsError, match="two ended with status 2 as soon as it was started"):
        Supervisor(children, tell=told, stop=stop).run()

    assert told.of("two") == ["RESCIND_X is wrong"]
    assert not any(is_alive(int(pid)) for pid in told.of("one"))
