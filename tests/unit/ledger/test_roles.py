"""PostgreSQL's roles as they are set up in production, and what the application's own may not do: change a row.

Every attack runs as the application's role with a session of its own; whatever it says, the ledger stays as it was.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence

import flask_migrate
import psycopg
import pytest
from sqlalchemy import select

from tests.production import Bank, as_role
from timebank import append_only, serving
from timebank.application import create_app
from timebank.database import Base, db, in_unit_of_work, session
from timebank.ledger import doctor, proof
from timebank.ledger.models import Account
from timebank.ledger.roles import AUDITOR
from timebank.settings import UnsafeSettings

GUARDED = append_only.tables(Base.metadata)
PERSONAL = (
    "identity_",
    "idempotent_reply",
    "gift",
    "merge_",
    "pool_application",
    "notification",
    "wechat_token",
    "free_quota_",
    "shop_proxy",
    "certificate_issuer",
    "certificate_names",
)
LEDGER = [table.name for table in GUARDED if table.name.startswith("ledger_")]
COLUMNS = [
    (table.name, column.name)
    for table in GUARDED
    for column in table.columns
    if column.name not in append_only.changing_columns(table)
]
DENIED = r"permission denied|must be owner|must be superuser|privileges of"


def _everything(production: Bank) -> list[list[tuple[object, ...]]]:
    """Return all rows of the ledger and its triggers, as the administrator sees them."""
    with production.connect() as administrator:
        rows = [administrator.execute(f"SELECT * FROM {table} ORDER BY 1, 2".encode()).fetchall() for table in LEDGER]
        triggers = administrator.execute("SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1").fetchall()
    return [*rows, triggers]


def _refused(production: Bank, *statements: str, match: str = DENIED) -> None:
    """Run statements as the application's role in one transaction; the last one is refused and nothing has changed."""
    _all_refused(production, [statements], match=match)


def _all_refused(production: Bank, attacks: Iterable[Sequence[str]], *, match: str = DENIED) -> None:
    """Run attacks, each in a transaction of its own; the last statement of each is refused and nothing has changed."""
    before = _everything(production)
    with production.connect(production.roles.app) as attacker:
        answers = {attack[-1]: _answer(attacker, attack) for attack in attacks}
    assert {attack: answer for attack, answer in answers.items() if not re.search(match, answer)} == {}
    assert _everything(production) == before


def _answer(attacker: psycopg.Connection, attack: Sequence[str]) -> str:
    """Return what PostgreSQL says to the last statement of an attack: nothing, if it lets it pass."""
    try:
        for preparation in attack[:-1]:
            attacker.execute(preparation.encode())
        try:
            attacker.execute(attack[-1].encode())
        except psycopg.Error as error:
            return str(error)
        return ""
    finally:
        attacker.rollback()


def test_no_column_is_updated(production: Bank) -> None:
    """UPDATE is denied for every column of every append-only table but ``closed_at`` of an account."""
    _all_refused(production, [(f"UPDATE {table} SET {column} = {column}",) for table, column in COLUMNS])


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM {table}",
        "DELETE FROM ONLY {table} WHERE false",
        "TRUNCATE {table}",
        "TRUNCATE {table} CASCADE",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} DISABLE TRIGGER {table}_no_update",
        "ALTER TABLE {table} ENABLE REPLICA TRIGGER {table}_no_update",
        "ALTER TABLE {table} RENAME TO gone",
        "ALTER TABLE {table} ADD COLUMN forged int",
        "ALTER TABLE {table} OWNER TO CURRENT_USER",
        "DROP TRIGGER {table}_no_delete ON {table}",
        "DROP TABLE {table} CASCADE",
        "CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "CREATE TRIGGER quiet BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "GRANT UPDATE ON {table} TO PUBLIC",
        "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
        "CREATE INDEX ON {table} ((1))",
    ],
)
def test_no_table_is_emptied_or_disarmed(production: Bank, attack: str) -> None:
    """Neither rows nor triggers, rules, rights or the table itself are the application's to remove, of no table."""
    attacks = [(attack.format(table=table.name),) for table in GUARDED]
    if attack.startswith("GRANT"):  # PostgreSQL only warns of a grant that grants nothing
        granted = [
            (grant, f"UPDATE {table.name} SET {GUARDED[0].name} = 1")
            for (grant,), table in zip(attacks, GUARDED, strict=True)
        ]
        _all_refused(production, granted, match=r"column|denied")
    else:
        _all_refused(production, attacks)


DETOURS = {
    "replica role": "SET session_replication_role = replica",
    "upsert of an entry": "INSERT INTO ledger_entry SELECT * FROM ledger_entry ON CONFLICT (account_id, seq) DO UPDATE SET minutes = 9",
    "upsert of a transfer": "INSERT INTO ledger_transfer SELECT * FROM ledger_transfer ON CONFLICT (id) DO UPDATE SET minutes = 9",
    "upsert of an account": "INSERT INTO ledger_account SELECT * FROM ledger_account ON CONFLICT (id) DO UPDATE SET kind = 2",
    "merge update": "MERGE INTO ledger_entry e USING ledger_transfer t ON e.transfer_id = t.id WHEN MATCHED THEN UPDATE SET minutes = 9",
    "merge delete": "MERGE INTO ledger_entry e USING ledger_transfer t ON e.transfer_id = t.id WHEN MATCHED THEN DELETE",
    "with delete": "WITH gone AS (DELETE FROM ledger_entry RETURNING *) SELECT * FROM gone",
    "with update": "WITH more AS (UPDATE ledger_entry SET minutes = 9 RETURNING *) INSERT INTO ledger_entry SELECT * FROM more",
    "do delete": "DO $$ BEGIN DELETE FROM ledger_entry; END $$",
    "do alter": "DO $$ BEGIN EXECUTE 'ALTER TABLE ledger_entry DISABLE TRIGGER ALL'; END $$",
    "function": "CREATE FUNCTION wipe() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM ledger_entry'",
    "temporary function": "CREATE FUNCTION pg_temp.wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM ledger_entry'",
    "another guard": "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "no guard": "DROP FUNCTION refuse_change() CASCADE",
    "view": "CREATE VIEW better AS SELECT * FROM ledger_entry",
    "table": "CREATE TABLE shadow (LIKE ledger_entry)",
    "shadow": "CREATE TEMP TABLE ledger_entry (account_id uuid)",
    "schema": "CREATE SCHEMA mine",
    "no schema": "DROP SCHEMA public CASCADE",
    "catalogue delete": "DELETE FROM pg_trigger",
    "catalogue update": "UPDATE pg_trigger SET tgenabled = 'D'",
    "lock a line for an update": "SELECT * FROM ledger_entry FOR UPDATE",
    "lock a line": "SELECT * FROM ledger_transfer FOR KEY SHARE",
    "copy over": "COPY ledger_entry FROM '/etc/hostname'",
    "program": "COPY ledger_entry FROM PROGRAM 'true'",
    "file": "SELECT lo_import('/etc/hostname')",
    "revision": "UPDATE alembic_version SET version_num = '0000'",
    "new superuser": "CREATE ROLE mine SUPERUSER",
    "superuser oneself": "ALTER ROLE CURRENT_USER SUPERUSER",
    "event trigger": "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION refuse_change()",
}


@pytest.mark.parametrize("statement", DETOURS.values(), ids=DETOURS.keys())
def test_no_detour_leads_to_a_row(production: Bank, statement: str) -> None:
    """Replica role, upsert, MERGE, CTE, functions, views, shadows, the catalogue, powers of one's own: all denied."""
    _refused(production, statement)


def test_a_lock_opens_no_door(production: Bank) -> None:
    """An account may be locked, as every posting does; nothing of it can be changed under the lock."""
    lock = "SELECT * FROM ledger_account FOR UPDATE"
    for column in ("id", "kind", "owner_id", "tracked", "opened_at"):
        _refused(production, lock, f"UPDATE ledger_account SET {column} = {column}")
    _refused(production, lock, "DELETE FROM ledger_account")


@pytest.mark.parametrize("table", ["ledger_account", "ledger_transfer", "ledger_entry"])
def test_rows_that_are_copied_in_replace_none(production: Bank, table: str) -> None:
    """COPY only adds rows: under a key that is there it is refused like any other insert."""
    before = _everything(production)
    with production.connect(production.roles.app) as attacker:
        rows = attacker.execute(f"SELECT * FROM {table}".encode()).fetchall()
        with pytest.raises(psycopg.errors.UniqueViolation):
            _copy_in(attacker, table, rows)
    assert _everything(production) == before


def _copy_in(connection: psycopg.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def test_a_closed_account_stays_closed(production: Bank) -> None:
    """The one column that the application may change, it may change once, alone, from nothing to an instant."""
    closing = "UPDATE ledger_account SET closed_at = opened_at"
    _refused(production, closing, "UPDATE ledger_account SET closed_at = NULL", match="append-only")
    _refused(production, closing, closing, match="append-only")
    _refused(production, f"{closing}, kind = 2")


def test_no_other_role_is_at_hand(production: Bank) -> None:
    """The application's role can become neither the owner nor the administrator."""
    for role in (production.roles.owner, str(production.url.username)):
        _refused(production, f'SET ROLE "{role}"')
        _refused(production, f'SET SESSION AUTHORIZATION "{role}"')


def test_replica_role_granted_by_mistake_opens_no_door(production: Bank) -> None:
    """Even a session in the replica role, which somebody has given away, meets triggers that are ENABLE ALWAYS."""
    with production.connect() as administrator:
        administrator.execute("SET session_replication_role = replica")
        for statement in (
            "UPDATE ledger_entry SET minutes = 9",
            "DELETE FROM ledger_entry",
            "TRUNCATE ledger_seal_leaf",
        ):
            with pytest.raises(psycopg.Error, match="append-only"), administrator.transaction():
                administrator.execute(statement.encode())


def test_the_application_s_role_can_do_its_work(production: Bank) -> None:
    """It has posted, locked and released above; it closes an account; the ledger verifies; the doctor finds nothing."""
    with production.app.app_context():
        assert proof.verify().ok
        in_unit_of_work(lambda: session.execute(select(Account).with_for_update(key_share=True)).all())
        checks = doctor.examine(head=production.app.extensions["timebank-migration-head"])
        assert [check.line() for check in checks if not check.ok] == []
        doctor.refuse_powerful_role()
        session.remove()
        db.engine.dispose()


def test_auditors_read_and_do_nothing_else(production: Bank) -> None:
    """An auditor reads the ledger and the shelves, changes nothing, and sees neither credentials nor names."""
    with production.connect() as session_of_auditor:
        session_of_auditor.execute(f"SET ROLE {AUDITOR}".encode())
        for table in Base.metadata.sorted_tables:
            personal = table.name.startswith(PERSONAL)
            assert _may(session_of_auditor, table.name, "SELECT") is not personal
            assert not any(_may(session_of_auditor, table.name, verb) for verb in ("INSERT", "UPDATE", "DELETE"))


def test_no_auditor_becomes_the_application(production: Bank) -> None:
    """Migrations that run with an auditor's URL in the application's place grant them nothing."""
    settings = dataclasses.replace(
        production.settings(production.roles.app), database_url=as_role(production.url, AUDITOR)
    )
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
        db.engine.dispose()
    with production.connect() as administrator:
        administrator.execute(f"SET ROLE {AUDITOR}".encode())
        assert not _may(administrator, "ledger_transfer", "INSERT")


def _may(connection: psycopg.Connection, table: str, privilege: str) -> bool:
    row = connection.execute("SELECT has_table_privilege(%s, %s)", (table, privilege)).fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize("role", ["owner", "administrator"])
def test_in_production_no_owner_serves(production: Bank, role: str) -> None:
    """A server whose role owns a ledger table, or is a superuser, ends before it listens, with one clear line."""
    name = production.roles.owner if role == "owner" else str(production.url.username)
    with pytest.raises(UnsafeSettings, match=f"TIMEBANK_DATABASE_URL: the role {name} (owns ledger_|is a superuser)"):
        _serve(production, name)


def test_in_production_the_application_s_role_serves(production: Bank) -> None:
    """The same check lets the application's role through."""
    _serve(production, production.roles.app)


def _serve(production: Bank, role: str) -> None:
    app = create_app(production.settings(role))
    with app.app_context():
        try:
            serving.refuse_powerful_role(app)
        finally:
            db.engine.dispose()
