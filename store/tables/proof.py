"""What makes decisions provable: the settings that they were made by, and the chain that they are linked in."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table

from store.columns import BigId, UtcDateTime, metadata

rulebooks = Table(
    "rulebooks",
    metadata,
    Column("digest", String(16), primary_key=True),
    Column("file_sha256", String(64)),
    Column("settings", JSON, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

chain_links = Table(
    "chain_links",
    metadata,
    Column("position", BigId, primary_key=True, autoincrement=True),
    Column("decision_seq", BigInteger, nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
)
Index("ix_chain_links_linked_at", chain_links.c.linked_at, chain_links.c.decision_seq)
