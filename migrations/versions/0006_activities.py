"""Activities, shifts, sign-ups."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("content", sa.String(length=2000), nullable=False),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "category IN ('elder_care', 'child_care', 'disability_aid', 'poverty_relief', 'community', 'environment', 'culture_sport', 'education', 'health', 'legal_aid', 'public_safety', 'emergency', 'large_event', 'charity_shop')",
            name=op.f("ck_activity_category"),
        ),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_activity_area_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["identity_person.id"], name=op.f("fk_activity_leader_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_activity_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_area_id"), "activity", ["area_id"], unique=False)
    op.create_index(op.f("ix_activity_leader_id"), "activity", ["leader_id"], unique=False)
    op.create_index(op.f("ix_activity_organisation_id"), "activity", ["organisation_id"], unique=False)
    op.create_table(
        "shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("point_ref", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'cancelled')", name=op.f("ck_shift_state")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_shift_capacity")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shift_times")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_shift_taken")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_shift_activity_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shift_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        sa.UniqueConstraint("point_ref", name=op.f("uq_shift_point_ref")),
    )
    op.create_index(op.f("ix_shift_activity_id"), "shift", ["activity_id"], unique=False)
    op.create_index(op.f("ix_shift_site_id"), "shift", ["site_id"], unique=False)
    op.create_index("ix_shift_starts_at_id", "shift", ["starts_at", "id"], unique=False)
    op.create_table(
        "sign_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("walk_in", sa.Boolean(), nullable=False),
        sa.Column("signed_up_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('live', 'withdrawn')", name=op.f("ck_sign_up_state")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_sign_up_shift_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_sign_up_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
    )
    op.create_index("ix_sign_up_volunteer_id_signed_up_at", "sign_up", ["volunteer_id", "signed_up_at"], unique=False)
    op.create_index(
        "uq_sign_up_live",
        "sign_up",
        ["shift_id", "volunteer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
        sqlite_where=sa.text("state = 'live'"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("sign_up")
    op.drop_table("shift")
    op.drop_table("activity")
