"""Statistics: deltas of the hour figures, and their summary, filled from the records that are there."""

import sqlalchemy as sa
from alembic import op

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
    op.drop_table("hours_summary")
    op.drop_table("hours_delta")
