"""Readings of the ledger, and how many statements each thing costs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.ledger import CLERK, LIFE, a_volunteer_with, captured, earned, held, redeemed, reversed_
from timebank import clock
from timebank.database import in_unit_of_work, is_sqlite, new_id, session
from timebank.ledger import queries, service
from timebank.ledger.models import Entry
from timebank.ledger.rules import Kind, Phase

Statements = Callable[[], AbstractContextManager[list[str]]]


def test_entries_come_newest_first_with_their_transfers(app: Flask) -> None:
    """A page of a passbook is the end of one wallet's chain, and nobody else's."""
    owner_id = a_volunteer_with(100)
    a_volunteer_with(7)
    captured(held(owner_id, 60).transfer_id, 25)

    def page(after: int) -> list[tuple[int, int, int]]:
        lines = queries.entries_of(owner_id).where(Entry.seq < after).limit(2)
        return [(entry.seq, entry.minutes, transfer.phase) for entry, transfer in session.execute(lines)]

    assert in_unit_of_work(lambda: page(9), write=False) == [(3, -25, Phase.CAPTURE), (2, 0, Phase.HOLD)]
    assert in_unit_of_work(lambda: page(2), write=False) == [(1, 100, Phase.SINGLE)]


def test_entries_of_somebody_without_any(app: Flask) -> None:
    """A page of nothing is empty."""
    assert in_unit_of_work(lambda: session.execute(queries.entries_of(new_id())).all(), write=False) == []


def test_a_line_says_why(app: Flask) -> None:
    """Each line carries what a passbook explains: kind, source, time."""
    owner_id, source_id = new_id(), new_id()
    occurred_at = clock.now() - timedelta(hours=3)
    earned(owner_id, 60, source_id=source_id, occurred_at=occurred_at)
    entry, transfer = in_unit_of_work(lambda: session.execute(queries.entries_of(owner_id)).one(), write=False)
    assert (transfer.kind, transfer.source_id, transfer.occurred_at) == (Kind.EARN, source_id, occurred_at)
    assert (entry.balance_after, entry.held_after, entry.recorded_at) == (60, 0, transfer.recorded_at)


def _sent(statements: Statements, work: Callable[[], Any]) -> int:
    """Return how many statements a verb sends, without those that begin every unit of work."""

    def counted() -> int:
        with statements() as sent:
            work()
        return len(sent)

    return in_unit_of_work(counted)


def posting() -> int:
    """Return how many statements a posting is: what is written goes in as one where the database can."""
    return 4 if is_sqlite() else 3


def _ids(owner_id: UUID | None = None) -> dict[str, Any]:
    ids: dict[str, Any] = {"transfer_id": new_id(), "source_id": new_id(), "actor_id": CLERK}
    return ids if owner_id is None else {"owner_id": owner_id, **ids}


@pytest.mark.parametrize("due", [False, True])
def test_every_posting_is_as_many_statements(app: Flask, statements: Statements, *, due: bool) -> None:
    """Lock, read, transfers with entries; one more only when a hold of the account has fallen due."""
    owner_id = a_volunteer_with(500)
    hold_id = held(owner_id, 60).transfer_id
    more = 0
    if due:
        held(owner_id, 10, expires_at=clock.now() + timedelta(milliseconds=200))
        more = 1

    def later(work: Callable[[], Any]) -> int:
        with clock.at(clock.now() + timedelta(seconds=1)):
            return _sent(statements, work)

    verbs: list[Callable[[], Any]] = [
        lambda: service.earn(minutes=5, occurred_at=clock.now(), **_ids(owner_id)),
        lambda: service.redeem(minutes=5, **_ids(owner_id)),
        lambda: service.hold(minutes=5, expires_at=clock.now() + LIFE, **_ids(owner_id)),
        lambda: service.capture(hold_id=hold_id, minutes=5, **_ids()),
    ]
    assert [later(verb) for verb in verbs] == [posting() + more, *[posting()] * 3]
    kept = held(owner_id, 5).transfer_id
    assert later(lambda: service.release(hold_id=kept, **_ids())) == posting()


def test_a_first_posting_also_opens_the_account(app: Flask, statements: Statements) -> None:
    """A wallet costs one more statement, once."""
    ids = _ids(new_id())
    assert _sent(statements, lambda: service.earn(minutes=5, occurred_at=clock.now(), **ids)) == posting() + 1


def test_paying_a_debt_costs_no_statement(app: Flask, statements: Statements) -> None:
    """A credit to a debtor carries four more lines, and goes in as many statements."""
    owner_id = new_id()
    wrong = earned(owner_id, 100).transfer_id
    redeemed(owner_id, 100)
    reversed_(wrong)
    ids = _ids(owner_id)
    assert _sent(statements, lambda: service.earn(minutes=5, occurred_at=clock.now(), **ids)) == posting()


def test_a_replay_writes_nothing(app: Flask, statements: Statements) -> None:
    """Lock, read, and the stored result."""
    owner_id, ids = a_volunteer_with(100), {"transfer_id": new_id(), "source_id": new_id()}
    redeemed(owner_id, 5, **ids)
    again = {"owner_id": owner_id, "minutes": 5, "actor_id": CLERK, **ids}
    assert _sent(statements, lambda: service.redeem(**again)) == 3


@pytest.mark.parametrize("size", [2, 60])
def test_a_group_is_as_many_statements_as_one(app: Flask, statements: Statements, size: int) -> None:
    """Whoever closes a shift for sixty people sends what a single credit sends; rows beyond six are a statement by themselves."""
    owners = [a_volunteer_with(1) for _ in range(size)]
    earnings = [
        service.Earning(
            transfer_id=new_id(), owner_id=owner_id, minutes=60, source_id=new_id(), occurred_at=clock.now()
        )
        for owner_id in owners
    ]
    assert _sent(statements, lambda: service.earn_many(earnings=earnings, actor_id=CLERK)) == (
        posting() if size == 2 else 4
    )


def test_a_state_is_one_statement(app: Flask, statements: Statements) -> None:
    """Balance, due holds and debt come together."""
    owner_id = a_volunteer_with(100)
    held(owner_id, 60)
    assert _sent(statements, lambda: queries.account_state(owner_id, clock.now())) == 1


def test_a_sweep_without_work_is_one_statement(app: Flask, statements: Statements) -> None:
    """Nothing due, nothing locked."""
    held(a_volunteer_with(100), 60)
    assert _sent(statements, lambda: service.sweep(limit=10)) == 1
