"""Second pass of the proof: every transfer with its two sides, its entries and the hold that it resolves."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.raw import name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import PHASES, ROUTES, TRACKED, Kind, Phase, SourceType, expiry_id, moves

_SOURCE_TYPES = frozenset(SourceType)

_hold = transfer.alias("hold")
_giver, _receiver = account.alias("giver"), account.alias("receiver")

_READ = (
    *("id", "debit_id", "credit_id", "minutes", "kind", "phase", "source_type"),
    *("resolves", "reverses", "refunds", "expires_at", "recorded_at"),
)

TRANSFERS = (
    select(
        *raw(transfer.c[name] for name in _READ),
        _giver.c.kind.label("giver_kind"),
        _receiver.c.kind.label("receiver_kind"),
        *(_hold.c[name].label(f"hold_{name}") for name in ("phase", "kind", "minutes")),
        *(raw([_hold.c[name].label(f"hold_{name}")])[0] for name in ("debit_id", "credit_id", "expires_at")),
    )
    .select_from(
        transfer.outerjoin(_giver, _giver.c.id == transfer.c.debit_id)
        .outerjoin(_receiver, _receiver.c.id == transfer.c.credit_id)
        .outerjoin(_hold, _hold.c.id == transfer.c.resolves)
    )
    .order_by(transfer.c.id)
)


SIDES = (
    select(*raw([entry.c.transfer_id, entry.c.account_id]))
    .where(entry.c.transfer_id.is_not(None))
    .order_by(entry.c.transfer_id, entry.c.account_id)
)
"""Which accounts have entries of a transfer, to be merged with the transfers: a join would need an index for it."""


class _Sides:
    """Runs beside the transfers, both in the order of their ids."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        groups = groupby(rows, key=lambda row: row.transfer_id)
        self._sides = ((transfer_id, [row.account_id for row in group]) for transfer_id, group in groups)
        self._next = next(self._sides, None)

    def of(self, transfer_id: bytes) -> list[bytes]:
        """Return the accounts that have an entry of this transfer; ask in ascending order."""
        while self._next and self._next[0] < transfer_id:
            self._next = next(self._sides, None)
        return self._next[1] if self._next and self._next[0] == transfer_id else []


def check_transfers(report: Report, rows: Iterator[Row[Any]], side_rows: Iterator[Row[Any]]) -> None:
    """Check all transfers, and add up what moved to and from untracked accounts."""
    sides = _Sides(side_rows)
    for sent in rows:
        report.transfers += 1
        for fault in _transfer_faults(sent, sides.of(sent.id)):
            report.found(fault, f"ledger_transfer {name_of(sent.id)}")
        if sent.phase in {Phase.SINGLE, Phase.CAPTURE}:
            report.untracked_minutes -= sent.minutes if sent.giver_kind not in TRACKED else 0
            report.untracked_minutes += sent.minutes if sent.receiver_kind not in TRACKED else 0


def _transfer_faults(sent: Row[Any], entered: list[bytes]) -> Iterator[Fault]:
    if not _is_well_formed(sent):
        yield Fault.TRANSFER_ROUTE
        return
    expected = {sent.debit_id} if sent.giver_kind in TRACKED else set()
    if sent.receiver_kind in TRACKED and moves(Phase(sent.phase)):
        expected.add(sent.credit_id)
    if not expected or entered != sorted(expected):
        yield Fault.TRANSFER_ENTRIES
    if not _fits_its_hold(sent):
        yield Fault.TRANSFER_RESOLVES


def _is_well_formed(sent: Row[Any]) -> bool:
    return (
        sent.kind in ROUTES
        and sent.phase in PHASES
        and sent.source_type in _SOURCE_TYPES
        and sent.minutes > 0
        and sent.debit_id != sent.credit_id
        and (sent.giver_kind, sent.receiver_kind) in ROUTES[Kind(sent.kind)]
        and (sent.expires_at is None or sent.phase == Phase.HOLD)
        and (sent.reverses is None or sent.kind in {Kind.REVERSE, Kind.INCUR_DEBT})
        and (sent.reverses is not None or sent.kind != Kind.REVERSE)
        and (sent.refunds is None) == (sent.kind != Kind.REFUND)
    )


def _fits_its_hold(sent: Row[Any]) -> bool:
    if sent.phase in {Phase.SINGLE, Phase.HOLD}:
        return sent.resolves is None
    hold = (sent.hold_phase, sent.hold_debit_id, sent.hold_credit_id, sent.hold_kind)
    if hold != (Phase.HOLD, sent.debit_id, sent.credit_id, sent.kind):
        return False
    if sent.phase == Phase.CAPTURE:
        in_time = sent.hold_expires_at is None or sent.recorded_at < sent.hold_expires_at
        return in_time and bool(sent.minutes <= sent.hold_minutes)
    expired = sent.id == expiry_id(UUID(bytes=sent.resolves)).bytes
    early = expired and (sent.hold_expires_at is None or sent.recorded_at < sent.hold_expires_at)
    return not early and bool(sent.minutes == sent.hold_minutes)
