"""The chain is extended beside other work: in batches, and for what came in out of order once a minute."""

import threading
from datetime import timedelta

import sqlalchemy as sa

from ledger import chaining
from ledger.registering import register
from store.tables import decisions
from tests.reports import NOW, RULES, registration
from tests.side_by_side import at_once
from workers.chaining import Chainer

SECOND = timedelta(seconds=1)


def decided(database, *numbers):
    """Register messages, and return the newest decision as a row."""
    with database.begin() as connection:
        register(connection, [registration(number) for number in numbers], RULES, door="api", now=NOW)
        return connection.execute(sa.select(decisions).order_by(decisions.c.seq.desc())).first()._asdict()


def audited(database):
    with database.read() as connection:
        audit = chaining.audit(connection)
    assert audit.holds
    return audit.checked, audit.unlinked


def test_sweep_links_all_that_was_decided_batch_by_batch(database):
    row = decided(database, 1)
    with database.begin() as connection:
        connection.execute(sa.insert(decisions), [row | {"seq": row["seq"] + at} for at in range(1, 1_201)])

    Chainer(database, lambda: NOW)()

    assert audited(database) == (1_201, 0)


def test_what_was_committed_out_of_order_is_linked_within_a_minute(sqlite_database):
    clock = [NOW]
    chain = Chainer(sqlite_database, lambda: clock[0])
    row = decided(sqlite_database, 1)
    with sqlite_database.begin() as connection:
        connection.execute(sa.insert(decisions), [row | {"seq": row["seq"] + 5}])
    chain()
    with sqlite_database.begin() as connection:
        connection.execute(sa.insert(decisions), [row | {"seq": row["seq"] + 2}])

    clock[0] = NOW + 59 * SECOND
    chain()
    assert audited(sqlite_database) == (2, 1)

    clock[0] = NOW + 60 * SECOND
    chain()
    assert audited(sqlite_database) == (3, 0)


def test_two_sweepers_link_each_decision_once(postgresql_database):
    row = decided(postgresql_database, 1, 2, 3)
    with postgresql_database.begin() as connection:
        connection.execute(sa.insert(decisions), [row | {"seq": row["seq"] + 5}])
    looked = threading.Event()
    beaten = Chainer(postgresql_database, lambda: NOW)

    def slow():
        with postgresql_database.begin() as connection:
            assert chaining.extend(connection, now=NOW, limit=10, looks_back=True) == 4
            looked.set()
            threading.Event().wait(0.3)

    def quick():
        looked.wait(5)
        beaten()

    at_once(slow, quick)
    assert audited(postgresql_database) == (4, 0)
    # It has yet to look back: what another linked meanwhile says nothing of lower numbers.
    with postgresql_database.begin() as connection:
        connection.execute(sa.insert(decisions), [row | {"seq": row["seq"] + 2}])
    beaten()
    assert audited(postgresql_database) == (5, 0)
