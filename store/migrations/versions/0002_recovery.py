"""What recovery needs: replays, crashes while applying, hand-over, reconciling, and trial writes."""

import sqlalchemy as sa
from alembic import op

from store.columns import BigId, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("crashes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("inbox", sa.Column("acts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("inbox", sa.Column("replayed_at", UtcDateTime(), nullable=True))
    op.add_column("inbox", sa.Column("replayed_by", sa.String(length=32), nullable=True))
    op.add_column("campaign_reviews", sa.Column("acts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.create_table(
        "applying_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("seqs", sa.JSON(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_applying_runs"),
    )
    op.create_table(
        "handover_nonces",
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_handover_nonces"),
    )
    op.create_index("ix_handover_nonces_used_at", "handover_nonces", ["used_at"])
    op.create_table(
        "reconciliations",
        sa.Column("seq", BigId, autoincrement=True, nullable=False),
        sa.Column("running", sa.Boolean(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("alive_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("reached", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_reconciliations"),
        sa.UniqueConstraint("running", name="uq_reconciliations_running"),
    )
    op.create_table(
        "inquiries",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("asks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_inquiries"),
    )
    op.create_index("ix_inquiries_next_at", "inquiries", ["next_at"])
    op.create_table(
        "write_trials",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("filler", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_write_trials"),
    )
