"""Statistics: deltas of the hour figures and their summary, filled from the records; the register of exports; links."""

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_PROVENANCES = "provenance IN ('self_scan', 'staff_scan', 'supplement', 'import')"
_CELL = "served_on, area_id, area_path, organisation_id, activity_id, provenance, policy_number"
_COUNTED = "count(*), sum(service_minutes), sum(credited_minutes)"


def _cell() -> list[sa.Column]:
    return [
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("area_id", sa.Uuid(), nullable=False),
        sa.Column("area_path", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("provenance", sa.String(length=12), nullable=False),
        sa.Column("policy_number", sa.BigInteger(), autoincrement=False, nullable=False),
    ]


def _counted() -> list[sa.Column]:
    names = ("person_times", "service_minutes", "credited_minutes")
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the tables, and add up what has been recorded before there were deltas."""
    op.create_table(
        "hours_delta",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_cell(),
        *_counted(),
        sa.CheckConstraint(_PROVENANCES, name=op.f("ck_hours_delta_provenance")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_delta")),
    )
    op.create_table(
        "hours_summary",
        sa.Column("grain", sa.String(length=5), nullable=False),
        *_cell(),
        *_counted(),
        sa.CheckConstraint("grain IN ('day', 'month')", name=op.f("ck_hours_summary_grain")),
        sa.CheckConstraint(_PROVENANCES, name=op.f("ck_hours_summary_provenance")),
        sa.PrimaryKeyConstraint("grain", *(column.name for column in _cell()), name=op.f("pk_hours_summary")),
    )
    op.create_index(
        "ix_hours_summary_organisation_id", "hours_summary", ["grain", "organisation_id", "served_on"], unique=False
    )
    _fill()
    op.create_index(
        "ix_service_record_revision_later",
        "service_record_revision",
        ["served_on", "record_id"],
        unique=False,
        postgresql_where=sa.text("number > 1"),
        sqlite_where=sa.text("number > 1"),
    )
    _create_register()
    _create_links()


def _create_register() -> None:
    op.create_table(
        "statistics_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.Column("form", sa.String(length=4), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("seal_n", sa.BigInteger(), nullable=True),
        sa.Column("corrections_seen", sa.BigInteger(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("schedule_key", sa.String(length=120), nullable=True),
        sa.Column("generated_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("form IN ('csv', 'xlsx', 'pdf')", name=op.f("ck_statistics_export_form")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_statistics_export_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistics_export")),
        sa.UniqueConstraint("schedule_key", name=op.f("uq_statistics_export_schedule_key")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_statistics_export_actor_id_id", "statistics_export", ["actor_id", "id"], unique=False)
    guard(
        op,
        "statistics_export",
        {"pk_statistics_export": ["id"], "uq_statistics_export_schedule_key": ["schedule_key"]},
    )


def _create_links() -> None:
    op.create_table(
        "statistics_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_statistics_link_expires_at")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistics_link")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_statistics_link_code_hash")),
    )
    op.create_index("ix_statistics_link_created_by_id", "statistics_link", ["created_by", "id"], unique=False)


def _fill() -> None:
    sqlite = op.get_context().dialect.name == "sqlite"
    month = "date(served_on, 'start of month')" if sqlite else "CAST(date_trunc('month', served_on) AS date)"
    nobody = "'00000000000000000000000000000000'" if sqlite else "CAST('00000000-0000-0000-0000-000000000000' AS uuid)"
    grouped = "served_on, area_id, area_path, organisation_id, activity_id, provenance, policy_number"
    op.execute(
        f"INSERT INTO hours_summary (grain, {_CELL}, person_times, service_minutes, credited_minutes) "  # noqa: S608 - our own constants
        f"SELECT 'day', {grouped}, {_COUNTED} FROM service_record_revision r WHERE state = 'final' AND NOT EXISTS "
        "(SELECT 1 FROM service_record_revision l WHERE l.record_id = r.record_id AND l.number = r.number + 1) "
        f"GROUP BY {grouped}"
    )
    monthly = f"{month}, area_id, area_path, organisation_id, provenance, policy_number"
    op.execute(
        "INSERT INTO hours_summary (grain, served_on, area_id, area_path, organisation_id, provenance, policy_number, "  # noqa: S608 - our own constants
        "activity_id, person_times, service_minutes, credited_minutes) "
        f"SELECT 'month', {monthly}, {nobody}, sum(person_times), sum(service_minutes), sum(credited_minutes) "
        f"FROM hours_summary WHERE grain = 'day' GROUP BY {monthly}"
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("statistics_link")
    op.drop_table("statistics_export")
    op.drop_index("ix_service_record_revision_later", table_name="service_record_revision")
    op.drop_table("hours_summary")
    op.drop_table("hours_delta")
