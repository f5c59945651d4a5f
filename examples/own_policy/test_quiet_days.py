"""A policy is a function of facts, so its tests need neither a database nor Telnyx."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import quiet_days

from core.deciding import Act
from core.facts import Facts, MessageClass

MIDNIGHT = datetime(2026, 12, 24, tzinfo=ZoneInfo("America/New_York"))
SETTINGS = quiet_days.Settings(days=frozenset({"2026-12-24"}), time_zone=ZoneInfo("America/New_York"))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("send_at", "act"),
    [
        pytest.param(MIDNIGHT - SECOND, Act.ALLOW, id="the evening before"),
        pytest.param(MIDNIGHT, Act.HOLD, id="as the day begins"),
        pytest.param(MIDNIGHT + timedelta(days=1) - SECOND, Act.HOLD, id="as the day ends"),
        pytest.param(MIDNIGHT + timedelta(days=1), Act.ALLOW, id="the day after"),
    ],
)
def test_message_on_a_quiet_day_is_held(send_at: datetime, act: Act) -> None:
    facts = Facts(
        now=MIDNIGHT - timedelta(days=2),
        message_id="0d3c0f5a-0000-4000-8000-000000000001",
        send_at=send_at.astimezone(UTC),
        scheduled_at=MIDNIGHT - timedelta(days=2),
        message_class=MessageClass.MARKETING,
        messaging_profile_id=None,
        recipients=("+15557650101",),
    )
    verdict = quiet_days.judge(facts, SETTINGS)
    assert verdict.act is act
    assert verdict.facts["day"] in verdict.reason


def test_what_is_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="'Christmas', which is no day"):
        quiet_days.Settings(days=frozenset({"Christmas"}))
