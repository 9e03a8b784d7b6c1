"""Who asked that two accounts be merged, who decided, and whom a refused binding has shown to be the same. Append-only."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "merge_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("old_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("old_id <> person_id", name=op.f("ck_merge_request_two")),
        sa.ForeignKeyConstraint(["old_id"], ["identity_person.id"], name=op.f("fk_merge_request_old_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_merge_request_person_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_merge_request_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_request")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_merge_request_organisation_id_requested_at", "merge_request", ["organisation_id", "requested_at", "id"]
    )
    guard(op, "merge_request", {"pk_merge_request": ["id"]})
    op.create_table(
        "merge_decision",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("approved OR reason IS NOT NULL", name=op.f("ck_merge_decision_reason")),
        sa.ForeignKeyConstraint(["request_id"], ["merge_request.id"], name=op.f("fk_merge_decision_request_id")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_merge_decision")),
        sqlite_with_rowid=False,
    )
    guard(op, "merge_decision", {"pk_merge_decision": ["request_id"]})
    op.create_table(
        "merge_hint",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person_id <> other_id", name=op.f("ck_merge_hint_two")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_merge_hint_person_id")),
        sa.ForeignKeyConstraint(["other_id"], ["identity_person.id"], name=op.f("fk_merge_hint_other_id")),
        sa.PrimaryKeyConstraint("person_id", "other_id", name=op.f("pk_merge_hint")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_merge_hint_other_id", "merge_hint", ["other_id"], unique=False)
    guard(op, "merge_hint", {"pk_merge_hint": ["person_id", "other_id"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("merge_hint")
    op.drop_table("merge_decision")
    op.drop_table("merge_request")
