"""A signal and the registration of a message that it concerns, at the same moment, on PostgreSQL."""

from functools import partial

import pytest

from ledger import signalling
from ledger.registering import register
from store import cancellations, signals
from tests.ledger.test_signalling import goal, labelled, revision
from tests.reports import NOW, RULES, message_id
from tests.side_by_side import at_once, overlapping


@pytest.mark.parametrize("late", ["registration", "signal"])
def test_signal_and_registration_at_once_never_pass_each_other_unseen(postgresql_database, late):
    def enroll(connection):
        register(connection, [labelled(1, "until:purchase")], RULES, door="api", now=NOW)

    def signal(connection):
        signalling.hear(connection, [goal()], RULES, now=NOW)

    first, second = (enroll, signal) if late == "signal" else (signal, enroll)
    overlapping(postgresql_database, first, second)
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
