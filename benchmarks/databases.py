"""Databases for a run: migrated, served by a role that owns nothing, gone afterwards; and verified before they go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import psycopg
from sqlalchemy import Table, make_url
from sqlalchemy.schema import CreateTable

from benchmarks import served
from timebank.application import create_app
from timebank.database import db, new_id
from timebank.ledger import proof
from timebank.settings import Settings


def libpq(url: str) -> str:
    """Return a URL as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def on_postgres(server_url: str, home: Path, *names: str, tables: Sequence[Table] = ()) -> Iterator[list[Settings]]:
    """Yield settings of new databases, one a name, each with ``tables`` beside the product's."""
    home.mkdir()
    mark = new_id().hex[-8:]
    databases = [f"timebank_benchmark_{name}_{mark}" for name in names]
    urls = [make_url(server_url).set(database=name).render_as_string(hide_password=False) for name in databases]
    role = f"{databases[0]}_app"
    made = [served.settings_for(url, home, role=role) for url in urls]
    with psycopg.connect(libpq(server_url), autocommit=True) as connection:
        connection.execute(f'CREATE ROLE "{role}" LOGIN'.encode())
        connection.execute(f'CREATE DATABASE "{databases[0]}"'.encode())
        _migrate(made[0], tables)
        for name in databases[1:]:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{databases[0]}"'.encode())
        try:
            yield made
        finally:
            for name in databases:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
            connection.execute(f'DROP ROLE "{role}"'.encode())


def on_sqlite(file: Path, *, tables: Sequence[Table] = ()) -> Settings:
    """Return settings of a new database in ``file``, with ``tables`` beside the product's."""
    file.parent.mkdir(exist_ok=True)
    settings = sqlite_at(file)
    _migrate(settings, tables)
    return settings


def sqlite_at(file: Path) -> Settings:
    """Return settings of the database that is in ``file``."""
    return served.settings_for(f"sqlite:///{file}", file.parent)


def _migrate(settings: Settings, tables: Sequence[Table]) -> None:
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
        statements = [str(CreateTable(table).compile(db.engine)) for table in tables]
        if not settings.is_sqlite:
            user = make_url(settings.database_url).username
            statements += [f'GRANT ALL ON {table.name} TO "{user}"' for table in tables]
        db.engine.dispose()
    served.as_owner(settings, *statements)


def verify(*measured: Settings) -> None:
    """Recompute the ledgers that were measured: what is fast because it is wrong does not count."""
    for settings in measured:
        with create_app(settings).app_context():
            found = proof.verify()
            db.engine.dispose()
        if not found.ok:
            raise AssertionError(f"the ledger does not verify: {found}")
