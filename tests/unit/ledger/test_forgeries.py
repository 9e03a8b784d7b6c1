"""Verification against whoever knows the rules of hashing: forgeries that fit, closings that do not, and rubbish."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import insert, text, update

from tests.factories.ledger import a_volunteer_with, redeemed, released
from tests.unit.ledger.tampering import (
    ME,
    SOMEBODY,
    append,
    chain_of,
    execute,
    faults_found,
    forge,
    name_of_line,
    transfer_rows,
)
from timebank.database import is_sqlite, new_id
from timebank.ledger import proof
from timebank.ledger.queries import account, transfer
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import ISSUER, AccountKind, Kind, Phase, account_id, expiry_id, wallet_of

SECOND = timedelta(seconds=1)


# --- forgeries whose hashes fit ---------------------------------------------------------------------------------------


def test_a_good_forgery_is_a_posting(ledger: None) -> None:
    """What obeys every rule cannot be told from a posting here: that is what seals are for."""
    forge(ME)
    assert proof.verify().ok


def test_a_balance_below_its_floor(ledger: None) -> None:
    """More taken than was available is named, although later lines are above again."""
    forge(ME, 300)
    forge(ME, 50)
    assert faults_found() == {Fault.ENTRY_FLOOR: name_of_line(9)}


def test_a_line_that_says_another_number_than_its_transfer(ledger: None) -> None:
    """Minutes that appear in the chain and not in the transfer are named, and the sum is off."""
    forge(ME, 10, entry={"minutes": 90})
    named = faults_found()
    assert named[Fault.ENTRY_EFFECT] == name_of_line(8)
    assert named[Fault.SUM] == "880 + -780"


def test_a_running_balance_out_of_thin_air(ledger: None) -> None:
    """A balance that does not follow from the one before is named."""
    forge(ME, 10, entry={"balance_after": 5_000})
    assert faults_found()[Fault.ENTRY_RUNNING] == name_of_line(8)


def test_a_line_of_another_time_than_its_transfer(ledger: None) -> None:
    """Both carry one instant."""
    last = chain_of(ME)[-1]
    forge(ME, entry={"recorded_at": last.recorded_at + 5 * SECOND})
    assert faults_found() == {Fault.ENTRY_TIME: name_of_line(8)}


def test_a_line_from_before_the_one_before(ledger: None) -> None:
    """Time on one account does not go back."""
    forge(ME, recorded_at=chain_of(ME)[-1].recorded_at - SECOND)
    assert faults_found() == {Fault.ENTRY_TIME: name_of_line(8)}


def test_a_line_for_a_transfer_between_others(ledger: None) -> None:
    """A line belongs to a side of its transfer."""
    row = forge(ME, debit_id=wallet_of(SOMEBODY).id)
    assert faults_found() == {Fault.ENTRY_EFFECT: name_of_line(8), Fault.TRANSFER_ENTRIES: f"ledger_transfer {row.id}"}


def test_a_second_line_for_one_transfer(ledger: None) -> None:
    """A transfer has one line on each tracked side, not two."""
    row = forge(ME)
    append(ME, row, minutes=-10, recorded_at=row.recorded_at)
    assert faults_found()[Fault.TRANSFER_ENTRIES] == f"ledger_transfer {row.id}"


def test_a_transfer_without_lines(ledger: None) -> None:
    """Minutes that left the issuer and arrived nowhere are named."""
    execute(insert(transfer), transfer_rows()[0]._replace(id=new_id(), source_id=new_id())._asdict())
    assert set(faults_found()) == {Fault.TRANSFER_ENTRIES, Fault.SUM}


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
    assert faults_found()[Fault.TRANSFER_ROUTE] == f"ledger_transfer {row.id}"


def _open_hold(owner_id: UUID) -> Any:
    return [row for row in transfer_rows() if row.phase == Phase.HOLD and row.debit_id == wallet_of(owner_id).id][-1]


def test_a_capture_of_more_than_was_held(ledger: None) -> None:
    """A capture takes at most its hold."""
    hold = _open_hold(ME)
    row = forge(ME, 91, phase=3, resolves=hold.id, hold_minutes=90)
    assert faults_found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_a_release_of_less_than_was_held(ledger: None) -> None:
    """A release gives everything back."""
    row = forge(ME, 89, phase=4, resolves=_open_hold(ME).id, hold_minutes=90)
    assert faults_found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_a_capture_after_the_end_of_its_hold(ledger: None) -> None:
    """What is due cannot be captured any more."""
    hold = _open_hold(ME)
    row = forge(ME, 10, phase=3, resolves=hold.id, hold_minutes=90, recorded_at=hold.expires_at)
    assert faults_found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_an_expiry_before_its_time(ledger: None) -> None:
    """Nobody's hold expires early."""
    hold = _open_hold(ME)
    row = forge(ME, 90, phase=4, resolves=hold.id, hold_minutes=90, id=expiry_id(hold.id))
    assert faults_found() == {Fault.TRANSFER_RESOLVES: f"ledger_transfer {row.id}"}


def test_somebody_elses_hold_resolved(ledger: None) -> None:
    """A hold is resolved on its own account."""
    row = forge(ME, 90, phase=4, resolves=_open_hold(SOMEBODY).id, hold_minutes=90)
    named = faults_found()
    assert set(named) == {Fault.TRANSFER_RESOLVES, Fault.ACCOUNT_HOLDS}
    assert named[Fault.TRANSFER_RESOLVES] == f"ledger_transfer {row.id}"


def test_a_sale_that_pretends_to_resolve(ledger: None) -> None:
    """Only a capture or a release resolves."""
    row = forge(ME, resolves=_open_hold(ME).id)
    assert faults_found()[Fault.TRANSFER_RESOLVES] == f"ledger_transfer {row.id}"


def test_a_hold_that_outlived_its_end(ledger: None) -> None:
    """A posting after the end of a hold has to come after its release."""
    forge(ME, recorded_at=_open_hold(ME).expires_at)
    assert faults_found() == {Fault.ACCOUNT_HOLDS: f"ledger_account {wallet_of(ME).id}"}


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
    assert faults_found() == {Fault.ACCOUNT_CLOSING: f"ledger_account {wallet_of(ME).id}"}


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
    assert Fault.ACCOUNT_CLOSING in faults_found()


# --- rubbish ----------------------------------------------------------------------------------------------------------


def test_a_hash_with_a_tail(ledger: None) -> None:
    """A request hash that is too long is not cut to what it was before."""
    row = transfer_rows()[2]
    execute(update(transfer).where(transfer.c.id == row.id).values(request_hash=row.request_hash + b"\x00"))
    assert Fault.ENTRY_HASH in faults_found()


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
    assert set(faults_found()) & {Fault.UNREADABLE, Fault.ENTRY_HASH}


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
