"""Migrations, on both engines."""

import contextlib
import io

import flask_migrate
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import CheckConstraint, inspect

from timebank.database import Base, db

Constraints = dict[str, set[str]]


def move(app: Flask, revision: str) -> None:
    """Bring the database of the application to a revision: ``base`` is nothing at all, ``head`` the newest."""
    db.session.remove()
    db.engine.dispose()
    with contextlib.redirect_stdout(io.StringIO()):
        (flask_migrate.downgrade if revision == "base" else flask_migrate.upgrade)(revision=revision)


def differences() -> list[object]:
    """Return what alembic finds different between database and models."""
    with db.engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )


def checks_of_models() -> Constraints:
    """Return the names of the CHECK constraints of every table, which alembic does not compare."""
    return {
        name: {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        for name, table in Base.metadata.tables.items()
    }


def checks_of_database() -> Constraints:
    """Return the same as the database has them."""
    look = inspect(db.engine)
    return {name: {str(found["name"]) for found in look.get_check_constraints(name)} for name in Base.metadata.tables}


def test_migrations_make_what_the_models_say(app: Flask) -> None:
    """No table, column, type, index, unique or foreign key and no CHECK differs."""
    assert differences() == []
    assert checks_of_database() == checks_of_models()


def test_migrations_go_down_to_nothing_and_up_again(app: Flask) -> None:
    """Each step is undone by its downgrade, and the way up from nothing ends at the models again."""
    move(app, "base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    move(app, "head")
    assert differences() == []
    assert app.test_client().get("/readyz").status_code == 200


def test_names_are_short_enough_for_postgresql_and_its_shards() -> None:
    """63 characters is PostgreSQL's limit, and Citus adds a shard number."""
    names = [
        str(item.name)
        for table in Base.metadata.tables.values()
        for item in (table, *table.constraints, *table.indexes)
    ]

    assert [name for name in names if len(name) >= 60] == []
