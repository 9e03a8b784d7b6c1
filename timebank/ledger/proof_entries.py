"""First pass of the proof: every entry along its account's chain.

A line that follows from the one before it in the usual way is passed by ``_is_usual`` in one go. Every other one, the
first of an account and whatever is wrong among them, is looked at closely, and only there a fault gets its name.
"""

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from struct import error as struct_error
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, func, null, select, type_coerce

from timebank.ledger import chain
from timebank.ledger.chain import HASH_BYTES, VERSION, Tag
from timebank.ledger.proof_seals import Sealed, Tally
from timebank.ledger.queries import account, entry, transfer
from timebank.ledger.raw import ID_BYTES, NO_ID, Form, RawEntry, RawTransfer, entry_hash, instant, name_of, raw
from timebank.ledger.report import Fault, Report
from timebank.ledger.rules import PHASES, TRACKED, Account, AccountKind, Phase, debit_effect, moves

_hold = transfer.alias("hold")

ENTRIES = (
    select(
        *raw(entry.c), *raw(column for column in transfer.c if column.key != "id"), func.coalesce(_hold.c.minutes, 0)
    )
    .select_from(
        entry.outerjoin(transfer, transfer.c.id == entry.c.transfer_id).outerjoin(
            _hold, _hold.c.id == transfer.c.resolves
        )
    )
    .order_by(entry.c.account_id, entry.c.seq)
)
"""Lines with their transfers, whose id is the one that they were found by."""

OWNERS = select(
    *raw([account.c.id]),
    account.c.kind,
    *raw([account.c.owner_id, account.c.opened_at, account.c.closed_at]),
    type_coerce(null(), BigInteger).label("start"),
).order_by(account.c.id)
"""Whose chains these are, to be merged with the lines: joined to each line they would cost as much as the hashing."""

_WIDTH = len(RawEntry._fields)


class _Owner(NamedTuple):
    """Whose chain it is."""

    kind: int | None = None
    owner_id: bytes | None = None
    opened_at: int | None = None
    closed_at: int | None = None
    start: int | None = None
    """The ``seq`` of a line that is believed, to go on from; None where the chain is proven from its beginning."""


class _Line(NamedTuple):
    """An entry with everything that it has to agree with."""

    entry: RawEntry
    transfer: RawTransfer | None
    hold_minutes: int

    @classmethod
    def of(cls, row: Any, form: Form) -> "_Line":
        """Take a row of the select above apart."""
        id_of, instant_of = form.id_of, form.instant_of
        transfer_id = id_of(row[2])
        line = RawEntry._make((id_of(row[0]), row[1], transfer_id, *row[3:7], instant_of(row[7]), row[8]))
        if row[12] is None:
            return cls(line, None, 0)
        ids, instants = map(id_of, row[15:20]), map(instant_of, row[20:23])
        sent = (transfer_id, id_of(row[9]), id_of(row[10]), *row[11:15], *ids, *instants, id_of(row[23]), row[24])
        return cls(line, RawTransfer._make(sent), row[25])


def check_entries(report: Report, tally: Tally, form: Form, *streams: Iterator[Any]) -> None:
    """Check all entries, chain by chain; after a fault go on from what is stored, so that one fault is not many.

    ``streams`` are the entries, whose they are, and the leaves of all seals by account.
    """
    rows, owners, leaves = streams
    chains = _Chains(report, form, owners)
    sealed = Sealed(tally, form, leaves)
    before: Any = None
    for row in rows:
        if before is None or row[0] != before[0]:
            chains.end(before)
            chains.begin(row[0])
            before = None
        if before is None or not _is_usual(row, before, chains.account_id, form):
            chains.look_closely(row, before)
        report.entries += 1
        sealed.count(row)
        before = row
    chains.end(before)
    tally.complete = True


class _Chains:
    """Runs beside the lines: whose they are, and what is wrong with them."""

    def __init__(self, report: Report, form: Form, owners: Iterator[Any]) -> None:
        self.account_id = b""
        self._report = report
        self._form = form
        self._owners = owners
        self._next: Any = next(owners, None)
        self._owner = _Owner()

    def begin(self, kept_id: Any) -> None:
        """Find out whose lines come now; ask in ascending order."""
        while self._next is not None and self._next[0] < kept_id:
            self._next = next(self._owners, None)
        self.account_id = self._form.id_of(kept_id)
        self._owner = _Owner()
        if self._next is not None and self._next[0] == kept_id:
            _, kind, owner_id, opened_at, closed_at, start = self._next
            instant_of = self._form.instant_of
            self._owner = _Owner(kind, self._form.id_of(owner_id), instant_of(opened_at), instant_of(closed_at), start)

    def look_closely(self, row: Any, before: Any) -> None:
        """Name everything that is wrong with a line."""
        if row[1] == self._owner.start:  # believed, and not counted
            self._report.entries -= 1
            return
        line = _Line.of(row, self._form)
        previous = _Line.of(before, self._form) if before is not None else None
        for fault in _faults(self._owner, line, previous):
            self._report.found(fault, f"ledger_entry {name_of(self.account_id)}/{row[1]}")

    def end(self, last: Any) -> None:
        """Check how a chain ends."""
        if last is not None and self._owner.closed_at is not None and last[2] is not None:
            self._report.found(Fault.ACCOUNT_CLOSING, f"ledger_account {name_of(self.account_id)}")


_PREIMAGE = Struct(">BBH 16sq16s qqqq q 48s q HHH 16s 64s qqq 16s32s 32s")
"""The layout of ``chain.ENTRY``, with ids that stand side by side taken together."""
_TAG = int(Tag.ENTRY)
_NOTHING_ANSWERED = bytes(4 * ID_BYTES)
_EFFECTS = {int(phase): (*debit_effect(phase, 1, 0), *debit_effect(phase, 0, 1), moves(phase)) for phase in PHASES}
"""What a phase does to balance and held of its giver for each minute that it moves, and for each that its hold held;
and whether it does anything to its receiver."""


def _is_usual(row: Any, before: Any, account_id: bytes, form: Form) -> bool:
    """Whether a line is all that it has to be, behind one that it follows; in doubt it is not."""
    try:
        return _follows(row, before, form) and sha256(_preimage(row, before, account_id, form)).digest() == row[8]
    except (TypeError, ValueError, struct_error):
        return False


def _follows(row: Any, before: Any, form: Form) -> bool:
    _, seq, _, minutes, held, balance, held_after, at, _, debit_id, credit_id, sent, _, phase, *_ = row
    if row[22] != at or phase not in _EFFECTS:
        return False
    balance_each, held_each, balance_each_held, held_each_held, reaches = _EFFECTS[phase]
    if row[0] == debit_id:
        fits = (
            minutes == balance_each * sent + balance_each_held * row[25]
            and held == held_each * sent + held_each_held * row[25]
        )
    else:
        fits = row[0] == credit_id and reaches and minutes == sent and held == 0
    return bool(
        fits
        and seq == before[1] + 1
        and balance == before[5] + minutes
        and held_after == before[6] + held
        and 0 <= held_after <= balance
        and before[2] is not None
        and form.instant_of(at) >= form.instant_of(before[7])
    )


def _preimage(row: Any, before: Any, account_id: bytes, form: Form) -> bytes:
    transfer_id, source_id, expires_at, request_hash, previous = row[2], row[15], row[20], row[24], before[8]
    if len(request_hash) != HASH_BYTES or len(previous) != HASH_BYTES:
        raise ValueError("no SHA-256")
    ids = form.ids_of((transfer_id, row[9], row[10], source_id, row[23]))
    present, answered = 1, _NOTHING_ANSWERED
    if row[16:20] != (None, None, None, None):
        present += sum(2 << place for place, value in enumerate(row[16:20]) if value is not None)
        answered = b"".join(NO_ID if value is None else form.id_of(value) for value in row[16:20])
    if expires_at is not None:
        present += 32
    return _PREIMAGE.pack(
        VERSION,
        _TAG,
        present,
        account_id,
        row[1],
        ids[:16],
        *row[3:7],
        form.instant_of(row[7]),
        ids[:48],
        *row[11:15],
        ids[48:64],
        answered,
        form.instant_of(expires_at) or 0,
        form.instant_of(row[21]),
        form.instant_of(row[22]),
        ids[64:],
        request_hash,
        previous,
    )


def _faults(owner: _Owner, line: _Line, previous: _Line | None) -> Iterator[Fault]:
    now, before = line.entry, previous.entry if previous else None
    if owner.kind not in TRACKED or owner.owner_id is None:
        yield Fault.ENTRY_ACCOUNT
        return
    if before is None:
        genesis = chain.genesis(Account(AccountKind(owner.kind), UUID(bytes=owner.owner_id)), instant(owner.opened_at))
        before = RawEntry(now.account_id, 0, None, 0, 0, 0, 0, owner.opened_at or now.recorded_at, genesis)
    yield from _chain_faults(line, before)
    if now.transfer_id is None or (previous and previous.entry.transfer_id is None):
        yield from _closing_faults(owner, line, previous)
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


def _closing_faults(owner: _Owner, line: _Line, previous: _Line | None) -> Iterator[Fault]:
    now = line.entry
    follows_closing = previous is not None and previous.entry.transfer_id is None
    empty = not (now.minutes or now.held_minutes or now.balance_after or now.held_after)
    if follows_closing or not empty or owner.closed_at != now.recorded_at:
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
