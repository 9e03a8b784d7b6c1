"""Which layout a certificate was issued in, and is printed in for good; those of before are of the first."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing in it means layout 1."""
    op.add_column("certificate", sa.Column("layout", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take the column away."""
    op.drop_column("certificate", "layout")
