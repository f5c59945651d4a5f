"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from store.columns import UtcDateTime

revision = "0001"
down_revision = None


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "campaign_aliases",
        sa.Column("telnyx_campaign_id", sa.String(length=64), nullable=False),
        sa.Column("tcr_campaign_id", sa.String(length=64), nullable=False),
        sa.Column("told_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("telnyx_campaign_id", "tcr_campaign_id", "told_by", name="pk_campaign_aliases"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "campaign_reviews",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("campaign_key", sa.String(length=255), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_campaign_reviews"),
    )
    op.create_index("ix_campaign_reviews_due", "campaign_reviews", ["seq"], **_only("done_at IS NULL"))

    op.create_table(
        "campaigns",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_event_id", sa.String(length=255), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("tcr_campaign_id", sa.String(length=64), nullable=True),
        sa.Column("telnyx_campaign_id", sa.String(length=64), nullable=True),
        sa.Column("carrier_state", sa.String(length=16), nullable=True),
        sa.Column("carrier_stamp", sa.String(length=512), nullable=True),
        sa.Column("carrier_event_id", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_campaigns"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaigns_tcr_campaign_id", "campaigns", ["tcr_campaign_id"])
    op.create_index("ix_campaigns_telnyx_campaign_id", "campaigns", ["telnyx_campaign_id"])

    op.create_table(
        "cancellation_attempts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_cancellation_attempts"),
    )
    op.create_index("ix_cancellation_attempts_message_id", "cancellation_attempts", ["message_id"])

    op.create_table(
        "cancellations",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("send_at", UtcDateTime(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("known_at", UtcDateTime(), nullable=False),
        sa.Column("lapsed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("needs", sa.String(length=8), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("refusals", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_cancellations"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_cancellations_next_attempt_at", "cancellations", ["next_attempt_at"], **_only("state = 'requested'")
    )
    op.create_index(
        "ix_cancellations_requested",
        "cancellations",
        ["send_at", "priority", "message_id"],
        **_only("state = 'requested'"),
    )

    op.create_table(
        "consents",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=False),
        sa.Column("messaging_profile_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("effective_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_consents"),
        sa.UniqueConstraint("event_id", name="uq_consents_event_id"),
    )
    op.create_index("ix_consents_phone_number", "consents", ["phone_number"])

    op.create_table(
        "decisions",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("trigger", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_decisions"),
    )
    op.create_index("ix_decisions_message_id", "decisions", ["message_id"])

    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.String(length=255), nullable=True),
        sa.Column("signature_timestamp", sa.String(length=32), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("delivered_to", sa.Text(), nullable=True),
        sa.Column("deliveries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", UtcDateTime(), nullable=True),
        sa.Column("applied_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
    )
    op.create_index("ix_inbox_not_applied", "inbox", ["status", "seq"], **_only("status != 'applied'"))
    op.create_index("ix_inbox_pending", "inbox", ["priority", "seq"], **_only("status = 'pending'"))

    op.create_table(
        "message_recipients",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.String(length=512), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "phone_number", name="pk_message_recipients"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_recipients_phone_number", "message_recipients", ["phone_number"])

    op.create_table(
        "messages",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("from_number", sa.String(length=64), nullable=True),
        sa.Column("messaging_profile_id", sa.String(length=64), nullable=True),
        sa.Column("campaign_key", sa.String(length=255), nullable=True),
        sa.Column("tcr_campaign_id", sa.String(length=64), nullable=True),
        sa.Column("message_class", sa.String(length=32), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=True),
        sa.Column("send_at", UtcDateTime(), nullable=True),
        sa.Column("scheduled_at", UtcDateTime(), nullable=True),
        sa.Column("registered_at", UtcDateTime(), nullable=True),
        sa.Column("door", sa.String(length=16), nullable=True),
        sa.Column("ledger", sa.String(length=16), nullable=True),
        sa.Column("breach_cause", sa.String(length=32), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("review_at", UtcDateTime(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_messages"),
        sa.UniqueConstraint("id", name="uq_messages_id"),
    )
    op.create_index("ix_messages_ledger", "messages", ["ledger"], **_only("ledger IS NOT NULL"))
    op.create_index("ix_messages_pending_campaign", "messages", ["campaign_key", "seq"], **_only("ledger = 'pending'"))
    op.create_index("ix_messages_pending_review_at", "messages", ["review_at"], **_only("ledger = 'pending'"))
    op.create_index("ix_messages_pending_send_at", "messages", ["send_at"], **_only("ledger = 'pending'"))
    op.create_index("ix_messages_pending_tcr", "messages", ["tcr_campaign_id", "seq"], **_only("ledger = 'pending'"))

    op.create_table(
        "recipients",
        sa.Column("phone_number", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("phone_number", name="pk_recipients"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rules_followed",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("followed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_rules_followed"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transitions",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.String(length=512), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "phone_number", "source_id", name="pk_transitions"),
        sqlite_with_rowid=False,
    )
