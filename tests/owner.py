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
