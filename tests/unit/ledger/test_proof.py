"""Verification: it passes on what was posted, and names whatever somebody has tampered with."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import and_, delete, insert, select, text, update

from tests.factories.ledger import a_volunteer_with, captured, earned, held, redeemed, released
from tests.unit.ledger.tampering import append, chain_of, execute, forge, transfer_rows
from timebank.database import is_sqlite, new_id
from timebank.ledger import proof
from timebank.ledger.commands import cli
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import EXPLAINED, Fault, Report
from timebank.ledger.rules import ISSUER, AccountKind, Kind, Phase, account_id, expiry_id, wallet_of

ME, SOMEBODY = UUID(int=0xA11CE), UUID(int=0xB0B)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ledger(app: Flask) -> None:
    """Two wallets with every phase in them, an open hold in each."""
    for owner_id in (ME, SOMEBODY):
        earned(owner_id, 500)
        captured(held(owner_id, 60).transfer_id, 25)
        released(held(owner_id, 70).transfer_id)
        redeemed(owner_id, 80)
        held(owner_id, 90)
    assert proof.verify().ok


def _found() -> dict[Fault, str]:
    report = proof.verify()
    assert not report.ok
    return {fault: finding.row for fault, finding in report.findings.items()}


def _mine(seq: int) -> Any:
    return and_(entry.c.account_id == wallet_of(ME).id, entry.c.seq == seq)


def _name(seq: int, owner_id: UUID = ME) -> str:
    return f"ledger_entry {wallet_of(owner_id).id}/{seq}"


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
    assert min(_name(3), _name(3, SOMEBODY)) in human.output
    assert "(+1)" in human.output
    machine = CliRunner().invoke(cli, ["verify", "--json"])
    assert machine.exit_code == 1
    findings = json.loads(machine.output)["findings"]
    assert {"fault": "entry_hash", "row": min(_name(3), _name(3, SOMEBODY)), "count": 2} in findings


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
    execute(update(entry).where(_mine(seq)).values({column: changed}))
    named = _found()
    if column == "account_id":
        assert named[Fault.ENTRY_ACCOUNT] == f"ledger_entry {changed}/{seq}"
    elif column == "seq":
        assert named[Fault.ENTRY_SEQ] in {_name(99), _name(seq + 1)}
    else:
        assert _name(seq) in named.values()


@pytest.mark.parametrize("column", transfer.c.keys())
@pytest.mark.parametrize("phase", list(Phase))
def test_any_value_of_a_transfer(ledger: None, column: str, phase: Phase) -> None:
    """Whichever column of whichever transfer is changed, its entry no longer fits."""
    row = next(row for row in transfer_rows() if row.debit_id == wallet_of(ME).id and row.phase == phase)
    (seq,) = [line.seq for line in chain_of(ME) if line.transfer_id == row.id]
    value = row.recorded_at if (column, row.expires_at) == ("expires_at", None) else getattr(row, column)
    execute(update(transfer).where(transfer.c.id == row.id).values({column: _other(value)}))
    named = _found()
    assert _name(seq) in named.values()


@pytest.mark.parametrize("column", ["resolves", "expires_at"])
def test_a_value_of_a_transfer_taken_away(ledger: None, column: str) -> None:
    """Nothing in place of something is a change like any other."""
    row = next(row for row in transfer_rows() if getattr(row, column) is not None)
    execute(update(transfer).where(transfer.c.id == row.id).values({column: None}))
    assert Fault.ENTRY_HASH in _found()


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
    named = " ".join(_found().values())
    assert str(account_of) in named or str(values["id"]) in named


# --- rows gone, swapped, invented -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seq", "fault"), [(1, Fault.ENTRY_SEQ), (4, Fault.ENTRY_SEQ), (7, Fault.TRANSFER_ENTRIES)])
def test_an_entry_deleted(ledger: None, seq: int, fault: Fault) -> None:
    """A hole is named by the line behind it, a missing last line by its transfer."""
    gone = chain_of(ME)[seq - 1]
    execute(delete(entry).where(_mine(seq)))
    named = _found()
    assert named[Fault.TRANSFER_ENTRIES] == f"ledger_transfer {gone.transfer_id}"
    assert fault in named


def test_a_tail_deleted_but_for_its_end(ledger: None) -> None:
    """Lines taken from the middle of the tail, with their transfers, leave a gap."""
    for line in chain_of(ME)[4:6]:
        execute(delete(entry).where(_mine(line.seq)))
        execute(delete(transfer).where(transfer.c.id == line.transfer_id))
    assert _found()[Fault.ENTRY_SEQ] == _name(7)


def test_a_transfer_deleted(ledger: None) -> None:
    """An entry without its transfer is named."""
    execute(delete(transfer).where(transfer.c.id == chain_of(ME)[3].transfer_id))
    assert _found()[Fault.ENTRY_TRANSFER] == _name(4)


def test_a_wallet_emptied(ledger: None) -> None:
    """An account that has lost all its lines and transfers is named."""
    execute(delete(entry).where(entry.c.account_id == wallet_of(ME).id))
    for side in (transfer.c.debit_id, transfer.c.credit_id):
        execute(delete(transfer).where(side == wallet_of(ME).id))
    assert _found() == {Fault.ACCOUNT_EMPTY: f"ledger_account {wallet_of(ME).id}"}


@pytest.mark.parametrize("gone", ["mine", "issuer"])
def test_an_account_deleted(ledger: None, gone: str) -> None:
    """Lines of an account that is not there are named, and so is a missing system account."""
    execute(delete(account).where(account.c.id == {"mine": wallet_of(ME).id, "issuer": ISSUER.id}[gone]))
    named = _found()
    if gone == "mine":
        assert named[Fault.ENTRY_ACCOUNT] == _name(1)
    else:
        assert named[Fault.ACCOUNT_MISSING] == f"ledger_account {ISSUER.id}"
        assert Fault.TRANSFER_ROUTE in named


def test_two_lines_swapped(ledger: None) -> None:
    """Lines that have changed places no longer chain."""
    for old, new in ((4, 99), (5, 4), (99, 5)):
        execute(update(entry).where(_mine(old)).values(seq=new))
    assert _found()[Fault.ENTRY_HASH] == _name(4)


def test_two_wallets_swapped(ledger: None) -> None:
    """A line in somebody else's wallet is named."""
    mine, other = wallet_of(ME).id, wallet_of(SOMEBODY).id
    for old, new in ((mine, new_id()), (other, mine)):
        execute(update(entry).where(entry.c.account_id == old, entry.c.seq == 4).values(account_id=new))
    assert _found()[Fault.ENTRY_EFFECT] == _name(4)


def test_an_old_copy_of_a_line_put_back(ledger: None) -> None:
    """An earlier balance at the end of a chain does not follow from the line before it."""
    execute(update(entry).where(_mine(7)).values(chain_of(ME)[0]._replace(seq=7)._asdict()))
    assert _found()[Fault.ENTRY_RUNNING] == _name(7)


# --- forgeries whose hashes fit ---------------------------------------------------------------------------------------


def test_a_good_forgery_is_a_posting(ledger: None) -> None:
    """What obeys every rule cannot be told from a posting here: that is what seals are for."""
    forge(ME)
    assert proof.verify().ok


def test_a_balance_below_its_floor(ledger: None) -> None:
    """More taken than was available is named, although later lines are above again."""
    forge(ME, 300)
    forge(ME, 50)
    assert _found() == {Fault.ENTRY_FLOOR: _name(9)}


def test_a_line_that_says_another_number_than_its_transfer(ledger: None) -> None:
    """Minutes that appear in the chain and not in the transfer are named, and the sum is off."""
    forge(ME, 10, entry={"minutes": 90})
    named = _found()
    assert named[Fault.ENTRY_EFFECT] == _name(8)
    assert named[Fault.SUM] == "880 + -780"


def test_a_running_balance_out_of_thin_air(ledger: None) -> None:
    """A balance that does not follow from the one before is named."""
    forge(ME, 10, entry={"balance_after": 5_000})
    assert _found()[Fault.ENTRY_RUNNING] == _name(8)


def test_a_line_of_another_time_than_its_transfer(ledger: None) -> None:
    """Both carry one instant."""
    last = chain_of(ME)[-1]
    forge(ME, entry={"recorded_at": last.recorded_at + 5 * SECOND})
    assert _found() == {Fault.ENTRY_TIME: _name(8)}


def test_a_line_from_before_the_one_before(ledger: None) -> None:
    """Time on one account does not go back."""
    forge(ME, recorded_at=chain_of(ME)[-1].recorded_at - SECOND)
    assert _found() == {Fault.ENTRY_TIME: _name(8)}


def test_a_line_for_a_transfer_between_others(ledger: None) -> None:
    """A line belongs to a side of its transfer."""
    row = forge(ME, debit_id=wallet_of(SOMEBODY).id)
    assert _found() == {Fault.ENTRY_EFFECT: _name(8), Fault.TRANSFER_ENTRIES: f"ledger_transfer {row.id}"}


def test_a_second_line_for_one_transfer(ledger: None) -> None:
    """A transfer has one line on each tracked side, not two."""
    row = forge(ME)
    append(ME, row, minutes=-10, recorded_at=row.recorded_at)
    assert _found()[Fault.TRANSFER_ENTRIES] == f"ledger_transfer {row.id}"


def test_a_transfer_without_lines(ledger: None) -> None:
    """Minutes that left the issuer and arrived nowhere are named."""
    execute(insert(transfer), transfer_rows()[0]._replace(id=new_id(), source_id=new_id())._asdict())
    assert set(_found()) == {Fault.TRANSFER_ENTRIES, Fault.SUM}


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": int(Kind.EARN)},
        {"kind": 99},
        {"phase": 9},
        {"source_type": 99},
        {"credit_id": account_id(AccountKind.EXPIRED, UUID(int=0))},
        {"credit_id": wallet_of(ME).id},
        {"expires_at": datetime.fromisoformat("2050-01-01T00:00:00Z")},
    ],
    ids=str,
)
def test_a_transfer_that_no_rule_allows(ledger: None, columns: dict[str, Any]) -> None:
    """Kinds, phases, sources and accounts go together in known ways only."""
    row = forge(ME, **columns)
    assert _found()[Fault.TRANSFER_ROUTE] == f"ledger_transfer {row.id}"


def _open_hold(owner_id: UUID) -> Any:
    return [row for row in transfer_rows() if row.phase == Phase.HOLD and row.debit_id == wallet_of(owner_id).id][-1]


def test_a_capture_of_more_than_was_held(ledger: None) -> None:
    """A capture takes at most its hold."""
    hold = _open_hold(ME)
    row = forge(ME, 91, phase=3, resolves=hold.id, hold_minutes=90)
    assert _found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_a_release_of_less_than_was_held(ledger: None) -> None:
    """A release gives everything back."""
    row = forge(ME, 89, phase=4, resolves=_open_hold(ME).id, hold_minutes=90)
    assert _found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_a_capture_after_the_end_of_its_hold(ledger: None) -> None:
    """What is due cannot be captured any more."""
    hold = _open_hold(ME)
    row = forge(ME, 10, phase=3, resolves=hold.id, hold_minutes=90, recorded_at=hold.expires_at)
    assert _found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_an_expiry_before_its_time(ledger: None) -> None:
    """Nobody's hold expires early."""
    hold = _open_hold(ME)
    row = forge(ME, 90, phase=4, resolves=hold.id, hold_minutes=90, id=expiry_id(hold.id))
    assert _found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_somebody_elses_hold_resolved(ledger: None) -> None:
    """A hold is resolved on its own account."""
    row = forge(ME, 90, phase=4, resolves=_open_hold(SOMEBODY).id, hold_minutes=90)
    named = _found()
    assert set(named) == {Fault.TRANSFER_RESOLVES, Fault.ACCOUNT_HOLDS}
    assert named[Fault.TRANSFER_RESOLVES] == f"ledger_transfer {row.id}"


def test_a_sale_that_pretends_to_resolve(ledger: None) -> None:
    """Only a capture or a release resolves."""
    row = forge(ME, resolves=_open_hold(ME).id)
    assert _found()[Fault.TRANSFER_RESOLVES] == f"ledger_transfer {row.id}"


def test_a_hold_that_outlived_its_end(ledger: None) -> None:
    """A posting after the end of a hold has to come after its release."""
    forge(ME, recorded_at=_open_hold(ME).expires_at)
    assert _found() == {Fault.ACCOUNT_HOLDS: f"ledger_account {wallet_of(ME).id}"}


# --- closing ----------------------------------------------------------------------------------------------------------


def _emptied() -> datetime:
    released(_open_hold(ME).id)
    redeemed(ME, 500 - 25 - 80)
    return chain_of(ME)[-1].recorded_at + SECOND


def _close(closed_at: datetime) -> None:
    execute(update(account).where(account.c.id == wallet_of(ME).id).values(closed_at=closed_at))


def test_a_closed_account_ends_with_a_zero_line(ledger: None) -> None:
    """An empty account may be closed by a line that moves nothing, at the very instant that it was closed at."""
    closed_at = _emptied()
    append(ME, None, recorded_at=closed_at)
    _close(closed_at)
    assert proof.verify().ok


def test_closed_without_a_closing_line(ledger: None) -> None:
    """An account that only says it is closed is named."""
    _close(_emptied())
    assert _found() == {Fault.ACCOUNT_CLOSING: f"ledger_account {wallet_of(ME).id}"}


@pytest.mark.parametrize("how", ["still open", "another time", "not empty", "posted to afterwards", "closed twice"])
def test_a_closing_line_that_closes_nothing(ledger: None, how: str) -> None:
    """A closing line is the last one, of an empty account, at the instant of its closing."""
    closed_at = chain_of(ME)[-1].recorded_at if how == "not empty" else _emptied()
    append(ME, None, recorded_at=closed_at)
    if how != "still open":
        _close(closed_at + SECOND if how == "another time" else closed_at)
    if how == "posted to afterwards":
        forge(ME, 10, debit_id=ISSUER.id, credit_id=wallet_of(ME).id, kind=1, entry={"minutes": 10})
    if how == "closed twice":
        append(ME, None, recorded_at=closed_at)
    assert Fault.ACCOUNT_CLOSING in _found()


# --- rubbish ----------------------------------------------------------------------------------------------------------


def test_a_hash_with_a_tail(ledger: None) -> None:
    """A request hash that is too long is not cut to what it was before."""
    row = transfer_rows()[2]
    execute(update(transfer).where(transfer.c.id == row.id).values(request_hash=row.request_hash + b"\x00"))
    assert Fault.ENTRY_HASH in _found()


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET minutes = 'many' WHERE seq = 3",
        "UPDATE ledger_entry SET minutes = 2.5 WHERE seq = 3",
        "UPDATE ledger_entry SET recorded_at = 'yesterday' WHERE seq = 3",
        "UPDATE ledger_transfer SET id = 'nobody' WHERE id = (SELECT min(id) FROM ledger_transfer WHERE phase = 3)",
        "UPDATE ledger_account SET owner_id = 'nobody' WHERE id = (SELECT min(id) FROM ledger_account WHERE kind = 1)",
    ],
)
def test_what_sqlite_stores_although_it_is_no_value(ledger: None, statement: str) -> None:
    """Text where a number or an id belongs ends verification as a finding, not as a crash."""
    assert is_sqlite()
    execute(text(statement))
    assert set(_found()) & {Fault.UNREADABLE, Fault.ENTRY_HASH}


def test_a_report_names_the_first_row_of_each_fault_and_counts_the_rest() -> None:
    """One row each, and how many more."""
    report = Report()
    for row in ("a", "b", "c"):
        report.found(Fault.ENTRY_SEQ, row)
    report.found(Fault.SUM, "1 + 2")
    assert "a (+2)" in report.text()
    assert report.text().count("1 + 2") == 1
    assert json.loads(report.json())["findings"] == [
        {"fault": "entry_seq", "row": "a", "count": 3},
        {"fault": "sum", "row": "1 + 2", "count": 1},
    ]


def test_a_volunteer_without_postings_is_not_in_the_ledger(app: Flask) -> None:
    """Reading somebody's state opens no account."""
    a_volunteer_with(10)
    assert proof.verify().accounts == 5
