"""The yardsticks: what Flask, a verified token, and one insert with one commit cost without this product around them.

Served by the same gunicorn command line, on the same database, through the same engine settings.
"""

import threading
from contextlib import nullcontext
from typing import Any

from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import BigInteger, Column, MetaData, Table, Uuid, insert

from timebank import clock, database
from timebank.database import UtcDateTime, db, new_id
from timebank.settings import Settings
from timebank.web import tokens

note = Table(
    "benchmark_note",
    MetaData(),
    Column("id", Uuid(), primary_key=True),
    Column("person_id", Uuid(), nullable=False),
    Column("minutes", BigInteger(), nullable=False),
    Column("written_at", UtcDateTime(), nullable=False),
)
"""Created by the benchmark in its own database, beside the product's tables."""

# A bare application on SQLite would know as well that there is one writer; its busy handler sleeps in the wrong places.
_one_writer = threading.Lock()


def create_app() -> Flask:
    """Return an application with three views and nothing else, for the settings in the environment."""
    settings = Settings.from_environment()
    app = Flask("bare", static_folder=None)
    tokens.init_app(app, settings)
    database.init_app(app, settings)

    @app.get("/hello")
    def hello() -> ResponseReturnValue:
        return jsonify(message="hello", minutes=60)

    @app.get("/hello-with-token")
    def hello_with_token() -> ResponseReturnValue:
        return jsonify(message="hello", person_id=str(tokens.bearer().person_id))

    @app.post("/notes")
    def add_note() -> ResponseReturnValue:
        row = {
            "id": new_id(),
            "person_id": tokens.bearer().person_id,
            "minutes": 60,
            "written_at": clock.wall(),
        }
        _insert(row, one_writer=settings.is_sqlite)
        return jsonify(id=str(row["id"])), 201

    return app


def _insert(row: dict[str, Any], *, one_writer: bool) -> None:
    with _one_writer if one_writer else nullcontext(), db.engine.connect() as connection:
        connection.execution_options(timebank_begin="BEGIN IMMEDIATE")
        connection.execute(insert(note), row)
        connection.commit()
