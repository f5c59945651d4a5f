import pytest

from core.inbox import DEAD, InboxStatus, statuses_of


@pytest.mark.parametrize(
    ("word", "asked_for"),
    [(None, ()), ("dead", DEAD), *((each.value, (each,)) for each in InboxStatus)],
)
def test_word_asks_for_statuses(word, asked_for):
    assert statuses_of(word) == asked_for


def test_dead_letters_are_those_that_will_not_be_applied_by_themselves():
    assert set(InboxStatus) - set(DEAD) == {InboxStatus.PENDING, InboxStatus.APPLIED, InboxStatus.IGNORED}


def test_unknown_word_is_refused():
    with pytest.raises(ValueError, match="gone"):
        statuses_of("gone")
