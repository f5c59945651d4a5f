"""How decisions are linked: so that anybody can recompute it from what the documentation says."""

import hashlib

import pytest

from core.chain import START, linked

DECISION = {"b": 2, "a": "Ünïcode ✓", "facts": {"z": None, "y": [1, True]}}


def test_digest_is_that_of_the_one_before_a_line_feed_and_the_sorted_json_in_utf_8():
    told = '{"a":"Ünïcode ✓","b":2,"facts":{"y":[1,true],"z":null}}'

    assert linked(START, DECISION) == hashlib.sha256(f"{'0' * 64}\n{told}".encode()).hexdigest()


def test_order_in_which_a_decision_is_written_down_does_not_matter():
    assert linked(START, DECISION) == linked(START, dict(reversed(DECISION.items())))


@pytest.mark.parametrize(("previous", "decision"), [("1" * 64, DECISION), (START, DECISION | {"b": 3}), (START, {})])
def test_whatever_is_changed_gives_another_digest(previous, decision):
    assert linked(previous, decision) != linked(START, DECISION)


def test_half_a_character_which_others_may_send_can_be_linked():
    half = linked(START, {"reason": "\ud83d"})

    assert half == hashlib.sha256(b"0" * 64 + b'\n{"reason":"\xed\xa0\xbd"}').hexdigest()
