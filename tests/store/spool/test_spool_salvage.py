"""Waiting for what is salvaged of a spool that was set aside."""

from __future__ import annotations

import fcntl
import shutil
from datetime import timedelta

from tests.spooling import Spooled, at_rest, event

AT_ONCE, LONG = timedelta(milliseconds=50), timedelta(seconds=20)


def test_salvage_is_waited_for_while_another_process_is_at_it(tmp_path):
    path = tmp_path / "spool.db"
    first = Spooled(path)
    first.spool.open()
    assert first.spool.await_salvage(LONG)
    first.commit.put_all([event(number) for number in range(5)])
    first.spool.dispose()
    at_rest(path)
    aside = tmp_path / "other.db.corrupt-20260301T120000Z"
    shutil.copy(path, aside)

    second = Spooled(tmp_path / "other.db")
    with aside.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        second.spool.open()
        assert not second.spool.await_salvage(AT_ONCE)
        assert (second.spool.figures().waiting, second.spool.unsalvaged()) == (0, 1)

    assert second.spool.await_salvage(LONG)
    assert (second.spool.figures().waiting, second.spool.unsalvaged()) == (5, 0)
