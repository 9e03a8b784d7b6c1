"""The database: declarative base, column types, ids, and the one unit of work that everything happens in.

Services use ``session``, flush, and never commit. ``in_unit_of_work`` is the only place that commits.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BoundSession
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    LargeBinary,
    String,
    Uuid,
    event,
    insert,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from timebank.constraints import METADATA, lock_timed_out, worth_retrying
from timebank.errors import Busy
from timebank.fair_lock import FairLock
from timebank.settings import Settings

T = TypeVar("T")

ATTEMPTS = 3
BUSY_TIMEOUT = timedelta(seconds=5)
LOCK_TIMEOUT = timedelta(seconds=3)
NIL = UUID(int=0)
"""Owner of what belongs to the bank itself, and actor of what the system does by itself."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive values on the way in, returns UTC on the way out (SQLite forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; a naive datetime is a fault of the program."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime is no instant")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC on both engines."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        """Return what writes an instant: on SQLite the same text as SQLAlchemy's own, at a third of its price."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Return what reads an instant: on SQLite from the text of ``bind_processor``."""
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise TypeError("a naive datetime is no instant")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:_INSTANT_LENGTH]


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + "+00:00")


_INSTANT_LENGTH = len("2026-09-01 08:00:00.000000")  # without the zone, which is UTC


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = METADATA
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        int: BigInteger(),
        str: String(),
        bytes: LargeBinary(),
        UUID: Uuid(),
    }


class UnitSession(BoundSession):
    """A session that remembers the connection of its unit of work: a request asks for it a dozen times."""

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> Connection:
        """Return the connection; the first time in a savepoint it is looked up, for that is what begins it."""
        known: Connection | None = self.info.get("connection")
        if known is None or bind_arguments or execution_options or self.in_nested_transaction():
            return super().connection(bind_arguments, execution_options)
        return known


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": UnitSession, "expire_on_commit": False})
session = db.session


def one_of(column: str, values: Iterable[StrEnum]) -> CheckConstraint:
    """Return the constraint that ``column`` holds one of ``values``, named after the column."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(value)) for value in values)})", name=column)


def insert_row(table: type[Base], **values: Any) -> None:
    """Insert one row of a table whose rows are facts: nothing of it is kept in the session to be changed.

    Raises IntegrityError.
    """
    session.connection().execute(insert(table), values)


def new_id() -> UUID:
    """Return a new UUIDv7: unique, roughly ordered by time; nothing may depend on that order."""
    return uuid7()


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the application to its database and set up every connection of it."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)


def _engine_options(settings: Settings) -> dict[str, Any]:
    # An exception's text may reach a log: it must not carry the values of a statement, which are people's.
    options: dict[str, Any] = {"pool_size": settings.threads + 2, "hide_parameters": True}
    if settings.is_sqlite:
        # Every statement of the product stays prepared: preparing asks the authorizer (append_only) about each column.
        return options | {"connect_args": {"timeout": BUSY_TIMEOUT.total_seconds(), "cached_statements": 512}}
    milliseconds = int(LOCK_TIMEOUT.total_seconds() * 1000)
    return options | {
        # A statement that cannot have its lock in time becomes a clean, retryable refusal.
        "connect_args": {"options": f"-c lock_timeout={milliseconds} -c timezone=UTC"},
    }


def prepare(engine: Engine) -> None:
    """Give an engine the connection settings, the begin and the rollback that this product relies on."""
    if engine.dialect.name == "sqlite":
        _prepare_embedded(engine)
    else:
        event.listen(engine, "rollback", _roll_back_and_stay_prepared)


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",
    # 32 MB of log before it is folded into the file: the pages that each commit touches are then written there once for
    # hundreds of commits. SQLite's own 1,000 pages are what 45 redemptions write.
    "wal_autocheckpoint=8000",
)


def _prepare_embedded(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `begin` below does
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("timebank_begin", "BEGIN"))


def _roll_back_and_stay_prepared(connection: Connection) -> None:
    """Roll back what a refusal ends, past psycopg, which would forget every prepared statement of the connection.

    Forgetting is right where tables may have been made in between; here it cost the server twice its time as soon as
    one request in ten was refused. After an error of the database psycopg decides: it may have counted on a statement
    that never arrived. It finds nothing left to roll back otherwise.
    """
    if connection.invalidated:
        return
    driver = cast("Any", connection.connection.driver_connection)
    if driver.info.transaction_status.name == "INTRANS":
        driver.pgconn.exec_(b"ROLLBACK")


_write_turn = FairLock()
_on_begin: list[Callable[[], None]] = []


def on_begin(hook: Callable[[], None]) -> Callable[[], None]:
    """Have ``hook`` run first in every unit of work (the demo reads its clock there)."""
    if hook not in _on_begin:
        _on_begin.append(hook)
    return hook


def in_unit_of_work(work: Callable[[], T], *, write: bool = True, snapshot: bool = False) -> T:
    """Run ``work`` in one transaction and return its result; roll back and re-raise on any exception.

    Writes begin IMMEDIATE on SQLite, in fair order. Reads are deferred there and run statement by statement on
    PostgreSQL (READ COMMITTED gives a snapshot per statement anyway, and two round trips less); with ``snapshot`` all
    statements of a read see one moment there, too, as a report of several selects needs. What lost a race for a
    lock, a snapshot or a place in a chain is tried again, at most three times in all; ``work`` must therefore have no
    effect outside the database. Raises Busy when the database could not be had in time.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            with _turn(write=write):
                return _transaction(work, write=write, snapshot=snapshot)
        except DBAPIError as error:
            if attempt == ATTEMPTS or not worth_retrying(error):
                if lock_timed_out(error):
                    raise Busy from error
                raise
            time.sleep(random.uniform(0, 0.02 * attempt))  # noqa: S311 - jitter, no secret


def _transaction(work: Callable[[], T], *, write: bool, snapshot: bool) -> T:
    try:
        connection = session.connection(execution_options=_begin_options(write=write, snapshot=snapshot))
        session.info["connection"], session.info["writes"] = connection, write
        for hook in _on_begin:
            hook()
        result = work()
        session.flush()
        _commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("connection", None)
    return result


def _commit() -> None:
    """Commit. When the answer to it is lost, nobody knows whether it has happened: only the caller may ask again."""
    try:
        session.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Busy from error
        raise


def _begin_options(*, write: bool, snapshot: bool) -> dict[str, Any]:
    if is_sqlite():
        return {"timebank_begin": "BEGIN IMMEDIATE" if write else "BEGIN"}
    if snapshot:
        return {"isolation_level": "REPEATABLE READ"}
    return {} if write else {"isolation_level": "AUTOCOMMIT"}


@contextmanager
def _turn(*, write: bool) -> Iterator[None]:
    if not (write and is_sqlite()):
        yield
        return
    if not _write_turn.acquire(BUSY_TIMEOUT):
        raise Busy
    try:
        yield
    finally:
        _write_turn.release()


@event.listens_for(Session, "before_flush")
def _refuse_to_flush_while_reading(flushing: Session, *_: object) -> None:
    if flushing.info.get("writes") is False and (flushing.new or flushing.dirty or flushing.deleted):
        raise AssertionError("a reading unit of work may not write")


@event.listens_for(Session, "do_orm_execute")
def _refuse_to_execute_writes_while_reading(state: ORMExecuteState) -> None:
    if state.session.info.get("writes") is False and (state.is_insert or state.is_update or state.is_delete):
        raise AssertionError("a reading unit of work may not write")


def is_sqlite() -> bool:
    """Whether this process talks to the embedded database."""
    return db.engine.dialect.name == "sqlite"
