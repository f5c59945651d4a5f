import pytest

from core.statuses import Status, has_ended, has_left, rank_of


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        pytest.param("scheduled", "queued", id="scheduled, then queued"),
        pytest.param("queued", "sending", id="queued, then sending"),
        pytest.param("sending", "sent", id="sending, then sent"),
        pytest.param("sent", "delivery_unconfirmed", id="no receipt came"),
        pytest.param("delivery_unconfirmed", "delivered", id="a late receipt came"),
        pytest.param("unknown", "delivery_failed", id="a certain failure is more than unknown"),
        pytest.param("delivered", "read", id="read, after delivered"),
        pytest.param("scheduled", "cancelled", id="cancelled before anything left"),
        pytest.param("cancelled", "sending", id="a report that it left wins over the cancel answer"),
        pytest.param("cancelled", "delivered", id="a report that it arrived wins over the cancel answer"),
    ],
)
def test_status_rises(lower, higher):
    assert rank_of(lower) < rank_of(higher)


def test_certain_ends_are_equals():
    assert len({rank_of(status) for status in ("delivered", "sending_failed", "delivery_failed", "expired")}) == 1


def test_unknown_word_counts_as_having_left_and_never_as_certain():
    assert has_left(rank_of("teleported"))
    assert rank_of("cancelled") < rank_of("teleported") < rank_of("sending")
    assert rank_of("teleported", final=True) == rank_of(Status.UNKNOWN)


@pytest.mark.parametrize("status", ["scheduled", "queued", "cancelled"])
def test_message_that_has_not_left_is_not_taken_for_sent(status):
    assert not has_left(rank_of(status))


@pytest.mark.parametrize(
    ("status", "ends"),
    [
        pytest.param("scheduled", False, id="scheduled"),
        pytest.param("queued", False, id="queued"),
        pytest.param("cancelled", True, id="cancelled"),
        pytest.param("teleported", False, id="a word of the future"),
        pytest.param("sending", False, id="sending"),
        pytest.param("sent", False, id="sent"),
        pytest.param("delivery_unconfirmed", True, id="no receipt will come"),
        pytest.param("delivered", True, id="delivered"),
        pytest.param("expired", True, id="expired"),
    ],
)
def test_end_of_a_message(status, ends):
    assert has_ended(rank_of(status)) is ends
