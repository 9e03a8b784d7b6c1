"""Rows as they are kept: read and hashed exactly as their values are."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.factories.ledger import a_volunteer_with, captured, held, redeemed
from timebank.clock import microseconds
from timebank.database import NIL, db
from timebank.ledger import chain, proof_entries
from timebank.ledger import raw as kept
from timebank.ledger.chain import EntryRow, TransferRow
from timebank.ledger.queries import entry, transfer
from timebank.ledger.raw import FORMS, RawEntry, RawTransfer

IDS = st.uuids()
NUMBERS = st.integers(-(2**63), 2**63 - 1)
WORDS = st.integers(0, 2**16 - 1)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
HASHES = st.binary(min_size=32, max_size=32)
MAYBE = st.none() | IDS
ENTRIES = st.builds(EntryRow, IDS, NUMBERS, MAYBE, NUMBERS, NUMBERS, NUMBERS, NUMBERS, INSTANTS, HASHES)
TRANSFERS = st.builds(
    TransferRow,
    *(IDS, IDS, IDS, NUMBERS, WORDS, WORDS, WORDS, IDS, MAYBE, MAYBE, MAYBE, MAYBE),
    *(st.none() | INSTANTS, INSTANTS, INSTANTS, IDS, HASHES),
)


def _kept(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    return microseconds(value) if isinstance(value, datetime) else value


@given(ENTRIES, st.none() | TRANSFERS, HASHES)
def test_a_row_as_it_is_kept_has_the_hash_of_its_values(
    line: EntryRow, sent: TransferRow | None, previous: bytes
) -> None:
    """There is one layout, whichever way it is filled."""
    raw_line, raw_sent = RawEntry(*map(_kept, line)), sent and RawTransfer(*map(_kept, sent))
    assert kept.entry_hash(raw_line, raw_sent, previous) == chain.entry_hash(line, sent, previous)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@given(ENTRIES.filter(lambda line: line.transfer_id), TRANSFERS, HASHES)
def test_a_row_as_the_driver_gives_it_has_the_hash_of_its_values(
    engine: str, line: EntryRow, sent: TransferRow, previous: bytes
) -> None:
    """What a proof packs in one go is the layout that postings are hashed by."""
    sent = sent._replace(id=line.transfer_id or NIL)
    given, before = (_as_driver_gives(engine, values) for values in ((*line, *sent[1:], 0), (None,) * 8 + (previous,)))
    packed = proof_entries._preimage(given, before, line.account_id.bytes, FORMS[engine])
    assert sha256(packed).digest() == chain.entry_hash(line, sent, previous)


def _as_driver_gives(engine: str, values: Any) -> tuple[Any, ...]:
    if engine == "postgresql":
        return tuple(map(_kept, values))
    return tuple(
        value.hex
        if isinstance(value, UUID)
        else f"{value:%Y-%m-%d %H:%M:%S.%f}"
        if isinstance(value, datetime)
        else value
        for value in values
    )


@pytest.mark.parametrize("ids", [["0" * 31, "0" * 33], ["0" * 30 + "  "], ["g" * 32], ["00" * 16, None]])
def test_ids_that_only_look_right_side_by_side(ids: Any) -> None:
    """Neither a border that was moved, nor blanks, nor what is no number at all."""
    with pytest.raises((ValueError, TypeError)):
        FORMS["sqlite"].ids_of(ids)


@pytest.mark.parametrize("changed", [{"minutes": 2**63}, {"account_id": "text"}, {"recorded_at": None}])
def test_what_does_not_fit_is_not_packed(changed: dict[str, Any]) -> None:
    """Neither a number that is too large nor something else than bytes."""
    line = RawEntry(bytes(16), 1, None, 0, 0, 0, 0, 0, bytes(32))
    with pytest.raises(ValueError):  # noqa: PT011 - struct's own words
        kept.entry_hash(line._replace(**changed), None, bytes(32))
    with pytest.raises(ValueError, match="no SHA-256"):
        kept.entry_hash(line, None, bytes(33))


@pytest.mark.parametrize("table", [entry, transfer])
def test_both_engines_give_rows_as_they_are_kept(app: Flask, table: Any) -> None:
    """Column by column the bytes and microseconds of what the columns' own types give, under the same names."""
    owner_id = a_volunteer_with(100)
    captured(held(owner_id, 30).transfer_id, 10)
    redeemed(owner_id, 5)
    order = table.primary_key.columns
    with db.engine.connect() as connection:
        values = connection.execute(select(table).order_by(*order)).all()
        rows = connection.execute(select(*kept.raw(table.c)).order_by(*order)).all()
    assert len(rows) == 4
    assert rows == [tuple(map(_kept, row)) for row in values]
    assert rows[0]._fields == tuple(table.c.keys())


def test_instants_and_ids_are_shown_again() -> None:
    """What a report and a genesis hash need of them."""
    at = datetime(2026, 3, 5, 1, 2, 3, 456789, tzinfo=UTC)
    assert kept.instant(microseconds(at)) == at
    assert kept.instant(None) is None
    assert kept.name_of(UUID(int=5).bytes) == str(UUID(int=5))
    assert kept.name_of(None) == "None"
    with pytest.raises(ValueError, match="out of range"):
        kept.instant(2**62)
    assert kept.instant(-1) == datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)


def test_an_id_that_is_too_short_is_no_id() -> None:
    """Packing would fill it up with zeros, and its hash would fit another id."""
    with pytest.raises(ValueError, match="no id"):
        kept._id_of("00" * 15)
    assert kept._id_of(None) is None
