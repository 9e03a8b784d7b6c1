"""PostgreSQL's three roles: the owner migrates, the application appends, the auditor reads.

Whoever owns a table can drop its triggers; the application therefore owns nothing. What it may do follows from the
models: SELECT and INSERT on append-only tables (and UPDATE of the one column that changes once, which is also what
``FOR NO KEY UPDATE`` needs), SELECT, INSERT, UPDATE and DELETE on the others. Auditors see no credentials and no
names: they read all but what the house keeps about people.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Table, inspect, text

from timebank import append_only

OWNER, APP, AUDITOR = "timebank_owner", "timebank_app", "timebank_auditor"
REVISION = "alembic_version"
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
_PERSONAL = (
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


_AUDITS = text("""
    SELECT NOT app.rolsuper AND pg_has_role(app.oid, auditor.oid, 'MEMBER')
    FROM pg_roles app, pg_roles auditor WHERE app.rolname = :app AND auditor.rolname = :auditor
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The names of the roles; people who audit become members of ``auditor``."""

    owner: str = OWNER
    app: str = APP
    auditor: str = AUDITOR


def set_up(roles: Roles) -> Iterator[str]:
    """Yield what the server's administrator runs once in the new, empty database: the roles, and who may do what in it."""
    for role in (roles.owner, roles.app, roles.auditor):
        yield (
            "DO $$ BEGIN "
            f"CREATE ROLE {quoted(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    everybody = ", ".join(map(quoted, (roles.owner, roles.app, roles.auditor)))
    yield "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$"
    yield (
        "DO $$ BEGIN EXECUTE format("
        f"$grant$GRANT CONNECT ON DATABASE %I TO {everybody}$grant$, current_database()); END $$"
    )
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE, CREATE ON SCHEMA public TO {quoted(roles.owner)}"
    yield f"GRANT USAGE ON SCHEMA public TO {quoted(roles.app)}, {quoted(roles.auditor)}"


def grant(connection: Connection, metadata: MetaData, *, app: str | None) -> None:
    """Give the roles ``app`` and timebank_auditor what they may do with the tables there are; run as the owner.

    Where one role is everything, as in the demo, there is nobody to give anything to; and nobody who audits becomes the
    application by having its URL where migrations are run.
    """
    if connection.dialect.name == "sqlite" or app in {None, connection.scalar(text("SELECT current_user"))}:
        return
    if connection.scalar(_AUDITS, {"app": app, "auditor": AUDITOR}):
        return
    there = set(inspect(connection).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in there]
    auditor = connection.scalar(text("SELECT rolname FROM pg_roles WHERE rolname = :name"), {"name": AUDITOR})
    for statement in grants(tables, app=str(app), auditor=auditor):
        connection.exec_driver_sql(statement)


def grants(tables: Iterable[Table], *, app: str, auditor: str | None) -> Iterator[str]:
    """Yield the grants on tables; what was granted before and is not among them is gone."""
    readers = quoted(app) if auditor is None else f"{quoted(app)}, {quoted(auditor)}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {readers}, PUBLIC"
    yield f"GRANT SELECT ON {REVISION} TO {readers}"
    for table in tables:
        yield f"GRANT {', '.join(privileges(table))} ON {table.name} TO {quoted(app)}"
        if columns := append_only.changing_columns(table):
            yield f"GRANT UPDATE ({', '.join(columns)}) ON {table.name} TO {quoted(app)}"
        if auditor is not None and is_read_by_auditors(table):
            yield f"GRANT SELECT ON {table.name} TO {quoted(auditor)}"


def privileges(table: Table) -> tuple[str, ...]:
    """Return what the application may do with a whole table."""
    return _ALL[:2] if append_only.is_guarded(table) else _ALL


def is_read_by_auditors(table: Table) -> bool:
    """Whether a table says nothing about who somebody is, and holds no secret."""
    return not table.name.startswith(_PERSONAL)


def quoted(name: str) -> str:
    """Return a role's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
