"""Consents, birth dates and guardians; risky activities and who accepted what; where sites are, and the fence's answer."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _added() -> dict[str, list[sa.Column[object]]]:
    """Return the new columns of each table; a Column belongs to one table only, so each call makes new ones."""
    return {
        "identity_person": [
            sa.Column("birth_on", sa.Date(), nullable=True),
            sa.Column("birth_entered_by", sa.Uuid(), nullable=True),
        ],
        "activity": [
            sa.Column("risky", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("insurance_ref", sa.String(length=120), nullable=True),
            sa.Column("risk_notice", sa.String(length=1000), nullable=True),
        ],
        "site": [
            sa.Column("latitude", sa.BigInteger(), nullable=True),
            sa.Column("longitude", sa.BigInteger(), nullable=True),
        ],
        "attendance": [
            sa.Column("was_inside", sa.Boolean(), nullable=True),
            sa.Column("distance_m", sa.BigInteger(), nullable=True),
            sa.Column("guardian_present", sa.Boolean(), nullable=True),
        ],
    }


def upgrade() -> None:
    """Create the tables and add the columns; everybody who is there stays as they are, with nothing known."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_scan_device_hash_at", "scan", ["device_hash", "at"], unique=False)
    _consents()
    _guardians()
    _acceptances()


def _consents() -> None:
    op.create_table(
        "identity_consent",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('service_record', 'location', 'minor_service')", name=op.f("ck_identity_consent_purpose")
        ),
        sa.CheckConstraint("via IN ('self', 'guardian', 'staff')", name=op.f("ck_identity_consent_via")),
        sa.CheckConstraint(
            "(via = 'staff') = (organisation_id IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_identity_consent_paper"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_identity_consent_number")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_consent_person_id")),
        sa.PrimaryKeyConstraint("person_id", "purpose", "number", name=op.f("pk_identity_consent")),
        sqlite_with_rowid=False,
    )
    guard(op, "identity_consent", {"pk_identity_consent": ["person_id", "purpose", "number"]})


def _guardians() -> None:
    op.create_table(
        "identity_guardian",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ward_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=True),
        sa.Column("guardian_name", sa.String(length=60), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(guardian_id IS NULL) <> (guardian_name IS NULL)", name=op.f("ck_identity_guardian_one")),
        sa.CheckConstraint("guardian_id <> ward_id", name=op.f("ck_identity_guardian_two_people")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_identity_guardian_ended")),
        sa.ForeignKeyConstraint(["ward_id"], ["identity_person.id"], name=op.f("fk_identity_guardian_ward_id")),
        sa.ForeignKeyConstraint(["guardian_id"], ["identity_person.id"], name=op.f("fk_identity_guardian_guardian_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_guardian")),
    )
    op.create_index(op.f("ix_identity_guardian_ward_id"), "identity_guardian", ["ward_id"], unique=False)
    op.create_index(op.f("ix_identity_guardian_guardian_id"), "identity_guardian", ["guardian_id"], unique=False)
    live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_identity_guardian_live",
        "identity_guardian",
        ["ward_id", "guardian_id"],
        unique=True,
        sqlite_where=live,
        postgresql_where=live,
    )


def _acceptances() -> None:
    op.create_table(
        "risk_acceptance",
        sa.Column("sign_up_id", sa.Uuid(), nullable=False),
        sa.Column("activity_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notice", sa.String(length=1000), nullable=False),
        sa.Column("insurance_ref", sa.String(length=120), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_risk_acceptance_sign_up_id")),
        sa.PrimaryKeyConstraint("sign_up_id", "activity_version", name=op.f("pk_risk_acceptance")),
        sqlite_with_rowid=False,
    )
    guard(op, "risk_acceptance", {"pk_risk_acceptance": ["sign_up_id", "activity_version"]})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("risk_acceptance")
    op.drop_table("identity_guardian")
    op.drop_table("identity_consent")
    op.drop_index("ix_scan_device_hash_at", table_name="scan")
    for table, columns in _added().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)
