"""Orders to decide again on what is pending, and the rules that were decided by."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, text, true

from store.columns import BigId, UtcDateTime, metadata, only

reviews = Table(
    "reviews",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("scope", String(16), nullable=False),
    Column("value", String(255), nullable=False),
    Column("event_id", String(255)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("until_send_at", UtcDateTime),
    Column("after_send_at", UtcDateTime),
    Column("after_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("done_at", UtcDateTime),
    Column("acts", Boolean, nullable=False, server_default=true()),
)
IS_UNFINISHED = reviews.c.done_at.is_(None)
Index("ix_reviews_due", reviews.c.seq, **only(IS_UNFINISHED))

rules_followed = Table(
    "rules_followed",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("followed_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
