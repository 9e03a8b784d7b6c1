"""Imports: the numbers that organisations give to their people, and keyed hashes of names with telephone numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables. They are personal and can be forgotten: neither is append-only."""
    op.create_table(
        "import_number",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_number_organisation_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_import_number_person_id")),
        sa.PrimaryKeyConstraint("organisation_id", "number", name=op.f("pk_import_number")),
        sa.UniqueConstraint("organisation_id", "person_id", name=op.f("uq_import_number_organisation_id_person_id")),
    )
    op.create_index("ix_import_number_person_id", "import_number", ["person_id"], unique=False)
    op.create_table(
        "import_contact",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_import_contact_person_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_import_contact")),
    )
    op.create_index("ix_import_contact_person_id", "import_contact", ["person_id"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("import_contact")
    op.drop_table("import_number")
