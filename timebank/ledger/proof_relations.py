"""Third pass of the proof: transfers that answer another one, and debts that come first.

Only rows of those kinds are joined, so that a ledger without corrections pays next to nothing for it.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, case, func, select

from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import (
    LEAVES_IN_SPITE_OF_DEBT,
    REVERSIBLE,
    AccountKind,
    Kind,
    Phase,
    SourceType,
    account_id,
    recovery_id,
    settlement_id,
    shortfall_id,
)

_PARTNERS = {
    Kind.REVERSE: Kind.INCUR_DEBT,
    Kind.INCUR_DEBT: Kind.REVERSE,
    Kind.RECOVER: Kind.SETTLE_DEBT,
    Kind.SETTLE_DEBT: Kind.RECOVER,
}
_RELATED = frozenset({Kind.REFUND, Kind.MERGE, *_PARTNERS})
_MOVED = frozenset({Phase.SINGLE, Phase.CAPTURE})

_original, _partner, _partner_original = transfer.alias("original"), transfer.alias("partner"), transfer.alias("whole")
_cause = transfer.alias("cause")
_giver, _receiver = account.alias("giver"), account.alias("receiver")

_refunded = (
    select(transfer.c.refunds, func.sum(transfer.c.minutes).label("minutes"))
    .where(transfer.c.refunds.is_not(None))
    .group_by(transfer.c.refunds)
    .subquery("refunded")
)
_ANSWERED = ("id", "kind", "phase", "debit_id", "credit_id", "minutes", "recorded_at")

RELATIONS = (
    select(
        *transfer.c,
        _giver.c.owner_id.label("giver_owner"),
        _giver.c.closed_at.label("giver_closed_at"),
        _receiver.c.owner_id.label("receiver_owner"),
        *(_original.c[column].label(f"original_{column}") for column in _ANSWERED),
        *(_partner.c[column].label(f"partner_{column}") for column in _ANSWERED),
        _partner_original.c.minutes.label("whole_minutes"),
        _cause.c.debit_id.label("cause_debit_id"),
        _cause.c.credit_id.label("cause_credit_id"),
        _cause.c.recorded_at.label("cause_recorded_at"),
        _refunded.c.minutes.label("refunded_minutes"),
    )
    .select_from(
        transfer.outerjoin(_giver, _giver.c.id == transfer.c.debit_id)
        .outerjoin(_receiver, _receiver.c.id == transfer.c.credit_id)
        .outerjoin(_original, _original.c.id == func.coalesce(transfer.c.reverses, transfer.c.refunds))
        .outerjoin(
            _partner,
            and_(
                _partner.c.kind
                == case(*((transfer.c.kind == int(kind), int(other)) for kind, other in _PARTNERS.items())),
                _partner.c.phase == int(Phase.SINGLE),
                _partner.c.source_type == transfer.c.source_type,
                _partner.c.source_id == transfer.c.source_id,
            ),
        )
        .outerjoin(_partner_original, _partner_original.c.id == _partner.c.reverses)
        .outerjoin(
            _cause, and_(transfer.c.source_type == int(SourceType.TRANSFER), _cause.c.id == transfer.c.source_id)
        )
        .outerjoin(_refunded, _refunded.c.refunds == transfer.c.refunds)
    )
    .where(transfer.c.kind.in_([int(kind) for kind in sorted(_RELATED)]))
    .order_by(transfer.c.id)
)

MERGERS = (
    select(_giver.c.owner_id.label("old"), _receiver.c.owner_id.label("new"), transfer.c.recorded_at)
    .join_from(transfer, _giver, _giver.c.id == transfer.c.debit_id)
    .join(_receiver, _receiver.c.id == transfer.c.credit_id)
    .where(transfer.c.kind == int(Kind.MERGE))
)


class _Heirs:
    """Which wallet goes on after which; the one thing here that grows, with each person who was enrolled twice."""

    def __init__(self, mergers: Iterator[Row[Any]]) -> None:
        wallet = AccountKind.WALLET
        self._merged = {account_id(wallet, row.old): (account_id(wallet, row.new), row.recorded_at) for row in mergers}

    def of(self, side: UUID, at: datetime) -> UUID:
        """Return the account that answers at an instant for what was posted to ``side``."""
        since = None
        while side in self._merged:
            heir, merged_at = self._merged[side]
            if merged_at >= at or (since and merged_at <= since):  # the latter only in a forged circle
                break
            side, since = heir, merged_at
        return side

    def turned(self, sent: Row[Any]) -> tuple[UUID, UUID]:
        """Return the sides of what is answered the other way round, as they are when it is answered."""
        return self.of(sent.original_credit_id, sent.recorded_at), self.of(sent.original_debit_id, sent.recorded_at)


def check_relations(report: Report, rows: Iterator[Row[Any]], mergers: Iterator[Row[Any]]) -> None:
    """Check what reverses, refunds, merges, and both halves of every debt and of every settlement."""
    heirs = _Heirs(mergers)
    for sent in rows:
        for fault in _faults(sent, heirs):
            report.found(fault, f"ledger_transfer {sent.id}")


def _faults(sent: Row[Any], heirs: _Heirs) -> Iterator[Fault]:
    match sent.kind:
        case Kind.REFUND if not _fits_its_redemption(sent, heirs):
            yield Fault.TRANSFER_REFUNDS
        case Kind.MERGE if sent.giver_closed_at != sent.recorded_at:
            yield Fault.TRANSFER_MERGES
        case Kind.REVERSE:
            if not _fits_what_it_reverses(sent, heirs):
                yield Fault.TRANSFER_REVERSES
            elif sent.minutes + (sent.partner_minutes or 0) != sent.original_minutes:
                yield Fault.DEBT_PARTS
        case Kind.INCUR_DEBT if not _is_a_shortfall(sent, heirs):
            yield Fault.DEBT_PARTS
        case Kind.RECOVER | Kind.SETTLE_DEBT if not _is_half_of_a_settlement(sent):
            yield Fault.DEBT_PARTS


def _fits_its_redemption(sent: Row[Any], heirs: _Heirs) -> bool:
    return (
        sent.original_kind == Kind.REDEEM
        and sent.original_phase in _MOVED
        and heirs.turned(sent) == (sent.debit_id, sent.credit_id)
        and sent.recorded_at > sent.original_recorded_at
        and sent.refunded_minutes <= sent.original_minutes
    )


def _fits_what_it_reverses(sent: Row[Any], heirs: _Heirs) -> bool:
    return (
        sent.original_kind in REVERSIBLE
        and sent.original_phase in _MOVED
        and heirs.turned(sent) == (sent.debit_id, sent.credit_id)
        and sent.recorded_at > sent.original_recorded_at
    )


def _is_a_shortfall(sent: Row[Any], heirs: _Heirs) -> bool:
    """Whether a debt is the rest of an earning that was reversed in part, or the whole of one that was all spent."""
    wallet_id = account_id(AccountKind.WALLET, sent.receiver_owner)
    if sent.reverses is not None:
        return (
            sent.original_kind == Kind.EARN
            and (heirs.turned(sent)[0], sent.original_minutes) == (wallet_id, sent.minutes)
            and sent.recorded_at > sent.original_recorded_at
        )
    return (
        sent.partner_id is not None
        and sent.id == shortfall_id(sent.partner_id)
        and (sent.partner_debit_id, sent.partner_recorded_at) == (wallet_id, sent.recorded_at)
        and sent.minutes + sent.partner_minutes == sent.whole_minutes
    )


def _is_half_of_a_settlement(sent: Row[Any]) -> bool:
    """Whether what one half takes from the wallet the other takes off its owner's debt, both for one cause at once."""
    recovers = sent.kind == Kind.RECOVER
    sides = {account_id(kind, sent.giver_owner) for kind in (AccountKind.WALLET, AccountKind.DEBT)}
    return (
        (sent.partner_minutes, sent.partner_recorded_at) == (sent.minutes, sent.recorded_at)
        and {sent.debit_id, sent.partner_debit_id} == sides
        and sent.id == (recovery_id if recovers else settlement_id)(sent.source_id)
        and sent.cause_recorded_at == sent.recorded_at
        and not sides.isdisjoint((sent.cause_debit_id, sent.cause_credit_id))
    )


_debtors = select(account.c.owner_id).where(account.c.kind == int(AccountKind.DEBT))

DEBTS = (
    select(
        account.c.owner_id,
        entry.c.recorded_at,
        account.c.kind.label("account_kind"),
        entry.c.account_id,
        entry.c.seq,
        entry.c.minutes,
        entry.c.balance_after,
        entry.c.held_after,
        transfer.c.kind,
    )
    .select_from(
        account.join(entry, entry.c.account_id == account.c.id).outerjoin(
            transfer, transfer.c.id == entry.c.transfer_id
        )
    )
    .where(
        account.c.kind.in_([int(AccountKind.WALLET), int(AccountKind.DEBT)]),
        account.c.owner_id.in_(_debtors),
    )
    .order_by(account.c.owner_id, entry.c.recorded_at, account.c.kind, entry.c.seq)
)
"""Wallets and debts of people who have ever owed something, side by side in the order of time."""


def check_debts(report: Report, rows: Iterator[Row[Any]]) -> None:
    """Check that while something was owed nothing stayed available and nothing else left."""
    for _, lines in groupby(rows, key=lambda row: row.owner_id):
        owed = 0
        for _at, batch in groupby(lines, key=lambda row: row.recorded_at):
            owed = _check_instant(report, list(batch), owed)


def _check_instant(report: Report, lines: list[Row[Any]], owed: int) -> int:
    """Check what one instant has done to somebody who owed something before it; return what is owed after it."""
    wallet = [line for line in lines if line.account_kind == AccountKind.WALLET]
    debt = [line for line in lines if line.account_kind == AccountKind.DEBT]
    owed = debt[-1].balance_after if debt else owed
    if owed and wallet:
        last = wallet[-1]
        left = [line for line in wallet if line.minutes < 0 and line.kind not in LEAVES_IN_SPITE_OF_DEBT]
        if left or last.balance_after > last.held_after:
            bad = left[0] if left else last
            report.found(Fault.DEBT_UNSETTLED, f"ledger_entry {bad.account_id}/{bad.seq}")
    return owed
