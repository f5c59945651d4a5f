"""What policies look at, and what makes decisions provable."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from store.columns import Amount, BigId, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("recipients", sa.Column("time_zone", sa.String(length=64), nullable=True))
    op.add_column("recipients", sa.Column("region", sa.String(length=2), nullable=True))
    op.add_column("campaigns", sa.Column("time_zone", sa.String(length=64), nullable=True))
    op.add_column("messages", sa.Column("fingerprint", sa.String(length=64), nullable=True))
    inbound = sa.text("direction = 'inbound'")
    op.create_index(
        "ix_messages_inbound",
        "messages",
        ["from_number", "seq"],
        sqlite_where=inbound,
        postgresql_where=inbound,
    )
    op.add_column("intents", sa.Column("fingerprint", sa.String(length=64), nullable=True))
    for name, length in (("tier", 16), ("language", 16), ("campaign_key", 255)):
        op.add_column("consents", sa.Column(name, sa.String(length=length), nullable=True))
    op.create_index("ix_consents_campaign", "consents", ["campaign_key", "effective_at"])
    op.create_index("ix_consents_tier", "consents", ["tier", "seq"])
    op.add_column("decisions", sa.Column("rules", sa.String(length=16), nullable=True))
    _outcomes()
    _signals()
    _campaign_history()
    _proof()


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=False),
        sa.Column("from_number", sa.String(length=64), nullable=True),
        sa.Column("messaging_profile_id", sa.String(length=64), nullable=True),
        sa.Column("campaign_key", sa.String(length=255), nullable=True),
        sa.Column("ending", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("amount", Amount(), nullable=True),
        sa.Column("currency", sa.String(length=8), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "phone_number", name="pk_outcomes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_outcomes_phone_number", "outcomes", ["phone_number", "ending", "at"])
    op.create_index("ix_outcomes_from_number", "outcomes", ["from_number", "ending", "at"])
    op.create_index("ix_outcomes_campaign", "outcomes", ["campaign_key", "at", "ending", "code"])
    op.create_index("ix_outcomes_at", "outcomes", ["at", "ending"])


def _signals() -> None:
    op.create_table(
        "signals",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("phone_number", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_signals"),
        sa.UniqueConstraint("id", name="uq_signals_id"),
    )
    op.create_index("ix_signals_phone_number", "signals", ["phone_number", "at"])
    op.create_index("ix_signals_value", "signals", ["kind", "value", "at"])


def _campaign_history() -> None:
    op.create_table(
        "campaign_history",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_event_id", sa.String(length=255), nullable=True),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("tcr_campaign_id", sa.String(length=64), nullable=True),
        sa.Column("telnyx_campaign_id", sa.String(length=64), nullable=True),
        sa.Column("carrier_state", sa.String(length=16), nullable=True),
        sa.Column("carrier_stamp", sa.String(length=512), nullable=True),
        sa.Column("carrier_event_id", sa.String(length=255), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_campaign_history"),
    )
    op.create_index("ix_campaign_history_key", "campaign_history", ["key", "changed_at"])
    names = (
        "key, status, status_event_id, ends_at, tcr_campaign_id, telnyx_campaign_id, "
        "carrier_state, carrier_stamp, carrier_event_id, time_zone"
    )
    # From now on; what campaigns were earlier is not known.
    op.execute(
        sa.text(
            f"INSERT INTO campaign_history ({names}, changed_at) SELECT {names}, :now FROM campaigns"  # noqa: S608 - ours
        ).bindparams(sa.bindparam("now", datetime.now(UTC), type_=UtcDateTime()))
    )


def _proof() -> None:
    op.create_table(
        "rulebooks",
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_rulebooks"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chain_links",
        sa.Column("position", BigId, autoincrement=True, nullable=False),
        sa.Column("decision_seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_chain_links"),
        sa.UniqueConstraint("decision_seq", name="uq_chain_links_decision_seq"),
    )
    op.create_index("ix_chain_links_linked_at", "chain_links", ["linked_at", "decision_seq"])
