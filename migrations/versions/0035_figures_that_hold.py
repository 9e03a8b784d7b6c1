"""Shared links keep their scope, exports what they know of corrections; covering indexes for one person or organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TABLE = "service_record_revision"
_READERS = ("coordinator", "auditor", "admin")
_COVERED = ["state", "provenance", "record_id", "number", "service_minutes", "credited_minutes"]
_INDEXES = {
    "ix_service_record_revision_of_volunteer": ["volunteer_id", "served_on", *_COVERED, "expected_minutes"],
    "ix_service_record_revision_of_organisation": ["organisation_id", "served_on", *_COVERED, "volunteer_id"],
}
_REPLACED = {
    "ix_service_record_revision_volunteer_id_served_on": ["volunteer_id", "served_on"],
    "ix_service_record_revision_organisation_id_served_on": ["organisation_id", "served_on"],
}

_link = sa.table(
    "statistics_link", sa.column("id"), sa.column("created_by"), sa.column("created_at"), sa.column("scope", sa.JSON())
)
_grant = sa.table(
    "identity_grant",
    sa.column("person_id"),
    sa.column("role"),
    sa.column("organisation_id", sa.Uuid()),
    sa.column("area_path"),
    sa.column("granted_at"),
)


def upgrade() -> None:
    """Add the columns; links that are there get what their makers held when they made them, and still hold."""
    op.add_column("statistics_link", sa.Column("scope", sa.JSON(), nullable=True))
    op.add_column("statistics_export", sa.Column("changes_seen", sa.BigInteger(), nullable=True))
    connection = op.get_bind()
    for link in connection.execute(sa.select(_link)).all():
        connection.execute(sa.update(_link).where(_link.c.id == link.id).values(scope=_scope_of(connection, link)))
    _exchange(_REPLACED, _INDEXES)


def _scope_of(connection: sa.Connection, link: sa.Row) -> list[dict[str, str | None]]:
    held = sa.select(_grant).where(
        _grant.c.person_id == link.created_by, _grant.c.role.in_(_READERS), _grant.c.granted_at <= link.created_at
    )
    return [
        {
            "role": one.role,
            "organisation": None if one.organisation_id is None else str(one.organisation_id),
            "area": one.area_path,
        }
        for one in connection.execute(held)
    ]


def _exchange(old: dict[str, list[str]], new: dict[str, list[str]]) -> None:
    for name in old:
        op.drop_index(name, table_name=_TABLE)
    for name, columns in new.items():
        op.create_index(name, _TABLE, columns, unique=False)


def downgrade() -> None:
    """Take them away."""
    _exchange(_INDEXES, _REPLACED)
    op.drop_column("statistics_export", "changes_seen")
    op.drop_column("statistics_link", "scope")
