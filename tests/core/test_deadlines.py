from datetime import UTC, datetime

from core import deadlines


def test_wall_is_a_minute_before_sending_and_we_aim_half_a_minute_earlier():
    send_at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert deadlines.deadline(send_at) == datetime(2026, 5, 1, 11, 59, tzinfo=UTC)
    assert deadlines.cancel_by(send_at) == datetime(2026, 5, 1, 11, 58, 30, tzinfo=UTC)
