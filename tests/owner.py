"""The owner of the database: no authorizer on SQLite, so nothing but the triggers stands in the way."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, pool

from timebank.database import db, prepare, session


@contextmanager
def owning() -> Iterator[Engine]:
    """Yield an engine on the test's database as migrations have it; what the test itself had open is ended before."""
    session.remove()
    engine = create_engine(db.engine.url, poolclass=pool.NullPool)
    prepare(engine)
    yield engine
    engine.dispose()


def as_owner(*statements: str) -> None:
    """Run statements in one transaction of the owner."""
    with owning() as engine, engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


_SQLITE = """
    SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'
    UNION ALL SELECT 'PRAGMA foreign_keys=OFF' UNION ALL SELECT 'PRAGMA ignore_check_constraints=ON'
"""
_POSTGRESQL = """
    SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
    FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
"""


def unguarded(statement: str) -> None:
    """Run a statement as somebody who has removed the guards and every check that could say no."""
    with owning() as engine:
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute(_SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL)
        for (removal,) in cursor.fetchall():
            cursor.execute(removal)
        cursor.execute(statement)
        raw.commit()
        raw.close()
