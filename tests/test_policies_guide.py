"""The guide has an entry for every policy, in the order in which they are asked, which names every setting."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.policies.catalogue import OURS

GUIDE = (Path(__file__).parents[1] / "docs/policies.md").read_text()
ENTRIES = dict(re.findall(r"(?ms)^## `\[(\w+)\]`\n(.*?)(?=^## |\Z)", GUIDE))


def test_every_policy_has_an_entry_in_the_order_in_which_they_are_asked():
    assert list(ENTRIES) == [policy.NAME for policy in OURS]


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: policy.NAME)
def test_entry_names_every_setting_and_no_other(policy):
    rows = [line.split("|")[1] for line in ENTRIES[policy.NAME].split("| key |")[1].splitlines() if "|" in line]
    settings_rows = rows[1:]
    until = next((place for place, row in enumerate(settings_rows) if "`" not in row and "--" not in row), None)

    named = re.findall(r"`(\w+)`", " ".join(settings_rows[:until]))

    assert sorted(named) == sorted(each.name for each in fields(policy.Settings))


@pytest.mark.parametrize("policy", OURS, ids=lambda policy: policy.NAME)
def test_entry_tells_the_mode_that_a_policy_has_by_itself(policy):
    row = re.search(r"\| `mode` \| `\"?(\w+)\"?` \|", ENTRIES[policy.NAME])

    assert row is not None
    assert row.group(1) == policy.Settings().mode
