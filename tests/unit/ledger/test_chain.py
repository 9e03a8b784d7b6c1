"""The bytes that are hashed, pinned: a change of one byte makes every ledger in the field look forged."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from timebank.clock import microseconds
from timebank.database import NIL
from timebank.ledger import chain
from timebank.ledger.chain import EntryRow, TransferRow
from timebank.ledger.rules import Account, AccountKind

OPENED_AT = datetime(2026, 3, 5, 1, 2, 3, 456789, tzinfo=UTC)
WALLET = Account(AccountKind.WALLET, UUID("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"))


def _uuid(number: int) -> UUID:
    return UUID(int=number)


TRANSFER = TransferRow(
    id=_uuid(1),
    debit_id=_uuid(2),
    credit_id=_uuid(3),
    minutes=90,
    kind=2,
    phase=3,
    source_type=2,
    source_id=_uuid(4),
    resolves=_uuid(5),
    reverses=None,
    refunds=None,
    batch_id=_uuid(6),
    expires_at=None,
    occurred_at=OPENED_AT + timedelta(days=1),
    recorded_at=OPENED_AT + timedelta(days=2),
    actor_id=_uuid(7),
    request_hash=bytes(range(32)),
)
ENTRY = EntryRow(
    account_id=WALLET.id,
    seq=7,
    transfer_id=TRANSFER.id,
    minutes=-90,
    held_minutes=-100,
    balance_after=30,
    held_after=0,
    recorded_at=TRANSFER.recorded_at,
    hash=bytes(32),
)
PREVIOUS = bytes(range(32, 64))


def _number(value: int, width: int = 8) -> bytes:
    return value.to_bytes(width, "big", signed=width == 8)


def _instant(value: datetime) -> bytes:
    return _number(microseconds(value))


def test_entry_hash_is_of_these_very_bytes() -> None:
    """The pre-image of an entry, put together by hand: anybody can recompute it from this list."""
    by_hand = b"".join(
        (
            _number(1, 1),  # version
            _number(2, 1),  # an entry
            _number(0b010011, 2),  # there are: transfer_id, resolves, batch_id
            WALLET.id.bytes,
            _number(7),  # seq
            _uuid(1).bytes,
            _number(-90),
            _number(-100),
            _number(30),
            _number(0),
            _instant(TRANSFER.recorded_at),
            _uuid(1).bytes,
            _uuid(2).bytes,
            _uuid(3).bytes,
            _number(90),
            _number(2, 2),
            _number(3, 2),
            _number(2, 2),
            _uuid(4).bytes,
            _uuid(5).bytes,
            bytes(16),
            bytes(16),
            _uuid(6).bytes,
            bytes(8),
            _instant(TRANSFER.occurred_at),
            _instant(TRANSFER.recorded_at),
            _uuid(7).bytes,
            bytes(range(32)),
            PREVIOUS,
        )
    )
    assert len(by_hand) == 330
    assert chain.entry_hash(ENTRY, TRANSFER, PREVIOUS) == hashlib.sha256(by_hand).digest()


@pytest.mark.parametrize(
    ("digest", "golden"),
    [
        pytest.param(
            chain.genesis(WALLET, OPENED_AT),
            "952041bafe07e61581e5888ad0a5a7b75b43170caa3430b05abf4480ea9ba486",
            id="genesis",
        ),
        pytest.param(
            chain.genesis(WALLET, None),
            "98c9b9250d8efd8f413d67ca942f1719b15e0ac09ab4aa9cd3b9d43f3af48407",
            id="genesis of nothing",
        ),
        pytest.param(
            chain.request_hash(TRANSFER, None),
            "c231ce1004c89e171e4e306184c6f3bb31e6dfb482d831cb7c927f49e7219990",
            id="request",
        ),
        pytest.param(
            chain.request_hash(TRANSFER, OPENED_AT),
            "17f4618fddc5012e526ed7df56b35e9f946430c6d3a5fcf1fa8fa19814ba718c",
            id="request with time",
        ),
        pytest.param(
            chain.entry_hash(ENTRY, TRANSFER, PREVIOUS),
            "2024c7e7efc991d0025386f41842c91eb85ba6ab38d434eeb84d824a741f2912",
            id="entry",
        ),
        pytest.param(
            chain.entry_hash(
                ENTRY._replace(transfer_id=None, minutes=0, held_minutes=0, balance_after=0), None, PREVIOUS
            ),
            "662d83e1205184723fcbe1ca17b8518952a5511801b78a9d645b400ff6741487",
            id="closing entry",
        ),
    ],
)
def test_golden_vectors(digest: bytes, golden: str) -> None:
    """Every hash is what it was when the first ledger was written."""
    assert digest.hex() == golden


def _other(value: Any) -> Any:
    match value:
        case None:
            return _uuid(99)
        case UUID():
            return _uuid(value.int + 1)
        case datetime():
            return value + timedelta(microseconds=1)
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return value + 1


@pytest.mark.parametrize("column", [name for name in EntryRow._fields if name != "hash"])
def test_every_column_of_an_entry_counts(column: str) -> None:
    """Whatever is changed in an entry changes its hash."""
    changed = ENTRY._replace(**{column: _other(getattr(ENTRY, column))})
    assert chain.entry_hash(changed, TRANSFER, PREVIOUS) != chain.entry_hash(ENTRY, TRANSFER, PREVIOUS)


@pytest.mark.parametrize("column", TransferRow._fields)
def test_every_column_of_a_transfer_counts(column: str) -> None:
    """Whatever is changed in a transfer changes the hashes of its entries."""
    other = OPENED_AT if column == "expires_at" else _other(getattr(TRANSFER, column))
    changed = TRANSFER._replace(**{column: other})
    assert chain.entry_hash(ENTRY, changed, PREVIOUS) != chain.entry_hash(ENTRY, TRANSFER, PREVIOUS)


@pytest.mark.parametrize("column", ["resolves", "reverses", "refunds", "batch_id", "expires_at"])
def test_nothing_is_not_the_same_as_zero(column: str) -> None:
    """A missing value and a value whose bytes are all zero have different hashes."""
    zero = datetime(1970, 1, 1, tzinfo=UTC) if column == "expires_at" else NIL
    empty, zeros = TRANSFER._replace(**{column: None}), TRANSFER._replace(**{column: zero})
    assert chain.entry_hash(ENTRY, empty, PREVIOUS) != chain.entry_hash(ENTRY, zeros, PREVIOUS)


def test_the_hash_before_counts() -> None:
    """An entry is chained to the one before it."""
    assert chain.entry_hash(ENTRY, TRANSFER, PREVIOUS) != chain.entry_hash(ENTRY, TRANSFER, _other(PREVIOUS))


@pytest.mark.parametrize("column", ["batch_id", "recorded_at", "occurred_at", "expires_at"])
def test_request_hash_leaves_out_what_differs_between_two_tries(column: str) -> None:
    """When, until when and in which batch a request was posted does not make it another request."""
    changed = TRANSFER._replace(**{column: _other(getattr(TRANSFER, column) or OPENED_AT)})
    assert chain.request_hash(changed, None) == chain.request_hash(TRANSFER, None)


@pytest.mark.parametrize(
    "column",
    [
        "id",
        "debit_id",
        "credit_id",
        "minutes",
        "kind",
        "phase",
        "source_type",
        "source_id",
        "resolves",
        "reverses",
        "refunds",
        "actor_id",
    ],
)
def test_request_hash_counts_everything_else(column: str) -> None:
    """The same id with any other content is another request."""
    changed = TRANSFER._replace(**{column: _other(getattr(TRANSFER, column))})
    assert chain.request_hash(changed, None) != chain.request_hash(TRANSFER, None)


@pytest.mark.parametrize("column", ["minutes", "request_hash"])
def test_what_does_not_fit_is_no_preimage(column: str) -> None:
    """A number of more than 64 bits or a hash of more than 32 bytes is never cut to size."""
    too_big = {"minutes": 1 << 63, "request_hash": bytes(33)}[column]
    with pytest.raises(ValueError, match=r"SHA-256|format|range|convert"):
        chain.entry_hash(ENTRY, TRANSFER._replace(**{column: too_big}), PREVIOUS)
