"""Certificates with their numbering register, and stars."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "certificate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("token", sa.String(length=26), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_name", sa.String(length=120), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=5), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("verify_url", sa.String(length=300), nullable=False),
        sa.Column("seal_n", sa.BigInteger(), nullable=True),
        sa.Column("seal_hash", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.CheckConstraint("channel IN ('self', 'staff')", name=op.f("ck_certificate_channel")),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_certificate_period")),
        sa.CheckConstraint("(channel = 'staff') = (reason IS NOT NULL)", name=op.f("ck_certificate_reason")),
        sa.CheckConstraint("service_minutes > 0", name=op.f("ck_certificate_service_minutes")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_certificate_organisation_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_certificate_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("number", name=op.f("uq_certificate_number")),
        sa.UniqueConstraint(
            "organisation_id", "year", "sequence", name=op.f("uq_certificate_organisation_id_year_sequence")
        ),
        sa.UniqueConstraint("token", name=op.f("uq_certificate_token")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_certificate_volunteer_id_issued_at", "certificate", ["volunteer_id", "issued_at"], unique=False)
    op.create_table(
        "certificate_entry",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_entry_certificate_id")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["service_record.id"], name=op.f("fk_certificate_entry_record_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["service_record_revision.id"], name=op.f("fk_certificate_entry_revision_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", "line", name=op.f("pk_certificate_entry")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certificate_names",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("holder_name", sa.String(length=60), nullable=True),
        sa.Column("document", sa.String(length=40), nullable=True),
        sa.Column("volunteer_no", sa.String(length=20), nullable=True),
        sa.Column("person_in_charge", sa.String(length=60), nullable=True),
        sa.Column("handler", sa.String(length=60), nullable=True),
        sa.Column("contact", sa.String(length=120), nullable=True),
        sa.Column("salt", sa.String(length=26), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(holder_name IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_certificate_names_erased")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_names_certificate_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate_names")),
    )
    op.create_table(
        "certificate_revocation",
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("revoked_by", sa.Uuid(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_revocation_certificate_id")
        ),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("pk_certificate_revocation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certificate_issuer",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_in_charge", sa.String(length=60), nullable=True),
        sa.Column("handler", sa.String(length=60), nullable=True),
        sa.Column("contact", sa.String(length=120), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_certificate_issuer_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_certificate_issuer")),
    )
    op.create_table(
        "certificate_counter",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_certificate_counter_organisation_id")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "year", name=op.f("pk_certificate_counter")),
    )
    op.create_table(
        "star_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("threshold_minutes", sa.BigInteger(), nullable=False),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("policy_number", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("notice_days", sa.BigInteger(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 10", name=op.f("ck_star_proposal_level")),
        sa.CheckConstraint("number > 0", name=op.f("ck_star_proposal_number")),
        sa.CheckConstraint("service_minutes >= threshold_minutes", name=op.f("ck_star_proposal_reached")),
        sa.CheckConstraint("ends_at >= proposed_at", name=op.f("ck_star_proposal_times")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_star_proposal_organisation_id")
        ),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_star_proposal_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_star_proposal")),
        sa.UniqueConstraint("volunteer_id", "number", name=op.f("uq_star_proposal_volunteer_id_number")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_star_proposal_ends_at", "star_proposal", ["ends_at"], unique=False)
    op.create_index(
        "ix_star_proposal_organisation_id_proposed_at",
        "star_proposal",
        ["organisation_id", "proposed_at"],
        unique=False,
    )
    op.create_table(
        "star_objection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("objector_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["objector_id"], ["identity_person.id"], name=op.f("fk_star_objection_objector_id")),
        sa.ForeignKeyConstraint(["proposal_id"], ["star_proposal.id"], name=op.f("fk_star_objection_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_star_objection")),
        sa.UniqueConstraint("proposal_id", "objector_id", name=op.f("uq_star_objection_proposal_id_objector_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "star_objection_answer",
        sa.Column("objection_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('upheld', 'refused')", name=op.f("ck_star_objection_answer_outcome")),
        sa.ForeignKeyConstraint(
            ["objection_id"], ["star_objection.id"], name=op.f("fk_star_objection_answer_objection_id")
        ),
        sa.PrimaryKeyConstraint("objection_id", name=op.f("pk_star_objection_answer")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "star_decision",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("decision IN ('awarded', 'declined')", name=op.f("ck_star_decision_decision")),
        sa.ForeignKeyConstraint(["proposal_id"], ["star_proposal.id"], name=op.f("fk_star_decision_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_star_decision")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "star_review",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("service_minutes", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_star_review_number")),
        sa.CheckConstraint("outcome IN ('kept', 'withdrawn')", name=op.f("ck_star_review_outcome")),
        sa.ForeignKeyConstraint(["proposal_id"], ["star_proposal.id"], name=op.f("fk_star_review_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", "number", name=op.f("pk_star_review")),
        sqlite_with_rowid=False,
    )
    guard(
        op,
        "certificate",
        {
            "pk_certificate": ["id"],
            "uq_certificate_number": ["number"],
            "uq_certificate_organisation_id_year_sequence": ["organisation_id", "year", "sequence"],
            "uq_certificate_token": ["token"],
        },
    )
    guard(op, "certificate_entry", {"pk_certificate_entry": ["certificate_id", "line"]})
    guard(op, "certificate_revocation", {"pk_certificate_revocation": ["certificate_id"]})
    guard(
        op,
        "star_proposal",
        {"pk_star_proposal": ["id"], "uq_star_proposal_volunteer_id_number": ["volunteer_id", "number"]},
    )
    guard(
        op,
        "star_objection",
        {"pk_star_objection": ["id"], "uq_star_objection_proposal_id_objector_id": ["proposal_id", "objector_id"]},
    )
    guard(op, "star_objection_answer", {"pk_star_objection_answer": ["objection_id"]})
    guard(op, "star_decision", {"pk_star_decision": ["proposal_id"]})
    guard(op, "star_review", {"pk_star_review": ["proposal_id", "number"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("star_review")
    op.drop_table("star_decision")
    op.drop_table("star_objection_answer")
    op.drop_table("star_objection")
    op.drop_table("star_proposal")
    op.drop_table("certificate_counter")
    op.drop_table("certificate_issuer")
    op.drop_table("certificate_revocation")
    op.drop_table("certificate_names")
    op.drop_table("certificate_entry")
    op.drop_table("certificate")
