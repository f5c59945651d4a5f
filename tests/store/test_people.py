"""What was told of recipients, over both databases."""

import re

from core.facts import Person
from store import consents, people
from tests.query_plans import plans
from tests.reports import ALICE, BOB, CAROL


def told(database, number, **changes):
    with database.begin() as connection:
        consents.lock_recipients(connection, {number})
        people.tell(connection, number, changes)


def known(database, *numbers):
    with database.read() as connection:
        return people.of(connection, numbers)


def test_only_those_of_whom_something_was_told_are_known(database):
    told(database, ALICE, time_zone="America/New_York")
    told(database, BOB, region="FL")
    with database.begin() as connection:
        consents.lock_recipients(connection, {CAROL})
    assert known(database, ALICE, BOB, CAROL) == {
        ALICE: Person(ALICE, "America/New_York", None),
        BOB: Person(BOB, None, "FL"),
    }
    assert known(database, CAROL) == {}
    assert known(database) == {}


def test_what_is_told_replaces_what_was_told_and_none_forgets_it(database):
    told(database, ALICE, time_zone="America/New_York", region="FL")
    told(database, ALICE, time_zone="America/Chicago")
    assert known(database, ALICE) == {ALICE: Person(ALICE, "America/Chicago", "FL")}
    told(database, ALICE, time_zone=None, region=None)
    assert known(database, ALICE) == {}


def test_more_are_found_than_one_query_asks_for(database):
    numbers = [f"+1555765{number:04d}" for number in range(1_001)]
    with database.begin() as connection:
        consents.lock_recipients(connection, numbers)
        for number in (numbers[0], numbers[500], numbers[1_000]):
            people.tell(connection, number, {"region": "TX"})
    assert sorted(known(database, *numbers)) == [numbers[0], numbers[500], numbers[1_000]]


def test_people_are_found_by_their_number_among_all_recipients(sqlite_database):
    found = plans(sqlite_database, lambda connection: people.of(connection, {ALICE, BOB}))
    assert [re.sub(r"\d", "?", step) for step in found] == ["SEARCH recipients USING PRIMARY KEY (phone_number=?)"]
