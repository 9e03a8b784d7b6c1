"""Document numbers as keyed hashes, who tried the same one, and the vault."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_KINDS = "'resident_id', 'hmt_residence_permit', 'foreign_permanent_resident', 'hk_macao_permit', 'taiwan_permit', 'passport'"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "identity_document",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.String(length=6), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("algorithm IN ('sha256', 'sm3')", name=op.f("ck_identity_document_algorithm")),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_identity_document_kind")),
        sa.CheckConstraint("length(last_four) = 4", name=op.f("ck_identity_document_last_four")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_identity_document_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity_document")),
        sa.UniqueConstraint("number_hash", name=op.f("uq_identity_document_number_hash")),
    )
    op.create_table(
        "identity_document_clash",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person_id <> holder_id", name=op.f("ck_identity_document_clash_two_people")),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["identity_person.id"], name=op.f("fk_identity_document_clash_holder_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_person.id"], name=op.f("fk_identity_document_clash_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "holder_id", name=op.f("pk_identity_document_clash")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_document_clash_holder_id", "identity_document_clash", ["holder_id"], unique=False)
    guard(op, "identity_document_clash", {"pk_identity_document_clash": ["person_id", "holder_id"]})
    op.create_table(
        "identity_document_vault",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["identity_document.person_id"], name=op.f("fk_identity_document_vault_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_identity_document_vault")),
    )
    op.create_index("ix_identity_document_vault_key_id", "identity_document_vault", ["key_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("identity_document_vault")
    op.drop_table("identity_document_clash")
    op.drop_table("identity_document")
