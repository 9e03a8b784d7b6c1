"""Who goes on for a merged account; telephone numbers as keyed hashes; invites on paper."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "identity_former",
        sa.Column("old_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["old_id"], ["identity_person.id"], name=op.f("fk_identity_former_old_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_former_person_id")),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_identity_former")),
    )
    op.create_index(op.f("ix_identity_former_person_id"), "identity_former", ["person_id"], unique=False)
    op.create_table(
        "identity_phone",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(last_four) = 4", name=op.f("ck_identity_phone_last_four")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_phone_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity_phone")),
    )
    op.create_index("ix_identity_phone_number_hash", "identity_phone", ["number_hash"], unique=False)
    op.create_table(
        "identity_invite",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("used_for", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_invite_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity_invite")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_identity_invite_code_hash")),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("identity_invite")
    op.drop_table("identity_phone")
    op.drop_table("identity_former")
