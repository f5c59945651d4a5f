"""The rules that the door decides by are put down, whatever becomes of the first attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.deciding import Mode
from core.policies import opt_out
from core.policies.catalogue import rules
from store import rulebooks
from tests.reports import NOW, RULES
from webhook_app.door_rules import Noted

OTHERS = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))


class World:
    """A door's rules, and what it has asked to have written, which a test writes or drops."""

    def __init__(self):
        self.now = NOW
        self.current = RULES
        self.asked = []
        self.rules = Noted(lambda: self.current, book=self, now=lambda: self.now)

    def write_later(self, work, _about):
        self.asked.append(work)


@pytest.fixture
def world():
    return World()


def written(database, world) -> set[str]:
    """Write what was asked for last, and return which rules are known then."""
    with database.begin() as connection:
        assert world.asked.pop()(connection) is False
        return set(rulebooks.of(connection, {RULES.digest, OTHERS.digest}))


def test_rules_are_put_down_once(sqlite_database, world):
    assert world.rules() is RULES
    assert written(sqlite_database, world) == {RULES.digest}
    world.now += timedelta(hours=2)
    assert world.rules() is RULES
    assert world.asked == []


def test_rules_whose_writing_was_given_up_are_put_down_later(sqlite_database, world):
    world.rules()
    world.asked.clear()
    world.now += timedelta(minutes=2)
    world.rules()
    assert written(sqlite_database, world) == {RULES.digest}


def test_many_calls_ask_for_it_once_while_it_waits_to_be_written(world):
    for _ in range(100):
        world.rules()
    assert len(world.asked) == 1


def test_changed_rules_are_put_down_at_once(sqlite_database, world):
    world.rules()
    written(sqlite_database, world)
    world.current = OTHERS
    assert world.rules() is OTHERS
    assert written(sqlite_database, world) == {RULES.digest, OTHERS.digest}
