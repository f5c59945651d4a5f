import pytest

from schemas import plain


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("plain", "plain"),
        ("naïve 👋", "naïve 👋"),
        ("\x00", "\ufffd"),
        ("a\ud83d", "a\ufffd"),
        (7, 7),
        (True, True),
        (None, None),
        (0.5, 0.5),
        (float("nan"), None),
        (float("inf"), None),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        ({"\x00": [None, {"a": "\x00"}]}, {"\ufffd": [None, {"a": "\ufffd"}]}),
        (object(), None),
    ],
)
def test_value_is_kept_as_far_as_it_can_be_stored(raw, kept):
    assert plain.value(raw) == kept


def test_what_lies_too_deep_is_left_out():
    deep = []
    for _ in range(5000):
        deep = [deep]

    kept = plain.value(deep)
    depth = 0
    while kept:
        kept, depth = kept[0], depth + 1

    assert depth == 16


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("0.0160", "0.0160"), ("", None), (0, "0"), (0.1, "0.1"), (1e-7, "0.0000001"), (1e300, None), (float("nan"), None),
     (10**40, None), (True, None), (None, None), ({}, None)],
)  # fmt: skip
def test_amount_is_decimal_text(raw, kept):
    assert plain.amount(raw) == kept
