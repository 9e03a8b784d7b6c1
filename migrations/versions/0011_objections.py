"""Records: public notice, objections with their answers, and an index of what waits."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and an index of what waits."""
    _notices()
    _objections()
    pending = sa.text("state IN ('pending_review', 'pending_notice')")
    op.create_index(
        "ix_service_record_revision_pending",
        "service_record_revision",
        ["ended_at", "record_id"],
        unique=False,
        postgresql_where=pending,
        sqlite_where=pending,
    )


def _notices() -> None:
    still_open = sa.text("closed_at IS NULL")
    op.create_table(
        "record_notice",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("working_days", sa.BigInteger(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("working_days BETWEEN 1 AND 30", name=op.f("ck_record_notice_working_days")),
        sa.CheckConstraint("ends_at > began_at", name=op.f("ck_record_notice_times")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_record_notice_record_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["service_record_revision.id"], name=op.f("fk_record_notice_revision_id")
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_record_notice")),
    )
    op.create_index(
        "uq_record_notice_open",
        "record_notice",
        ["record_id"],
        unique=True,
        postgresql_where=still_open,
        sqlite_where=still_open,
    )
    op.create_index(
        "ix_record_notice_ends_at",
        "record_notice",
        ["ends_at", "revision_id"],
        unique=False,
        postgresql_where=still_open,
        sqlite_where=still_open,
    )


def _objections() -> None:
    op.create_table(
        "record_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("objector_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["objector_id"], ["identity_person.id"], name=op.f("fk_record_objection_objector_id")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_record_objection_record_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["service_record_revision.id"], name=op.f("fk_record_objection_revision_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_objection")),
        sa.UniqueConstraint("revision_id", "objector_id", name=op.f("uq_record_objection_revision_id_objector_id")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_objection_record_id", "record_objection", ["record_id"], unique=False)
    op.create_index(
        "ix_record_objection_objector_id_made_at", "record_objection", ["objector_id", "made_at"], unique=False
    )
    op.create_index("ix_record_objection_due_on", "record_objection", ["due_on"], unique=False)
    op.create_table(
        "record_objection_answer",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("outcome IN ('upheld', 'refused')", name=op.f("ck_record_objection_answer_outcome")),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["record_objection.id"], name=op.f("fk_record_objection_answer_objection_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["service_record_revision.id"], name=op.f("fk_record_objection_answer_revision_id")
        ),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_record_objection_answer")),
        sqlite_with_rowid=False,
    )
    guard(
        op,
        "record_objection",
        {
            "pk_record_objection": ["id"],
            "uq_record_objection_revision_id_objector_id": ["revision_id", "objector_id"],
        },
    )
    guard(op, "record_objection_answer", {"pk_record_objection_answer": ["objection_id"]})


def downgrade() -> None:
    """Drop the tables and the index."""
    op.drop_index("ix_service_record_revision_pending", table_name="service_record_revision")
    op.drop_table("record_objection_answer")
    op.drop_table("record_objection")
    op.drop_table("record_notice")
