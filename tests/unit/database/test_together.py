"""Writes that belong together: all of them or none, in one statement on PostgreSQL."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from tests.conftest import Statements
from timebank import clock
from timebank.constraints import violated_constraint
from timebank.database import in_unit_of_work, is_sqlite, new_id, session
from timebank.direct import Direct
from timebank.ledger import queries
from timebank.ledger.rules import Account, AccountKind
from timebank.together import MOST, Together

_OPEN = Direct(queries.account.insert())
_OPEN_AND_SAY = Direct(insert(queries.account).returning(queries.account.c.owner_id))


def _account(owner_id: UUID) -> dict[str, Any]:
    one = Account(AccountKind.WALLET, owner_id)
    return {"id": one.id, "kind": 1, "owner_id": owner_id, "tracked": True, "opened_at": clock.now(), "closed_at": None}


def _opened(*rows: dict[str, Any], answering: bool = False) -> list[list[Any]]:
    writes = Together(session.connection())
    if rows[1:]:
        writes.add(_OPEN, *rows[:-1])
    writes.add(_OPEN_AND_SAY if answering else _OPEN, rows[-1])
    sent = writes.send()
    return sent.rows() if answering else []


def _known(owners: list[UUID]) -> set[UUID]:
    found = select(queries.account.c.owner_id).where(queries.account.c.owner_id.in_(owners))
    return set(session.connection().execute(found).scalars())


def test_they_are_one_statement_where_the_database_can(app: Flask, statements: Statements) -> None:
    """Each row has its own values, and what the last write answers is answered."""
    owners = [new_id() for _ in range(3)]
    with statements() as sent:
        answered = in_unit_of_work(lambda: _opened(*map(_account, owners), answering=True))
    assert answered == [[owners[-1]]]
    assert sum("ledger_account" in one for one in sent) == (2 if is_sqlite() else 1), sent
    assert in_unit_of_work(lambda: _known(owners)) == set(owners)


def test_many_rows_are_no_statement_of_their_own(app: Flask, statements: Statements) -> None:
    """Beyond a few each write is sent by itself, all its rows at once."""
    owners = [new_id() for _ in range(MOST + 1)]
    with statements() as sent:
        in_unit_of_work(lambda: _opened(*map(_account, owners)))
    assert sum("ledger_account" in one for one in sent) == 2
    assert in_unit_of_work(lambda: _known(owners)) == set(owners)


def test_one_that_is_refused_refuses_all(app: Flask) -> None:
    """A violated constraint has its name, and nothing of the others stays."""
    there, new = new_id(), new_id()
    in_unit_of_work(lambda: _opened(_account(there)))
    with pytest.raises(IntegrityError) as found:
        in_unit_of_work(lambda: _opened(_account(new), _account(there)))
    assert violated_constraint(found.value) in {"pk_ledger_account", "uq_ledger_account_kind_owner_id"}
    assert in_unit_of_work(lambda: _known([there, new])) == {there}
