from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.inbox import InboxStatus
from store import backlog
from store.tables import inbox
from tests.processes import accept_stop


def test_migrating_makes_the_tables_and_then_changes_nothing(run, tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"

    first, second = run("migrate", DATABASE_URL=url), run("migrate", DATABASE_URL=url)

    assert "brought up to date" in first.out
    assert "as before" in second.out
    assert run("ledger", DATABASE_URL=url).status == 0


def test_pruning_forgets_the_bytes_of_old_applied_events_alone(run, sqlite_url, sqlite_database):
    now = datetime.now(UTC)
    old = accept_stop(sqlite_database, sender="+15557650101", received_at=now - timedelta(days=40))
    waiting = accept_stop(sqlite_database, sender="+15557650101", received_at=now - timedelta(days=39))
    fresh = accept_stop(sqlite_database, sender="+15557650101", received_at=now)
    with sqlite_database.begin() as connection:
        seqs = backlog.next_in_line(connection, now=now, limit=9).together
        applied = [each.seq for each in backlog.claim(connection, seqs) if each.event_id != waiting]
        backlog.mark(connection, applied, InboxStatus.APPLIED, now=now)

    ran = run("prune", "--older-than", "30d", DATABASE_URL=sqlite_url)

    assert "pruned the bytes of 1 events" in ran.out
    with sqlite_database.read() as connection:
        kept = connection.scalars(sa.select(inbox.c.event_id).where(inbox.c.raw.is_not(None))).all()
        assert connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 3
    assert set(kept) == {waiting, fresh}
    assert old not in kept


@pytest.mark.parametrize("age", ["0d", "30", "d", "-1d", "1w", "99999d"])
def test_an_age_that_is_none_is_refused(run, sqlite_url, age):
    ran = run("prune", f"--older-than={age}", DATABASE_URL=sqlite_url)

    assert ran.status == 2
    assert "is not an age such as 30d or 12h" in ran.err
