"""How Alembic reaches the database: with the owner's URL, in one transaction, on both engines.

On PostgreSQL the application and the auditors are given their rights in the same transaction.

SQLite's batch mode (rebuild a table) is off: it would silently drop the triggers of append-only tables.
"""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, make_url, pool

from timebank.database import Base, prepare
from timebank.ledger import roles


def run() -> None:
    """Run the migrations."""
    settings = current_app.extensions["timebank-settings"]
    engine = create_engine(settings.owner_database_url, poolclass=pool.NullPool)
    prepare(engine)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=False,
            compare_type=True,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
            roles.grant(connection, Base.metadata, app=make_url(settings.database_url).username)
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; offline SQL is not supported.")
run()
