"""Files: what is kept, who sent it, what uses it."""

import sqlalchemy as sa
from alembic import op

from timebank.database import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_stored_file_bytes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_stored_file_sha256")),
    )
    op.create_table(
        "file_upload",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_file_upload_file_id")),
        sa.PrimaryKeyConstraint("file_id", "person_id", name=op.f("pk_file_upload")),
    )
    op.create_index("ix_file_upload_person_id", "file_upload", ["person_id"], unique=False)
    op.create_table(
        "file_attachment",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.String(length=20), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("attached_by", sa.Uuid(), nullable=False),
        sa.Column("attached_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name=op.f("fk_file_attachment_file_id")),
        sa.PrimaryKeyConstraint("file_id", "owner_kind", "owner_id", name=op.f("pk_file_attachment")),
    )
    op.create_index(
        "ix_file_attachment_owner_kind_owner_id", "file_attachment", ["owner_kind", "owner_id"], unique=False
    )


def downgrade() -> None:
    """Drop them; the contents on disk are left to the operator."""
    op.drop_table("file_attachment")
    op.drop_table("file_upload")
    op.drop_table("stored_file")
