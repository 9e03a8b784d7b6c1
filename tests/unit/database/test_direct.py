"""Statements that go through the driver: they mean what SQLAlchemy's mean, and fail as SQLAlchemy's do."""

from collections.abc import Sequence
from datetime import timedelta
from operator import itemgetter
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import NullPool, bindparam, create_engine, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.conftest import Statements
from tests.engines import ON_POSTGRESQL
from tests.factories.ledger import a_volunteer_with, earned, held, state_of
from tests.unit.ledger.looking import refused
from timebank import clock, database
from timebank.constraints import violated_constraint
from timebank.database import db, in_unit_of_work, is_sqlite, new_id, session
from timebank.direct import Direct, Rows, at_once
from timebank.errors import Busy
from timebank.ledger import queries
from timebank.ledger.errors import AlreadyPosted
from timebank.ledger.rules import AccountKind, wallet_of


def test_it_returns_what_sqlalchemy_returns(app: Flask) -> None:
    """Ids, instants, numbers and hashes are the same, for lists of any length."""
    people = [a_volunteer_with(100) for _ in range(3)]
    hold_id = held(people[0], 40).transfer_id
    for owners in (people, people[:1], []):
        what = {"accounts": [wallet_of(owner_id).id for owner_id in owners], "transfers": [hold_id], "holds": []}
        with db.engine.connect() as connection:
            expected = connection.execute(queries.HEADS, what).all()
            assert sorted(Direct(queries.HEADS).send(connection, what).rows()) == sorted(map(list, expected))


def test_a_posting_takes_three_statements_or_four_and_a_first_one_more(app: Flask, statements: Statements) -> None:
    """Lock, read, transfer with its entry, which SQLite takes one after the other; and the account, if it is new."""
    owner_id = new_id()
    with statements() as first:
        earned(owner_id)
    with statements() as second:
        earned(owner_id)
    assert [sum("ledger_" in one for one in sent) for sent in (first, second)] == ([5, 4] if is_sqlite() else [4, 3])


def _twice(statement: Direct, row: dict[str, Any]) -> None:
    connection = session.connection()
    with at_once(connection):
        statement.send(connection, row)
        statement.send(connection, row)


def test_a_violated_constraint_has_its_name(app: Flask) -> None:
    """Inside a round trip with others too, and nothing of it stays."""
    row = {"id": new_id(), "kind": 1, "owner_id": new_id(), "tracked": True, "opened_at": clock.now()}
    opening = Direct(queries.account.insert())
    with pytest.raises(IntegrityError) as found:
        in_unit_of_work(lambda: _twice(opening, row))
    assert violated_constraint(found.value) in {"pk_ledger_account", "uq_ledger_account_kind_owner_id"}
    with db.engine.connect() as connection:
        assert not connection.execute(select(queries.account).where(queries.account.c.id == row["id"])).all()


def test_a_fact_that_is_there_is_refused_by_name(app: Flask) -> None:
    """What the constraint says is what the caller is told, and the next posting finds a connection in order."""
    source_id = new_id()
    owner_id = a_volunteer_with(10)
    earned(owner_id, 20, source_id=source_id)
    refused(AlreadyPosted, lambda: earned(owner_id, 20, source_id=source_id))
    assert earned(owner_id, 30).account == state_of(owner_id)


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_lock_that_is_not_had_in_time_ends_as_busy(app: Flask) -> None:
    """Somebody else who holds the wallet for long costs an answer, not a fault."""
    owner_id = a_volunteer_with(10)

    def impatiently() -> None:
        session.connection().execute(text("SET LOCAL lock_timeout = '20ms'"))
        earned_now(owner_id)

    with db.engine.connect() as other:
        other.execute(queries.LOCK, {"accounts": [wallet_of(owner_id).id]})
        with pytest.raises(Busy) as found:
            in_unit_of_work(impatiently)
        assert isinstance(found.value.__cause__, OperationalError)
    assert earned(owner_id, 5).account.balance_minutes == 15


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced(app: Flask) -> None:
    """The work is done again on another connection, once."""
    owner_id = a_volunteer_with(10)
    lost: list[int] = []

    def work() -> None:
        connection = session.connection()
        if not lost:
            lost.append(connection.scalar(text("SELECT pg_backend_pid()")))
            with db.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost[0]})
        earned_now(owner_id)

    in_unit_of_work(work)
    assert state_of(owner_id).balance_minutes == 15


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_while_it_waits_for_a_lock_is_replaced(app: Flask) -> None:
    """In the middle of a round trip; what it had sent is nowhere, and the work is done once."""
    owner_id = a_volunteer_with(10)
    pids: list[int] = []

    def work() -> None:
        pids.append(session.connection().scalar(text("SELECT pg_backend_pid()")) or 0)
        earned_now(owner_id)

    def post() -> None:
        with app.app_context():
            in_unit_of_work(work)
            session.remove()

    posting = Thread(target=post)
    with db.engine.connect() as holder, db.engine.connect() as other:
        holder.execute(queries.LOCK, {"accounts": [wallet_of(owner_id).id]})
        posting.start()
        others = other.execution_options(isolation_level="AUTOCOMMIT")
        while not others.scalar(_END_WHO_WAITS):
            pass
        holder.rollback()
        posting.join()
    assert len(set(pids)) == len(pids) == 2
    assert state_of(owner_id).balance_minutes == 15


_END_WHO_WAITS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def earned_now(owner_id: Any) -> None:
    """Earn five minutes in the unit of work that is under way."""
    from timebank.ledger import service

    service.earn(
        transfer_id=new_id(),
        owner_id=owner_id,
        minutes=5,
        source_id=new_id(),
        occurred_at=clock.now() - timedelta(hours=1),
        actor_id=new_id(),
    )


def _accounts(count: int) -> list[dict[str, Any]]:
    now = clock.now()
    closing = [None, now]
    return [
        {
            "id": new_id(),
            "kind": AccountKind.WALLET,
            "owner_id": new_id(),
            "tracked": True,
            "opened_at": now - timedelta(minutes=number),
            "closed_at": closing[number % 2],
        }
        for number in range(count)
    ]


def _found(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    with db.engine.connect() as connection:
        ids = [row["id"] for row in rows]
        there = connection.execute(select(queries.account).where(queries.account.c.id.in_(ids))).mappings()
        return sorted(map(dict, there), key=itemgetter("id"))


@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_rows_are_what_sqlalchemy_would_have_inserted(app: Flask, count: int) -> None:
    """Instants, empty places, enumerations and ids, one by one or shared by all."""
    rows = _accounts(count)
    in_unit_of_work(lambda: Rows(queries.account).insert_mappings(session.connection(), rows))
    assert _found(rows) == sorted(rows, key=itemgetter("id"))


@pytest.mark.parametrize("count", [2, 300])
def test_rows_that_break_a_constraint_name_it_and_leave_nothing(app: Flask, count: int) -> None:
    """Also when the last of many is the wrong one."""
    rows = _accounts(count)
    rows[-1]["id"] = rows[0]["id"]
    with pytest.raises(IntegrityError) as found:
        in_unit_of_work(lambda: Rows(queries.account).insert_mappings(session.connection(), rows))
    assert violated_constraint(found.value) == "pk_ledger_account"
    assert not _found(rows)


def test_rows_know_no_naive_instant(app: Flask) -> None:
    """A datetime without a zone is a fault of the program here too."""
    rows = _accounts(3)
    rows[1]["opened_at"] = rows[1]["opened_at"].replace(tzinfo=None)
    with pytest.raises(TypeError):
        in_unit_of_work(lambda: Rows(queries.account).insert_mappings(session.connection(), rows))


def test_an_update_of_many_says_how_many_it_has_written(app: Flask) -> None:
    """Rows that are not there are not counted."""
    rows = _accounts(4)
    closed = update(queries.account).where(queries.account.c.id == bindparam("one")).values(closed_at=bindparam("at"))
    in_unit_of_work(lambda: Rows(queries.account).insert_mappings(session.connection(), rows[:3:2]))
    at = clock.now()
    sent = in_unit_of_work(
        lambda: Direct(closed).send_all(session.connection(), [{"one": row["id"], "at": at} for row in rows]).written()
    )
    assert sent == 2
    assert [row["closed_at"] for row in _found(rows)] == [at, at]


@ON_POSTGRESQL
@pytest.mark.parametrize("write", [True, False])
@pytest.mark.parametrize("through_the_driver", [True, False])
def test_a_server_that_was_restarted_costs_nobody_an_error(app: Flask, through_the_driver: bool, write: bool) -> None:
    """However many connections of the pool are dead: the first attempt that finds one gives them all up."""
    owner_id = a_volunteer_with(60)
    idle = [db.engine.connect() for _ in range(database.ATTEMPTS + 2)]
    pids = [connection.execute(text("SELECT pg_backend_pid()")).scalar_one() for connection in idle]
    for connection in idle:
        connection.close()
    with create_engine(db.engine.url, poolclass=NullPool).connect() as other:
        for pid in pids:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    def asked() -> int:
        if through_the_driver:
            return len(Direct(queries.HEADS).send(session.connection(), _wallet(owner_id)).rows())
        return len(session.connection().execute(queries.HEADS, _wallet(owner_id)).all())

    assert in_unit_of_work(asked, write=write) == 1


def _wallet(owner_id: UUID) -> dict[str, list[UUID]]:
    return {"accounts": [wallet_of(owner_id).id], "transfers": [], "holds": []}
