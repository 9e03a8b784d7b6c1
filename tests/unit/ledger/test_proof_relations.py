"""Verification of what belongs together: reversals, refunds, mergers, debts and their settlement."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, insert, update

from tests.factories.ledger import (
    a_volunteer_with,
    captured,
    earned,
    held,
    merged,
    redeemed,
    refunded,
    released,
    reversed_,
)
from tests.unit.ledger.tampering import append, chain_of, execute, forge, transfer_rows
from timebank.database import new_id
from timebank.ledger import proof
from timebank.ledger.chain import TransferRow
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import Fault
from timebank.ledger.rules import (
    ISSUER,
    REDEEMED,
    SHORTFALL,
    Kind,
    SourceType,
    debt_of,
    recovery_id,
    settlement_id,
    shortfall_id,
    wallet_of,
)

ME, SOMEBODY = UUID(int=0xA11CE), UUID(int=0xB0B)
SECOND = timedelta(seconds=1)


def _found() -> dict[Fault, str]:
    return {fault: finding.row for fault, finding in proof.verify().findings.items()}


def _named(row: TransferRow) -> str:
    return f"ledger_transfer {row.id}"


def _row(transfer_id: UUID) -> TransferRow:
    return next(row for row in transfer_rows() if row.id == transfer_id)


@pytest.fixture
def sale(app: Flask) -> UUID:
    """Two people with 500 earned and a sale of 80 each; returns mine."""
    for owner_id in (SOMEBODY, ME):
        earned(owner_id, 500)
        paid = redeemed(owner_id, 80).transfer_id
    return paid


def _refund(refunds: UUID, minutes: int = 10) -> TransferRow:
    return forge(
        ME,
        minutes,
        debit_id=REDEEMED.id,
        credit_id=wallet_of(ME).id,
        kind=int(Kind.REFUND),
        source_type=int(SourceType.REFUND),
        refunds=refunds,
        entry={"minutes": minutes},
    )


def test_a_refund_that_fits_is_no_fault(sale: UUID) -> None:
    """A forged refund that obeys every rule is a refund: what follows is wrong for one reason each."""
    _refund(sale, 80)
    assert _found() == {}


def test_refunds_of_more_than_was_paid(sale: UUID) -> None:
    """All refunds of one sale together never exceed it."""
    refunded(sale, 70)
    _refund(sale, 11)
    assert set(_found()) == {Fault.TRANSFER_REFUNDS}


@pytest.mark.parametrize("what", ["an earning", "a hold", "somebody else's sale", "itself"])
def test_a_refund_of_what_was_not_paid(sale: UUID, what: str) -> None:
    """A refund names a sale or a capture of its own wallet."""
    mine = {
        "an earning": lambda: earned(ME, 20).transfer_id,
        "a hold": lambda: held(ME, 20).transfer_id,
        "somebody else's sale": lambda: redeemed(SOMEBODY, 20).transfer_id,
        "itself": lambda: refunded(sale, 20).transfer_id,
    }[what]()
    row = _refund(mine)
    assert _found() == {Fault.TRANSFER_REFUNDS: _named(row)}


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": int(Kind.REVERSE), "credit_id": ISSUER.id},
        {"refunds": True},
        {"reverses": True},
    ],
    ids=str,
)
def test_what_answers_another_transfer_says_so(sale: UUID, columns: dict[str, object]) -> None:
    """Only a reversal reverses, and it does; only a refund refunds."""
    row = forge(ME, **{name: sale if value is True else value for name, value in columns.items()})
    assert _found()[Fault.TRANSFER_ROUTE] == _named(row)


def _reversal(reverses: UUID, minutes: int = 20) -> TransferRow:
    return forge(
        ME,
        minutes,
        credit_id=ISSUER.id,
        kind=int(Kind.REVERSE),
        source_type=int(SourceType.CORRECTION),
        reverses=reverses,
    )


def test_a_reversal_that_fits_is_no_fault(sale: UUID) -> None:
    """The whole of an earning, taken back."""
    _reversal(earned(ME, 20).transfer_id)
    assert _found() == {}


def test_a_reversal_of_a_part(sale: UUID) -> None:
    """What a reversal does not take is owed; if nothing is, it is named."""
    row = _reversal(earned(ME, 21).transfer_id)
    assert _found() == {Fault.DEBT_PARTS: _named(row)}


def test_a_reversal_of_somebody_elses_earning(sale: UUID) -> None:
    """What was credited to one wallet is not taken from another."""
    row = _reversal(earned(SOMEBODY, 20).transfer_id)
    assert _found() == {Fault.TRANSFER_REVERSES: _named(row)}


# --- debts ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def debtor(app: Flask) -> tuple[UUID, UUID, UUID]:
    """Somebody who owed 70 of a reversed 100 and has paid 50 of it; returns earning, reversal and payment."""
    wrong = earned(ME, 100).transfer_id
    hold_id = held(ME, 20).transfer_id
    redeemed(ME, 50)
    reversal = reversed_(wrong).transfer_id
    payment = earned(ME, 50).transfer_id
    assert hold_id
    assert _found() == {}
    return wrong, reversal, payment


PARTS: list[Callable[[UUID, UUID], UUID]] = [
    lambda reversal, _: reversal,
    lambda reversal, _: shortfall_id(reversal),
    lambda _, payment: recovery_id(payment),
    lambda _, payment: settlement_id(payment),
]


@pytest.mark.parametrize("part", PARTS, ids=["reverse", "incur_debt", "recover", "settle_debt"])
def test_one_half_missing(debtor: tuple[UUID, UUID, UUID], part: Callable[[UUID, UUID], UUID]) -> None:
    """Whichever half of a debt or of a settlement has another source, both halves are on their own."""
    _, reversal, payment = debtor
    row = _row(part(reversal, payment))
    execute(update(transfer).where(transfer.c.id == row.id).values(source_id=new_id()))
    assert Fault.DEBT_PARTS in _found()


def test_minutes_that_stayed_although_something_was_owed(debtor: tuple[UUID, UUID, UUID]) -> None:
    """A credit that did not pay the debt is named at its line."""
    forge(ME, 10, debit_id=ISSUER.id, credit_id=wallet_of(ME).id, kind=1, source_type=1, entry={"minutes": 10})
    last = chain_of(ME)[-1]
    assert _found() == {Fault.DEBT_UNSETTLED: f"ledger_entry {wallet_of(ME).id}/{last.seq}"}


def test_minutes_that_left_although_something_was_owed(debtor: tuple[UUID, UUID, UUID]) -> None:
    """A capture before the debt was paid is named at its line."""
    (hold,) = [row for row in transfer_rows() if row.phase == 2]
    forge(ME, 20, phase=3, resolves=hold.id, hold_minutes=20)
    last = chain_of(ME)[-1]
    assert _found() == {Fault.DEBT_UNSETTLED: f"ledger_entry {wallet_of(ME).id}/{last.seq}"}


def test_a_debt_out_of_nothing(sale: UUID) -> None:
    """A debt is the rest of a reversal, never a fact of its own."""
    redeemed(ME, 420)
    wrong = earned(ME, 30).transfer_id
    redeemed(ME, 30)
    reversed_(wrong)
    debt_id = debt_of(ME).id
    (first,) = [row for row in transfer_rows() if row.credit_id == debt_id]
    row = first._replace(
        id=new_id(), source_id=new_id(), reverses=None, recorded_at=first.recorded_at + SECOND, debit_id=SHORTFALL.id
    )
    execute(insert(transfer), row._asdict())
    assert _found()[Fault.DEBT_PARTS] == _named(row)


# --- mergers ----------------------------------------------------------------------------------------------------------


def test_a_merged_account_that_is_open_again(app: Flask) -> None:
    """Whoever was merged away stays closed: without the closing line, or without its date, it is named."""
    old, new = a_volunteer_with(50), a_volunteer_with(5)
    row = _row(merged(old, new).transfer_id)
    last = chain_of(old)[-1]
    execute(delete(entry).where(entry.c.account_id == last.account_id, entry.c.seq == last.seq))
    execute(update(account).where(account.c.id == last.account_id).values(closed_at=None))
    assert _found() == {Fault.TRANSFER_MERGES: _named(row)}


def test_a_ledger_with_everything_in_it_is_consistent(app: Flask) -> None:
    """Every kind of correction in one ledger, and nothing to name."""
    one, other = a_volunteer_with(300), a_volunteer_with(40)
    refunded(captured(held(one, 100).transfer_id, 60).transfer_id, 10)
    wrong = earned(one, 90).transfer_id
    hold_id = held(one, 330).transfer_id
    reversed_(wrong)
    released(hold_id)
    merged(one, other)
    report = proof.verify()
    assert (report.findings, report.tracked_minutes) == ({}, 250 + 40)
    append(other, None)
    assert Fault.ACCOUNT_CLOSING in _found()
