from dataclasses import replace
from datetime import timedelta

import pytest

from core.orphans import sent_on_schedule
from tests.reports import NOW, status

IN_AN_HOUR = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("report", "sent_at"),
    [
        pytest.param(status(waited=timedelta(minutes=5)), NOW, id="after the least time there is for scheduling"),
        pytest.param(status(waited=timedelta(minutes=4)), NOW, id="a little early, as Telnyx may be"),
        pytest.param(status(waited=timedelta(minutes=3, seconds=59)), None, id="sooner than anything is scheduled"),
        pytest.param(status(waited=timedelta()), None, id="at once"),
        pytest.param(status(waited=timedelta(days=5)), NOW, id="days later"),
        pytest.param(status(), None, id="nothing is told of when it was received"),
        pytest.param(status(sent_at=NOW.isoformat()), None, id="sent, but not told when it was received"),
        pytest.param(
            status(received_at=(NOW - timedelta(hours=1)).isoformat()), NOW, id="the event's own time, of a sent event"
        ),
        pytest.param(
            status(word="delivered", received_at=(NOW - timedelta(hours=1)).isoformat()),
            None,
            id="a late receipt that tells no sent_at",
        ),
        pytest.param(status(word="delivered", waited=timedelta(hours=1)), NOW, id="a receipt that tells sent_at"),
        pytest.param(status(waited=timedelta(minutes=9), wait_seconds=500.0), None, id="a queue explains it"),
        pytest.param(status(waited=timedelta(hours=2), wait_seconds=500.0), NOW, id="a queue explains a part of it"),
        pytest.param(status(waited=timedelta(hours=5), wait_seconds=1e300), NOW, id="no queue is that long"),
        pytest.param(status(waited=timedelta(minutes=9), wait_seconds=-500.0), NOW, id="a queue of less than nothing"),
        pytest.param(replace(status(waited=timedelta()), send_at=IN_AN_HOUR), NOW, id="send_at is told"),
        pytest.param(replace(status(word="delivered"), send_at=IN_AN_HOUR), IN_AN_HOUR, id="send_at alone is told"),
    ],
)
def test_report_of_a_message_that_left(report, sent_at):
    assert sent_on_schedule(report) == sent_at
