"""Rows as values, and the bytes that are hashed.

Only fixed-width big-endian integers, 16-byte UUIDs and 32-byte hashes, behind a version and a tag byte and a bitmap
that says which optional values are there: no text, no JSON, no local time. A change of one byte here makes every
ledger in the field look forged; the golden vectors in the tests guard against that. A new layout gets a new version.
"""

import hashlib
import struct
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from timebank.clock import microseconds
from timebank.database import NIL
from timebank.ledger.rules import Account

VERSION = 1
HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)


class Tag(IntEnum):
    """What a hash is of, so that no two sorts can be mistaken for each other."""

    GENESIS = 1
    ENTRY = 2
    REQUEST = 3
    SEAL = 4
    SEAL_LEAF = 5


class TransferRow(NamedTuple):
    """All columns of ``ledger_transfer``, in the order of the table."""

    id: UUID
    debit_id: UUID
    credit_id: UUID
    minutes: int
    kind: int
    phase: int
    source_type: int
    source_id: UUID
    resolves: UUID | None
    reverses: UUID | None
    refunds: UUID | None
    batch_id: UUID | None
    expires_at: datetime | None
    occurred_at: datetime
    recorded_at: datetime
    actor_id: UUID
    request_hash: bytes


class EntryRow(NamedTuple):
    """All columns of ``ledger_entry``, in the order of the table."""

    account_id: UUID
    seq: int
    transfer_id: UUID | None
    minutes: int
    held_minutes: int
    balance_after: int
    held_after: int
    recorded_at: datetime
    hash: bytes


class SealRow(NamedTuple):
    """All columns of ``ledger_seal``, in the order of the table."""

    n: int
    at: datetime
    accounts: int
    entries: int
    transfers: int
    root: bytes
    previous: bytes
    hash: bytes


class LeafRow(NamedTuple):
    """All columns of ``ledger_seal_leaf``, in the order of the table."""

    n: int
    account_id: UUID
    seq: int
    head: bytes


_GENESIS = struct.Struct(">BBH 16s H 16s B q")
_REQUEST = struct.Struct(">BBH 16s HH 16s16s q H 16s 16s16s16s q 16s")
ENTRY = struct.Struct(">BBH 16sq16s qqqq q  16s16s16s q HHH 16s 16s16s16s16s qqq 16s32s  32s")
_SEAL = struct.Struct(">BB qqqqq 32s32s")
_SEAL_LEAF = struct.Struct(">BB 16sq 32s")


def genesis(account: Account, opened_at: datetime | None) -> bytes:
    """Return what entry 1 of an account chains on; without ``opened_at``, of an account that nothing was posted to."""
    return hashlib.sha256(
        _GENESIS.pack(
            VERSION,
            Tag.GENESIS,
            _present(opened_at),
            account.id.bytes,
            account.kind,
            account.owner_id.bytes,
            account.tracked,
            _instant(opened_at),
        )
    ).digest()


def request_hash(transfer: TransferRow, occurred_at: datetime | None) -> bytes:
    """Return the hash of what a caller asked for: the same again is a replay, anything else a conflict.

    ``occurred_at`` counts only if the caller gave it. What differs between two tries of one request stays out:
    ``recorded_at``, ``expires_at``, and the batch that a posting happened to come in.
    """
    t = transfer
    return hashlib.sha256(
        _REQUEST.pack(
            VERSION,
            Tag.REQUEST,
            _present(t.resolves, t.reverses, t.refunds, occurred_at),
            t.id.bytes,
            t.kind,
            t.phase,
            t.debit_id.bytes,
            t.credit_id.bytes,
            t.minutes,
            t.source_type,
            t.source_id.bytes,
            _id(t.resolves),
            _id(t.reverses),
            _id(t.refunds),
            _instant(occurred_at),
            t.actor_id.bytes,
        )
    ).digest()


def entry_hash(entry: EntryRow, transfer: TransferRow | None, previous: bytes) -> bytes:
    """Return the hash of an entry: every column of it and of its transfer, and the hash before it.

    Raises ValueError for a value that does not fit its place: packing would cut a hash that is too long.
    """
    e = entry
    t = transfer or _NO_TRANSFER
    if len(t.request_hash) != HASH_BYTES or len(previous) != HASH_BYTES:
        raise ValueError("no SHA-256")
    try:
        preimage = ENTRY.pack(
            VERSION,
            Tag.ENTRY,
            _present(e.transfer_id, t.resolves, t.reverses, t.refunds, t.batch_id, t.expires_at),
            e.account_id.bytes,
            e.seq,
            _id(e.transfer_id),
            e.minutes,
            e.held_minutes,
            e.balance_after,
            e.held_after,
            microseconds(e.recorded_at),
            t.id.bytes,
            t.debit_id.bytes,
            t.credit_id.bytes,
            t.minutes,
            t.kind,
            t.phase,
            t.source_type,
            t.source_id.bytes,
            _id(t.resolves),
            _id(t.reverses),
            _id(t.refunds),
            _id(t.batch_id),
            _instant(t.expires_at),
            microseconds(t.occurred_at),
            microseconds(t.recorded_at),
            t.actor_id.bytes,
            t.request_hash,
            previous,
        )
    except struct.error as error:
        raise ValueError(str(error)) from error
    return hashlib.sha256(preimage).digest()


def seal_hash(seal: SealRow) -> bytes:
    """Return the hash of a seal: every other column of it. Raises ValueError for a value that does not fit its place."""
    s = seal
    if len(s.root) != HASH_BYTES or len(s.previous) != HASH_BYTES:
        raise ValueError("no SHA-256")
    try:
        preimage = _SEAL.pack(
            VERSION, Tag.SEAL, s.n, microseconds(s.at), s.accounts, s.entries, s.transfers, s.root, s.previous
        )
    except struct.error as error:
        raise ValueError(str(error)) from error
    return hashlib.sha256(preimage).digest()


def seal_leaf(account_id: UUID, seq: int, head: bytes) -> bytes:
    """Return what a leaf of a seal's Merkle tree is made of: an account and the end of its chain.

    Raises ValueError for a value that does not fit its place.
    """
    if len(head) != HASH_BYTES:
        raise ValueError("no SHA-256")
    return _SEAL_LEAF.pack(VERSION, Tag.SEAL_LEAF, account_id.bytes, seq, head)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_NO_TRANSFER = TransferRow(
    id=NIL,
    debit_id=NIL,
    credit_id=NIL,
    minutes=0,
    kind=0,
    phase=0,
    source_type=0,
    source_id=NIL,
    resolves=None,
    reverses=None,
    refunds=None,
    batch_id=None,
    expires_at=None,
    occurred_at=_EPOCH,
    recorded_at=_EPOCH,
    actor_id=NIL,
    request_hash=NO_HASH,
)
"""Stands for the transfer that a closing entry does not have: all its bytes are zero."""


def _present(*optional: object) -> int:
    """Return a bitmap of which values are there, the first one in the lowest bit."""
    found, bit = 0, 1
    for value in optional:  # with every hash: a sum over a generator takes four times as long
        if value is not None:
            found |= bit
        bit <<= 1
    return found


_NIL_BYTES = NIL.bytes


def _id(value: UUID | None) -> bytes:
    return _NIL_BYTES if value is None else value.bytes


def _instant(value: datetime | None) -> int:
    return 0 if value is None else microseconds(value)
