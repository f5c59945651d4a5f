from datetime import timedelta

import pytest

from core.deciding import Mode
from core.errors import StoreUnavailable
from core.policies import opt_out
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import reviewing
from ledger.following import Following
from store import decisions, reviews, rulebooks
from store.engine import Database
from tests.books import registered
from tests.reports import NOW, RULES, message_id, registration

SHADOWED = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))
OFF = rules(opt_out=opt_out.Settings(mode=Mode.OFF))


def known(database, *digests):
    with database.read() as connection:
        return rulebooks.of(connection, digests)


def test_rules_are_kept_once_and_as_they_first_were(database):
    with database.begin() as connection:
        rulebooks.keep(connection, RULES, now=NOW)
        rulebooks.keep(connection, RULES, now=NOW + timedelta(days=1))
    (row,) = known(database, RULES.digest, "0" * 16).values()
    assert (row.digest, row.file_sha256, row.first_seen_at) == (RULES.digest, None, NOW)
    assert row.settings == RULES.settings
    assert known(database) == {}


def test_rules_are_put_down_before_anybody_decides_by_them(database):
    in_force = [RULES]
    follow = Following(database, lambda: in_force[0], now=lambda: NOW)
    assert follow() is RULES
    assert follow() is RULES
    assert set(known(database, RULES.digest, SHADOWED.digest)) == {RULES.digest}
    in_force[0] = SHADOWED
    assert follow() is SHADOWED
    assert set(known(database, RULES.digest, SHADOWED.digest)) == {RULES.digest, SHADOWED.digest}


def test_rules_that_could_not_be_put_down_are_tried_again(tmp_path, sqlite_database):
    database = [Database(f"sqlite:///{tmp_path}/nowhere/rescind.db")]

    class Either:
        def begin(self):
            return database[0].begin()

    follow = Following(Either(), lambda: RULES, now=lambda: NOW)
    with pytest.raises(StoreUnavailable):
        follow()
    database[0] = sqlite_database
    assert follow() is RULES
    assert set(known(sqlite_database, RULES.digest)) == {RULES.digest}


def test_others_than_before_are_a_reason_to_decide_again_and_the_same_are_none(database):
    def follow(chosen):
        with database.begin() as connection:
            before = reviews.oldest(connection)
            reviewing.follow_rules(connection, chosen, now=NOW)
            return before is None and reviews.oldest(connection) is not None

    with database.read() as connection:
        assert rulebooks.followed(connection) is None
    assert [follow(each) for each in (RULES, RULES, SHADOWED)] == [False, False, True]
    with database.read() as connection:
        assert rulebooks.followed(connection).digest == SHADOWED.digest


def test_review_that_new_rules_call_for_is_left_to_who_has_them_until_they_have_spread(database):
    registered(database, registration())
    with database.begin() as connection:
        for chosen in (RULES, SHADOWED):
            reviewing.follow_rules(connection, chosen, now=NOW)
        reviews.request(connection, Scope.CAMPAIGN, "spring", event_id="move-1", known_at=NOW)

    def reviewed(by, *, after):
        with database.begin() as connection:
            return reviewing.review(connection, by, now=NOW + after, limit=10)

    # What else is ordered goes on meanwhile.
    assert [reviewed(RULES, after=timedelta(minutes=1)) for _ in range(2)] == [0, None]
    assert reviewed(SHADOWED, after=timedelta(minutes=1)) == 1
    with database.read() as connection:
        told = decisions.latest(connection, message_id())
    assert (told.rules, told.event_id) == (SHADOWED.digest, f"policies:{SHADOWED.digest}")


def test_review_for_rules_that_have_been_changed_again_is_anybodys(database):
    registered(database, registration())
    with database.begin() as connection:
        for chosen in (RULES, SHADOWED, OFF):
            reviewing.follow_rules(connection, chosen, now=NOW)

    def reviewed(by):
        with database.begin() as connection:
            return reviewing.review(connection, by, now=NOW + timedelta(minutes=1), limit=10)

    # Whoever has none but the first rules still leaves the newest to those who have them.
    assert [reviewed(RULES) for _ in range(2)] == [1, None]
    assert [reviewed(OFF) for _ in range(2)] == [1, None]
    with database.read() as connection:
        assert reviews.oldest(connection) is None
        assert decisions.latest(connection, message_id()).rules == OFF.digest


def test_review_for_rules_that_nobody_has_is_carried_out_all_the_same_in_the_end(database):
    registered(database, registration())
    with database.begin() as connection:
        for chosen in (RULES, SHADOWED):
            reviewing.follow_rules(connection, chosen, now=NOW)
    with database.begin() as connection:
        assert reviewing.review(connection, RULES, now=NOW + timedelta(minutes=5), limit=10) == 1
        assert reviews.oldest(connection) is None
