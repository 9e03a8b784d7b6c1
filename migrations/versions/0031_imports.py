"""Imports: the register of files, what each line has made, and whose lines they were."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_COUNTS = ("size_bytes", "lines", "created", "changed", "unchanged", "merged")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "import_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("layout", sa.String(length=20), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('roster', 'activities', 'hours')", name=op.f("ck_import_file_kind")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_import_file_sha256")),
        sa.CheckConstraint("lines = created + changed + unchanged + merged", name=op.f("ck_import_file_lines")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_import_file_actor_id_id", "import_file", ["actor_id", "id"], unique=False)
    op.create_index("ix_import_file_sha256", "import_file", ["sha256"], unique=False)
    guard(op, "import_file", {"pk_import_file": ["id"]})
    op.create_table(
        "import_line",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("done", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("done IN ('created', 'changed')", name=op.f("ck_import_line_done")),
        sa.ForeignKeyConstraint(["import_id"], ["import_file.id"], name=op.f("fk_import_line_import_id")),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_line")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_import_line_target_id", "import_line", ["target_id"], unique=False)
    guard(op, "import_line", {"pk_import_line": ["import_id", "line"]})
    op.create_table(
        "import_organisation",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import_file.id"], name=op.f("fk_import_organisation_import_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_organisation_organisation_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "organisation_id", name=op.f("pk_import_organisation")),
        sqlite_with_rowid=False,
    )
    guard(op, "import_organisation", {"pk_import_organisation": ["import_id", "organisation_id"]})


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("import_organisation")
    op.drop_table("import_line")
    op.drop_table("import_file")
