"""The topics that tell of a guardian's request for a ward's erasure, and that it has lapsed."""

import re

import sqlalchemy as sa
from alembic import op

from timebank.notifications.rules import Topic

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TOPICS = ("erasure_asked", "erasure_lapsed")
TABLES = ("notification", "notification_subscription")


def upgrade() -> None:
    """Allow the topics."""
    _tell_of(list(Topic))


def _tell_of(topics: list[Topic]) -> None:
    """Let messages and subscriptions have these topics; the list is the code's, everything else the database's."""
    allowed = f"topic IN ({', '.join(repr(str(topic)) for topic in topics)})"
    for table in TABLES:
        if op.get_context().dialect.name == "sqlite":
            _rebuild(table, allowed)
        else:
            op.drop_constraint(op.f(f"ck_{table}_topic"), table, type_="check")
            op.create_check_constraint(op.f(f"ck_{table}_topic"), table, allowed)


def _rebuild(table: str, allowed: str) -> None:
    """SQLite changes no CHECK: copy the table into one that has the new one. Nothing refers to it, no trigger guards it."""
    found = (
        op.get_bind()
        .execute(
            sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"),
            {"table": table},
        )
        .all()
    )
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
    """Drop what was told of them, and the topics."""
    ours = ", ".join(repr(topic) for topic in TOPICS)
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE topic IN ({ours})")  # noqa: S608 - names and topics of our own
    _tell_of([topic for topic in Topic if topic not in TOPICS])
