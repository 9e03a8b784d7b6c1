"""Somebody who owns the database: guards, checks and foreign keys gone, rows written at will, hashes made to fit."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, insert, select, text

from tests.owner import owning
from timebank.database import db, is_sqlite, new_id
from timebank.ledger import chain, proof, queries
from timebank.ledger.chain import EntryRow, TransferRow
from timebank.ledger.report import Fault
from timebank.ledger.rules import REDEEMED, Kind, Phase, SourceType, debit_effect, wallet_of

ME, SOMEBODY = UUID(int=0xA11CE), UUID(int=0xB0B)

_GUARDS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%'",
    "postgresql": (
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint"
        " WHERE conrelid::regclass::text LIKE 'ledger_%' AND contype IN ('c', 'f') UNION ALL"
        " SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger"
        " WHERE tgrelid::regclass::text LIKE 'ledger_%' AND NOT tgisinternal"
    ),
}


@contextmanager
def unguarded() -> Iterator[Connection]:
    """Yield a connection to which nothing is forbidden; commit what it did."""
    with owning() as engine, engine.connect() as connection:
        if is_sqlite():
            connection.exec_driver_sql("COMMIT")
            for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql("BEGIN")
        for (statement,) in connection.execute(text(_GUARDS[db.engine.dialect.name])).all():
            connection.exec_driver_sql(statement)
        yield connection
        connection.commit()


def execute(statement: Any, parameters: Any = None) -> None:
    """Run one statement against all rules."""
    with unguarded() as connection:
        connection.execute(statement, parameters)


def transfer_rows() -> list[TransferRow]:
    """Return all transfers, oldest first."""
    with db.engine.connect() as connection:
        rows = connection.execute(select(queries.transfer).order_by(queries.transfer.c.recorded_at))
        return [TransferRow._make(row) for row in rows]


def chain_of(owner_id: UUID) -> list[EntryRow]:
    """Return the lines of a wallet, oldest first."""
    wallet_id = wallet_of(owner_id).id
    lines = select(queries.entry).where(queries.entry.c.account_id == wallet_id).order_by(queries.entry.c.seq)
    with db.engine.connect() as connection:
        return [EntryRow._make(row) for row in connection.execute(lines)]


def forge(owner_id: UUID, minutes: int = 10, *, entry: dict[str, Any] | None = None, **transfer: Any) -> TransferRow:
    """Append a sale to a wallet with a hash that fits, but with some columns as given: nothing else gives it away."""
    last = chain_of(owner_id)[-1]
    hold_minutes = transfer.pop("hold_minutes", 0)
    row = TransferRow(
        **{
            "id": new_id(),
            "debit_id": last.account_id,
            "credit_id": REDEEMED.id,
            "minutes": minutes,
            "kind": int(Kind.REDEEM),
            "phase": int(Phase.SINGLE),
            "source_type": int(SourceType.REDEMPTION),
            "source_id": new_id(),
            "resolves": None,
            "reverses": None,
            "refunds": None,
            "batch_id": None,
            "expires_at": None,
            "occurred_at": last.recorded_at,
            "recorded_at": last.recorded_at + timedelta(seconds=1),
            "actor_id": new_id(),
            "request_hash": bytes(32),
        }
        | transfer
    )
    moved = debit_effect(Phase(row.phase), row.minutes, hold_minutes) if row.phase in set(Phase) else (0, 0)
    line = {"minutes": moved[0], "held_minutes": moved[1], "recorded_at": row.recorded_at} | (entry or {})
    append(owner_id, row, **line)
    execute(insert(queries.transfer), row._asdict())
    return row


def append(owner_id: UUID, transfer: TransferRow | None, **columns: Any) -> None:
    """Append a line to a wallet with a hash that fits."""
    last = chain_of(owner_id)[-1]
    values: dict[str, Any] = {
        "account_id": last.account_id,
        "seq": last.seq + 1,
        "transfer_id": transfer.id if transfer else None,
        "minutes": 0,
        "held_minutes": 0,
        "recorded_at": last.recorded_at,
        "hash": chain.NO_HASH,
    } | columns
    values.setdefault("balance_after", last.balance_after + values["minutes"])
    values.setdefault("held_after", last.held_after + values["held_minutes"])
    line = EntryRow(**values)
    line = line._replace(hash=chain.entry_hash(line, transfer, last.hash))
    execute(insert(queries.entry), line._asdict())


def faults_found() -> dict[Fault, str]:
    """Verify, expecting faults; return the first row of each."""
    report = proof.verify()
    assert not report.ok
    return {fault: finding.row for fault, finding in report.findings.items()}


def line_of_mine(seq: int) -> ColumnElement[bool]:
    """Return the condition that an entry is the one with that number in my wallet."""
    return and_(queries.entry.c.account_id == wallet_of(ME).id, queries.entry.c.seq == seq)


def name_of_line(seq: int, owner_id: UUID = ME) -> str:
    """Return how verification names a line of a wallet."""
    return f"ledger_entry {wallet_of(owner_id).id}/{seq}"
