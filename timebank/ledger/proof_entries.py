"""First pass of the proof: every entry along its account's chain."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Row, func, null, select, type_coerce

from timebank.ledger import chain
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.raw import RawEntry, RawTransfer, entry_hash, instant, name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import PHASES, TRACKED, Account, AccountKind, Phase, debit_effect, moves

_ENTRY_WIDTH, _TRANSFER_WIDTH = len(RawEntry._fields), len(RawTransfer._fields)

_hold = transfer.alias("hold")

ENTRIES = (
    select(
        *raw(entry.c),
        *raw(transfer.c),
        account.c.kind.label("account_kind"),
        *raw([account.c.owner_id, account.c.opened_at, account.c.closed_at]),
        func.coalesce(_hold.c.minutes, 0).label("hold_minutes"),
        type_coerce(null(), BigInteger).label("start"),
    )
    .select_from(
        entry.outerjoin(account, account.c.id == entry.c.account_id)
        .outerjoin(transfer, transfer.c.id == entry.c.transfer_id)
        .outerjoin(_hold, _hold.c.id == transfer.c.resolves)
    )
    .order_by(entry.c.account_id, entry.c.seq)
)


class _Line(NamedTuple):
    """An entry with everything that it has to agree with."""

    entry: RawEntry
    transfer: RawTransfer | None
    account_kind: int | None
    owner_id: bytes | None
    opened_at: int | None
    closed_at: int | None
    hold_minutes: int
    start: int | None
    """The ``seq`` of a line that is believed, to go on from; None where the chain is proven from its beginning."""

    @classmethod
    def of(cls, row: Row[Any]) -> "_Line":
        """Take a row of the select above apart."""
        end = _ENTRY_WIDTH + _TRANSFER_WIDTH
        there = row[_ENTRY_WIDTH] is not None
        return cls(
            RawEntry._make(row[:_ENTRY_WIDTH]),
            RawTransfer._make(row[_ENTRY_WIDTH:end]) if there else None,
            *row[end:],
        )


def check_entries(report: Report, rows: Iterator[Row[Any]]) -> None:
    """Check all entries, chain by chain; after a fault go on from what is stored, so that one fault is not many."""
    for account_id, lines in groupby(map(_Line.of, rows), key=lambda line: line.entry.account_id):
        previous: _Line | None = None
        for line in lines:
            if line.entry.seq == line.start:
                previous = line
                continue
            report.entries += 1
            for fault in _faults(line, previous):
                report.found(fault, f"ledger_entry {name_of(account_id)}/{line.entry.seq}")
            previous = line
        if previous and previous.closed_at is not None and previous.entry.transfer_id is not None:
            report.found(Fault.ACCOUNT_CLOSING, f"ledger_account {name_of(account_id)}")


def _faults(line: _Line, previous: _Line | None) -> Iterator[Fault]:
    now, before = line.entry, previous.entry if previous else None
    if line.account_kind not in TRACKED or line.owner_id is None:
        yield Fault.ENTRY_ACCOUNT
        return
    if before is None:
        genesis = chain.genesis(
            Account(AccountKind(line.account_kind), UUID(bytes=line.owner_id)), instant(line.opened_at)
        )
        before = RawEntry(now.account_id, 0, None, 0, 0, 0, 0, line.opened_at or now.recorded_at, genesis)
    yield from _chain_faults(line, before)
    if now.transfer_id is None or (previous and previous.entry.transfer_id is None):
        yield from _closing_faults(line, previous)
    elif line.transfer is None:
        yield Fault.ENTRY_TRANSFER
    else:
        yield from _agreement_faults(line, line.transfer)


def _chain_faults(line: _Line, before: RawEntry) -> Iterator[Fault]:
    now = line.entry
    if now.seq != before.seq + 1:
        yield Fault.ENTRY_SEQ
    follows = (before.balance_after + now.minutes, before.held_after + now.held_minutes)
    if (now.balance_after, now.held_after) != follows:
        yield Fault.ENTRY_RUNNING
    if not 0 <= now.held_after <= now.balance_after:
        yield Fault.ENTRY_FLOOR
    if now.recorded_at < before.recorded_at:
        yield Fault.ENTRY_TIME
    if now.hash != _recomputed(line, before):
        yield Fault.ENTRY_HASH


def _recomputed(line: _Line, before: RawEntry) -> bytes | None:
    try:
        return entry_hash(line.entry, line.transfer, before.hash)
    except ValueError:  # a value that was never posted
        return None


def _closing_faults(line: _Line, previous: _Line | None) -> Iterator[Fault]:
    now = line.entry
    follows_closing = previous is not None and previous.entry.transfer_id is None
    empty = not (now.minutes or now.held_minutes or now.balance_after or now.held_after)
    if follows_closing or not empty or line.closed_at != now.recorded_at:
        yield Fault.ACCOUNT_CLOSING


def _agreement_faults(line: _Line, sent: RawTransfer) -> Iterator[Fault]:
    now = line.entry
    if sent.phase not in PHASES:
        return  # named by the pass over the transfers
    if now.account_id == sent.debit_id:
        effect = debit_effect(Phase(sent.phase), sent.minutes, line.hold_minutes)
    elif now.account_id == sent.credit_id and moves(Phase(sent.phase)):
        effect = (sent.minutes, 0)
    else:
        yield Fault.ENTRY_EFFECT
        return
    if (now.minutes, now.held_minutes) != effect:
        yield Fault.ENTRY_EFFECT
    if now.recorded_at != sent.recorded_at:
        yield Fault.ENTRY_TIME
