"""A signal and the registration of a message that it concerns, at the same moment, on PostgreSQL."""

import threading
from functools import partial

import pytest

from ledger import signalling
from ledger.registering import register
from store import cancellations, signals
from tests.ledger.test_at_once import at_once
from tests.ledger.test_signalling import goal, labelled, revision
from tests.reports import NOW, RULES, message_id


@pytest.mark.parametrize("late", ["registration", "signal"])
def test_signal_and_registration_at_once_never_pass_each_other_unseen(postgresql_database, late):
    """One transaction is held open between its look and its commit while the other runs."""
    first_looked, second_began = threading.Event(), threading.Event()

    def enroll(connection):
        register(connection, [labelled(1, "until:purchase")], RULES, door="api", now=NOW)

    def signal(connection):
        signalling.hear(connection, [goal()], RULES, now=NOW)

    def slow(act):
        with postgresql_database.begin() as connection:
            act(connection)
            first_looked.set()
            second_began.wait(5)
            threading.Event().wait(0.2)

    def quick(act):
        first_looked.wait(5)
        second_began.set()
        with postgresql_database.begin() as connection:
            act(connection)

    first, second = (enroll, signal) if late == "signal" else (signal, enroll)
    at_once(partial(slow, first), partial(quick, second))
    with postgresql_database.read() as connection:
        assert cancellations.of(connection, message_id()).state == "requested"


@pytest.mark.parametrize("make", [goal, revision], ids=["of somebody", "of everybody"])
def test_same_signals_told_at_once_in_other_orders_are_kept_once(postgresql_database, make):
    told = [make(f"{number:02d}") for number in range(50)]

    def tell(signals_told):
        with postgresql_database.begin() as connection:
            signalling.hear(connection, signals_told, RULES, now=NOW)

    at_once(partial(tell, told), partial(tell, told[::-1]), partial(tell, told))
    with postgresql_database.read() as connection:
        kept = signals.listing(connection, limit=500)
    assert sorted(row.signal.id for row in kept) == [signal.id for signal in told]
