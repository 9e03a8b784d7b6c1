"""Family relations, gifts between relatives, and the pool: donations, applications, grants."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _family()
    _gifts()
    _donations()
    _applications()
    _grants()


def _family() -> None:
    op.create_table(
        "identity_family",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposer_id", sa.Uuid(), nullable=False),
        sa.Column("relative_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_no", sa.String(length=20), nullable=False),
        sa.Column("pair", sa.String(length=80), nullable=False),
        sa.Column("kinship", sa.String(length=12), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kinship IN ('spouse', 'parent', 'child', 'sibling', 'grandparent', 'grandchild')",
            name=op.f("ck_identity_family_kinship"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'confirmed', 'verified', 'rejected', 'ended')", name=op.f("ck_identity_family_state")
        ),
        sa.CheckConstraint(
            "relative_id IS NULL OR relative_id <> proposer_id", name=op.f("ck_identity_family_two_people")
        ),
        sa.CheckConstraint("relative_id IS NOT NULL OR confirmed_at IS NULL", name=op.f("ck_identity_family_somebody")),
        sa.CheckConstraint(
            "decided_at IS NOT NULL OR state NOT IN ('verified', 'rejected')", name=op.f("ck_identity_family_decided")
        ),
        sa.CheckConstraint("(ended_at IS NOT NULL) = (state = 'ended')", name=op.f("ck_identity_family_ended")),
        sa.ForeignKeyConstraint(["proposer_id"], ["identity_person.id"], name=op.f("fk_identity_family_proposer_id")),
        sa.ForeignKeyConstraint(["relative_id"], ["identity_person.id"], name=op.f("fk_identity_family_relative_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_family")),
    )
    op.create_index(op.f("ix_identity_family_proposer_id"), "identity_family", ["proposer_id"], unique=False)
    op.create_index(op.f("ix_identity_family_relative_id"), "identity_family", ["relative_id"], unique=False)
    op.create_index(
        "ix_identity_family_organisation_id_state", "identity_family", ["organisation_id", "state"], unique=False
    )
    is_open = sa.text("state IN ('proposed', 'confirmed', 'verified')")
    op.create_index(
        "uq_identity_family_pair",
        "identity_family",
        ["pair"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _gifts() -> None:
    op.create_table(
        "gift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("relation_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("policy_number", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('offered', 'accepted', 'declined', 'withdrawn')", name=op.f("ck_gift_state")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_gift_minutes")),
        sa.CheckConstraint("giver_id <> recipient_id", name=op.f("ck_gift_two_people")),
        sa.CheckConstraint("(closed_at IS NULL) = (state = 'offered')", name=op.f("ck_gift_closed")),
        sa.CheckConstraint("(policy_number IS NULL) = (state <> 'accepted')", name=op.f("ck_gift_policy")),
        sa.ForeignKeyConstraint(["giver_id"], ["identity_person.id"], name=op.f("fk_gift_giver_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["identity_person.id"], name=op.f("fk_gift_recipient_id")),
        sa.ForeignKeyConstraint(["relation_id"], ["identity_family.id"], name=op.f("fk_gift_relation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift")),
    )
    op.create_index("ix_gift_giver_id_offered_at", "gift", ["giver_id", "offered_at"], unique=False)
    op.create_index("ix_gift_recipient_id_offered_at", "gift", ["recipient_id", "offered_at"], unique=False)


def _donations() -> None:
    op.create_table(
        "pool_donation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("donated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_pool_donation_minutes")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_pool_donation_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_donation")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pool_donation_area_id", "pool_donation", ["area_id"], unique=False)
    op.create_index("ix_pool_donation_owner_id", "pool_donation", ["owner_id"], unique=False)
    guard(op, "pool_donation", {"pk_pool_donation": ["id"]})


def _applications() -> None:
    op.create_table(
        "pool_application",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("priority", sa.String(length=30), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("applied_by", sa.Uuid(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "priority IN ('aged_80_alone', 'low_income_disabled_alone', 'hardship')",
            name=op.f("ck_pool_application_priority"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'granted', 'refused', 'withdrawn')", name=op.f("ck_pool_application_state")
        ),
        sa.CheckConstraint("rank BETWEEN 1 AND 3", name=op.f("ck_pool_application_rank")),
        sa.CheckConstraint("(closed_at IS NULL) = (state = 'waiting')", name=op.f("ck_pool_application_closed")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_pool_application_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_pool_application_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_application")),
    )
    op.create_index(
        "ix_pool_application_area_id_state_rank",
        "pool_application",
        ["area_id", "state", "rank", "applied_at"],
        unique=False,
    )
    op.create_index("ix_pool_application_person_id", "pool_application", ["person_id"], unique=False)
    _one_open("pool_application", "waiting")


def _grants() -> None:
    op.create_table(
        "pool_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(length=30), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "reason_code IN ('aged_80_alone', 'low_income_disabled_alone', 'hardship')",
            name=op.f("ck_pool_grant_reason_code"),
        ),
        sa.CheckConstraint("state IN ('requested', 'approved', 'rejected')", name=op.f("ck_pool_grant_state")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_pool_grant_minutes")),
        sa.CheckConstraint("(decided_at IS NULL) = (state = 'requested')", name=op.f("ck_pool_grant_decided")),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> requested_by", name=op.f("ck_pool_grant_two_people")),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_pool_grant_area_id")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_pool_grant_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_grant")),
    )
    op.create_index("ix_pool_grant_area_id_state", "pool_grant", ["area_id", "state"], unique=False)
    _one_open("pool_grant", "requested")


def _one_open(table: str, state: str) -> None:
    """One open row for a person in an area."""
    is_open = sa.text(f"state = '{state}'")
    op.create_index(
        f"uq_{table}_area_id_person_id",
        table,
        ["area_id", "person_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("pool_grant", "pool_application", "pool_donation", "gift", "identity_family"):
        op.drop_table(table)
