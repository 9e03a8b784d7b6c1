"""Two long accounts, posted as anything is posted, and copied to the other engine: both hold the same valid chains."""

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import Boolean, Column, LargeBinary, Table

from benchmarks.databases import libpq
from timebank import clock
from timebank.application import create_app
from timebank.database import NIL, UtcDateTime, db, in_unit_of_work, new_id
from timebank.ledger import groups, queries, service
from timebank.ledger.groups import Movement
from timebank.ledger.rules import ISSUER, REDEEMED, Kind, SourceType, wallet_of
from timebank.settings import Settings

SHORT, LONG = UUID(int=0x5407), UUID(int=0x1046)
"""Whose the two accounts are."""

CHUNKS = 200
MINUTES = 60
_HELD = 30
_COPIED_AT_ONCE = 5_000


def write(settings: Settings, entries: int) -> Iterator[int]:
    """Fill the long account up to ``entries`` and yield after each part how many it has; the short one comes first.

    Credits and sales by turns, in parts an hour apart; before and after them a hold, the first captured, the last open.
    """
    with create_app(settings).app_context():
        yield from _fill(LONG, entries)
        db.engine.dispose()


def fill_short(settings: Settings, entries: int) -> None:
    """Fill the short account."""
    with create_app(settings).app_context():
        for _ in _fill(SHORT, entries):
            pass
        db.engine.dispose()


def _fill(owner_id: UUID, entries: int) -> Iterator[int]:
    size = max(4, -(-entries // CHUNKS))
    began = clock.now() - timedelta(hours=CHUNKS + 1)
    done = 0
    while done < entries:
        count = min(size, entries - done)
        with clock.at(began + timedelta(hours=done // size)):
            done += _part(owner_id, count, first=not done, last=done + count == entries)
        yield done


def _part(owner_id: UUID, count: int, *, first: bool, last: bool) -> int:
    holds = 3 * first + last
    movements = [_movement(owner_id, sale=bool(number % 2)) for number in range(count - holds)]
    in_unit_of_work(lambda: groups.post_many(movements=movements, actor_id=NIL))
    if first:
        hold_id = _hold(owner_id)
        in_unit_of_work(
            lambda: service.capture(transfer_id=new_id(), hold_id=hold_id, minutes=1, source_id=new_id(), actor_id=NIL)
        )
        in_unit_of_work(lambda: groups.post_many(movements=[_movement(owner_id, sale=False)], actor_id=NIL))
    if last:
        _hold(owner_id)
    return count


def _movement(owner_id: UUID, *, sale: bool) -> Movement:
    wallet = wallet_of(owner_id)
    return Movement(
        transfer_id=new_id(),
        kind=Kind.REDEEM if sale else Kind.EARN,
        debit=wallet if sale else ISSUER,
        credit=REDEEMED if sale else wallet,
        minutes=MINUTES // 2 if sale else MINUTES,
        source_type=SourceType.REDEMPTION if sale else SourceType.SERVICE_RECORD_REVISION,
        source_id=new_id(),
    )


def _hold(owner_id: UUID) -> UUID:
    hold_id = new_id()
    in_unit_of_work(
        lambda: service.hold(
            transfer_id=hold_id,
            owner_id=owner_id,
            minutes=_HELD,
            source_id=new_id(),
            expires_at=clock.now() + timedelta(days=30),
            actor_id=NIL,
        )
    )
    return hold_id


def copy_file(source: Path, target: Path) -> None:
    """Copy a database of SQLite that nobody has open."""
    with sqlite3.connect(source) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    connection.close()
    shutil.copyfile(source, target)


def copy_to_postgres(file: Path, settings: Settings) -> None:
    """Copy the ledger's rows as they are; what foreign keys would check, the verification at the end checks."""
    with (
        sqlite3.connect(file) as source,
        psycopg.connect(libpq(settings.owner_database_url)) as target,
        target.cursor() as cursor,
    ):
        target.execute("SET session_replication_role = replica")
        for table in (queries.account, queries.transfer, queries.entry):
            target.execute(f"CREATE TEMP TABLE arriving (LIKE {table.name})".encode())
            columns = ", ".join(map(_as_text, table.columns))
            rows = source.execute(f"SELECT {columns} FROM {table.name}")
            with cursor.copy(f"COPY {'arriving' if _has_rows(table) else table.name} FROM STDIN".encode()) as copy:
                while some := rows.fetchmany(_COPIED_AT_ONCE):
                    copy.write("".join("\t".join(row) + "\n" for row in some))
            if _has_rows(table):
                target.execute(f"INSERT INTO {table.name} SELECT * FROM arriving ON CONFLICT DO NOTHING".encode())
            target.execute("DROP TABLE arriving")
    source.close()
    with psycopg.connect(libpq(settings.owner_database_url), autocommit=True) as target:
        target.execute("VACUUM ANALYZE")


def _has_rows(table: Table) -> bool:
    """Return whether a migration has put rows there: the system accounts."""
    return table is queries.account


def _as_text(column: Column[object]) -> str:
    """Return the expression that gives a column of SQLite as PostgreSQL's COPY reads it."""
    name = column.name
    match column.type:
        case LargeBinary():
            text = f"'\\\\x' || hex({name})"
        case UtcDateTime():
            text = f"{name} || '+00'"
        case Boolean():
            text = f"CASE WHEN {name} THEN 't' ELSE 'f' END"
        case _:
            text = f"CAST({name} AS TEXT)"
    return f"coalesce({text}, '\\N')"
