"""The spool on a disk that is full: refused before it is acknowledged, and taken again once there is room."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from core.errors import StoreUnavailable
from core.inbox import Acceptance
from tests.processes import wait_for
from tests.spooling import Spooled, event


def taken(spooled: Spooled, number: int) -> bool:
    try:
        return spooled.commit.put(event(number)) is Acceptance.ACCEPTED
    except StoreUnavailable:
        return False


def test_events_are_refused_on_a_full_disk_and_taken_again_by_the_same_process(disk):
    spooled = Spooled(disk.folder / "spool.db")
    spooled.spool.open()
    disk.make_room()
    accepted = {number for number in range(10) if taken(spooled, number)}
    disk.fill()
    accepted |= {number for number in range(10, 100) if taken(spooled, number)}
    assert not taken(spooled, 100)
    with pytest.raises(StoreUnavailable):
        spooled.commit.check()

    disk.make_room()
    assert wait_for(lambda: taken(spooled, 400))
    spooled.commit.check()
    assert set(spooled.waiting()) == {f"event-{number}" for number in accepted | {400}}
    with closing(sqlite3.connect(spooled.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert spooled.set_aside() == []


def test_spool_that_could_not_be_made_on_a_full_disk_is_made_later(disk):
    disk.fill()
    spooled = Spooled(disk.folder / "spool.db")
    with pytest.raises(StoreUnavailable):
        spooled.spool.open()
    assert not taken(spooled, 1)
    disk.make_room()
    assert wait_for(lambda: taken(spooled, 2))
    assert spooled.waiting() == ["event-2"]


def test_disk_that_fills_up_is_warned_of(disk, caplog):
    spooled = Spooled(disk.folder / "spool.db")
    number = 0
    while taken(spooled, number):
        number += 1
    assert any("% full" in record.getMessage() for record in caplog.records)
    assert spooled.spool.figures().fill > 0.8
