"""Waiting lists, roles, qualifications; the topics that tell of them."""

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
    for table in ("qualification_end", "qualification", "waiting_place", "shift_role"):
        op.drop_table(table)
    for table, columns in _added().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)
