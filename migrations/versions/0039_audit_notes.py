"""Who has done what to whom or what, and why: append-only."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_LOOKED_UP_BY = ("actor_id", "person_id", "target", "organisation_id")


def upgrade() -> None:
    """Create the table and guard it; what was done before stands in each domain's own rows."""
    op.create_table(
        "audit_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("target_kind", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_note")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audit_note_noted_at", "audit_note", ["noted_at", "id"], unique=False)
    for column in _LOOKED_UP_BY:
        op.create_index(f"ix_audit_note_{column}", "audit_note", [column, "noted_at"], unique=False)
    guard(op, "audit_note", {"pk_audit_note": ["id"]})


def downgrade() -> None:
    """Drop it."""
    op.drop_table("audit_note")
