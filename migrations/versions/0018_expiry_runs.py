"""The days on which the bank's expiry of minutes was carried out."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "expiry_run",
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("cut_off_on", sa.Date(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run_on", name=op.f("pk_expiry_run")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("expiry_run")
