"""The proof that nobody who refused has anything pending: complete, by the rules themselves, and able to fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.deciding import Mode
from core.policies import do_not_contact, opt_out
from core.policies.catalogue import rules
from ledger import proving
from ledger.proving import Proof
from ledger.reviewing import review
from store import cancellations
from store.tables import cancellations as orders
from tests.books import opted_out, registered, told
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, BOB, NOW, RULES, message_id, registration, text


def proved(database, by=RULES, *, limit=500):
    found, after = Proof(), None
    with database.read() as connection:
        while True:
            page, after = proving.page(connection, by, after=after, now=NOW, limit=limit)
            found += page
            if after is None:
                return found


def forget_orders(database):
    """What must never happen: the orders are gone, and the words are not."""
    with database.begin() as connection:
        connection.execute(sa.delete(orders))


def test_refused_messages_are_being_cancelled(database):
    registered(database, registration(1), registration(2, to=(BOB,)), registration(3))
    opted_out(database)

    assert proved(database) == Proof(pending=3, cancelling=2)


def test_text_in_doubt_holds_and_is_counted_apart(database):
    registered(database, registration())
    told(database, text("please stop by"))

    assert proved(database) == Proof(pending=1, held=1)


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_request_in_doubt_to_somebody_who_refused_breaks_the_proof_once(database, limit):
    registered(database, registration(1, to=(BOB,)), registration(2, to=(BOB,)))
    intent_id = lost(database)
    assert proved(database, limit=limit) == Proof(pending=2)
    opted_out(database)

    found = proved(database, limit=limit)

    assert ([each.request_id for each in found.unnamed], found.holds) == ([intent_id], False)
    assert (found.pending, found.cancelling, found.unguarded) == (2, 0, ())


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_order_that_is_missing_is_found_whatever_the_page(database, limit):
    registered(database, registration(1), registration(2, to=(BOB,)), registration(3))
    opted_out(database)
    forget_orders(database)

    found = proved(database, limit=limit)

    assert (found.pending, found.cancelling) == (3, 0)
    assert [(each.message_id, each.recipients, each.policy) for each in found.unguarded] == [
        (message_id(1), (ALICE,), "opt_out"),
        (message_id(3), (ALICE,), "opt_out"),
    ]
    assert found.unguarded[0].reason.startswith(f"{ALICE} opted out at ")


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.OFF])
def test_policy_that_does_not_act_proves_nothing(database, mode):
    registered(database, registration())
    opted_out(database)
    forget_orders(database)

    found = proved(database, rules(opt_out=opt_out.Settings(mode=mode)))

    assert found == Proof(pending=1, not_enforced=frozenset({"opt_out"}))
    assert not found.holds


def test_both_policies_on_refusals_are_to_be_enforced_even_when_nothing_is_pending(database):
    by = rules(opt_out=opt_out.Settings(mode=Mode.OFF), do_not_contact=do_not_contact.Settings(mode=Mode.SHADOW))
    assert proved(database, by).not_enforced == {"opt_out", "do_not_contact"}
    assert proved(database).holds


def test_order_that_lapsed_is_pursued_by_nobody(database):
    registered(database, registration())
    opted_out(database)
    with database.begin() as connection:
        connection.execute(sa.update(orders).values(lapsed=True))

    assert [each.message_id for each in proved(database).unguarded] == [message_id()]


def test_confirmed_order_of_a_message_that_is_pending_yet_counts(database):
    registered(database, registration())
    opted_out(database)
    with database.begin() as connection:
        connection.execute(sa.update(orders).values(state="confirmed"))

    assert proved(database) == Proof(pending=1, cancelling=1)


def test_order_that_was_withdrawn_is_none(database):
    registered(database, registration())
    opted_out(database)
    with database.begin() as connection:
        connection.execute(sa.update(orders).values(state="withdrawn"))

    assert [each.message_id for each in proved(database).unguarded] == [message_id()]


def test_what_is_found_is_made_up_for(database):
    registered(database, registration())
    opted_out(database)
    forget_orders(database)
    later = NOW + timedelta(seconds=1)

    with database.begin() as connection:
        proving.make_up_for(connection, proved(database).unguarded, now=later)
    with database.begin() as connection:
        assert review(connection, RULES, now=later, limit=10) == 1

    assert proved(database) == Proof(pending=1, cancelling=1)
    with database.read() as connection:
        assert cancellations.of(connection, message_id()).state == "requested"
