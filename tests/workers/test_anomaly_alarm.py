"""People are told of a campaign that goes wrong, and what is pending of it is held, and cancelled at its last look."""

from datetime import timedelta

from structlog.testing import capture_logs

from core.deciding import Mode
from core.policies import anomaly
from core.policies.catalogue import rules
from ledger import reviewing
from store import cancellations, reviews
from tests.books import registered, stories, told
from tests.ledger.test_ending import ended
from tests.reports import NOW, message_id, registration
from workers.anomalies import AnomalyAlarm

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ON, IN_SHADOW = (rules(anomaly=anomaly.Settings(mode=mode, least=3)) for mode in (Mode.ENFORCE, Mode.SHADOW))
#: The last window with these failures in it ends half an hour after their span began.
OPENS = NOW + 25 * MINUTE + HOUR


class Watch:
    """An alarm with a clock to turn."""

    def __init__(self, database, following=ON):
        self.following, self.at = following, NOW
        self.alarm = AnomalyAlarm(database, lambda: self.following, lambda: self.at)

    def look(self, at):
        """Look at a moment, and return what was said."""
        self.at = at
        with capture_logs() as lines:
            self.alarm()
        return [(line["event"], line["campaign"], line["log_level"]) for line in lines if "campaign" in line]


def failed(database, *numbers, minute=-1):
    told(database, *(ended("delivery_failed", number=of, minute=minute, event_id=f"end-{of}") for of in numbers))


def sale(database):
    registered(database, *(registration(number, campaign_key="sale", send_at=NOW + HOUR) for number in (1, 2, 3, 9)))


def ordered(database):
    with database.read() as connection:
        return reviews.oldest(connection)


TRIPPED, OVER = ("campaign_anomaly", "sale", "error"), ("campaign_anomaly_over", "sale", "info")


def test_campaign_is_told_of_once_when_it_trips_and_once_when_that_is_over(database):
    sale(database)
    watch = Watch(database)
    failed(database, 1, 2)
    assert watch.look(NOW) == []
    failed(database, 3)

    assert watch.look(NOW + MINUTE) == [TRIPPED]
    assert ordered(database) == NOW + MINUTE
    assert watch.look(NOW + 2 * MINUTE) == []
    assert watch.look(OPENS - SECOND) == []
    assert watch.look(OPENS + MINUTE) == [OVER]
    assert watch.look(OPENS + 2 * MINUTE) == []


def test_it_is_looked_for_once_a_minute(sqlite_database):
    sale(sqlite_database)
    watch = Watch(sqlite_database)
    assert watch.look(NOW) == []
    failed(sqlite_database, 1, 2, 3)
    assert watch.look(NOW + MINUTE - SECOND) == []
    assert watch.look(NOW + MINUTE) == [TRIPPED]


def test_alarm_says_what_is_wrong_and_what_to_do(sqlite_database):
    sale(sqlite_database)
    failed(sqlite_database, 1, 2, 3)
    with capture_logs() as lines:
        AnomalyAlarm(sqlite_database, lambda: ON, lambda: NOW)()
    (line,) = lines
    assert "3 failures to 3 messages" in line["reason"]
    assert "rescind hold" in line["remedy"]


def test_in_shadow_people_are_warned_of_what_would_be_held_and_nothing_is(database):
    sale(database)
    failed(database, 1, 2, 3)
    watch = Watch(database, IN_SHADOW)
    with capture_logs() as lines:
        watch.alarm()
    (line,) = lines
    assert (line["event"], line["log_level"], line["mode"]) == ("campaign_anomaly", "warning", "shadow")
    assert "is held" not in line["reason"]
    assert "holds nothing" in line["remedy"]

    with database.begin() as connection:
        reviewing.review(connection, IN_SHADOW, now=NOW + SECOND, limit=10)
    assert [each["mode"] for each in stories(database, 9)["decisions"] if each["verdict"] == "hold"] == ["shadow"]
    with database.read() as connection:
        assert cancellations.next_due_at(connection) is None


def test_campaign_is_told_of_once_more_when_the_policy_comes_to_be_enforced(sqlite_database):
    sale(sqlite_database)
    failed(sqlite_database, 1, 2, 3)
    watch = Watch(sqlite_database, IN_SHADOW)
    assert watch.look(NOW) == [("campaign_anomaly", "sale", "warning")]
    assert watch.look(NOW + MINUTE) == []
    watch.following = ON
    assert watch.look(NOW + 2 * MINUTE) == [TRIPPED]
    assert watch.look(NOW + 3 * MINUTE) == []


def test_policy_that_is_off_tells_nothing_and_lets_go_of_what_was_told(sqlite_database):
    sale(sqlite_database)
    failed(sqlite_database, 1, 2, 3)
    watch = Watch(sqlite_database, rules())
    assert watch.look(NOW) == []
    assert ordered(sqlite_database) is None

    watch.following = ON
    assert watch.look(NOW + MINUTE) == [TRIPPED]
    watch.following = rules()
    assert watch.look(NOW + 2 * MINUTE) == [OVER]


def test_what_is_pending_is_held_when_it_trips_and_cancelled_at_its_last_look(database):
    sale(database)
    failed(database, 1, 2, 3)
    Watch(database).look(NOW)

    with database.begin() as connection:
        reviewing.review(connection, ON, now=NOW + SECOND, limit=10)
    held = stories(database, 9)["decisions"][-1]
    assert (held["verdict"], held["policy"], held["trigger"]) == ("hold", "anomaly", "campaign")
    with database.read() as connection:
        assert cancellations.next_due_at(connection) is None

    with database.begin() as connection:
        reviewing.look_last(connection, [message_id(9)], ON, now=NOW + HOUR - 3 * MINUTE)
    last = stories(database, 9)["decisions"][-1]
    assert (last["verdict"], last["policy"]) == ("cancel", "anomaly")
    assert last["reason"].endswith("it still was at the last look")
    with database.read() as connection:
        assert cancellations.next_due_at(connection) is not None


def test_what_is_sent_after_the_rest_goes_out(sqlite_database):
    sale(sqlite_database)
    registered(sqlite_database, registration(8, campaign_key="sale", send_at=OPENS + 10 * MINUTE))
    failed(sqlite_database, 1, 2, 3)
    Watch(sqlite_database).look(NOW)
    with sqlite_database.begin() as connection:
        reviewing.review(connection, ON, now=NOW + SECOND, limit=10)
    with sqlite_database.begin() as connection:
        reviewing.look_last(connection, [message_id(8)], ON, now=OPENS + 7 * MINUTE)

    decided = [each["verdict"] for each in stories(sqlite_database, 8)["decisions"]]
    assert decided == ["allow", "hold", "allow"]
