"""A revision may say whose posting credits it: one that only gives a merged person's record to who goes on posts nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing is known of before, when each revision posted its own credit."""
    op.add_column("service_record_revision", sa.Column("credited_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("service_record_revision", "credited_by")
