"""Doors, deadlines, the last look, and holds."""

import sqlalchemy as sa
from alembic import op

from store.columns import BigId, UtcDateTime

revision = "0003"
down_revision = "0002"

_PENDING = "ledger = 'pending'"


def upgrade() -> None:
    _messages()
    _reviews()
    _intents()
    _holds()
    _cancellations()


def _messages() -> None:
    op.add_column("messages", sa.Column("last_look_at", UtcDateTime(), nullable=True))
    op.add_column("messages", sa.Column("orphaned_at", UtcDateTime(), nullable=True))
    for name in ("send_at", "campaign", "tcr"):
        op.drop_index(f"ix_messages_pending_{name}", table_name="messages")
    for name, leading in (
        ("ix_messages_pending_send_at", []),
        ("ix_messages_pending_campaign", ["campaign_key"]),
        ("ix_messages_pending_tcr", ["tcr_campaign_id"]),
        ("ix_messages_pending_sender", ["from_number"]),
        ("ix_messages_pending_profile", ["messaging_profile_id"]),
    ):
        _index_some(name, "messages", [*leading, "send_at", "seq"], _PENDING)
    awaits = f"{_PENDING} AND last_look_at IS NULL"
    _index_some("ix_messages_awaiting_last_look", "messages", ["send_at", "ledger", "last_look_at"], awaits)
    _index_some("ix_messages_had_last_look", "messages", ["send_at"], f"{_PENDING} AND last_look_at IS NOT NULL")
    _index_some(
        "ix_messages_sums", "messages", ["campaign_key", "send_at", "ledger", "breach_cause"], "ledger IS NOT NULL"
    )
    cancelled = "ledger = 'cancelled' AND tcr_campaign_id IS NOT NULL"
    _index_some("ix_messages_cancelled_tcr", "messages", ["tcr_campaign_id"], cancelled)
    _index_some("ix_messages_orphaned", "messages", ["seq", "orphaned_at"], "orphaned_at IS NOT NULL")


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("until_send_at", UtcDateTime(), nullable=True),
        sa.Column("after_send_at", UtcDateTime(), nullable=True),
        sa.Column("after_seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("acts", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_reviews"),
    )
    _index_some("ix_reviews_due", "reviews", ["seq"], "done_at IS NULL")
    # What is unfinished begins again, since it goes by another order now; deciding twice changes nothing.
    op.execute(
        "INSERT INTO reviews (scope, value, event_id, requested_at, acts) "
        "SELECT CASE WHEN campaign_key = '' THEN 'all' ELSE 'campaign' END, campaign_key, event_id, requested_at, acts "
        "FROM campaign_reviews WHERE done_at IS NULL ORDER BY seq"
    )
    op.drop_table("campaign_reviews")


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=True),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("from_number", sa.String(length=64), nullable=True),
        sa.Column("messaging_profile_id", sa.String(length=64), nullable=True),
        sa.Column("campaign_key", sa.String(length=255), nullable=True),
        sa.Column("message_class", sa.String(length=32), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=True),
        sa.Column("send_at", UtcDateTime(), nullable=True),
        sa.Column("text_digest", sa.String(length=64), nullable=True),
        sa.Column("replaces", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("verdicts", sa.JSON(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_intents"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_intents_created_at", "intents", ["created_at"])
    op.create_index("ix_intents_message_id", "intents", ["message_id"])
    _index_some("ix_intents_open", "intents", ["created_at", "id"], "state = 'open'")
    _index_some("ix_intents_in_doubt", "intents", ["phone_number"], "state IN ('open', 'unknown')")
    without = "state IN ('refused', 'declined', 'unknown')"
    _index_some("ix_intents_without_message", "intents", ["phone_number", "created_at"], without)
    _index_some("ix_intents_replaces", "intents", ["replaces"], "replaces IS NOT NULL")
    replaces = "replaces IS NOT NULL AND state != 'refused' AND state != 'declined'"
    _index_some("uq_intents_replaces", "intents", ["replaces"], replaces, unique=True)


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", UtcDateTime(), nullable=False),
        sa.Column("placed_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.Column("lift_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_holds"),
        sa.UniqueConstraint("id", name="uq_holds_id"),
    )
    _index_some("ix_holds_standing", "holds", ["scope", "value"], "lifted_at IS NULL")
    _index_some("ix_decisions_by_hold", "decisions", ["event_id", "message_id"], "policy = 'hold'")


def _cancellations() -> None:
    op.create_index("ix_cancellation_attempts_started_at", "cancellation_attempts", ["started_at"])
    # SQLite counts along an index alone only if what it is limited to is in it.
    for name, columns in (
        ("ix_cancellations_requested", ["send_at", "priority", "message_id", "state"]),
        ("ix_cancellations_next_attempt_at", ["next_attempt_at", "state"]),
    ):
        op.drop_index(name, table_name="cancellations")
        _index_some(name, "cancellations", columns, "state = 'requested'")


def _index_some(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
