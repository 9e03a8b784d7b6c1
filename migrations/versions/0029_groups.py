"""Members of groups, and for which group somebody serves: whose account earns what they do."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create the table; what is stored already was earned by its volunteers themselves."""
    op.create_table(
        "organisation_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("admitted_at", UtcDateTime(), nullable=True),
        sa.Column("admitted_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(admitted_at IS NULL) = (admitted_by IS NULL)", name=op.f("ck_organisation_member_admitted")
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_organisation_member_ended")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_member_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_organisation_member_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_member")),
    )
    op.create_index(
        "uq_organisation_member_open",
        "organisation_member",
        ["person_id", "organisation_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_organisation_member_organisation_id_asked_at_id",
        "organisation_member",
        ["organisation_id", "asked_at", "id"],
        unique=False,
    )
    op.add_column("sign_up", sa.Column("group_id", sa.Uuid(), nullable=True))
    op.add_column("service_record_revision", sa.Column("group_id", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("service_record_revision", "group_id")
    op.drop_column("sign_up", "group_id")
    op.drop_table("organisation_member")
