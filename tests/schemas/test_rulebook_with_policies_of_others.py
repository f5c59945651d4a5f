from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from core.deciding import Act, Mode, Verdict
from core.facts import MessageClass
from core.policies import catalogue, opt_out
from tests.policy_cases import facts
from tests.rulebook_world import SHADOW, World


def test_policy_of_another_that_fails_is_told_of_once_and_without_what_it_said(tmp_path):
    def judge(facts, settings):
        raise ValueError(f"{facts.recipients[0]} is odd")

    theirs = SimpleNamespace(NAME="theirs", PRIORITY=1, SOURCE="us", Settings=opt_out.Settings, judge=judge)
    world = World(tmp_path, named=True)
    world.write("")
    world.open(known=catalogue.known() | {"theirs": theirs})
    rule = world.rulebook.current().every[-1]
    verdicts = [rule.ask(facts()) for _ in range(3)]
    assert set(map(type, verdicts)) == {Verdict}
    assert {verdict.act for verdict in verdicts} == {Act.HOLD}
    assert verdicts[0].reason == "policy theirs failed: ValueError: +15557650101 is odd"
    ((event, told),) = world.log.told
    assert (event, told["policy"]) == ("policy_failed", "theirs")
    assert told["reason"].startswith("ValueError in test_rulebook_with_policies_of_others.py, line ")


class _Unkeepable:
    """A setting that nothing can be made of but an error."""

    def __str__(self):
        raise LookupError("no words for it")


@dataclass(frozen=True)
class _Fragile:
    """Settings of somebody who has forgotten what else a file may say."""

    mode: Mode = Mode.OFF
    exempt: frozenset[MessageClass] = frozenset()
    days: int = 1
    told: str = ""

    def __post_init__(self):
        if self.days == 2:
            raise KeyError(self.days)
        if self.days == 3:
            object.__setattr__(self, "told", _Unkeepable())


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (2, "line 1: theirs: cannot be set so (KeyError: 2)"),
        (3, "makes no rules (LookupError: no words for it)"),
    ],
)
def test_policy_of_another_that_fails_over_its_settings_changes_nothing(tmp_path, days, reason):
    theirs = SimpleNamespace(NAME="theirs", PRIORITY=1, SOURCE="us", Settings=_Fragile, judge=opt_out.judge)
    world = World(tmp_path, named=True)
    world.write(SHADOW)
    world.open(known=catalogue.known() | {"theirs": theirs})
    before = world.rulebook.current()

    world.write(f"[theirs]\ndays = {days}\n")
    world.rest()

    assert world.rulebook.current() is before
    assert reason in world.rulebook.trouble
    assert [event for event, _ in world.log.told] == ["policies_unchanged"]
