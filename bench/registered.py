"""A ledger that holds many messages, written by the database itself: a million take a minute or two."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from store.engine import Database

CAMPAIGNS = 100
#: Of each hundred messages so many are pending, their cancellations ordered; then come these ends.
_PENDING, _CANCELLED, _RELEASED = 70, 15, 14
_HORIZON = timedelta(days=5)
#: What Telnyx tells of a message takes about this much room.
_FIELDS = json.dumps({"text": ["registration", "x" * 400], "parts": ["registration", 1]})

_NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT :low UNION ALL SELECT n + 1 FROM numbers WHERE n < :high) ",
    "postgresql": "WITH numbers AS (SELECT generate_series(CAST(:low AS bigint), CAST(:high AS bigint)) AS n) ",
}
_ID = {
    "sqlite": "printf('0d3c0f5a-0000-4000-8000-%012x', n)",
    "postgresql": "'0d3c0f5a-0000-4000-8000-' || lpad(to_hex(n), 12, '0')",
}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', {start}, '+' || ({seconds}) || ' seconds')",
    "postgresql": "CAST({start} AS timestamptz) + make_interval(secs => {seconds})",
}
_JSON = {"sqlite": "{0}", "postgresql": "CAST({0} AS json)"}
#: Spread over the horizon in no order of the ids; what is not pending was due before now.
_SECONDS = "CAST((n * 7919) % :horizon AS integer)"
_PART = 100_000


def fill(database: Database, count: int, *, since: datetime | None = None) -> datetime:
    """Register so many messages and order the cancellation of all that are pending; return the moment it is for."""
    now = since or datetime.now(UTC).replace(microsecond=0)
    kind = "sqlite" if database.is_sqlite else "postgresql"
    for low in range(1, count + 1, _PART):
        with database.begin() as connection:
            # Rows in no order touch pages everywhere: they had better stay in memory meanwhile.
            connection.exec_driver_sql(
                "PRAGMA cache_size = -500000" if database.is_sqlite else "SET LOCAL statement_timeout = 0"
            )
            known = {
                "low": low,
                "high": min(low + _PART - 1, count),
                "horizon": int(_HORIZON.total_seconds()),
                "now": _told(now, kind),
                "soon": _told(now + timedelta(minutes=10), kind),
                "before": _told(now - _HORIZON, kind),
            }
            for statement in (_messages(kind), _recipients(kind), _cancellations(kind)):
                wanted = {name: value for name, value in known.items() if f":{name}" in statement}
                connection.execute(sa.text(statement), wanted)
    settle(database)
    return now


def _told(at: datetime, kind: str) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if kind == "sqlite" else at.isoformat()


def _send_at(kind: str) -> str:
    soon = _AT[kind].format(start=":soon", seconds=_SECONDS)
    before = _AT[kind].format(start=":before", seconds=_SECONDS)
    return f"CASE WHEN n % 100 < {_PENDING} THEN {soon} ELSE {before} END"


def _messages(kind: str) -> str:
    at = _AT[kind].format(start=":before", seconds="0")
    return (
        "INSERT INTO messages (id, direction, from_number, messaging_profile_id, campaign_key, message_class, send_at, "
        f"scheduled_at, registered_at, door, ledger, breach_cause, closed_at, fields) {_NUMBERS[kind]}"
        f"SELECT {_ID[kind]}, 'outbound', '+13125550001', '400196d4-e32b-42c2-9654-190ffd5d9fb7', "
        f"'campaign-' || (n % {CAMPAIGNS}), 'marketing', {_send_at(kind)}, {at}, {at}, 'bench', "
        f"CASE WHEN n % 100 < {_PENDING} THEN 'pending' WHEN n % 100 < {_PENDING + _CANCELLED} THEN 'cancelled' "
        f"WHEN n % 100 < {_PENDING + _CANCELLED + _RELEASED} THEN 'released' ELSE 'breach' END, "
        "CASE WHEN n % 100 = 99 THEN 'telnyx_unavailable' END, "
        f"CASE WHEN n % 100 >= {_PENDING} THEN {_send_at(kind)} END, "
        f"{_JSON[kind].format(repr(_FIELDS))} FROM numbers"
    )


def _recipients(kind: str) -> str:
    return (
        f"INSERT INTO message_recipients (message_id, phone_number, status, stamp, fields) {_NUMBERS[kind]}"
        f"SELECT {_ID[kind]}, '+1' || (5550000000 + n), 'scheduled', '0', {_JSON[kind].format(repr('{}'))} FROM numbers"
    )


def _cancellations(kind: str) -> str:
    at = _AT[kind].format(start=":before", seconds="0")
    due = _AT[kind].format(start=":now", seconds="0")
    return (
        "INSERT INTO cancellations (message_id, policy, reason, priority, send_at, registered_at, state, requested_at, "
        f"known_at, needs, next_attempt_at) {_NUMBERS[kind]}"
        f"SELECT {_ID[kind]}, 'stale_campaign', 'the campaign has ended', 1, {_send_at(kind)}, {at}, 'requested', "
        f"{at}, {at}, 'DELETE', {due} FROM numbers WHERE n % 100 < {_PENDING}"
    )


def settle(database: Database) -> None:
    """Let the database take notice of what it holds, as a server does by itself in time."""
    if database.is_sqlite:
        database.dispose()
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM (ANALYZE)")
