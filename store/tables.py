"""The SQL tables, for SQLite and PostgreSQL alike. Nothing outside ``store`` imports this module."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    literal_column,
    text,
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the instant in UTC; a naive time is a bug of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the instant as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _only(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Make an index partial. Queries use the same condition, written out and not bound, or it would not be used."""
    return {"sqlite_where": condition, "postgresql_where": condition}


#: SQLite only counts up by itself on a column of type INTEGER.
BigId = BigInteger().with_variant(Integer, "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(255), nullable=False, unique=True),
    Column("event_type", String(255), nullable=False),
    Column("occurred_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("source", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("priority", SmallInteger, nullable=False),
    Column("raw", LargeBinary),
    Column("signature", String(255)),
    Column("signature_timestamp", String(32)),
    Column("digest", String(64), nullable=False),
    Column("attempt", Integer),
    Column("delivered_to", Text),
    Column("deliveries", Integer, nullable=False, server_default=text("1")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("retry_at", UtcDateTime),
    Column("applied_at", UtcDateTime),
)
AWAITS_APPLYING = inbox.c.status == literal_column("'pending'")
IS_NOT_APPLIED = inbox.c.status != literal_column("'applied'")
Index("ix_inbox_pending", inbox.c.priority, inbox.c.seq, **_only(AWAITS_APPLYING))
Index("ix_inbox_not_applied", inbox.c.status, inbox.c.seq, **_only(IS_NOT_APPLIED))

messages = Table(
    "messages",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("direction", String(16), nullable=False),
    Column("from_number", String(64)),
    Column("messaging_profile_id", String(64)),
    Column("campaign_key", String(255)),
    Column("tcr_campaign_id", String(64)),
    Column("message_class", String(32)),
    Column("tags", JSON),
    Column("send_at", UtcDateTime),
    Column("scheduled_at", UtcDateTime),
    Column("registered_at", UtcDateTime),
    Column("door", String(16)),
    Column("ledger", String(16)),
    Column("breach_cause", String(32)),
    Column("closed_at", UtcDateTime),
    Column("review_at", UtcDateTime),
    Column("fields", JSON, nullable=False),
)
IS_PENDING = messages.c.ledger == literal_column("'pending'")
Index("ix_messages_ledger", messages.c.ledger, **_only(messages.c.ledger.is_not(None)))
Index("ix_messages_pending_send_at", messages.c.send_at, **_only(IS_PENDING))
Index("ix_messages_pending_review_at", messages.c.review_at, **_only(IS_PENDING))
Index("ix_messages_pending_campaign", messages.c.campaign_key, messages.c.seq, **_only(IS_PENDING))
Index("ix_messages_pending_tcr", messages.c.tcr_campaign_id, messages.c.seq, **_only(IS_PENDING))

message_recipients = Table(
    "message_recipients",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("phone_number", String(64), primary_key=True),
    Column("status", String(64), nullable=False),
    Column("stamp", String(512), nullable=False),
    Column("fields", JSON, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_message_recipients_phone_number", message_recipients.c.phone_number)

transitions = Table(
    "transitions",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("phone_number", String(64), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("status", String(64), nullable=False),
    Column("stamp", String(512), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

recipients = Table(
    "recipients",
    metadata,
    Column("phone_number", String(64), primary_key=True),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(255), nullable=False, unique=True),
    Column("phone_number", String(64), nullable=False, index=True),
    Column("messaging_profile_id", String(64)),
    Column("kind", String(16), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("effective_at", UtcDateTime, nullable=False),
    Column("source", String(16), nullable=False),
    Column("evidence", Text),
    Column("received_at", UtcDateTime, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("status_event_id", String(255)),
    Column("ends_at", UtcDateTime),
    Column("tcr_campaign_id", String(64), index=True),
    Column("telnyx_campaign_id", String(64), index=True),
    Column("carrier_state", String(16)),
    Column("carrier_stamp", String(512)),
    Column("carrier_event_id", String(255)),
    sqlite_with_rowid=False,
)

campaign_aliases = Table(
    "campaign_aliases",
    metadata,
    Column("telnyx_campaign_id", String(64), primary_key=True),
    Column("tcr_campaign_id", String(64), primary_key=True),
    Column("told_by", String(255), primary_key=True),
    sqlite_with_rowid=False,
)

campaign_reviews = Table(
    "campaign_reviews",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("campaign_key", String(255), nullable=False),
    Column("event_id", String(255)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("after_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("done_at", UtcDateTime),
)
IS_UNFINISHED = campaign_reviews.c.done_at.is_(None)
Index("ix_campaign_reviews_due", campaign_reviews.c.seq, **_only(IS_UNFINISHED))

rules_followed = Table(
    "rules_followed",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("followed_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("message_id", String(36), nullable=False, index=True),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("policy", String(64)),
    Column("mode", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("verdicts", JSON, nullable=False),
    Column("event_id", String(255)),
)

cancellations = Table(
    "cancellations",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("policy", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("send_at", UtcDateTime, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(64)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("lapsed", Boolean, nullable=False, server_default=false()),
    Column("needs", String(8), nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_token", String(36)),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("settled_at", UtcDateTime),
    sqlite_with_rowid=False,
)
IS_REQUESTED = cancellations.c.state == literal_column("'requested'")
Index(
    "ix_cancellations_requested",
    cancellations.c.send_at,
    cancellations.c.priority,
    cancellations.c.message_id,
    **_only(IS_REQUESTED),
)
Index("ix_cancellations_next_attempt_at", cancellations.c.next_attempt_at, **_only(IS_REQUESTED))

cancellation_attempts = Table(
    "cancellation_attempts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("message_id", String(36), nullable=False, index=True),
    Column("action", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("http_status", Integer),
    Column("answer", Text),
    Column("outcome", String(64)),
)
