"""Barcodes of packs, the topic that tells of a recall, and the category of lines from before limits."""

import re

import sqlalchemy as sa
from alembic import op

from timebank.notifications.rules import Topic

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table with the barcodes there are, give every line its category, allow the topic."""
    op.create_table(
        "goods_barcode",
        sa.Column("code", sa.String(length=14), nullable=False),
        sa.Column("goods_id", sa.Uuid(), nullable=False),
        sa.Column("pieces", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("pieces > 0", name=op.f("ck_goods_barcode_pieces")),
        sa.ForeignKeyConstraint(["goods_id"], ["goods.id"], name=op.f("fk_goods_barcode_goods_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_goods_barcode")),
    )
    op.create_index(op.f("ix_goods_barcode_goods_id"), "goods_barcode", ["goods_id"], unique=False)
    op.execute("INSERT INTO goods_barcode SELECT ean13, id, 1 FROM goods WHERE ean13 IS NOT NULL")
    # Lines from before limits had none: what goods are called later must not change what was counted.
    op.execute(
        "UPDATE redemption_line SET category = (SELECT goods.category FROM goods"
        " WHERE goods.id = redemption_line.goods_id) WHERE category IS NULL"
    )
    _tell_of(list(Topic))


def _tell_of(topics: list[Topic]) -> None:
    """Let messages and subscriptions have these topics; the list is the code's, everything else the database's."""
    allowed = f"topic IN ({', '.join(repr(str(topic)) for topic in topics)})"
    for table in ("notification", "notification_subscription"):
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
    """Drop it, and what was told of recalls; the categories stay."""
    for table in ("notification", "notification_subscription"):
        op.execute(f"DELETE FROM {table} WHERE topic = 'goods_recalled'")  # noqa: S608 - names of our own tables
    _tell_of([topic for topic in Topic if topic is not Topic.GOODS_RECALLED])
    op.drop_table("goods_barcode")
