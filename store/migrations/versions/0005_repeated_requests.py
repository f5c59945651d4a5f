"""By what a request is known that is made once more."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("intents", sa.Column("body_digest", sa.String(length=64), nullable=True))
