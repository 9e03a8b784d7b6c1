"""One record at a time: whoever decides on it, objects to it or finalises it waits here for the others."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, cast, func, select

from timebank.database import is_sqlite, session

_SPACE = 0x7265636F72640000
"""Sets these keys apart from other advisory locks of the database."""


def lock(*record_ids: UUID) -> None:
    """Lock records until the transaction ends, in one order for everybody.

    Nobody may lock their rows, which are never changed: PostgreSQL asks for the right to update for that. On SQLite a
    transaction that writes is alone anyway. What is read after this, in a new statement, is what the one before has left.
    """
    if not is_sqlite():
        for key in sorted(_keys(record_ids)):
            session.execute(select(func.pg_advisory_xact_lock(key)))


def lock_many(record_ids: Collection[UUID]) -> None:
    """Lock many records in one statement, in the same order. Each takes a place in the server's table of locks: some hundreds."""
    if not is_sqlite():
        one = func.unnest(cast(sorted(_keys(record_ids)), ARRAY(BigInteger))).table_valued("key").render_derived()
        session.execute(select(func.pg_advisory_xact_lock(one.c.key))).all()


def _keys(record_ids: Iterable[UUID]) -> set[int]:
    """Return the keys: the random end of each id, as a signed number of 64 bits."""
    return {int.from_bytes((record_id.int ^ _SPACE).to_bytes(16)[8:], signed=True) for record_id in record_ids}
