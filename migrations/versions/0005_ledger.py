"""The ledger: accounts, transfers, entries, seals; append-only on both engines.

On SQLite the tables have no rowid: it would be one more unique key, and a hidden one, for REPLACE to go by.
"""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from timebank import append_only
from timebank.database import NIL, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SYSTEM_ACCOUNTS = {
    11: "d4eb719b-cebd-5772-81f8-072ea119e91d",  # issuer
    12: "41130f99-9786-551c-a129-d2acf9a4c131",  # redeemed
    13: "98fd5ab1-a3ee-5666-8385-22ba20d5212f",  # expired
    14: "1a53010b-58fb-5870-a740-bef2ab3eb0ca",  # shortfall
}
SYSTEM_OPENED_AT = datetime(2020, 1, 1, tzinfo=UTC)
ONLY_CLOSING = "OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL"
FIXED = ("id", "kind", "owner_id", "tracked", "opened_at")
ACCOUNT_KEYS = {"pk_ledger_account": ["id"], "uq_ledger_account_kind_owner_id": ["kind", "owner_id"]}


def upgrade() -> None:
    """Create the tables, guard them, and open the system accounts."""
    account = op.create_table(
        "ledger_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("kind", "owner_id", name=op.f("uq_ledger_account_kind_owner_id")),
        sqlite_with_rowid=False,
    )
    create_transfer()
    create_entry()
    create_seals()
    guard()
    op.bulk_insert(
        account,
        [
            {
                "id": UUID(account_id),
                "kind": kind,
                "owner_id": NIL,
                "tracked": False,
                "opened_at": SYSTEM_OPENED_AT,
                "closed_at": None,
            }
            for kind, account_id in SYSTEM_ACCOUNTS.items()
        ],
    )


def create_transfer() -> None:
    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("debit_id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("phase", sa.SmallInteger(), nullable=False),
        sa.Column("source_type", sa.SmallInteger(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("resolves", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("refunds", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_ledger_transfer_minutes")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("ck_ledger_transfer_sides")),
        sa.CheckConstraint("(resolves IS NOT NULL) = (phase IN (3, 4))", name=op.f("ck_ledger_transfer_resolves")),
        sa.CheckConstraint("expires_at IS NULL OR phase = 2", name=op.f("ck_ledger_transfer_expires_at")),
        sa.CheckConstraint("length(request_hash) = 32", name=op.f("ck_ledger_transfer_request_hash")),
        sa.ForeignKeyConstraint(["resolves"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_resolves")),
        sa.ForeignKeyConstraint(["reverses"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_reverses")),
        sa.ForeignKeyConstraint(["refunds"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_refunds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        sa.UniqueConstraint(
            "kind",
            "phase",
            "source_type",
            "source_id",
            name=op.f("uq_ledger_transfer_kind_phase_source_type_source_id"),
        ),
        sa.UniqueConstraint("resolves", name=op.f("uq_ledger_transfer_resolves")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_transfer_reverses")),
        sqlite_with_rowid=False,
    )
    for columns in (["debit_id", "expires_at"], ["expires_at"]):
        op.create_index(
            f"ix_ledger_transfer_{'_'.join(columns)}",
            "ledger_transfer",
            columns,
            unique=False,
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        )


def create_entry() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("held_minutes", sa.BigInteger(), nullable=False),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column("held_after", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("held_after >= 0", name=op.f("ck_ledger_entry_held")),
        sa.CheckConstraint("balance_after >= held_after", name=op.f("ck_ledger_entry_floor")),
        sa.CheckConstraint(
            "transfer_id IS NOT NULL OR (minutes = 0 AND held_minutes = 0)", name=op.f("ck_ledger_entry_closing")
        ),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_ledger_entry_hash")),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_entry_account_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfer.id"], name=op.f("fk_ledger_entry_transfer_id")),
        sa.PrimaryKeyConstraint("account_id", "seq", name=op.f("pk_ledger_entry")),
        sqlite_with_rowid=False,
    )


def create_seals() -> None:
    op.create_table(
        "ledger_seal",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("transfers", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "length(root) = 32 AND length(previous) = 32 AND length(hash) = 32", name=op.f("ck_ledger_seal_hashes")
        ),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_ledger_seal")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ledger_seal_leaf",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(head) = 32", name=op.f("ck_ledger_seal_leaf_head")),
        sa.ForeignKeyConstraint(["n"], ["ledger_seal.n"], name=op.f("fk_ledger_seal_leaf_n")),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_seal_leaf_account_id")),
        sa.PrimaryKeyConstraint("n", "account_id", name=op.f("pk_ledger_seal_leaf")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_seal_leaf_account_id_n", "ledger_seal_leaf", ["account_id", "n"], unique=False)


def guard() -> None:
    append_only.guard(
        op,
        "ledger_transfer",
        {
            "pk_ledger_transfer": ["id"],
            "uq_ledger_transfer_kind_phase_source_type_source_id": ["kind", "phase", "source_type", "source_id"],
            "uq_ledger_transfer_resolves": ["resolves"],
            "uq_ledger_transfer_reverses": ["reverses"],
        },
    )
    append_only.guard(op, "ledger_entry", {"pk_ledger_entry": ["account_id", "seq"]})
    append_only.guard(op, "ledger_seal", {"pk_ledger_seal": ["n"]})
    append_only.guard(op, "ledger_seal_leaf", {"pk_ledger_seal_leaf": ["n", "account_id"]})
    append_only.guard(op, "ledger_account", ACCOUNT_KEYS)
    allow_closing()


def allow_closing() -> None:
    """Of an account, let ``closed_at`` change once, from NULL to an instant; everything else stays refused."""
    if op.get_context().dialect.name == "sqlite":
        same = " AND ".join(f"OLD.{column} = NEW.{column}" for column in FIXED)
        op.execute("DROP TRIGGER ledger_account_no_update")
        op.execute(
            f"CREATE TRIGGER ledger_account_no_update BEFORE UPDATE ON ledger_account "
            f"WHEN NOT ({ONLY_CLOSING} AND {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: UPDATE on ledger_account is refused'); END"
        )
        return
    same = " AND ".join(f"OLD.{column} = NEW.{column}" for column in FIXED)
    op.execute("DROP TRIGGER ledger_account_no_update ON ledger_account")
    op.execute(
        f"CREATE TRIGGER ledger_account_no_update BEFORE UPDATE ON ledger_account FOR EACH ROW "
        f"WHEN (NOT ({ONLY_CLOSING} AND {same})) EXECUTE FUNCTION refuse_change()"
    )
    op.execute("ALTER TABLE ledger_account ENABLE ALWAYS TRIGGER ledger_account_no_update")


def downgrade() -> None:
    """Drop the tables."""
    for table in ("ledger_seal_leaf", "ledger_seal", "ledger_entry", "ledger_transfer", "ledger_account"):
        op.drop_table(table)
