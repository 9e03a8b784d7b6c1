"""The triggers alone, against the database's owner, after all migrations have run: every attack on a row is refused."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.factories.ledger import a_volunteer_with, captured, held
from tests.owner import owning
from tests.unit.ledger.looking import everything
from timebank.database import Base, db

KEYS = {
    "ledger_account": [("id",), ("kind", "owner_id")],
    "ledger_transfer": [("id",), ("kind", "phase", "source_type", "source_id"), ("resolves",), ("reverses",)],
    "ledger_entry": [("account_id", "seq")],
    "ledger_seal": [("n",)],
    "ledger_seal_leaf": [("n", "account_id")],
}
TABLES = sorted(KEYS)
BY_KEY = [(table, key) for table in TABLES for key in KEYS[table]]
COLUMNS = [(table, column.name) for table in TABLES for column in Base.metadata.tables[table].columns]


@pytest.fixture
def ledger(app: Flask) -> None:
    """A ledger with a row in every table and a value in every key."""
    owner_id = a_volunteer_with(100)
    captured(held(owner_id, 60).transfer_id, 25)
    with db.engine.begin() as connection:
        for statement in (
            f"""INSERT INTO ledger_transfer SELECT {_random_id()}, credit_id, debit_id, minutes, 8, phase, 8, id, NULL, id,
                NULL, NULL, NULL, occurred_at, recorded_at, actor_id, request_hash FROM ledger_transfer
                WHERE phase = 1 LIMIT 1""",
            "INSERT INTO ledger_seal SELECT 1, recorded_at, 1, 1, 1, hash, hash, hash FROM ledger_entry LIMIT 1",
            "INSERT INTO ledger_seal_leaf SELECT 1, account_id, seq, hash FROM ledger_entry LIMIT 1",
        ):
            connection.exec_driver_sql(statement)


def _random_id() -> str:
    return "lower(hex(randomblob(16)))" if db.engine.dialect.name == "sqlite" else "gen_random_uuid()"


def _refused(*statements: str, match: str = "append-only") -> None:
    """Run statements on a connection of their own; the last one is refused and nothing has changed."""
    before = everything()
    with owning() as engine, engine.connect() as connection:
        for preparation in statements[:-1]:
            connection.exec_driver_sql(preparation)
        with pytest.raises(DBAPIError, match=match):
            connection.exec_driver_sql(statements[-1])
        connection.rollback()
    assert everything() == before


def _forged(table: str, key: tuple[str, ...]) -> str:
    """Return a select of one stored row with its ``key`` kept and everything else in it changed."""
    values = []
    for column in Base.metadata.tables[table].columns:
        if column.name in key:
            values.append(column.name)
        elif column.name in {"id", "account_id", "owner_id", "source_id"}:
            values.append(_random_id())
        elif column.name in {"reverses", "resolves"} and table == "ledger_transfer":
            values.append("NULL")
        elif column.name in {"n", "seq", "kind"}:
            values.append(f"{column.name} + 900")
        else:
            values.append(column.name)
    whole = " AND ".join(f"{column} IS NOT NULL" for column in key)
    return f"SELECT {', '.join(values)} FROM {table} WHERE {whole} LIMIT 1"


@pytest.mark.parametrize(("table", "column"), [c for c in COLUMNS if c != ("ledger_account", "closed_at")])
def test_no_column_can_be_updated(ledger: None, table: str, column: str) -> None:
    """UPDATE is refused for every column, even to the value that is there."""
    _refused(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_deleted(ledger: None, table: str) -> None:
    """DELETE is refused."""
    _refused(f"DELETE FROM {table}")


def test_an_account_closes_once_and_for_good(ledger: None) -> None:
    """``closed_at`` is the only value that changes: once, alone, from nothing to an instant."""
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET closed_at = opened_at WHERE kind = 1"))
    _refused("UPDATE ledger_account SET closed_at = NULL WHERE kind = 1")
    _refused("UPDATE ledger_account SET closed_at = opened_at WHERE kind = 1")
    _refused("UPDATE ledger_account SET closed_at = NULL WHERE kind = 11")
    _refused("UPDATE ledger_account SET closed_at = opened_at, kind = 2 WHERE kind = 11")
    _refused("UPDATE ledger_account SET closed_at = opened_at, tracked = NOT tracked WHERE kind = 11")


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
class TestSqlite:
    """What only SQLite offers."""

    @pytest.mark.parametrize("recursive", ["ON", "OFF"])
    @pytest.mark.parametrize(("table", "key"), BY_KEY)
    def test_no_row_can_be_replaced(self, ledger: None, table: str, key: tuple[str, ...], recursive: str) -> None:
        """INSERT OR REPLACE is refused by each unique key, also without the pragma that makes deletes fire triggers."""
        _refused("COMMIT", f"PRAGMA recursive_triggers={recursive}", f"REPLACE INTO {table} {_forged(table, key)}")

    @pytest.mark.parametrize("table", TABLES)
    def test_there_is_no_hidden_key(self, ledger: None, table: str) -> None:
        """A row cannot be replaced by its rowid, because it has none."""
        _refused(f"SELECT rowid FROM {table}", match="no such column: rowid")

    @pytest.mark.parametrize(("table", "key"), BY_KEY)
    def test_no_row_can_be_upserted(self, ledger: None, table: str, key: tuple[str, ...]) -> None:
        """INSERT … ON CONFLICT DO UPDATE is refused by each unique key."""
        last = list(Base.metadata.tables[table].columns)[-1].name
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {last} = excluded.{last}"
        _refused(f"INSERT INTO {table} {_forged(table, key)} {conflict}".replace("LIMIT 1", "AND true LIMIT 1"))

    @pytest.mark.parametrize("table", TABLES)
    def test_no_row_gives_way_to_an_update(self, ledger: None, table: str) -> None:
        """UPDATE OR REPLACE, which would delete the row in its way, is refused."""
        column = KEYS[table][0][0]
        _refused(f"UPDATE OR REPLACE {table} SET {column} = (SELECT max({column}) FROM {table})")


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
class TestPostgresql:
    """What only PostgreSQL offers, to a role that may do everything but change the tables themselves."""

    @pytest.mark.parametrize("how", ["", " CASCADE"])
    @pytest.mark.parametrize("table", TABLES)
    def test_no_table_can_be_truncated(self, ledger: None, table: str, how: str) -> None:
        """TRUNCATE is refused: by the trigger, or because another table points here."""
        _refused(f"TRUNCATE {table}{how}", match="append-only|cannot truncate")

    @pytest.mark.parametrize(("table", "key"), BY_KEY)
    def test_no_row_can_be_upserted(self, ledger: None, table: str, key: tuple[str, ...]) -> None:
        """INSERT … ON CONFLICT DO UPDATE is refused by each unique key."""
        last = next(iter(Base.metadata.tables[table].columns)).name
        conflict = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {last} = excluded.{last}"
        _refused(f"INSERT INTO {table} {_forged(table, key)} {conflict}")

    @pytest.mark.parametrize(
        "attack", ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"]
    )
    @pytest.mark.parametrize("table", TABLES)
    def test_a_replica_is_guarded_too(self, ledger: None, table: str, attack: str) -> None:
        """Triggers that are ENABLE ALWAYS fire where session_replication_role silences others."""
        column = KEYS[table][0][0]
        _refused("SET session_replication_role = replica", attack.format(table=table, column=column))

    def test_every_guard_is_always_on(self, app: Flask) -> None:
        """All fifteen triggers are there and none can be silenced by a session."""
        with db.engine.connect() as connection:
            found = connection.execute(
                text(
                    "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger"
                    " WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'ledger_%'"
                )
            ).all()
        assert {(table, name) for table, name, _ in found} == {
            (table, f"{table}_no_{verb}") for table in TABLES for verb in ("update", "delete", "truncate")
        }
        assert {enabled for *_, enabled in found} <= {"A", b"A"}
