"""Verification against values in a form that no posting writes: the same to a reader, another to the database.

SQLite keeps ids and instants as text and compares them as text. An id in upper case slips past a unique key, an instant
with a T falls due on another day. PostgreSQL keeps instants that no calendar has.
"""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Boolean, Connection, DateTime, TypeDecorator, Uuid, text
from sqlalchemy.exc import DBAPIError

from tests.engines import ON_POSTGRESQL, ON_SQLITE
from tests.factories.ledger import (
    LIFE,
    a_volunteer_with,
    captured,
    earned,
    extended,
    given,
    held,
    merged,
    refunded,
    released,
    reversed_,
)
from tests.unit.ledger.sealing import sealed
from tests.unit.ledger.tampering import (
    ME,
    SOMEBODY,
    append,
    execute,
    faults_found,
    name_of_line,
    transfer_rows,
    unguarded,
)
from timebank import clock
from timebank.database import db
from timebank.ledger import proof, proof_rows
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import Fault
from timebank.ledger.rules import wallet_of
from timebank.ledger.seals import seal, seal_leaf

TABLES = (account, transfer, entry, seal, seal_leaf)
FORMS: dict[type, dict[str, str]] = {
    Uuid: {
        "upper case": "upper({})",
        "with hyphens": "substr({0}, 1, 8) || '-' || substr({0}, 9)",
        "with a blank": "{} || ' '",
        "a blob": "CAST({} AS BLOB)",
    },
    DateTime: {
        "with a T": "replace({}, ' ', 'T')",
        "with a zone": "{} || '+00:00'",
        "to the second": "substr({}, 1, 19)",
        "a blob": "CAST({} AS BLOB)",
    },
    Boolean: {"another truth": "{} * 2"},
}


@pytest.fixture
def related(app: Flask) -> None:
    """A ledger in which every column that may be empty is used, and sealed."""
    earned(ME, 500)
    refunded(captured(held(ME, 100).transfer_id, 60).transfer_id, 10)
    released(extended(held(ME, 20).transfer_id, expires_at=clock.now() + 2 * LIFE).transfer_id)
    reversed_(earned(ME, 90).transfer_id)
    given(ME, SOMEBODY, 5)
    held(ME, 7)
    merged(a_volunteer_with(30), SOMEBODY)
    sealed()
    assert proof.verify().ok


def _changes() -> list[tuple[str, str, str]]:
    """Return table, column and how its values look in another form, for every column that has one."""
    found = []
    for column in (column for table in TABLES for column in table.columns):
        kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
        forms = [form for of, some in FORMS.items() if isinstance(kind, of) for form in some.values()]
        found += [(column.table.name, column.name, form.format(column.name)) for form in forms]
    return found


def _exchange(connection: Connection, table: str, column: str, old: Any, new: Any) -> None:
    connection.exec_driver_sql(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))
    connection.commit()


@ON_SQLITE
def test_any_value_in_another_form(related: None) -> None:
    """Column by column: in a form that reads the same, the ledger does not verify; put back, it does."""
    believed, tried = [], set()
    with unguarded() as connection:
        for table, column, form in _changes():
            look = f"SELECT {column}, {form} FROM {table} WHERE {column} IS NOT {form} LIMIT 1"
            for old, new in connection.exec_driver_sql(look).all():
                tried.add((table, column))
                _exchange(connection, table, column, old, new)
                if proof.verify().ok:
                    believed.append((table, column, form))
                _exchange(connection, table, column, new, old)
    assert believed == []
    assert tried == {(table, column) for table, column, _ in _changes()}
    assert proof.verify().ok


@ON_SQLITE
def test_a_transfer_and_its_lines_in_another_form(related: None) -> None:
    """Both sides of a join in upper case still find each other, and are no ids of ours."""
    transfer_id = transfer_rows()[-1].id.hex
    for table, column in (("ledger_transfer", "id"), ("ledger_entry", "transfer_id")):
        execute(text(f"UPDATE {table} SET {column} = upper({column}) WHERE {column} = '{transfer_id}'"))
    assert Fault.UNREADABLE in faults_found()


@ON_SQLITE
def test_rubbish_in_a_seal(related: None) -> None:
    """Numbers where bytes belong, and the other way round, end verification as a finding."""
    for column in (one.name for one in seal.columns):
        for rubbish in ("5", "1000000000000", "'text'", "2.5", "x'00'", "x'0000000000000000000000000000000000'"):
            with unguarded() as connection:
                kept = connection.exec_driver_sql(f"SELECT {column} FROM ledger_seal").scalar_one()
                connection.exec_driver_sql(f"UPDATE ledger_seal SET {column} = {rubbish}")
            assert faults_found(), (column, rubbish)
            with unguarded() as connection:
                connection.exec_driver_sql(f"UPDATE ledger_seal SET {column} = ?", (kept,))


@ON_POSTGRESQL
@pytest.mark.parametrize("instant", ["infinity", "-infinity", "294276-12-31 23:59:59Z", "0044-03-15 00:00:00Z BC"])
def test_an_instant_that_no_calendar_has(related: None, instant: str) -> None:
    """PostgreSQL keeps what Python has no value for; it is a finding, and not a crash."""
    for table, column in ((one.name, column) for one in TABLES for column in one.columns):
        if isinstance(column.type, TypeDecorator) and column.name != "closed_at":
            name, row = column.name, f"{column.name} = (SELECT max({column.name}) FROM {table})"
            with unguarded() as connection:
                look = f"SELECT {name}::text FROM {table} WHERE {row}"
                kept = connection.exec_driver_sql(look).scalars().first()
                connection.exec_driver_sql(f"UPDATE {table} SET {name} = '{instant}' WHERE {row}")
            assert faults_found(), (table, name)
            with unguarded() as connection:
                back = f"UPDATE {table} SET {name} = '{kept}' WHERE {name} = '{instant}'"
                connection.exec_driver_sql(back)
    assert proof.verify().ok


def test_a_gap_where_a_part_of_the_rows_ends(related: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come in parts; a line that is missing between two of them, or a part of one row, is missing all the same."""
    execute(entry.delete().where(entry.c.account_id == wallet_of(ME).id, entry.c.seq == 5))
    for at_once in (1, 2, 3, 4):
        monkeypatch.setattr(proof_rows, "AT_ONCE", at_once)
        assert faults_found()[Fault.ENTRY_SEQ] == name_of_line(6)


def test_a_gift_twice_in_what_a_seal_does_not_cover(related: None) -> None:
    """Both lines of a sealed gift once more, hashes made to fit: the sum agrees, its transfer does not."""
    gift = given(ME, SOMEBODY, 5).transfer_id
    sealed()
    row = next(row for row in transfer_rows() if row.id == gift)
    append(ME, row, minutes=-5, recorded_at=row.recorded_at)
    append(SOMEBODY, row, minutes=5, recorded_at=row.recorded_at)
    assert faults_found() == {Fault.TRANSFER_ENTRIES: f"ledger_transfer {gift}"}
    since = proof.verify(since_seal=2)
    assert {fault: found.row for fault, found in since.findings.items()} == {
        Fault.TRANSFER_ENTRIES: f"ledger_transfer {gift}"
    }


_OTHERS_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@ON_POSTGRESQL
@pytest.mark.parametrize("count", [1, 3])
def test_a_connection_that_dies_while_rows_are_fetched_ahead(
    related: None, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Verification ends with the driver's word for it, neither with a finding nor as if it had seen everything."""
    monkeypatch.setattr(proof_rows, "AT_ONCE", 2)
    rows = 0

    def die(more: int) -> None:
        nonlocal rows
        rows += more
        if rows >= 2 * count:
            with db.engine.connect() as other:
                other.execute(_OTHERS_END)

    with pytest.raises(DBAPIError):
        proof.verify(die)
