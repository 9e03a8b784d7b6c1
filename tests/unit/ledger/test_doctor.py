"""`timebank ledger doctor`: nothing to say about a whole database, and the name of whatever is missing."""

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Table, event

from tests.engines import ON_SQLITE
from tests.owner import as_owner
from tests.production import Bank
from timebank import append_only, serving
from timebank.application import create_app
from timebank.commands import cli
from timebank.database import Base, db, session
from timebank.settings import Settings, UnsafeSettings


def _examined(app: Flask) -> Result:
    with app.app_context():  # whichever application a fixture may have put in force before
        result: Result = app.test_cli_runner().invoke(cli, ["ledger", "doctor"])
    return result


@pytest.fixture
def bank_in_a_file(app: Flask, settings: Settings) -> Iterator[Flask]:
    """An application on SQLite as it is run: durable, with its authorizer."""
    session.remove()
    made = create_app(settings)
    with made.app_context():
        yield made
        session.remove()
        db.engine.dispose()


@ON_SQLITE
class TestSqlite:
    """On the embedded database."""

    def test_a_whole_database_is_whole(self, bank_in_a_file: Flask) -> None:
        """Exit 0, and one line for each promise."""
        result = _examined(bank_in_a_file)
        assert result.exit_code == 0, result.output
        assert [line.split()[1] for line in result.output.splitlines()[:-1]] == [
            "migrations:",
            "triggers:",
            "settings:",
            "authorizer:",
        ]

    @pytest.mark.parametrize("table", append_only.tables(Base.metadata), ids=lambda table: table.name)
    def test_each_missing_trigger_is_named(self, bank_in_a_file: Flask, table: Table) -> None:
        """Whatever is missing of whichever table, and nothing else."""
        for name in (f"{table.name}_no_update", f"{table.name}_no_delete", f"pk_{table.name}_no_replace"):
            as_owner(f"DROP TRIGGER {name}")
            result = _examined(bank_in_a_file)
            assert result.exit_code == 1
            assert f"trigger {name} on {table.name}" in result.output
        assert result.output.count("trigger ") == 3

    def test_a_trigger_that_does_nothing_is_missing(self, bank_in_a_file: Flask) -> None:
        """A name alone guards nothing."""
        name = "ledger_entry_no_update"
        as_owner(f"DROP TRIGGER {name}", f"CREATE TRIGGER {name} BEFORE UPDATE ON ledger_entry BEGIN SELECT 1; END")
        assert f"trigger {name} on ledger_entry" in _examined(bank_in_a_file).output

    def test_migrations_that_are_due_are_named(self, bank_in_a_file: Flask) -> None:
        """An older revision, and a database without any."""
        as_owner("UPDATE alembic_version SET version_num = '0001'")
        assert "at 0001, 0" in _examined(bank_in_a_file).output
        as_owner("DROP TABLE alembic_version")
        result = _examined(bank_in_a_file)
        assert (result.exit_code, "nothing, 0" in result.output) == (1, True)

    @pytest.mark.parametrize(
        ("pragma", "found"),
        [
            ("synchronous = NORMAL", "synchronous is 1, not 2"),
            ("recursive_triggers = OFF", "recursive_triggers is 0, not 1"),
            ("foreign_keys = OFF", "foreign_keys is 0, not 1"),
        ],
    )
    def test_a_weakened_connection_is_named(self, bank_in_a_file: Flask, pragma: str, found: str) -> None:
        """Settings are looked at on a connection as the application has it; so is the authorizer."""

        @event.listens_for(db.engine, "connect")
        def weaken(connection: Any, _record: object) -> None:
            connection.set_authorizer(None)
            connection.execute(f"PRAGMA {pragma}").close()

        result = _examined(bank_in_a_file)
        assert result.exit_code == 1
        assert found in result.output
        assert "authorizer: not on this connection" in result.output


class TestPostgresql:
    """On PostgreSQL, as it is set up in production."""

    def test_a_whole_database_is_whole(self, production: Bank) -> None:
        """Exit 0 as the application's role."""
        result = _examined(production.app)
        assert result.exit_code == 0, result.output
        assert "appends" in result.output

    @pytest.mark.parametrize(
        ("wound", "cure", "named"),
        [
            (
                "ALTER TABLE scan DISABLE TRIGGER scan_no_delete",
                "ALTER TABLE scan ENABLE ALWAYS TRIGGER scan_no_delete",
                "trigger scan_no_delete on scan, ENABLE ALWAYS",
            ),
            (
                "ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_no_update",
                "ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_no_update",
                "trigger ledger_entry_no_update on ledger_entry, ENABLE ALWAYS",
            ),
            (
                "CREATE RULE quiet AS ON INSERT TO ledger_seal DO INSTEAD NOTHING",
                "DROP RULE quiet ON ledger_seal",
                "no rule quiet on ledger_seal",
            ),
            ("GRANT DELETE ON receipt TO {app}", "REVOKE DELETE ON receipt FROM {app}", "DELETE on receipt is granted"),
            (
                "GRANT UPDATE (minutes) ON ledger_entry TO {app}",
                "REVOKE UPDATE (minutes) ON ledger_entry FROM {app}",
                "UPDATE of ledger_entry.minutes is granted",
            ),
            (
                "REVOKE INSERT ON ledger_transfer FROM {app}",
                "GRANT INSERT ON ledger_transfer TO {app}",
                "no INSERT on ledger_transfer",
            ),
            (
                "REVOKE UPDATE (closed_at) ON ledger_account FROM {app}",
                "GRANT UPDATE (closed_at) ON ledger_account TO {app}",
                "no UPDATE of ledger_account.closed_at",
            ),
            ("GRANT CREATE ON SCHEMA public TO {app}", "REVOKE CREATE ON SCHEMA public FROM {app}", "may create in"),
            ("GRANT {owner} TO {app}", "REVOKE {owner} FROM {app}", " tables, "),
            ("ALTER ROLE {app} SUPERUSER", "ALTER ROLE {app} NOSUPERUSER", "is a superuser"),
        ],
    )
    def test_each_wound_is_named(self, production: Bank, wound: str, cure: str, named: str) -> None:
        """A disabled or weaker trigger, a rule, a right too many or too few, a power over the guards."""
        names = {"app": f'"{production.roles.app}"', "owner": f'"{production.roles.owner}"'}
        _administer(production, wound.format(**names))
        try:
            result = _examined(production.app)
        finally:
            _administer(production, cure.format(**names))
        assert result.exit_code == 1
        assert named in result.output
        assert _examined(production.app).exit_code == 0

    def test_nobody_serves_an_unguarded_ledger(self, production: Bank) -> None:
        """After migrating, a server of production ends if something is missing."""
        app = create_app(production.settings(production.roles.app))
        serving.prepare(app)
        _administer(production, "ALTER TABLE ledger_entry DISABLE TRIGGER USER")
        try:
            with pytest.raises(UnsafeSettings, match="timebank ledger doctor"):
                serving.prepare(app)
        finally:
            for verb in ("update", "delete", "truncate"):
                _administer(production, f"ALTER TABLE ledger_entry ENABLE ALWAYS TRIGGER ledger_entry_no_{verb}")


def _administer(production: Bank, statement: str) -> None:
    with production.connect() as administrator:
        administrator.execute(statement.encode())
