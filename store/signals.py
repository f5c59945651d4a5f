"""What was signalled about recipients, subjects and messaging profiles; it is kept for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.facts import Signal, SignalKind
from store import upserting
from store.tables import BY_VALUE, signals


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal as kept."""

    seq: int
    signal: Signal
    received_at: datetime


#: Made once: to make a statement takes longer than to run it.
_WORDS: sa.BindParameter[str] = sa.bindparam("words", expanding=True)
_SINCE: sa.BindParameter[datetime] = sa.bindparam("since", type_=signals.c.at.type)
_ABOUT_NUMBERS = (
    sa.select(signals)
    .where(signals.c.phone_number.in_(_WORDS), signals.c.at >= _SINCE)
    .order_by(signals.c.at, signals.c.id)
)
_ABOUT_EVERYBODY = (
    sa.select(signals)
    .where(
        signals.c.kind == sa.bindparam("of_kind"),
        signals.c.value.in_(_WORDS),
        signals.c.phone_number.is_(None),
        signals.c.at >= _SINCE,
    )
    .with_hint(signals, BY_VALUE, "sqlite")
    .order_by(signals.c.at, signals.c.id)
)
_BY_ID = sa.select(signals).where(signals.c.id.in_(_WORDS))


def add(connection: sa.Connection, told: Sequence[Signal], *, received_at: datetime) -> set[str]:
    """Keep signals, each under its id once, and return the ids of those that are new."""
    held = set(find(connection, [signal.id for signal in told]))
    fresh = {signal.id: signal for signal in reversed(told) if signal.id not in held}
    upserting.insert_missing(
        connection,
        signals,
        [
            {
                "id": signal.id,
                "kind": signal.kind,
                "value": signal.value,
                "phone_number": signal.phone_number,
                "revision": signal.revision,
                "at": signal.at,
                "received_at": received_at,
            }
            # In one order for all: two who tell the same at once would wait for each other.
            for signal in sorted(fresh.values(), key=lambda signal: signal.id)
        ],
    )
    return set(fresh)


def find(connection: sa.Connection, ids: Collection[str]) -> dict[str, SignalRow]:
    """Return the signals held under these ids."""
    found = (connection.execute(_BY_ID, {"words": part}) for part in upserting.parts(sorted(set(ids))))
    return {row.signal.id: row for rows in found for row in map(_row, rows)}


def about_numbers(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> list[Signal]:
    """Return what was said about recipients, dated since then, in the order of their times within each part."""
    found: list[Signal] = []
    for part in upserting.parts(sorted(phone_numbers)):
        found += _signals(connection.execute(_ABOUT_NUMBERS, {"words": part, "since": since}))
    return found


def about_everybody(
    connection: sa.Connection, kind: SignalKind, values: Collection[str], *, since: datetime
) -> list[Signal]:
    """Return what was said about subjects or profiles, whoever is texted about them, dated since then."""
    found: list[Signal] = []
    for part in upserting.parts(sorted(values)):
        asked = {"of_kind": kind, "words": part, "since": since}
        found += _signals(connection.execute(_ABOUT_EVERYBODY, asked))
    return found


def listing(
    connection: sa.Connection, *, limit: int, after: int | None = None, phone_number: str | None = None
) -> list[SignalRow]:
    """Return signals, newest first; ``after`` is the ``seq`` of the last one of the page before."""
    query = sa.select(signals).order_by(signals.c.seq.desc()).limit(limit)
    if after is not None:
        query = query.where(signals.c.seq < after)
    if phone_number is not None:
        query = query.where(signals.c.phone_number == phone_number)
    return [_row(row) for row in connection.execute(query)]


def _signals(rows: Iterable[sa.Row[tuple[object, ...]]]) -> list[Signal]:
    return [_row(row).signal for row in rows]


def _row(row: sa.Row[tuple[object, ...]]) -> SignalRow:
    signal = Signal(row.id, SignalKind(row.kind), row.value, row.at, row.phone_number, row.revision)
    return SignalRow(row.seq, signal, row.received_at)
