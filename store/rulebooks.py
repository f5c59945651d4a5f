"""What the settings were that decisions were made by: a decision names them by their digest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.deciding import Rules
from store import upserting
from store.tables import rulebooks, rules_followed


@dataclass(frozen=True, slots=True)
class RulebookRow:
    """The settings of every policy as they once were in force."""

    digest: str
    file_sha256: str | None
    """Of the file that they were first read from; None: there was none."""
    settings: dict[str, dict[str, Any]]
    """By the policy's name, as JSON values, durations in seconds."""
    first_seen_at: datetime


_COLUMNS = [rulebooks.c[name] for name in RulebookRow.__slots__]


def keep(connection: sa.Connection, rules: Rules, *, now: datetime) -> None:
    """Keep what these rules are, unless that is known."""
    row = {
        "digest": rules.digest,
        "file_sha256": rules.file_sha256,
        "settings": dict(rules.settings),
        "first_seen_at": now,
    }
    upserting.insert_missing(connection, rulebooks, [row])


def of(connection: sa.Connection, digests: Collection[str]) -> dict[str, RulebookRow]:
    """Return what is known of the rules with these digests, by digest."""
    query = sa.select(*_COLUMNS).where(rulebooks.c.digest.in_(sorted(digests)))
    return {row.digest: RulebookRow(*row) for row in connection.execute(query)}


def followed(connection: sa.Connection) -> RulebookRow | None:
    """Return the rules that are followed, or None when nobody has followed any yet."""
    query = sa.select(*_COLUMNS).join(rules_followed, rules_followed.c.fingerprint == rulebooks.c.digest).limit(1)
    row = connection.execute(query).first()
    return RulebookRow(*row) if row else None
