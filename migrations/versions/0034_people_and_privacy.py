"""Profiles, account states, disclosures of people's data with their approval, and erasures."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _profiles()
    _disclosures()
    _erasures()


def _profiles() -> None:
    op.create_table(
        "people_profile",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sex", sa.String(length=6), nullable=True),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("skills", sa.String(length=700), nullable=True),
        sa.Column("service_types", sa.String(length=400), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("sex IN ('male', 'female')", name=op.f("ck_people_profile_sex")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_people_profile_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_people_profile_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people_profile")),
    )
    op.create_table(
        "identity_state_change",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state_before", sa.String(length=10), nullable=False),
        sa.Column("state_after", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state_before IN ('active', 'frozen', 'closed', 'deceased')",
            name=op.f("ck_identity_state_change_state_before"),
        ),
        sa.CheckConstraint(
            "state_after IN ('active', 'frozen', 'closed', 'deceased')",
            name=op.f("ck_identity_state_change_state_after"),
        ),
        sa.CheckConstraint("state_before <> state_after", name=op.f("ck_identity_state_change_changed")),
        sa.CheckConstraint("number > 0", name=op.f("ck_identity_state_change_number")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_state_change_person_id")),
        sa.PrimaryKeyConstraint("person_id", "number", name=op.f("pk_identity_state_change")),
        sqlite_with_rowid=False,
    )
    guard(op, "identity_state_change", {"pk_identity_state_change": ["person_id", "number"]})


def _disclosures() -> None:
    op.create_table(
        "people_disclosure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("fields", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("minor", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_people_disclosure_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_people_disclosure_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_disclosure")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_people_disclosure_person_id_asked_at", "people_disclosure", ["person_id", "asked_at"], unique=False
    )
    op.create_index(
        "ix_people_disclosure_organisation_id_asked_at",
        "people_disclosure",
        ["organisation_id", "asked_at"],
        unique=False,
    )
    guard(op, "people_disclosure", {"pk_people_disclosure": ["id"]})
    op.create_table(
        "people_disclosure_decision",
        sa.Column("disclosure_id", sa.Uuid(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["people_disclosure.id"], name=op.f("fk_people_disclosure_decision_disclosure_id")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_people_disclosure_decision")),
        sqlite_with_rowid=False,
    )
    guard(op, "people_disclosure_decision", {"pk_people_disclosure_decision": ["disclosure_id"]})
    op.create_table(
        "people_disclosure_opening",
        sa.Column("disclosure_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_people_disclosure_opening_number")),
        sa.ForeignKeyConstraint(
            ["disclosure_id"], ["people_disclosure.id"], name=op.f("fk_people_disclosure_opening_disclosure_id")
        ),
        sa.PrimaryKeyConstraint("disclosure_id", "number", name=op.f("pk_people_disclosure_opening")),
        sqlite_with_rowid=False,
    )
    guard(op, "people_disclosure_opening", {"pk_people_disclosure_opening": ["disclosure_id", "number"]})


def _erasures() -> None:
    op.create_table(
        "people_erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.String(length=8), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("balance IN ('donate', 'expire')", name=op.f("ck_people_erasure_balance")),
        sa.CheckConstraint("(organisation_id IS NULL) = (reason IS NULL)", name=op.f("ck_people_erasure_staff")),
        sa.CheckConstraint("number > 0", name=op.f("ck_people_erasure_number")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_people_erasure_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_people_erasure_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_erasure")),
        sa.UniqueConstraint("person_id", "number", name=op.f("uq_people_erasure_person_id_number")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_people_erasure_due_at", "people_erasure", ["due_at"], unique=False)
    guard(
        op,
        "people_erasure",
        {"pk_people_erasure": ["id"], "uq_people_erasure_person_id_number": ["person_id", "number"]},
    )
    op.create_table(
        "people_erasure_end",
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("outcome IN ('withdrawn', 'erased')", name=op.f("ck_people_erasure_end_outcome")),
        sa.ForeignKeyConstraint(["erasure_id"], ["people_erasure.id"], name=op.f("fk_people_erasure_end_erasure_id")),
        sa.PrimaryKeyConstraint("erasure_id", name=op.f("pk_people_erasure_end")),
        sqlite_with_rowid=False,
    )
    guard(op, "people_erasure_end", {"pk_people_erasure_end": ["erasure_id"]})


def downgrade() -> None:
    """Drop them."""
    for table in (
        "people_erasure_end",
        "people_erasure",
        "people_disclosure_opening",
        "people_disclosure_decision",
        "people_disclosure",
        "identity_state_change",
        "people_profile",
    ):
        op.drop_table(table)
