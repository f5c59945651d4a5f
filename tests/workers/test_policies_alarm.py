from datetime import timedelta

from structlog.testing import capture_logs

from tests.reports import NOW
from workers.alarms import PoliciesAlarm


class World:
    def __init__(self):
        self.at = NOW
        self.trouble = None
        self.alarm = PoliciesAlarm(lambda: self.trouble, now=lambda: self.at)

    def told(self, after):
        """Return what the alarm says of each look after so many seconds."""
        said = []
        for seconds in after:
            self.at += timedelta(seconds=seconds)
            with capture_logs() as logs:
                self.alarm()
            said.append([each["event"] for each in logs])
        return said


def test_file_that_stays_broken_is_told_of_once_a_minute():
    world = World()
    assert world.told([0, 61]) == [[], []]
    world.trouble = "policies.toml line 2: opt_out.mode is 'on'"
    assert world.told([0, 59, 1, 59, 1]) == [[], [], ["policies_not_followed"], [], ["policies_not_followed"]]


def test_file_that_was_corrected_is_told_of_no_more():
    world = World()
    world.trouble = "policies.toml does not exist"
    world.told([0])
    world.trouble = None
    assert world.told([61]) == [[]]
    world.trouble = "policies.toml does not exist"
    assert world.told([0, 59, 1]) == [[], [], ["policies_not_followed"]]
