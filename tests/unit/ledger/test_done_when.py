"""What an auditor is promised, through the command itself: whatever is changed or gone ends with exit code 1 and a name.

The ledger has something of every kind and phase in it, and two seals. Somebody who owns the database has dropped the
guards. Every value of every row is changed, one at a time; rows, tails, accounts and seals are removed.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Connection, DateTime, Table, TypeDecorator, Uuid, and_, delete, insert, select, update

from tests.factories.ledger import (
    LIFE,
    a_volunteer_with,
    captured,
    donated,
    earned,
    expired,
    extended,
    given,
    granted,
    held,
    merged,
    opened_with,
    redeemed,
    refunded,
    released,
    reversed_,
)
from tests.unit.ledger.sealing import sealed
from tests.unit.ledger.tampering import execute, unguarded
from timebank import clock
from timebank.database import db, new_id
from timebank.ledger import anchors, proof
from timebank.ledger.chain import SealRow
from timebank.ledger.commands import cli
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.rules import Kind, Phase, wallet_of
from timebank.ledger.seals import seal, seal_leaf

TABLES: tuple[Table, ...] = (account, transfer, entry, seal, seal_leaf)
ME = UUID(int=0xA11CE)
MINE = wallet_of(ME).id


@pytest.fixture
def seals(app: Flask) -> list[SealRow]:
    """Post something of every kind and phase; seal it twice; post once more."""
    other, gone = a_volunteer_with(40), new_id()
    opened_with(ME, 100)
    wrong = earned(ME, 90).transfer_id
    refunded(captured(held(ME, 100).transfer_id, 60).transfer_id, 10)
    hold_id = held(ME, 20).transfer_id
    released(extended(hold_id, expires_at=clock.now() + 2 * LIFE).transfer_id)
    first = sealed()
    redeemed(ME, 100)
    reversed_(wrong)
    earned(ME, 200)
    given(ME, other, 5)
    donated(ME, 6)
    granted(other, 3)
    earned(gone, 50)
    merged(gone, other)
    expired(clock.now(), other)
    held(ME, 7)
    second = sealed()
    redeemed(ME, 1)
    kinds, phases = (_all(select(column).distinct()) for column in (transfer.c.kind, transfer.c.phase))
    assert {row[0] for row in kinds} == set(Kind)
    assert {row[0] for row in phases} == set(Phase)
    return [first, second]


def _all(statement: Any) -> list[Any]:
    with db.engine.connect() as connection:
        return list(connection.execute(statement).all())


def _verified(*options: str) -> Result:
    return CliRunner().invoke(cli, ["verify", *options])


def _anchor(folder: Path, one: SealRow) -> str:
    file = folder / f"seal-{one.n}.json"
    file.write_text(json.dumps(anchors.published(one) | {"at": one.at.isoformat()}))
    return str(file)


# --- any single value -------------------------------------------------------------------------------------------------


def _other(column: Any, value: Any) -> Any:
    """Return another value that the column can hold, and that no other row has in a key."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    match value:
        case None if isinstance(kind, DateTime):
            return clock.now()
        case None | UUID():
            assert isinstance(kind, Uuid)
            return new_id()
        case bool():
            return not value
        case int():
            return value + 50
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return value + timedelta(microseconds=1)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_any_value_of_any_row(seals: list[SealRow], table: Table) -> None:
    """Row by row and column by column: changed, the ledger does not verify; put back, it does."""
    believed = []
    rows = [dict(row._mapping) for row in _all(select(table))]
    with unguarded() as connection:
        for values, column in product(rows, table.columns):
            changed = values | {column.name: _other(column, values[column.name])}
            _exchange(connection, table, values, changed)
            if proof.verify().ok:
                believed.append((column.name, values))
            _exchange(connection, table, changed, values)
    assert believed == []
    assert _verified().exit_code == 0


def _exchange(connection: Connection, table: Table, old: dict[str, Any], new: dict[str, Any]) -> None:
    key = and_(*(column == old[column.name] for column in table.primary_key.columns))
    connection.execute(update(table).where(key).values(new))
    connection.commit()


# --- through the command ----------------------------------------------------------------------------------------------


def test_untouched_it_exits_with_0(seals: list[SealRow], tmp_path: Path) -> None:
    """With the guards gone but every row as it was, also against what was published."""
    with unguarded():
        pass
    assert _verified().exit_code == 0
    assert [_verified("--anchor", _anchor(tmp_path, one)).exit_code for one in seals] == [0, 0]
    assert _verified("--since-seal", "1").exit_code == 0


def _line(seq: int) -> Any:
    return and_(entry.c.account_id == MINE, entry.c.seq == seq)


CHANGED: dict[str, tuple[Any, str]] = {
    "entry": (update(entry).where(_line(2)).values(balance_after=9_999), f"ledger_entry {MINE}/2"),
    "transfer": (
        update(transfer).where(transfer.c.kind == int(Kind.OPENING)).values(minutes=4),
        f"ledger_entry {MINE}/1",
    ),
    "account": (update(account).where(account.c.id == MINE).values(owner_id=new_id()), f"ledger_account {MINE}"),
    "seal": (update(seal).where(seal.c.n == 1).values(transfers=1), "ledger_seal 1"),
    "leaf": (update(seal_leaf).where(seal_leaf.c.n == 1).values(seq=1), "ledger_seal_leaf 1/"),
    "sealed line gone": (delete(entry).where(_line(2)), f"ledger_entry {MINE}/3"),
    "line gone": (delete(entry).where(_line(1)), f"ledger_entry {MINE}/2"),
    "sealed transfer gone": (delete(transfer).where(transfer.c.kind == int(Kind.OPENING)), f"ledger_entry {MINE}/1"),
    "account gone": (delete(account).where(account.c.id == MINE), f"ledger_entry {MINE}/1"),
    "seal gone": (delete(seal).where(seal.c.n == 1), "ledger_seal 2"),
    "leaf gone": (delete(seal_leaf).where(seal_leaf.c.n == 1, seal_leaf.c.account_id == MINE), "ledger_seal 1"),
}


@pytest.mark.parametrize(("statement", "named"), CHANGED.values(), ids=CHANGED.keys())
def test_the_command_names_what_was_changed_or_removed(seals: list[SealRow], statement: Any, named: str) -> None:
    """A value of each table, and a row of each: exit code 1, and the row stands in the report."""
    execute(statement)
    told = _verified()
    assert (told.exit_code, named in told.output) == (1, True), told.output
    found = json.loads(_verified("--json").output)
    assert (found["ok"], any(named in finding["row"] for finding in found["findings"])) == (False, True)


def _remove_my_tail() -> None:
    """Remove my last lines down into what was sealed, with all that they are about: no hash misses them."""
    with unguarded() as connection:
        tail = connection.execute(select(entry.c.transfer_id).where(entry.c.account_id == MINE, entry.c.seq > 12)).all()
        for (transfer_id,) in tail:
            connection.execute(delete(entry).where(entry.c.transfer_id == transfer_id))
            connection.execute(delete(transfer).where(transfer.c.id == transfer_id))


def _remove_my_account() -> None:
    """Remove whoever I am: account, lines and transfers, as if I had never come."""
    with unguarded() as connection:
        mine = connection.execute(select(entry.c.transfer_id).where(entry.c.account_id == MINE)).scalars().all()
        connection.execute(delete(entry).where(entry.c.transfer_id.in_(mine)))
        connection.execute(delete(transfer).where(transfer.c.id.in_(mine)))
        connection.execute(delete(account).where(account.c.id == MINE))


@pytest.mark.parametrize("remove", [_remove_my_tail, _remove_my_account])
def test_the_command_names_a_sealed_tail_and_a_sealed_account_that_are_gone(
    seals: list[SealRow], remove: Callable[[], None]
) -> None:
    """What hashes along a chain cannot miss, the seals do: they name whose end is not there any more."""
    remove()
    told = _verified()
    assert told.exit_code == 1
    assert f"/{MINE}" in next(line for line in told.output.splitlines() if "ledger_seal_leaf" in line), told.output


def test_an_anchor_shows_a_removed_last_seal(seals: list[SealRow], tmp_path: Path) -> None:
    """Without it the ledger looks sound; whoever has kept the published seal sees that it is gone."""
    published = _anchor(tmp_path, seals[-1])
    with unguarded() as connection:
        connection.execute(delete(seal_leaf).where(seal_leaf.c.n == 2))
        connection.execute(delete(seal).where(seal.c.n == 2))
    assert _verified().exit_code == 0
    told = _verified("--anchor", published)
    assert (told.exit_code, "ledger_seal 2" in told.output) == (1, True)


def test_an_anchor_shows_yesterday_s_copy(seals: list[SealRow], tmp_path: Path) -> None:
    """A copy of yesterday, put back whole, is sound in itself; today's published seal is not in it."""
    yesterday = [[dict(row._mapping) for row in _all(select(table))] for table in TABLES]
    redeemed(ME, 2)
    today = _anchor(tmp_path, sealed())
    with unguarded() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
        for table, rows in zip(TABLES, yesterday, strict=True):
            connection.execute(insert(table), rows)
    assert _verified().exit_code == 0
    assert _verified("--anchor", _anchor(tmp_path, seals[-1])).exit_code == 0
    told = _verified("--anchor", today)
    assert (told.exit_code, "ledger_seal 3" in told.output) == (1, True)
