"""What the tags of a message tell policies."""

from datetime import UTC, datetime

import pytest

from core.labels import PRIORITY, Labels, read, unread


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        pytest.param(None, Labels(), id="no tags"),
        pytest.param([], Labels(), id="an empty list"),
        pytest.param(["spring", "vip", "a:b", "Sequence:x"], Labels(), id="the sender's own"),
        pytest.param(["sequence:welcome", "step:2"], Labels(sequence="welcome", step=2), id="a place in a series"),
        pytest.param(["step:0"], Labels(step=0), id="the first place"),
        pytest.param(["sequence: a b "], Labels(sequence="a b"), id="spaces around"),
        pytest.param(["sequence:a:b"], Labels(sequence="a:b"), id="a colon in the name"),
        pytest.param(["sequence:a", "sequence:b"], Labels(sequence="b"), id="the last one counts"),
        pytest.param(["until:paid", "until:left"], Labels(goals=frozenset({"paid", "left"})), id="goals add up"),
        pytest.param(["about:visit-7", "revision:3"], Labels(about="visit-7", revision=3), id="a subject"),
        pytest.param(
            ["expires:2026-05-01T12:00:00Z"], Labels(expires_at=datetime(2026, 5, 1, 12, tzinfo=UTC)), id="an end"
        ),
        pytest.param(
            ["expires:2026-05-01T12:00:00+02:00"],
            Labels(expires_at=datetime(2026, 5, 1, 10, tzinfo=UTC)),
            id="an end in another zone",
        ),
        pytest.param(["priority:0"], Labels(priority=0), id="the most important"),
        pytest.param(["priority:9"], Labels(priority=9), id="the least important"),
        pytest.param(["revision:1000000000000"], Labels(revision=10**12), id="a large number"),
    ],
)
def test_tags_are_read(tags, told):
    assert read(tags) == told


@pytest.mark.parametrize(
    "tag",
    [
        "sequence:",
        "sequence:  ",
        "until:",
        "about:",
        "step:",
        "step:two",
        "step:-1",
        "step:٣",
        "step:1.0",
        "revision:10000000000000",
        "expires:tomorrow",
        "expires:2026-05-01T12:00:00",
        "expires:",
        "priority:10",
        "priority:-1",
        "priority:high",
    ],
)
def test_tag_that_begins_like_a_label_and_cannot_be_read_is_kept_as_malformed_and_the_others_count(tag):
    assert read(["sequence:x", tag, "step:1"]) == Labels(sequence="x", step=1, malformed=(tag,))


def test_tags_that_policies_do_not_read_are_told_apart():
    tags = ["sequence:w", "sequnce:w", "priority:1", "priority:ten", "vip", "expires", "until:purchase"]

    assert unread(tags) == ["sequnce:w", "priority:ten", "vip", "expires"]
    assert unread(None) == []


def test_what_nobody_ranked_is_in_the_middle():
    assert read(["sequence:x"]).priority == PRIORITY == 5
