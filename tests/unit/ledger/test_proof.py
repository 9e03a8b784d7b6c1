"""Verification: it passes on what was posted, and names whatever somebody has tampered with."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, select, update

from tests.factories.ledger import redeemed
from tests.unit.ledger.tampering import (
    ME,
    SOMEBODY,
    chain_of,
    execute,
    faults_found,
    line_of_mine,
    name_of_line,
    transfer_rows,
)
from timebank.database import new_id
from timebank.ledger import proof, proof_entries
from timebank.ledger.commands import cli
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import EXPLAINED, Fault
from timebank.ledger.rules import ISSUER, Phase, wallet_of

SECOND = timedelta(seconds=1)


# --- what is sound ----------------------------------------------------------------------------------------------------


def test_a_new_ledger_is_consistent(app: Flask) -> None:
    """Nothing posted, nothing wrong."""
    report = proof.verify()
    assert (report.ok, report.accounts, report.entries, report.transfers) == (True, 4, 0, 0)


def test_a_report_counts_and_adds_up(ledger: None) -> None:
    """What is in wallets is what the issuer gave less what was redeemed."""
    seen: list[int] = []
    report = proof.verify(seen.append)
    assert (report.accounts, report.entries, report.transfers) == (6, 14, 14)
    assert (report.tracked_minutes, report.untracked_minutes) == (2 * (500 - 25 - 80), -2 * (500 - 25 - 80))
    assert sum(seen) == 6 + 3 * 14


def test_a_sound_line_is_passed_in_one_go(ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first line of an account is looked at closely: that is what the speed of a proof rests on."""
    looked_at: list[int] = []
    look_closely = proof_entries._Chains.look_closely

    def noted(chains: Any, row: Any, before: Any) -> None:
        looked_at.append(row[1])
        look_closely(chains, row, before)

    monkeypatch.setattr(proof_entries._Chains, "look_closely", noted)
    assert proof.verify().ok
    assert looked_at == [1, 1]


def test_verification_holds_nobody_up(ledger: None) -> None:
    """While one snapshot is read, postings go on, and it does not see them."""
    with proof.snapshot() as connection:
        before = connection.execute(select(entry.c.hash)).all()
        redeemed(ME, 1)
        assert connection.execute(select(entry.c.hash)).all() == before


def test_the_command_says_so_and_exits_with_0(ledger: None) -> None:
    """An auditor reads one line of counts and one verdict; a program reads JSON."""
    human = CliRunner().invoke(cli, ["verify"])
    assert (human.exit_code, "✓" in human.output, "✗" in human.output) == (0, True, False)
    machine = CliRunner().invoke(cli, ["verify", "--json"])
    assert machine.exit_code == 0
    assert json.loads(machine.output) == {
        "ok": True,
        "accounts": 6,
        "transfers": 14,
        "entries": 14,
        "tracked_minutes": 790,
        "untracked_minutes": -790,
        "seals": 0,
        "last_seal": None,
        "since_seal": None,
        "unsealed_entries": 14,
        "anchors": 0,
        "findings": [],
    }


def test_the_command_names_the_fault_and_exits_with_1(ledger: None) -> None:
    """The first bad row of each kind is named, with how many more there are."""
    execute(update(entry).where(entry.c.seq == 3).values(minutes=-24))
    human = CliRunner().invoke(cli, ["verify"])
    assert human.exit_code == 1
    assert min(name_of_line(3), name_of_line(3, SOMEBODY)) in human.output
    assert "(+1)" in human.output
    machine = CliRunner().invoke(cli, ["verify", "--json"])
    assert machine.exit_code == 1
    findings = json.loads(machine.output)["findings"]
    assert {"fault": "entry_hash", "row": min(name_of_line(3), name_of_line(3, SOMEBODY)), "count": 2} in findings


def test_progress_is_shown_to_people_only(ledger: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody watches, dots show that it goes on; they never mix with the report."""
    monkeypatch.setattr("timebank.ledger.commands.is_watched", lambda: True)
    result = CliRunner().invoke(cli, ["verify", "--json"])
    assert set(result.stderr.strip()) == {"."}
    assert json.loads(result.stdout)["ok"]


def test_every_fault_is_explained() -> None:
    """A report has a sentence for each fault, in both languages."""
    assert set(EXPLAINED) == set(Fault)
    assert all(" · " in sentence for sentence in EXPLAINED.values())


# --- one value flipped ------------------------------------------------------------------------------------------------


def _other(value: Any) -> Any:
    match value:
        case None | UUID():
            return new_id()
        case datetime():
            return value + timedelta(microseconds=1)
        case bool():
            return not value
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return value + 1


@pytest.mark.parametrize("column", entry.c.keys())
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_any_value_of_an_entry(ledger: None, column: str, seq: int) -> None:
    """Whichever column of whichever line is changed, first, last or between, the line is named."""
    before = chain_of(ME)[seq - 1]
    changed = _other(getattr(before, column)) if column != "seq" else 99
    execute(update(entry).where(line_of_mine(seq)).values({column: changed}))
    named = faults_found()
    if column == "account_id":
        assert named[Fault.ENTRY_ACCOUNT] == f"ledger_entry {changed}/{seq}"
    elif column == "seq":
        assert named[Fault.ENTRY_SEQ] in {name_of_line(99), name_of_line(seq + 1)}
    else:
        assert name_of_line(seq) in named.values()


@pytest.mark.parametrize("column", transfer.c.keys())
@pytest.mark.parametrize("phase", list(Phase))
def test_any_value_of_a_transfer(ledger: None, column: str, phase: Phase) -> None:
    """Whichever column of whichever transfer is changed, its entry no longer fits."""
    row = next(row for row in transfer_rows() if row.debit_id == wallet_of(ME).id and row.phase == phase)
    (seq,) = [line.seq for line in chain_of(ME) if line.transfer_id == row.id]
    value = row.recorded_at if (column, row.expires_at) == ("expires_at", None) else getattr(row, column)
    execute(update(transfer).where(transfer.c.id == row.id).values({column: _other(value)}))
    named = faults_found()
    assert name_of_line(seq) in named.values()


@pytest.mark.parametrize("column", ["resolves", "expires_at"])
def test_a_value_of_a_transfer_taken_away(ledger: None, column: str) -> None:
    """Nothing in place of something is a change like any other."""
    row = next(row for row in transfer_rows() if getattr(row, column) is not None)
    execute(update(transfer).where(transfer.c.id == row.id).values({column: None}))
    assert Fault.ENTRY_HASH in faults_found()


@pytest.mark.parametrize("column", account.c.keys())
@pytest.mark.parametrize("whose", ["mine", "issuer"])
def test_any_value_of_an_account(ledger: None, column: str, whose: str) -> None:
    """Whichever column of an account is changed, the account or its first line is named."""
    account_of = {"mine": wallet_of(ME).id, "issuer": ISSUER.id}[whose]
    values = {
        "id": new_id(),
        "kind": 3,
        "owner_id": new_id(),
        "tracked": whose == "issuer",
        "opened_at": account.c.closed_at,
        "closed_at": account.c.opened_at,
    }
    if column == "opened_at":
        execute(
            update(account)
            .where(account.c.id == account_of)
            .values(opened_at=datetime.fromisoformat("2019-01-01T00:00:00Z"))
        )
    else:
        execute(update(account).where(account.c.id == account_of).values({column: values[column]}))
    named = " ".join(faults_found().values())
    assert str(account_of) in named or str(values["id"]) in named


# --- rows gone, swapped, invented -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seq", "fault"), [(1, Fault.ENTRY_SEQ), (4, Fault.ENTRY_SEQ), (7, Fault.TRANSFER_ENTRIES)])
def test_an_entry_deleted(ledger: None, seq: int, fault: Fault) -> None:
    """A hole is named by the line behind it, a missing last line by its transfer."""
    gone = chain_of(ME)[seq - 1]
    execute(delete(entry).where(line_of_mine(seq)))
    named = faults_found()
    assert named[Fault.TRANSFER_ENTRIES] == f"ledger_transfer {gone.transfer_id}"
    assert fault in named


def test_a_tail_deleted_but_for_its_end(ledger: None) -> None:
    """Lines taken from the middle of the tail, with their transfers, leave a gap."""
    for line in chain_of(ME)[4:6]:
        execute(delete(entry).where(line_of_mine(line.seq)))
        execute(delete(transfer).where(transfer.c.id == line.transfer_id))
    assert faults_found()[Fault.ENTRY_SEQ] == name_of_line(7)


def test_a_transfer_deleted(ledger: None) -> None:
    """An entry without its transfer is named."""
    execute(delete(transfer).where(transfer.c.id == chain_of(ME)[3].transfer_id))
    assert faults_found()[Fault.ENTRY_TRANSFER] == name_of_line(4)


def test_a_wallet_emptied(ledger: None) -> None:
    """An account that has lost all its lines and transfers is named."""
    execute(delete(entry).where(entry.c.account_id == wallet_of(ME).id))
    for side in (transfer.c.debit_id, transfer.c.credit_id):
        execute(delete(transfer).where(side == wallet_of(ME).id))
    assert faults_found() == {Fault.ACCOUNT_EMPTY: f"ledger_account {wallet_of(ME).id}"}


@pytest.mark.parametrize("gone", ["mine", "issuer"])
def test_an_account_deleted(ledger: None, gone: str) -> None:
    """Lines of an account that is not there are named, and so is a missing system account."""
    execute(delete(account).where(account.c.id == {"mine": wallet_of(ME).id, "issuer": ISSUER.id}[gone]))
    named = faults_found()
    if gone == "mine":
        assert named[Fault.ENTRY_ACCOUNT] == name_of_line(1)
    else:
        assert named[Fault.ACCOUNT_MISSING] == f"ledger_account {ISSUER.id}"
        assert Fault.TRANSFER_ROUTE in named


def test_two_lines_swapped(ledger: None) -> None:
    """Lines that have changed places no longer chain."""
    for old, new in ((4, 99), (5, 4), (99, 5)):
        execute(update(entry).where(line_of_mine(old)).values(seq=new))
    assert faults_found()[Fault.ENTRY_HASH] == name_of_line(4)


def test_two_wallets_swapped(ledger: None) -> None:
    """A line in somebody else's wallet is named."""
    mine, other = wallet_of(ME).id, wallet_of(SOMEBODY).id
    for old, new in ((mine, new_id()), (other, mine)):
        execute(update(entry).where(entry.c.account_id == old, entry.c.seq == 4).values(account_id=new))
    assert faults_found()[Fault.ENTRY_EFFECT] == name_of_line(4)


def test_an_old_copy_of_a_line_put_back(ledger: None) -> None:
    """An earlier balance at the end of a chain does not follow from the line before it."""
    execute(update(entry).where(line_of_mine(7)).values(chain_of(ME)[0]._replace(seq=7)._asdict()))
    assert faults_found()[Fault.ENTRY_RUNNING] == name_of_line(7)
