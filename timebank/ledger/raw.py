"""Columns as the database keeps them: ids as 16 bytes, instants as microseconds since 1970, both ready to be hashed.

A proof reads every row there is. Half of its time went into making UUIDs and datetimes that were taken apart again, and
most of the rest into results that SQLAlchemy dresses up. So a proof may also read as the driver gives: on PostgreSQL
that is ready already, of SQLite it is text, and ``Form`` knows how to read it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from struct import error as struct_error
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Dialect, LargeBinary, Uuid, case, cast, extract, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import UserDefinedType

from timebank.database import UtcDateTime
from timebank.ledger.chain import ENTRY, HASH_BYTES, NO_HASH, VERSION, Tag

ID_BYTES = 16
_EPOCH = datetime.fromisoformat("1970-01-01")
_MICROSECOND = timedelta(microseconds=1)
_MOST = 2**63 - 1


def _id_of(text: str | None) -> bytes | None:
    if text is None:
        return None
    found = bytes.fromhex(text)
    # Packing would fill up what is short with zeros. What is no more than written otherwise is another id to a unique key.
    if len(found) != ID_BYTES or found.hex() != text:
        raise ValueError("no id")
    return found


@lru_cache(maxsize=64)
def _instant_of(text: str | None) -> int | None:
    """Return the instant that SQLite keeps as text; a line, its transfer and its account often name the same one.

    Raises ValueError for any other form than the one that is written: SQLite compares instants as text.
    """
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.isoformat(" ", "microseconds") != text:
        raise ValueError("no instant")
    return (found - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Form:
    """How a driver gives ids and instants."""

    id_of: Callable[[Any], Any]
    """Return an id as bytes, None as None. Raises ValueError or TypeError for what is no id."""
    ids_of: Callable[[Sequence[Any]], bytes]
    """Return several ids behind one another; none of them may be None."""
    instant_of: Callable[[Any], Any]
    """Return an instant as microseconds, None as None."""
    kept: Callable[[UUID], Any]
    """Return an id as the driver gives it."""


def _ids_of(texts: Sequence[str]) -> bytes:
    together = "".join(texts)
    found = bytes.fromhex(together)
    # One that is longer than its neighbour is short would move the border between them; `fromhex` skips blanks and takes
    # capitals.
    if found.hex() != together or {*map(len, texts)} != {2 * ID_BYTES}:
        raise ValueError("no id")
    return found


def _as_it_comes(value: Any) -> Any:
    return value


FORMS = {
    "sqlite": Form(id_of=_id_of, ids_of=_ids_of, instant_of=_instant_of, kept=lambda value: value.hex),
    "postgresql": Form(id_of=_as_it_comes, ids_of=b"".join, instant_of=_as_it_comes, kept=lambda value: value.bytes),
}


class _Raw(UserDefinedType[Any]):
    """What SQLite keeps as text is converted here; PostgreSQL does it itself."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the conversion of one value."""
        return self.from_text if dialect.name == "sqlite" else None

    @staticmethod
    def from_text(text: Any) -> Any:
        """Convert what SQLite gives."""
        raise NotImplementedError


class _RawId(_Raw):
    from_text = staticmethod(_id_of)


class _RawInstant(_Raw):
    from_text = staticmethod(_instant_of)


class _Bytes(FunctionElement[Any]):
    """An id as bytes."""

    type = _RawId()
    inherit_cache = True


class _Microseconds(FunctionElement[Any]):
    """An instant as microseconds."""

    type = _RawInstant()
    inherit_cache = True


@compiles(_Bytes)
@compiles(_Microseconds)
def _as_it_is(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(_Bytes, "postgresql")
def _bytes_on_postgresql(element: _Bytes, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(func.uuid_send(*element.clauses, type_=LargeBinary), **options)


@compiles(_Microseconds, "postgresql")
def _microseconds_on_postgresql(element: _Microseconds, compiler: SQLCompiler, **options: Any) -> str:
    (instant,) = element.clauses
    # Beyond what the number holds it is one that no posting has: a fault of that row, and no error of the whole query.
    microseconds = case(
        (instant > literal_column("timestamptz '294000-01-01Z'"), _MOST),
        (instant == literal_column("timestamptz '-infinity'"), -_MOST),
        else_=cast(extract("epoch", instant) * 1_000_000, BigInteger),
    )
    return compiler.process(microseconds, **options)


def raw(columns: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Return columns, in order and under their names, with ids and instants as they are kept."""
    return [_raw(column) for column in columns]


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, Uuid):
        return _Bytes(column).label(column.key)
    if isinstance(column.type, UtcDateTime):
        return _Microseconds(column).label(column.key)
    return column


def name_of(raw_id: bytes | None) -> str:
    """Return an id as a report shows it."""
    return "None" if raw_id is None else str(UUID(bytes=raw_id))


def instant(microseconds: int | None) -> datetime | None:
    """Return the instant that so many microseconds are. Raises ValueError beyond the year 9999."""
    if microseconds is None:
        return None
    try:
        return (_EPOCH + microseconds * _MICROSECOND).replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error


class RawEntry(NamedTuple):
    """All columns of ``ledger_entry`` as they are kept, in the order of the table."""

    account_id: bytes
    seq: int
    transfer_id: bytes | None
    minutes: int
    held_minutes: int
    balance_after: int
    held_after: int
    recorded_at: int
    hash: bytes


class RawTransfer(NamedTuple):
    """All columns of ``ledger_transfer`` as they are kept, in the order of the table."""

    id: bytes
    debit_id: bytes
    credit_id: bytes
    minutes: int
    kind: int
    phase: int
    source_type: int
    source_id: bytes
    resolves: bytes | None
    reverses: bytes | None
    refunds: bytes | None
    batch_id: bytes | None
    expires_at: int | None
    occurred_at: int
    recorded_at: int
    actor_id: bytes
    request_hash: bytes


NO_ID = bytes(ID_BYTES)
_NO_TRANSFER = RawTransfer(NO_ID, NO_ID, NO_ID, 0, 0, 0, 0, NO_ID, None, None, None, None, None, 0, 0, NO_ID, NO_HASH)
_TAG = int(Tag.ENTRY)


def entry_hash(entry: RawEntry, transfer: RawTransfer | None, previous: bytes) -> bytes:
    """Return what ``chain.entry_hash`` returns for the same row. Raises ValueError for a value that does not fit."""
    account_id, seq, transfer_id, minutes, held_minutes, balance_after, held_after, recorded_at, _ = entry
    sent = transfer or _NO_TRANSFER
    resolves, reverses, refunds, batch_id, expires_at = sent[8:13]
    if len(sent.request_hash) != HASH_BYTES or len(previous) != HASH_BYTES:
        raise ValueError("no SHA-256")
    try:
        preimage = ENTRY.pack(
            VERSION,
            _TAG,
            (transfer_id is not None)
            | (resolves is not None) << 1
            | (reverses is not None) << 2
            | (refunds is not None) << 3
            | (batch_id is not None) << 4
            | (expires_at is not None) << 5,
            account_id,
            seq,
            transfer_id or NO_ID,
            minutes,
            held_minutes,
            balance_after,
            held_after,
            recorded_at,
            *sent[:8],
            resolves or NO_ID,
            reverses or NO_ID,
            refunds or NO_ID,
            batch_id or NO_ID,
            expires_at or 0,
            *sent[13:],
            previous,
        )
    except struct_error as error:
        raise ValueError(str(error)) from error
    return sha256(preimage).digest()
