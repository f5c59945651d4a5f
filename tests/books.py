"""What tests do with the ledger: tell it events, register, review, and read what came of it."""

from __future__ import annotations

import sqlalchemy as sa

from core import deadlines
from ledger import consenting, story
from ledger.absorbing import absorb
from ledger.registering import register
from ledger.reviewing import look_last, review
from store import reviews, tables
from tests.reports import ALICE, NOW, RULES, heard, message_id

#: What is a fact in the order of arrival, and no part of the merged state.
ARRIVAL = {"seq", "recorded_at", "closed_at"}
MERGED = [
    tables.messages,
    tables.message_recipients,
    tables.transitions,
    tables.consents,
    tables.campaigns,
    tables.campaign_aliases,
    tables.outcomes,
]


def told(database, *reports, now=NOW):
    with database.begin() as connection:
        absorb(connection, heard(*reports, received_at=now), RULES, now=now)


def registered(database, *registrations, now=NOW):
    with database.begin() as connection:
        return register(connection, registrations, RULES, door="api", now=now)


def opted_out(database, number=ALICE, *, reason="by phone", cause="opt-out:1", now=NOW):
    with database.begin() as connection:
        return consenting.opt_out(
            connection, number, RULES, cause=cause, messaging_profile_id=None, reason=reason, now=now
        )


def reviewed(database):
    with database.begin() as connection:
        return review(connection, RULES, now=NOW, limit=10)


def next_review(connection):
    return reviews.claim(connection, digest=RULES.digest, spread_before=NOW)


def looked_last(database, *ids, now):
    with database.begin() as connection:
        look_last(connection, ids or [message_id()], RULES, now=now)


def stories(database, number=1):
    with database.read() as connection:
        return story.story(connection, message_id(number), cancel_by=deadlines.cancel_by, now=NOW)


def dump(database):
    """Every merged row, in an order of its own, less what only says when it arrived."""
    with database.read() as connection:
        return {
            table.name: sorted(
                repr({name: value for name, value in row.items() if name not in ARRIVAL})
                for row in connection.execute(sa.select(table)).mappings()
            )
            for table in MERGED
        }
