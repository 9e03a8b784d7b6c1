"""Waiting lists, roles, qualifications, changes and series of shifts, absences; the topics that tell of them."""

import re

import sqlalchemy as sa
from alembic import op

from timebank.append_only import guard
from timebank.database import UtcDateTime
from timebank.notifications.rules import Topic

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KINDS = (
    "'social_worker', 'doctor', 'nurse', 'care_worker', 'first_aid', 'counsellor', 'lawyer', 'teacher', 'driver', "
    "'electrician', 'lifeguard', 'food_health', 'haircut', 'cooking', 'sign_language', 'repair'"
)
STILL_WAITING = sa.text("state IN ('waiting', 'offered')")
TOPICS = ("place_offered", "place_lapsed", "shift_changed", "shift_cancelled", "no_show", "no_show_lifted")


def _added() -> dict[str, list[sa.Column[object]]]:
    """Return the new columns of each table; a Column belongs to one table only, so each call makes new ones."""
    return {
        "activity": [sa.Column("required", sa.String(length=300), nullable=True)],
        "shift": [
            sa.Column("has_roles", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
            sa.Column("changed_at", UtcDateTime(), nullable=True),
        ],
        "sign_up": [
            sa.Column("role_id", sa.Uuid(), nullable=True),
            sa.Column("withdrawn_late", sa.Boolean(), nullable=True),
        ],
    }


def upgrade() -> None:
    """Create the tables and add the columns; shifts and sign-ups that are there have no roles and nobody waiting."""
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    _roles()
    _waiting()
    _qualifications()
    _changes()
    _series()
    _absences()
    _calendars()
    _tell_of(list(Topic))


def _roles() -> None:
    op.create_table(
        "shift_role",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("required", sa.String(length=300), nullable=True),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_shift_role_capacity")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_shift_role_taken")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_role_shift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_role")),
        sa.UniqueConstraint("shift_id", "number", name=op.f("uq_shift_role_shift_id_number")),
        sa.UniqueConstraint("shift_id", "name", name=op.f("uq_shift_role_shift_id_name")),
    )


def _waiting() -> None:
    op.create_table(
        "waiting_place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("offered_at", UtcDateTime(), nullable=True),
        sa.Column("confirm_by", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("sign_up_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'accepted', 'lapsed', 'left')", name=op.f("ck_waiting_place_state")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_waiting_place_number")),
        sa.CheckConstraint("(offered_at IS NULL) = (confirm_by IS NULL)", name=op.f("ck_waiting_place_offer")),
        sa.CheckConstraint("state <> 'offered' OR confirm_by IS NOT NULL", name=op.f("ck_waiting_place_offered")),
        sa.CheckConstraint("(state = 'accepted') = (sign_up_id IS NOT NULL)", name=op.f("ck_waiting_place_accepted")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_waiting_place_shift_id")),
        sa.ForeignKeyConstraint(["role_id"], ["shift_role.id"], name=op.f("fk_waiting_place_role_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["identity_person.id"], name=op.f("fk_waiting_place_volunteer_id")),
        sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f("fk_waiting_place_sign_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_place")),
        sa.UniqueConstraint("shift_id", "number", name=op.f("uq_waiting_place_shift_id_number")),
    )
    op.create_index(
        "uq_waiting_place_live",
        "waiting_place",
        ["shift_id", "volunteer_id"],
        unique=True,
        postgresql_where=STILL_WAITING,
        sqlite_where=STILL_WAITING,
    )
    op.create_index(
        "ix_waiting_place_volunteer_id_joined_at", "waiting_place", ["volunteer_id", "joined_at"], unique=False
    )
    op.create_index(
        "ix_waiting_place_confirm_by",
        "waiting_place",
        ["confirm_by"],
        unique=False,
        postgresql_where=sa.text("state = 'offered'"),
        sqlite_where=sa.text("state = 'offered'"),
    )


def _qualifications() -> None:
    op.create_table(
        "qualification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("verified_by", sa.Uuid(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_qualification_kind")),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name=op.f("ck_qualification_days")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_qualification_person_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_qualification_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_qualification")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_qualification_person_id", "qualification", ["person_id"], unique=False)
    op.create_table(
        "qualification_end",
        sa.Column("qualification_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["qualification_id"], ["qualification.id"], name=op.f("fk_qualification_end_qualification_id")
        ),
        sa.PrimaryKeyConstraint("qualification_id", name=op.f("pk_qualification_end")),
        sqlite_with_rowid=False,
    )
    guard(op, "qualification", {"pk_qualification": ["id"]})
    guard(op, "qualification_end", {"pk_qualification_end": ["qualification_id"]})


def _changes() -> None:
    op.create_table(
        "shift_change",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("starts_before", UtcDateTime(), nullable=False),
        sa.Column("ends_before", UtcDateTime(), nullable=False),
        sa.Column("capacity_before", sa.BigInteger(), nullable=False),
        sa.Column("site_before", sa.Uuid(), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("version > 1", name=op.f("ck_shift_change_version")),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_change_shift_id")),
        sa.PrimaryKeyConstraint("shift_id", "version", name=op.f("pk_shift_change")),
        sqlite_with_rowid=False,
    )
    guard(op, "shift_change", {"pk_shift_change": ["shift_id", "version"]})


def _series() -> None:
    op.create_table(
        "shift_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("frequency", sa.String(length=8), nullable=False),
        sa.Column("every", sa.BigInteger(), nullable=False),
        sa.Column("weekdays", sa.String(length=13), nullable=True),
        sa.Column("monthly_by", sa.String(length=8), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("skips_holidays", sa.Boolean(), nullable=False),
        sa.Column("start_minute", sa.BigInteger(), nullable=False),
        sa.Column("length_minutes", sa.BigInteger(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("frequency IN ('weekly', 'monthly')", name=op.f("ck_shift_series_frequency")),
        sa.CheckConstraint("monthly_by IN ('day', 'weekday')", name=op.f("ck_shift_series_monthly_by")),
        sa.CheckConstraint("every BETWEEN 1 AND 12", name=op.f("ck_shift_series_every")),
        sa.CheckConstraint("start_minute BETWEEN 0 AND 1439", name=op.f("ck_shift_series_start_minute")),
        sa.CheckConstraint("length_minutes BETWEEN 1 AND 1440", name=op.f("ck_shift_series_length")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 10000", name=op.f("ck_shift_series_capacity")),
        sa.ForeignKeyConstraint(["activity_id"], ["activity.id"], name=op.f("fk_shift_series_activity_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_shift_series_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_series")),
    )
    op.create_index("ix_shift_series_activity_id", "shift_series", ["activity_id"], unique=False)
    op.create_table(
        "shift_occurrence",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_occurrence_shift_id")),
        sa.ForeignKeyConstraint(["series_id"], ["shift_series.id"], name=op.f("fk_shift_occurrence_series_id")),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shift_occurrence")),
        sa.UniqueConstraint("series_id", "on_day", name=op.f("uq_shift_occurrence_series_id_on_day")),
    )


def _absences() -> None:
    facts = {
        "no_show": [sa.Column("marked_at", UtcDateTime(), nullable=False)],
        "no_show_explanation": [
            sa.Column("reason", sa.String(length=500), nullable=False),
            sa.Column("explained_at", UtcDateTime(), nullable=False),
        ],
        "no_show_lift": [
            sa.Column("reason", sa.String(length=500), nullable=False),
            sa.Column("lifted_by", sa.Uuid(), nullable=False),
            sa.Column("lifted_at", UtcDateTime(), nullable=False),
        ],
    }
    for table, columns in facts.items():
        op.create_table(
            table,
            sa.Column("sign_up_id", sa.Uuid(), nullable=False),
            *columns,
            sa.ForeignKeyConstraint(["sign_up_id"], ["sign_up.id"], name=op.f(f"fk_{table}_sign_up_id")),
            sa.PrimaryKeyConstraint("sign_up_id", name=op.f(f"pk_{table}")),
            sqlite_with_rowid=False,
        )
        guard(op, table, {f"pk_{table}": ["sign_up_id"]})


def _calendars() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(person_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_calendar_feed_one_owner")),
        sa.ForeignKeyConstraint(["person_id"], ["identity_person.id"], name=op.f("fk_calendar_feed_person_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_calendar_feed_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
    )
    op.create_index("uq_calendar_feed_token_hash", "calendar_feed", ["token_hash"], unique=True)
    live = sa.text("revoked_at IS NULL")
    for owner in ("person", "organisation"):
        op.create_index(
            f"uq_calendar_feed_{owner}",
            "calendar_feed",
            [f"{owner}_id"],
            unique=True,
            sqlite_where=live,
            postgresql_where=live,
        )


def _tell_of(topics: list[Topic]) -> None:
    """Let messages and subscriptions have these topics.

    The list is read from the code, and everything else about the tables from the database: parts that are built side by
    side add topics in any order, and none takes away another's.
    """
    allowed = f"topic IN ({', '.join(repr(str(topic)) for topic in topics)})"
    for table in ("notification", "notification_subscription"):
        if op.get_context().dialect.name == "sqlite":
            _rebuild(table, allowed)
        else:
            op.drop_constraint(op.f(f"ck_{table}_topic"), table, type_="check")
            op.create_check_constraint(op.f(f"ck_{table}_topic"), table, allowed)


def _rebuild(table: str, allowed: str) -> None:
    """SQLite changes no CHECK: copy the table into one that has the new one. Nothing refers to it, no trigger guards it."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"), {"table": table}
    ).all()
    (definition,) = (sql for kind, sql in found if kind == "table")
    renamed = re.sub(rf"^CREATE TABLE \"?{table}\"?", f"CREATE TABLE {table}_anew", definition)
    op.execute(sa.text(re.sub(r"topic IN \([^)]*\)", allowed, renamed)))
    op.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")  # noqa: S608 - names of our own tables
    op.drop_table(table)
    op.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for kind, sql in found:
        if kind == "index":
            op.execute(sa.text(sql))


def downgrade() -> None:
    """Drop them, and what was told of them."""
    ours = ", ".join(repr(topic) for topic in TOPICS)
    for table in ("notification", "notification_subscription"):
        op.execute(f"DELETE FROM {table} WHERE topic IN ({ours})")  # noqa: S608 - names and topics of our own
    _tell_of([topic for topic in Topic if topic not in TOPICS])
    # What was kept for somebody who waits is free again, for nobody can confirm it any more.
    op.execute(
        "UPDATE shift SET taken = taken - (SELECT count(*) FROM waiting_place"
        " WHERE waiting_place.shift_id = shift.id AND waiting_place.state = 'offered')"
    )
    for table in (
        "calendar_feed",
        "no_show_lift",
        "no_show_explanation",
        "no_show",
        "shift_occurrence",
        "shift_series",
        "shift_change",
        "qualification_end",
        "qualification",
        "waiting_place",
        "shift_role",
    ):
        op.drop_table(table)
    for table, columns in _added().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)
