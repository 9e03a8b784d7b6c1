"""Second pass of the proof: every transfer with its two sides, its entries and the hold that it resolves."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select

from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.raw import Form, name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import PHASES, ROUTES, TRACKED, Kind, Phase, SourceType, expiry_id, moves

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


class _Sent(NamedTuple):
    """A row of the select above, as the driver gives it."""

    id: Any
    debit_id: Any
    credit_id: Any
    minutes: int
    kind: int
    phase: int
    source_type: int
    resolves: Any
    reverses: Any
    refunds: Any
    expires_at: Any
    recorded_at: Any
    giver_kind: int | None
    receiver_kind: int | None
    hold_phase: int | None
    hold_kind: int | None
    hold_minutes: int
    hold_debit_id: Any
    hold_credit_id: Any
    hold_expires_at: Any


# Plain numbers and tuples: making enumerations of every row would take longer than all else that is done with it.
_TRACKED = frozenset(map(int, TRACKED))
_SOURCE_TYPES = frozenset(map(int, SourceType))
_ROUTES = frozenset((int(kind), int(giver), int(to)) for kind, routes in ROUTES.items() for giver, to in routes)
_MOVING = frozenset(int(phase) for phase in PHASES if moves(phase))
_SINGLE, _HOLD, _CAPTURE = int(Phase.SINGLE), int(Phase.HOLD), int(Phase.CAPTURE)
_PHASES = frozenset(map(int, PHASES))
_REVERSING = frozenset({int(Kind.REVERSE), int(Kind.INCUR_DEBT)})
_REVERSE, _REFUND = int(Kind.REVERSE), int(Kind.REFUND)


def check_transfers(report: Report, form: Form, rows: Iterator[Any], sides: Iterator[Any]) -> None:
    """Check all transfers, and add up what moved to and from untracked accounts."""
    side: Any = next(sides, None)
    for sent in map(_Sent._make, rows):
        report.transfers += 1
        while side is not None and side[0] < sent.id:
            _report_stray(report, form, side)
            side = next(sides, None)
        entered = []
        while side is not None and side[0] == sent.id:
            entered.append(side[1])
            side = next(sides, None)
        for fault in _transfer_faults(sent, entered, form):
            report.found(fault, f"ledger_transfer {name_of(form.id_of(sent.id))}")
        if sent.phase in _MOVING:
            report.untracked_minutes -= sent.minutes if sent.giver_kind not in _TRACKED else 0
            report.untracked_minutes += sent.minutes if sent.receiver_kind not in _TRACKED else 0
    while side is not None:
        _report_stray(report, form, side)
        side = next(sides, None)


def _report_stray(report: Report, form: Form, side: Any) -> None:
    """Report an entry whose transfer is gone, or was sealed with all its entries before this one."""
    report.found(Fault.TRANSFER_ENTRIES, f"ledger_transfer {name_of(form.id_of(side[0]))}")


def _transfer_faults(sent: _Sent, entered: list[Any], form: Form) -> list[Fault]:
    if not _is_well_formed(sent):
        return [Fault.TRANSFER_ROUTE]
    expected = [sent.debit_id] if sent.giver_kind in _TRACKED else []
    if sent.receiver_kind in _TRACKED and sent.phase in _MOVING:
        expected.append(sent.credit_id)
    faults = []
    if not expected or entered != sorted(expected):
        faults.append(Fault.TRANSFER_ENTRIES)
    if sent.resolves is not None if sent.phase in {_SINGLE, _HOLD} else not _fits_its_hold(sent, form):
        faults.append(Fault.TRANSFER_RESOLVES)
    return faults


def _is_well_formed(sent: _Sent) -> bool:
    return (
        (sent.kind, sent.giver_kind, sent.receiver_kind) in _ROUTES
        and sent.phase in _PHASES
        and sent.source_type in _SOURCE_TYPES
        and sent.minutes > 0
        and sent.debit_id != sent.credit_id
        and (sent.expires_at is None or sent.phase == _HOLD)
        and (sent.reverses is None or sent.kind in _REVERSING)
        and (sent.reverses is not None or sent.kind != _REVERSE)
        and (sent.refunds is None) == (sent.kind != _REFUND)
    )


def _fits_its_hold(sent: _Sent, form: Form) -> bool:
    hold = (sent.hold_phase, sent.hold_debit_id, sent.hold_credit_id, sent.hold_kind)
    if hold != (_HOLD, sent.debit_id, sent.credit_id, sent.kind):
        return False
    recorded_at, expires_at = form.instant_of(sent.recorded_at), form.instant_of(sent.hold_expires_at)
    in_time = expires_at is None or recorded_at < expires_at
    if sent.phase == _CAPTURE:
        return bool(in_time and sent.minutes <= sent.hold_minutes)
    expired = form.id_of(sent.id) == expiry_id(UUID(bytes=form.id_of(sent.resolves))).bytes
    early = expired and in_time
    return bool(not early and sent.minutes == sent.hold_minutes)
