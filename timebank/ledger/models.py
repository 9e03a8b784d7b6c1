"""Tables of the ledger. Nothing in them is ever updated but ``Account.closed_at``, once; the database enforces it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from timebank.append_only import CHANGES_ONCE, WITHOUT_ROWID
from timebank.constraints import retry_on
from timebank.database import Base


class Account(Base):
    """Something that minutes move between. Owner of a system account is the nil UUID, of a pool its area."""

    __tablename__ = "ledger_account"
    __table_args__ = (UniqueConstraint("kind", "owner_id"), WITHOUT_ROWID)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(SmallInteger)
    owner_id: Mapped[UUID]
    tracked: Mapped[bool]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(info=CHANGES_ONCE)


class Transfer(Base):
    """Minutes that move from one account to another: balanced, because one row names both sides.

    ``id`` is the caller's; ``debit_id`` gives and falls, ``credit_id`` receives and rises. The two have no foreign key:
    PostgreSQL would lock the issuer's row with every posting, and verify checks them.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("debit_id <> credit_id", name="sides"),
        CheckConstraint("(resolves IS NOT NULL) = (phase IN (3, 4))", name="resolves"),
        CheckConstraint("expires_at IS NULL OR phase = 2", name="expires_at"),
        CheckConstraint("length(request_hash) = 32", name="request_hash"),
        UniqueConstraint("kind", "phase", "source_type", "source_id"),
        UniqueConstraint("resolves"),
        UniqueConstraint("reverses"),
        Index(
            "ix_ledger_transfer_debit_id_expires_at",
            "debit_id",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        Index(
            "ix_ledger_transfer_expires_at",
            "expires_at",
            sqlite_where=text("expires_at IS NOT NULL"),
            postgresql_where=text("expires_at IS NOT NULL"),
        ),
        WITHOUT_ROWID,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debit_id: Mapped[UUID]
    credit_id: Mapped[UUID]
    minutes: Mapped[int]
    kind: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[int] = mapped_column(SmallInteger)
    source_type: Mapped[int] = mapped_column(SmallInteger)
    source_id: Mapped[UUID]
    resolves: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    reverses: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    refunds: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    batch_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor_id: Mapped[UUID]
    request_hash: Mapped[bytes]


class Entry(Base):
    """One line of a tracked account, chained to the line before it. Its last line is the account's balance."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("held_after >= 0", name="held"),
        CheckConstraint("balance_after >= held_after", name="floor"),
        CheckConstraint("transfer_id IS NOT NULL OR (minutes = 0 AND held_minutes = 0)", name="closing"),
        CheckConstraint("length(hash) = 32", name="hash"),
        WITHOUT_ROWID,
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    minutes: Mapped[int]
    held_minutes: Mapped[int]
    balance_after: Mapped[int]
    held_after: Mapped[int]
    recorded_at: Mapped[datetime]
    hash: Mapped[bytes]


class Seal(Base):
    """A Merkle root over the heads of all tracked accounts, chained to the seal before it."""

    __tablename__ = "ledger_seal"
    __table_args__ = (
        CheckConstraint("length(root) = 32 AND length(previous) = 32 AND length(hash) = 32", name="hashes"),
        WITHOUT_ROWID,
    )

    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    accounts: Mapped[int]
    entries: Mapped[int]
    transfers: Mapped[int]
    root: Mapped[bytes]
    previous: Mapped[bytes]
    hash: Mapped[bytes]


class SealLeaf(Base):
    """The head of one account in a seal; only accounts whose head has moved since the seal before."""

    __tablename__ = "ledger_seal_leaf"
    __table_args__ = (
        CheckConstraint("length(head) = 32", name="head"),
        Index("ix_ledger_seal_leaf_account_id_n", "account_id", "n"),
        WITHOUT_ROWID,
    )

    n: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_seal.n"), primary_key=True, autoincrement=False)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_account.id"), primary_key=True)
    seq: Mapped[int]
    head: Mapped[bytes]


# Somebody else was first: with the same id, at the same place of a chain, or at opening the account.
retry_on("pk_ledger_transfer", "pk_ledger_entry", "pk_ledger_account", "uq_ledger_account_kind_owner_id")
