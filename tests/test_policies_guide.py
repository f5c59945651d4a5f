"""The guide tells all there is: an entry for every policy, which names every setting; labels, facts, and an example."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

from core import facts, labels
from core.deciding import Act
from core.facts import Facts, MessageClass, Need
from core.labels import Labels
from core.policies.catalogue import OURS
from core.policies.shape import PARTS, needs_of
from schemas import policies
from schemas.policy_described import described, written
from tests.policies_guide import ENTRIES, GUIDE, blocks, names, rows, section

EXAMPLE = Path(__file__).parents[1] / "examples/own_policy"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def test_every_policy_has_an_entry_in_the_order_in_which_they_are_asked():
    assert list(ENTRIES) == [policy.NAME for policy in OURS]


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: policy.NAME)
def test_entry_names_every_setting_and_no_other(policy):
    lines = ENTRIES[policy.NAME].split("| key |")[1].splitlines()
    settings_rows = [line.split("|")[1] for line in lines if "|" in line][1:]
    until = next((place for place, row in enumerate(settings_rows) if "`" not in row and "--" not in row), None)

    named = re.findall(r"`(\w+)`", " ".join(settings_rows[:until]))

    assert sorted(named) == sorted(each.name for each in fields(policy.Settings))


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: policy.NAME)
def test_entry_tells_what_holds_by_default_as_one_writes_it(policy):
    told = {}
    for keys, default, _ in rows(ENTRIES[policy.NAME], "key"):
        told |= dict.fromkeys(names(keys), default) | dict(zip(names(keys), names(default), strict=False))

    assert told == {each.key: each.default for each in described(policy.Settings())}


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: policy.NAME)
def test_entry_tells_every_word_that_a_setting_takes(policy):
    words = {
        name: {f'"{word}"' for word in kind}
        for name, kind in get_type_hints(policy.Settings).items()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
    }

    told = {name: set(names(cell)) for keys, _, cell in rows(ENTRIES[policy.NAME], "key") for name in names(keys)}

    assert {name: words[name] - told[name] for name in words if not words[name] <= told[name]} == {}


@pytest.mark.parametrize("line", [names(line)[0] for _, line, _ in rows(section("How values are written"), "value")])
def test_value_that_is_shown_can_be_written(line):
    key = line.split(" = ")[0]
    policy = next(each for each in OURS if key in {field.name for field in fields(each.Settings)})

    chosen = policies.parse(f"[{policy.NAME}]\n{line}".encode(), Path("policies.toml"))

    assert f"{key} = {written(getattr(chosen[policy.NAME], key))}" == line


def test_contents_name_every_part():
    parts = re.findall(r"(?m)^## ([^`\n]+)$", GUIDE)
    named = re.findall(r"\(#([\w-]+)\)", GUIDE.partition("On this page:")[2].partition("\n\n")[0])
    anchors = [re.sub(r"[^\w -]", "", part).lower().replace(" ", "-") for part in parts]
    assert set(anchors) <= set(named)


def test_table_of_all_tells_their_order_and_what_is_enforced_without_a_file():
    told = [(names(name)[0], names(mode)[0]) for name, mode, *_ in rows(section("The policies there are"), "policy")]
    assert told == [(policy.NAME, policy.Settings().mode) for policy in OURS]


def test_every_class_is_told():
    told = [names(name)[0] for name, _ in rows(section("What a message tells: class, campaign, tags"), "class")]
    assert told == list(MessageClass)


def test_every_label_is_told_with_the_policy_that_reads_it():
    told = rows(section("What a message tells: class, campaign, tags"), "label")
    samples = [names(label)[0].replace(":N", ":3") for label, *_ in told]

    read = labels.read(samples)

    assert read.malformed == ()
    unread = {each.name for each in fields(Labels) if getattr(read, each.name) == getattr(Labels(), each.name)}
    assert unread == {"malformed"}
    assert {names(policy)[0] for *_, policy in told} <= set(ENTRIES)


def test_all_that_a_policy_is_given_is_told():
    always, needed = rows(section("What `judge` is given"), "field"), rows(section("What `judge` is given"), "need")

    assert [names(need)[0] for need, *_ in needed] == [f"Need.{need.name}" for need in Need]
    told = [name for cell, _ in always for name in names(cell)] + [names(field)[0] for _, field, _ in needed]
    assert sorted(told) == sorted(each.name for each in fields(Facts))


def test_what_a_need_brings_is_told_field_by_field():
    for _, field, cell in rows(section("What `judge` is given"), "need"):
        kind, *told = names(cell)
        assert f"tuple[{kind}, ...]" == Facts.__annotations__[names(field)[0]]
        assert told in ([], [each.name for each in fields(getattr(facts, kind))]), kind
    kinds = re.findall(r"`(\w+)`: ", section("What `judge` is given"))
    assert kinds == ["Person", "Traffic", "Inbound", "Outcome", "Signal", "Tally", "Spending"]


def test_example_with_a_need_gets_what_it_asks_for_and_judges_by_it():
    (source,) = blocks(section("What `judge` is given"), "python")
    policy = ModuleType("in_conversation")
    sys.modules[policy.__name__] = policy  # where a dataclass looks for its types
    exec(compile(source, "docs/policies.md", "exec"), policy.__dict__)
    del sys.modules[policy.__name__]
    settings = policy.Settings()
    said = facts.Inbound("+15557650101", NOON, "When?", None, None, None, "event-1")

    held = policy.judge(facts.about(now=NOON + HOUR - SECOND, inbound=(said,)), settings)
    let_go = policy.judge(facts.about(now=NOON + HOUR, inbound=(said,)), settings)

    assert [part for part in PARTS if not hasattr(policy, part)] == []
    assert needs_of(policy, settings) == {Need.INBOUND: facts.Reach(HOUR, of_class=MessageClass.MARKETING)}
    assert (held.act, held.event_id, held.until) == (Act.HOLD, "event-1", NOON + HOUR)
    assert (let_go.act, let_go.until) == (Act.ALLOW, None)


def test_all_that_a_policy_has_is_told():
    told = [names(name)[0].split("(")[0] for name, _ in rows(section("What the module has"), "name")]
    assert told == [*PARTS, "needs"]


@pytest.mark.parametrize(("file", "language"), [("quiet_days.py", "python"), ("pyproject.toml", "toml")])
def test_policy_of_ones_own_is_shown_as_it_stands_among_the_examples(file, language):
    assert (EXAMPLE / file).read_text() in blocks(section("A policy of your own"), language)


def test_installing_asks_no_registry_for_rescind():
    assert tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["dependencies"] == []


def test_every_pip_is_told_which_python_it_installs_for():
    lines = [line for body in blocks(section("A policy of your own")) for line in body.splitlines() if "pip" in line]
    assert len(lines) == 3
    for line in lines:
        assert re.match(r"pip3 --python (\.\./)?\.venv/bin/python (install|uninstall -y) ", line), line
    assert tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["name"] == lines[-1].split()[-1]
