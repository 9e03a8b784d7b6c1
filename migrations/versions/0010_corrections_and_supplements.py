"""Corrections with their decisions, supplements with their reviews, findings of fraud: append-only."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MAX_EVIDENCE = 649


def upgrade() -> None:
    """Create the tables; a revision may name the correction that it comes from."""
    op.add_column("service_record_revision", sa.Column("correction_id", sa.Uuid(), nullable=True))
    _corrections()
    _supplements()
    _findings()


def _corrections() -> None:
    op.create_table(
        "correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(started_at IS NULL) = (ended_at IS NULL)", name=op.f("ck_correction_times")),
        sa.CheckConstraint("service_minutes >= 0", name=op.f("ck_correction_minutes")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_correction_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_correction_record_id"), "correction", ["record_id"], unique=False)
    op.create_index(
        "ix_correction_organisation_id_requested_at", "correction", ["organisation_id", "requested_at"], unique=False
    )
    guard(op, "correction", {"pk_correction": ["id"]})
    op.create_table(
        "correction_decision",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name=op.f("ck_correction_decision_decision")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["correction.id"], name=op.f("fk_correction_decision_correction_id")
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_correction_decision")),
        sqlite_with_rowid=False,
    )
    guard(op, "correction_decision", {"pk_correction_decision": ["correction_id"]})


def _supplements() -> None:
    op.create_table(
        "supplement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("evidence", sa.String(length=MAX_EVIDENCE), nullable=False),
        sa.Column("evidence_note", sa.String(length=200), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_supplement_times")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_supplement_shift_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_supplement_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplement")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_supplement_organisation_id_requested_at", "supplement", ["organisation_id", "requested_at"], unique=False
    )
    op.create_index(
        "ix_supplement_volunteer_id_requested_at", "supplement", ["volunteer_id", "requested_at"], unique=False
    )
    guard(op, "supplement", {"pk_supplement": ["id"]})
    op.create_table(
        "supplement_review",
        sa.Column("supplement_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("reviewed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("position IN (1, 2)", name=op.f("ck_supplement_review_position")),
        sa.CheckConstraint("verdict IN ('approve', 'reject')", name=op.f("ck_supplement_review_verdict")),
        sa.ForeignKeyConstraint(["supplement_id"], ["supplement.id"], name=op.f("fk_supplement_review_supplement_id")),
        sa.PrimaryKeyConstraint("supplement_id", "position", name=op.f("pk_supplement_review")),
        sa.UniqueConstraint(
            "supplement_id", "reviewer_id", name=op.f("uq_supplement_review_supplement_id_reviewer_id")
        ),
        sqlite_with_rowid=False,
    )
    guard(
        op,
        "supplement_review",
        {
            "uq_supplement_review_supplement_id_reviewer_id": ["supplement_id", "reviewer_id"],
            "pk_supplement_review": ["supplement_id", "position"],
        },
    )


def _findings() -> None:
    op.create_table(
        "fraud_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("found_by", sa.Uuid(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("banned_until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_fraud_finding_person_id")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_fraud_finding_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_finding")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_fraud_finding_person_id_banned_until", "fraud_finding", ["person_id", "banned_until"], unique=False
    )
    guard(op, "fraud_finding", {"pk_fraud_finding": ["id"]})
    op.create_table(
        "fraud_finding_lift",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["finding_id"], ["fraud_finding.id"], name=op.f("fk_fraud_finding_lift_finding_id")),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_fraud_finding_lift")),
        sqlite_with_rowid=False,
    )
    guard(op, "fraud_finding_lift", {"pk_fraud_finding_lift": ["finding_id"]})


def downgrade() -> None:
    """Drop the tables and the column."""
    for table in (
        "fraud_finding_lift",
        "fraud_finding",
        "supplement_review",
        "supplement",
        "correction_decision",
        "correction",
    ):
        op.drop_table(table)
    op.drop_column("service_record_revision", "correction_id")
