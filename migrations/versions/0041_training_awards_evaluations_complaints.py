"""Training, awards, evaluations and complaints: the record groups beside service (民政部令第67号 art 8-10, 20)."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("awarding_unit", sa.String(length=120), nullable=False),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("evidence_note", sa.String(length=500), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_award_number")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_award_organisation_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_award_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("volunteer_id", "name", "awarded_on", "awarding_unit", "number", name="uq_award_same"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_award_organisation_id_awarded_on", "award", ["organisation_id", "awarded_on"], unique=False)
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("rater", sa.String(length=6), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("activity_name", sa.String(length=120), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("evaluated_by", sa.Uuid(), nullable=True),
        sa.Column("evaluated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(rater = 'leader') = (evaluated_by IS NOT NULL)", name=op.f("ck_evaluation_evaluated_by")),
        sa.CheckConstraint("(rater = 'leader') = (slot = 0)", name=op.f("ck_evaluation_slot")),
        sa.CheckConstraint("rater IN ('leader', 'served')", name=op.f("ck_evaluation_rater")),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_evaluation_score")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_evaluation_organisation_id")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_evaluation_record_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_evaluation_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("record_id", "slot", name=op.f("uq_evaluation_record_id_slot")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_evaluation_organisation_id_evaluated_at", "evaluation", ["organisation_id", "evaluated_at"], unique=False
    )
    op.create_index(
        "ix_evaluation_volunteer_id_evaluated_at", "evaluation", ["volunteer_id", "evaluated_at"], unique=False
    )
    op.create_table(
        "evaluation_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("slot BETWEEN 1 AND 20", name=op.f("ck_evaluation_invitation_slot")),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_evaluation_invitation_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_invitation")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_evaluation_invitation_code_hash")),
        sa.UniqueConstraint("record_id", "slot", name=op.f("uq_evaluation_invitation_record_id_slot")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "training",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content", sa.String(length=2000), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("learning_minutes", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("learning_minutes BETWEEN 1 AND 1440", name=op.f("ck_training_learning_minutes")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_training_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_training_organisation_id_held_on", "training", ["organisation_id", "held_on"], unique=False)
    op.create_table(
        "award_withdrawal",
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_award_withdrawal_award_id")),
        sa.PrimaryKeyConstraint("award_id", name=op.f("pk_award_withdrawal")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "complaint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("complainant_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('conduct', 'false_hours', 'money', 'safety', 'privacy', 'other')", name=op.f("ck_complaint_kind")
        ),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_complaint_activity_id")),
        sa.ForeignKeyConstraint(["complainant_id"], ["identity_person.id"], name=op.f("fk_complaint_complainant_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_complaint_organisation_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_complaint_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_complaint_complainant_id_made_at", "complaint", ["complainant_id", "made_at"], unique=False)
    op.create_index("ix_complaint_organisation_id_made_at", "complaint", ["organisation_id", "made_at"], unique=False)
    op.create_index("ix_complaint_volunteer_id", "complaint", ["volunteer_id"], unique=False)
    op.create_table(
        "evaluation_removal",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name=op.f("fk_evaluation_removal_evaluation_id")),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_evaluation_removal")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "evaluation_reply",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("replied_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name=op.f("fk_evaluation_reply_evaluation_id")),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_evaluation_reply")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "training_participation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("learning_minutes", sa.BigInteger(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "learning_minutes BETWEEN 1 AND 1440", name=op.f("ck_training_participation_learning_minutes")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_training_participation_number")),
        sa.ForeignKeyConstraint(["training_id"], ["training.id"], name=op.f("fk_training_participation_training_id")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["identity_person.id"], name=op.f("fk_training_participation_volunteer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_participation")),
        sa.UniqueConstraint(
            "training_id",
            "volunteer_id",
            "number",
            name=op.f("uq_training_participation_training_id_volunteer_id_number"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_training_participation_volunteer_id", "training_participation", ["volunteer_id"], unique=False)
    op.create_table(
        "complaint_answer",
        sa.Column("complaint_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('upheld', 'dismissed')", name=op.f("ck_complaint_answer_outcome")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_complaint_answer_complaint_id")),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaint_answer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "training_participation_withdrawal",
        sa.Column("participation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participation_id"],
            ["training_participation.id"],
            name=op.f("fk_training_participation_withdrawal_participation_id"),
        ),
        sa.PrimaryKeyConstraint("participation_id", name=op.f("pk_training_participation_withdrawal")),
        sqlite_with_rowid=False,
    )
    guard(
        op,
        "award",
        {"pk_award": ["id"], "uq_award_same": ["volunteer_id", "name", "awarded_on", "awarding_unit", "number"]},
    )
    guard(op, "evaluation", {"pk_evaluation": ["id"], "uq_evaluation_record_id_slot": ["record_id", "slot"]})
    guard(
        op,
        "evaluation_invitation",
        {
            "pk_evaluation_invitation": ["id"],
            "uq_evaluation_invitation_code_hash": ["code_hash"],
            "uq_evaluation_invitation_record_id_slot": ["record_id", "slot"],
        },
    )
    guard(op, "training", {"pk_training": ["id"]})
    guard(op, "award_withdrawal", {"pk_award_withdrawal": ["award_id"]})
    guard(op, "complaint", {"pk_complaint": ["id"]})
    guard(op, "evaluation_removal", {"pk_evaluation_removal": ["evaluation_id"]})
    guard(op, "evaluation_reply", {"pk_evaluation_reply": ["evaluation_id"]})
    guard(
        op,
        "training_participation",
        {
            "pk_training_participation": ["id"],
            "uq_training_participation_training_id_volunteer_id_number": ["training_id", "volunteer_id", "number"],
        },
    )
    guard(op, "complaint_answer", {"pk_complaint_answer": ["complaint_id"]})
    guard(op, "training_participation_withdrawal", {"pk_training_participation_withdrawal": ["participation_id"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("training_participation_withdrawal")
    op.drop_table("complaint_answer")
    op.drop_table("training_participation")
    op.drop_table("evaluation_reply")
    op.drop_table("evaluation_removal")
    op.drop_table("complaint")
    op.drop_table("award_withdrawal")
    op.drop_table("training")
    op.drop_table("evaluation_invitation")
    op.drop_table("evaluation")
    op.drop_table("award")
