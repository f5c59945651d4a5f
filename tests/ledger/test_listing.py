"""Do-not-contact lists: effective at once on what is pending, and on what comes; lifted by their owner alone."""

from __future__ import annotations

from datetime import timedelta

from core.consent import ConsentKind
from ledger import listing, proving
from ledger.listing import Entry, Taken
from store import cancellations
from tests.books import registered, told
from tests.reports import ALICE, BOB, NOW, RULES, message_id, registration, text

ENTRY = Entry("complaints", NOW - timedelta(days=1))
OFF = Entry("complaints", NOW, ConsentKind.DELISTED)


def take(database, *numbers, entry=ENTRY, now=NOW):
    with database.begin() as connection:
        return listing.take(connection, entry, numbers, RULES, now=now)


def state(database, number=1):
    with database.read() as connection:
        row = cancellations.of(connection, message_id(number))
    return (row.policy, row.state) if row else None


def test_listed_number_has_its_pending_messages_cancelled_and_nobody_else(database):
    registered(database, registration(1), registration(2, to=(BOB,)))

    assert take(database, ALICE) == Taken(new=1, known=0, cancelling=1)

    assert state(database, 1) == ("do_not_contact", "requested")
    assert state(database, 2) is None


def test_message_that_is_registered_later_is_cancelled_too(database):
    take(database, ALICE)
    registered(database, registration(1))

    assert state(database) == ("do_not_contact", "requested")


def test_start_takes_nobody_off_a_list(database):
    take(database, ALICE)
    told(database, text("START", minute=5))
    registered(database, registration(1))

    assert state(database) == ("do_not_contact", "requested")


def test_same_list_again_says_nothing_new(database):
    take(database, ALICE)

    assert take(database, ALICE, BOB) == Taken(new=1, known=1, cancelling=0)


def test_taken_off_what_nobody_was_asked_for_goes_out_after_all(database):
    registered(database, registration(1))
    take(database, ALICE)

    assert take(database, ALICE, entry=OFF) == Taken(new=1, known=0, cancelling=0)

    assert state(database) == ("do_not_contact", "withdrawn")


def test_number_taken_off_is_texted_again_by_a_list_that_is_older_than_that(database):
    take(database, ALICE, entry=OFF)
    take(database, ALICE)
    registered(database, registration(1))

    assert state(database) is None


def test_proof_covers_lists(database):
    registered(database, registration(1))
    take(database, ALICE)

    with database.read() as connection:
        found, _ = proving.page(connection, RULES, after=None, now=NOW, limit=10)

    assert (found.cancelling, found.unguarded) == (1, ())
