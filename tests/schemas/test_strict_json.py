import json

import pytest
from hypothesis import given, settings

from schemas import strict_json
from tests.anything import json_values


def test_nesting_up_to_the_limit_is_read():
    for depth, opens, closes in ((strict_json.MAX_DEPTH, b"[", b"]"), (strict_json.MAX_DEPTH, b'{"a":', b"}")):
        raw = opens * depth + b"1" + closes * depth
        assert strict_json.read(raw) == json.loads(raw)
        with pytest.raises(ValueError, match="deep"):
            strict_json.read(opens + raw + closes)


def test_many_brackets_that_are_not_deep_are_read():
    assert strict_json.read(json.dumps([[[]]] * 1000).encode()) == [[[]]] * 1000


@settings(deadline=None)
@given(json_values)
def test_what_is_json_is_read_as_json(value):
    assert strict_json.read(json.dumps(value).encode()) == value
