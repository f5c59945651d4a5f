"""What a lead says of single messages and moments."""

from datetime import UTC, datetime, timedelta

from core.deadlines import LAST_LOOK, WALL, last_look
from core.leading import USUAL, Lead

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
#: Messages of up to 14:00 are begun with at 12:00, those of up to 15:00 at 12:30.
LEAD = Lead(((NOW, NOW + 2 * HOUR), (NOW + HOUR / 2, NOW + 3 * HOUR)))


def test_without_a_lead_the_last_look_is_the_usual_one():
    assert USUAL.since(NOW + HOUR) == last_look(NOW + HOUR)
    assert USUAL.until(NOW) == NOW + LAST_LOOK + WALL
    assert USUAL.begun(NOW) is None


def test_message_is_looked_at_from_the_earliest_begin_that_reaches_it():
    assert LEAD.since(NOW + 2 * HOUR) == NOW
    assert LEAD.since(NOW + 2 * HOUR + SECOND) == NOW + HOUR / 2
    assert LEAD.since(NOW + 3 * HOUR) == NOW + HOUR / 2
    assert LEAD.since(NOW + 3 * HOUR + SECOND) == last_look(NOW + 3 * HOUR + SECOND)
    assert LEAD.since(NOW + SECOND) == last_look(NOW + SECOND)


def test_lead_has_begun_at_its_earliest_begin():
    assert LEAD.begun(NOW - SECOND) is None
    assert LEAD.begun(NOW) == NOW
    assert LEAD.begun(NOW + HOUR) == NOW


def test_lead_reaches_as_far_as_what_was_begun_with():
    assert LEAD.until(NOW - SECOND) == NOW - SECOND + LAST_LOOK + WALL
    assert LEAD.until(NOW) == NOW + 2 * HOUR
    assert LEAD.until(NOW + HOUR / 2) == NOW + 3 * HOUR
