"""Family relations."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _family()


def _family() -> None:
    op.create_table(
        "identity_family",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposer_id", sa.Uuid(), nullable=False),
        sa.Column("relative_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_no", sa.String(length=20), nullable=False),
        sa.Column("pair", sa.String(length=80), nullable=False),
        sa.Column("kinship", sa.String(length=12), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kinship IN ('spouse', 'parent', 'child', 'sibling', 'grandparent', 'grandchild')",
            name=op.f("ck_identity_family_kinship"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'verified', 'rejected', 'ended')", name=op.f("ck_identity_family_state")
        ),
        sa.CheckConstraint(
            "relative_id IS NULL OR relative_id <> proposer_id", name=op.f("ck_identity_family_two_people")
        ),
        sa.CheckConstraint("relative_id IS NOT NULL OR confirmed_at IS NULL", name=op.f("ck_identity_family_somebody")),
        sa.CheckConstraint(
            "decided_at IS NOT NULL OR state NOT IN ('verified', 'rejected')", name=op.f("ck_identity_family_decided")
        ),
        sa.CheckConstraint("(ended_at IS NOT NULL) = (state = 'ended')", name=op.f("ck_identity_family_ended")),
        sa.ForeignKeyConstraint(["proposer_id"], ["identity_person.id"], name=op.f("fk_identity_family_proposer_id")),
        sa.ForeignKeyConstraint(["relative_id"], ["identity_person.id"], name=op.f("fk_identity_family_relative_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_family")),
    )
    op.create_index(op.f("ix_identity_family_proposer_id"), "identity_family", ["proposer_id"], unique=False)
    op.create_index(op.f("ix_identity_family_relative_id"), "identity_family", ["relative_id"], unique=False)
    op.create_index(
        "ix_identity_family_organisation_id_state", "identity_family", ["organisation_id", "state"], unique=False
    )
    is_open = sa.text("state IN ('proposed', 'confirmed', 'verified')")
    op.create_index(
        "uq_identity_family_pair",
        "identity_family",
        ["pair"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("identity_family")
