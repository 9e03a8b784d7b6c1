"""Changing what the database guards, as somebody who owns it and has taken the guards away."""

from tests.owner import owning

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
