"""Whether the database keeps the promises, for the role and the connection that this process has.

Each check names what is missing. What is promised follows from the models; a check reads only the database's catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint, text

from timebank import append_only
from timebank.database import Base, db
from timebank.ledger import roles
from timebank.settings import UnsafeSettings

DURABLE = {"journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1, "foreign_keys": 1}


@dataclass(frozen=True, slots=True)
class Check:
    """One promise: what was looked at, and what of it is missing."""

    name: str
    holds: str
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def line(self) -> str:
        """Return the check as a line for a terminal."""
        return f"✓ {self.name}: {self.holds}" if self.ok else f"✗ {self.name}: {', '.join(self.missing)}"


def examine(*, head: str | None) -> list[Check]:
    """Return all checks; ``head`` is the newest migration that this code brings along."""
    with db.engine.connect() as connection:
        checks = [_migrations(connection, head)]
        look = _sqlite if connection.dialect.name == "sqlite" else _postgresql
        return [*checks, *look(connection)]


def refuse_powerful_role() -> None:
    """Raise UnsafeSettings if the application's role could remove the ledger's guards (PostgreSQL)."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return
        role = connection.execute(_ROLE).one()
        owned = [name for name in connection.scalars(_OWNED) if name.startswith("ledger_")]
    if role.rolsuper or owned:
        power = "is a superuser" if role.rolsuper else f"owns {owned[0]}"
        raise UnsafeSettings(
            f"TIMEBANK_DATABASE_URL: the role {role.name} {power}; in production the application may own nothing "
            "(`timebank ledger roles` prints the set-up; give the owner to TIMEBANK_OWNER_DATABASE_URL)"
        )


def report(checks: list[Check]) -> str:
    """Return the checks for a terminal, and what they come to."""
    whole = all(check.ok for check in checks)
    end = "✓ 防护齐全 · nothing is missing" if whole else "✗ 防护有缺 · something is missing"
    return "\n".join([*(check.line() for check in checks), end])


def _migrations(connection: Connection, head: str | None) -> Check:
    if not connection.dialect.has_table(connection, roles.REVISION):
        return Check("migrations", "", (f"nothing, {head} is due",))
    at = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return Check("migrations", f"at {at}", () if at == head else (f"at {at}, {head} is due",))


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sqlite(connection: Connection) -> Iterator[Check]:
    rows = connection.execute(text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"))
    bodies = {(row.tbl_name, row.name): row.sql for row in rows}
    missing = [
        f"trigger {name} on {table.name}"
        for table in append_only.tables(Base.metadata)
        for name, body in _sqlite_triggers(table)
        if not _says(bodies.get((table.name, name)), body)
    ]
    yield Check("triggers", f"{len(bodies)} in place", tuple(missing))
    found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in DURABLE}
    weak = [f"{name} is {found[name]}, not {value}" for name, value in DURABLE.items() if found[name] != value]
    yield Check("settings", "WAL, synchronous=FULL, recursive_triggers, foreign_keys", tuple(weak))
    armed = append_only.is_authorized(connection.connection.driver_connection)
    yield Check("authorizer", "on every connection", () if armed else ("not on this connection",))


def _sqlite_triggers(table: Table) -> Iterator[tuple[str, str]]:
    """Yield each trigger that a table must have, and the words that it must contain."""
    for verb in ("UPDATE", "DELETE"):
        yield f"{table.name}_no_{verb.lower()}", f"BEFORE {verb} ON {table.name} "
    for key in table.constraints:
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint):
            yield f"{key.name}_no_replace", f"BEFORE INSERT ON {table.name} "


def _says(body: str | None, words: str) -> bool:
    return body is not None and words in body and "RAISE(ABORT, 'append-only: " in body


# --- PostgreSQL -------------------------------------------------------------------------------------------------------

_TRIGGERS = text("""
    SELECT c.relname, t.tgname FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND t.tgenabled = 'A'
    AND p.proname = 'refuse_change' AND p.prosrc LIKE '%RAISE EXCEPTION%'
""")
_RULES = text("SELECT tablename, rulename FROM pg_rules WHERE schemaname = 'public'")
_ROLE = text("""
    SELECT session_user AS name, rolsuper, rolcreaterole, rolbypassrls, rolreplication,
    has_schema_privilege(session_user, 'public', 'CREATE') AS may_create,
    pg_has_role(session_user, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER') AS has_database
    FROM pg_roles WHERE rolname = session_user
""")
_OWNED = text("""
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_has_role(session_user, c.relowner, 'MEMBER') ORDER BY c.relname
""")
_HAS_TABLE = text("SELECT has_table_privilege(session_user, CAST(:name AS text), :privilege)")
_HAS_COLUMN = text("SELECT has_column_privilege(session_user, CAST(:name AS text), CAST(:column AS text), :privilege)")
_CHANGING = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES")


def _postgresql(connection: Connection) -> Iterator[Check]:
    yield _triggers(connection)
    role = connection.execute(_ROLE).one()
    owned = list(connection.scalars(_OWNED))
    yield _ownership(role, owned)
    there = set(connection.dialect.get_table_names(connection))
    tables = [table for table in Base.metadata.sorted_tables if table.name in there]
    reader = not any(_may(connection, table, "INSERT") for table in tables)
    yield Check("role", f"{role.name} {'reads only' if reader else 'appends'}", ())
    lacking = [gap for table in tables for gap in _lacking(connection, table, reader=reader)]
    # An owner has every privilege there is, which the line before says shorter.
    excess = [] if owned else [gap for table in tables for gap in _excess(connection, table)]
    yield Check("grants", f"{len(tables)} tables, as the models say", (*lacking, *excess))


def _triggers(connection: Connection) -> Check:
    found = {(row.relname, row.tgname) for row in connection.execute(_TRIGGERS)}
    wanted = [
        (table.name, f"{table.name}_no_{verb}")
        for table in append_only.tables(Base.metadata)
        for verb in ("update", "delete", "truncate")
    ]
    missing = [f"trigger {name} on {table}, ENABLE ALWAYS" for table, name in wanted if (table, name) not in found]
    rules = [f"no rule {row.rulename} on {row.tablename}" for row in connection.execute(_RULES)]
    return Check("triggers", f"{len(wanted)} in place, ENABLE ALWAYS", (*missing, *rules))


def _ownership(role: Any, owned: list[str]) -> Check:
    """Look for whatever would let this role remove a guard."""
    powers = {
        "is a superuser": role.rolsuper,
        "may create roles": role.rolcreaterole,
        "may replicate": role.rolreplication,
        "may bypass row security": role.rolbypassrls,
        "may create in the schema public": role.may_create,
        "owns the database": role.has_database,
    }
    held = [power for power, has in powers.items() if has]
    if owned:
        held.append(f"owns {len(owned)} tables, {owned[0]} first")
    return Check("ownership", f"{role.name} owns nothing", tuple(f"{role.name} {power}" for power in held))


def _lacking(connection: Connection, table: Table, *, reader: bool) -> Iterator[str]:
    if reader:
        wanted: tuple[str, ...] = ("SELECT",) if roles.is_read_by_auditors(table) else ()
    else:
        wanted = roles.privileges(table)
        for column in append_only.changing_columns(table):
            if not _may_change(connection, table, column):
                yield f"no UPDATE of {table.name}.{column}"
    for privilege in wanted:
        if not _may(connection, table, privilege):
            yield f"no {privilege} on {table.name}"


def _excess(connection: Connection, table: Table) -> Iterator[str]:
    if not append_only.is_guarded(table):
        return
    for privilege in _CHANGING:
        if _may(connection, table, privilege):
            yield f"{privilege} on {table.name} is granted"
    for column in table.columns:
        if column.name not in append_only.changing_columns(table) and _may_change(connection, table, column.name):
            yield f"UPDATE of {table.name}.{column.name} is granted"


def _may(connection: Connection, table: Table, privilege: str) -> bool:
    return bool(connection.scalar(_HAS_TABLE, {"name": table.name, "privilege": privilege}))


def _may_change(connection: Connection, table: Table, column: str) -> bool:
    parameters = {"name": table.name, "column": column, "privilege": "UPDATE"}
    return bool(connection.scalar(_HAS_COLUMN, parameters))
