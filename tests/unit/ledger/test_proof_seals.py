"""The proof of the seals: what a verification says when somebody who owns the database changes what was sealed."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import and_, delete, insert, select, update

from tests.factories.ledger import a_volunteer_with, captured, earned, held, redeemed, released
from tests.unit.ledger.sealing import rows_of, sealed
from tests.unit.ledger.tampering import execute, unguarded
from timebank.database import db, new_id
from timebank.errors import NotFound
from timebank.ledger import anchors, chain, proof
from timebank.ledger.chain import SealRow
from timebank.ledger.commands import cli
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import Fault
from timebank.ledger.rules import wallet_of
from timebank.ledger.seals import seal, seal_leaf

ME, SOMEBODY = UUID(int=0xA), UUID(int=0xB)
MINE = wallet_of(ME).id
TABLES = (account, transfer, entry, seal, seal_leaf)


@pytest.fixture
def ledger(app: Flask) -> list[SealRow]:
    """Two wallets, three seals, and something that is not sealed yet: mine has 3, 4, 4 and now 5 lines."""
    earned(ME, 500)
    earned(SOMEBODY, 500)
    captured(held(ME, 60).transfer_id, 25)
    first = sealed()
    hold = held(SOMEBODY, 70)
    redeemed(ME, 80)
    second = sealed()
    released(hold.transfer_id)
    third = sealed()
    redeemed(ME, 5)
    assert proof.verify().ok
    return [first, second, third]


def _found(**options: Any) -> dict[Fault, str]:
    report = proof.verify(**options)
    assert not report.ok
    return {fault: finding.row for fault, finding in report.findings.items()}


def _leaf(n: int) -> Any:
    return and_(seal_leaf.c.n == n, seal_leaf.c.account_id == MINE)


def _copy() -> list[list[dict[str, Any]]]:
    with db.engine.connect() as connection:
        return [[dict(row._mapping) for row in connection.execute(select(table))] for table in TABLES]


def _put_back(copy: list[list[dict[str, Any]]]) -> None:
    with unguarded() as connection:
        for table in reversed(TABLES):
            connection.execute(delete(table))
        for table, rows in zip(TABLES, copy, strict=True):
            if rows:
                connection.execute(insert(table), rows)


# --- what is sound ----------------------------------------------------------------------------------------------------


def test_a_report_says_what_is_sealed(ledger: list[SealRow]) -> None:
    """How many seals there are, which is the last, and how much has come after it."""
    report = proof.verify()
    assert (report.seals, report.last_seal) == (3, f"3 {ledger[2].hash.hex()}")
    assert report.unsealed_entries == 1
    assert ledger[2].hash.hex() in report.text()
    assert [one.transfers for one in ledger] == [4, 6, 7]


def test_published_seals_are_found_again(ledger: list[SealRow]) -> None:
    """Every seal that was ever published fits, together and alone."""
    assert proof.verify(anchors=ledger).ok
    assert all(proof.verify(anchors=[one]).ok for one in ledger)


# --- single values ----------------------------------------------------------------------------------------------------


def _other(value: Any) -> Any:
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, UUID):
        return new_id()
    return value + (timedelta(microseconds=1) if hasattr(value, "tzinfo") else 1)


@pytest.mark.parametrize("column", [name for name in SealRow._fields if name != "n"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_any_value_of_a_seal(ledger: list[SealRow], column: str, n: int) -> None:
    """A changed seal is named, whichever column it is."""
    value = getattr(ledger[n - 1], column)
    execute(update(seal).where(seal.c.n == n).values({column: _other(value)}))
    assert _found()[Fault.SEAL_HASH] == f"ledger_seal {n}"


@pytest.mark.parametrize("column", ["account_id", "seq", "head"])
@pytest.mark.parametrize("n", [1, 2])
def test_any_value_of_a_leaf(ledger: list[SealRow], column: str, n: int) -> None:
    """A changed leaf does not lead to its seal's root, and is not what stands in the account."""
    values = dict(zip(seal_leaf.c.keys(), next(r for r in rows_of(seal_leaf) if r[:2] == (n, MINE)), strict=True))
    execute(update(seal_leaf).where(_leaf(n)).values({column: _other(values[column])}))
    found = _found()
    assert found[Fault.SEAL_LEAVES] == f"ledger_seal {n}"
    assert found[Fault.SEAL_HEAD].startswith(f"ledger_seal_leaf {n}/")


def test_a_seal_that_was_made_to_fit_breaks_the_chain(ledger: list[SealRow]) -> None:
    """Its new hash is not what the next seal names."""
    forged = ledger[1]._replace(at=ledger[1].at + timedelta(microseconds=1))
    execute(update(seal).where(seal.c.n == 2).values(at=forged.at, hash=chain.seal_hash(forged)))
    assert _found() == {Fault.SEAL_CHAIN: "ledger_seal 3"}


# --- rows that are gone or too many -----------------------------------------------------------------------------------


def test_a_leaf_removed(ledger: list[SealRow]) -> None:
    """What is left does not lead to the root, nor add up."""
    execute(delete(seal_leaf).where(_leaf(2)))
    assert _found()[Fault.SEAL_LEAVES] == "ledger_seal 2"


def test_a_leaf_added(ledger: list[SealRow]) -> None:
    """A leaf that did not move, or that belongs to no seal, is named."""
    end = next(row for row in rows_of(seal_leaf) if row[:2] == (2, MINE))
    for n in (3, 9):
        execute(insert(seal_leaf), dict(zip(seal_leaf.c.keys(), (n, *end[1:]), strict=True)))
    report = proof.verify()
    assert report.findings[Fault.SEAL_LEAVES].row == f"ledger_seal_leaf 3/{MINE}"
    assert report.findings[Fault.SEAL_LEAVES].count == 3


@pytest.mark.parametrize("n", [1, 2])
def test_a_seal_removed(ledger: list[SealRow], n: int) -> None:
    """The next one does not follow from what is left."""
    execute(delete(seal_leaf).where(seal_leaf.c.n == n))
    execute(delete(seal).where(seal.c.n == n))
    assert _found()[Fault.SEAL_CHAIN] == f"ledger_seal {n + 1}"


def _remove_the_last_seal() -> None:
    execute(delete(seal_leaf).where(seal_leaf.c.n == 3))
    execute(delete(seal).where(seal.c.n == 3))


def test_the_last_seal_removed_shows_only_against_a_published_one(ledger: list[SealRow]) -> None:
    """Inside the database nothing misses it; whoever has kept it does."""
    _remove_the_last_seal()
    assert proof.verify().ok
    assert proof.verify(anchors=ledger[:2]).ok
    assert _found(anchors=ledger) == {Fault.ANCHOR: "ledger_seal 3"}


def test_a_sealed_tail_removed(ledger: list[SealRow]) -> None:
    """Lines and transfers gone together leave a sound chain; the seal remembers its end."""
    gone = select(entry.c.transfer_id).where(entry.c.account_id == MINE, entry.c.seq >= 4)
    ids = [row[0] for row in rows_of(gone.subquery())]
    execute(delete(entry).where(entry.c.transfer_id.in_(ids)))
    execute(delete(transfer).where(transfer.c.id.in_(ids)))
    assert _found() == {Fault.SEAL_HEAD: f"ledger_seal_leaf 2/{MINE}", Fault.SEAL_COUNTS: "ledger_seal 2"}


def _remove_my_wallet() -> None:
    ids = [row[0] for row in rows_of(select(entry.c.transfer_id).where(entry.c.account_id == MINE).subquery())]
    execute(delete(entry).where(entry.c.account_id == MINE))
    execute(delete(transfer).where(transfer.c.id.in_(ids)))
    execute(delete(account).where(account.c.id == MINE))


def test_a_whole_account_removed(ledger: list[SealRow]) -> None:
    """Nothing else in the ledger misses it; its leaves do."""
    _remove_my_wallet()
    assert _found() == {Fault.SEAL_HEAD: f"ledger_seal_leaf 1/{MINE}", Fault.SEAL_COUNTS: "ledger_seal 1"}


def test_a_whole_account_removed_with_its_leaves(ledger: list[SealRow]) -> None:
    """Then no root fits any more."""
    _remove_my_wallet()
    execute(delete(seal_leaf).where(seal_leaf.c.account_id == MINE))
    assert _found() == {Fault.SEAL_LEAVES: "ledger_seal 1", Fault.SEAL_COUNTS: "ledger_seal 1"}


def test_everything_sealed_anew_shows_only_against_a_published_seal(ledger: list[SealRow]) -> None:
    """Whoever can write everything can make everything fit, but not what others have kept."""
    _remove_my_wallet()
    execute(delete(seal_leaf))
    execute(delete(seal))
    for _ in range(3):
        sealed()
    assert proof.verify().ok
    assert _found(anchors=ledger[:1]) == {Fault.ANCHOR: "ledger_seal 1"}


def test_counts_that_shrink(ledger: list[SealRow]) -> None:
    """A seal that covers less than the one before it is a fault, however well it is chained."""
    forged = ledger[2]._replace(transfers=1)
    execute(update(seal).where(seal.c.n == 3).values(transfers=1, hash=chain.seal_hash(forged)))
    assert _found() == {Fault.SEAL_COUNTS: "ledger_seal 3"}


def test_seals_that_run_backwards_in_time(ledger: list[SealRow]) -> None:
    """A later seal is never earlier."""
    forged = ledger[2]._replace(at=ledger[1].at - timedelta(microseconds=1))
    execute(update(seal).where(seal.c.n == 3).values(at=forged.at, hash=chain.seal_hash(forged)))
    assert _found() == {Fault.SEAL_CHAIN: "ledger_seal 3"}


# --- anchors ----------------------------------------------------------------------------------------------------------


def test_yesterday_s_copy_put_back_shows_only_against_a_published_seal(app: Flask) -> None:
    """An old copy is sound in itself; a seal published since then is not in it."""
    owner_id = a_volunteer_with(60)
    yesterday = sealed()
    copy = _copy()
    redeemed(owner_id, 10)
    today = sealed()
    _put_back(copy)
    assert proof.verify(anchors=[yesterday]).ok
    assert _found(anchors=[today]) == {Fault.ANCHOR: "ledger_seal 2"}
    redeemed(owner_id, 11)
    sealed()
    assert proof.verify().ok
    assert _found(anchors=[today]) == {Fault.ANCHOR: "ledger_seal 2"}


def _one(seals: list[SealRow]) -> Any:
    return _published(seals[2])


def _page(seals: list[SealRow]) -> Any:
    return {"items": [_published(one) for one in reversed(seals)], "next": None}


def _published(one: SealRow) -> dict[str, Any]:
    return anchors.published(one) | {"at": one.at.isoformat().replace("+00:00", "Z")}


@pytest.mark.parametrize("form", [_one, _page, lambda seals: {"seal": _one(seals), "path": []}])
def test_the_command_takes_a_published_seal(
    ledger: list[SealRow], tmp_path: Path, form: Callable[[list[SealRow]], Any]
) -> None:
    """One seal, a page of them or a saved account proof; exit code 1 when the last seal is gone."""
    file = tmp_path / "seals.json"
    file.write_text(json.dumps(form(ledger)))
    sound = CliRunner().invoke(cli, ["verify", "--anchor", str(file)])
    assert (sound.exit_code, "compared" in sound.output) == (0, True)
    _remove_the_last_seal()
    assert CliRunner().invoke(cli, ["verify"]).exit_code == 0
    result = CliRunner().invoke(cli, ["verify", "--anchor", str(file)])
    assert (result.exit_code, "ledger_seal 3" in result.output) == (1, True)


def test_the_command_refuses_a_file_that_is_no_seal(app: Flask, tmp_path: Path) -> None:
    """A wrong file is the caller's fault and says nothing about the ledger."""
    file = tmp_path / "seals.json"
    file.write_text("{}")
    assert CliRunner().invoke(cli, ["verify", "--anchor", str(file)]).exit_code == 2


# --- from a seal on ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "entries", "transfers"), [(1, 6, 4), (2, 4, 2), (3, 3, 1)])
def test_from_a_seal_on_only_the_rest_is_recomputed(
    ledger: list[SealRow], n: int, entries: int, transfers: int
) -> None:
    """The sealed line of each account and what follows it; the report says what was not looked at."""
    report = proof.verify(since_seal=n, anchors=ledger)
    assert report.ok, report.text()
    assert (report.entries, report.transfers, report.seals) == (entries, transfers, 3)
    assert f"only what came after seal {n}" in report.text()
    assert report.body()["since_seal"] == n


@pytest.mark.parametrize("seq", [4, 5])
@pytest.mark.parametrize("column", ["minutes", "held_minutes", "balance_after", "held_after", "recorded_at", "hash"])
def test_from_a_seal_on_its_own_line_and_what_follows_is_proven(ledger: list[SealRow], seq: int, column: str) -> None:
    """The sealed line itself is recomputed: nobody starts from a balance that was changed."""
    line = and_(entry.c.account_id == MINE, entry.c.seq == seq)
    value = rows_of(select(entry.c[column]).where(line).subquery())[0][0]
    execute(update(entry).where(line).values({column: _other(value)}))
    assert f"ledger_entry {MINE}/{seq}" in _found(since_seal=3).values()


def test_from_a_seal_on_a_new_transfer_without_lines_is_seen(ledger: list[SealRow]) -> None:
    """What no sealed line is of has to have lines of its own."""
    execute(delete(entry).where(entry.c.account_id == MINE, entry.c.seq == 5))
    assert Fault.TRANSFER_ENTRIES in _found(since_seal=3)


def test_from_a_seal_on_earlier_lines_are_believed(ledger: list[SealRow]) -> None:
    """That is what it costs; a full run sees it."""
    execute(update(entry).where(entry.c.account_id == MINE, entry.c.seq == 1).values(balance_after=7))
    assert proof.verify(since_seal=3).ok
    assert Fault.ENTRY_HASH in _found()


def test_from_a_seal_that_is_not_there(ledger: list[SealRow]) -> None:
    """It is said so, and nothing is checked."""
    with pytest.raises(NotFound):
        proof.verify(since_seal=4)
    result = CliRunner().invoke(cli, ["verify", "--since-seal", "4"])
    assert (result.exit_code, "no such seal" in result.output) == (2, True)
