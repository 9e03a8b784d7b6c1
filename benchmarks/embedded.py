"""The embedded database, fully durable: our service's posting beside a bare commit of the two rows that it writes."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from benchmarks import lines
from benchmarks.posting import MINUTES, earn
from timebank import clock
from timebank.application import create_app
from timebank.database import NIL, db, new_id
from timebank.ledger import queries
from timebank.ledger.rules import ISSUER, wallet_of
from timebank.settings import Settings

_TRANSFER = f"INSERT INTO {queries.transfer.name} VALUES ({', '.join('?' * len(queries.transfer.c))})"
_ENTRY = f"INSERT INTO {queries.entry.name} VALUES ({', '.join('?' * len(queries.entry.c))})"


def postings(stack: ExitStack, settings: Settings, bare: Path, owners: Sequence[UUID]) -> dict[str, Callable[[], None]]:
    """Return both ways to post to ``owners`` in turn: by the service, and as two inserts in a file of its own, ``bare``."""
    stack.enter_context(create_app(settings).app_context())
    stack.callback(db.engine.dispose)
    for owner_id in owners:
        earn(owner_id)
    db.engine.dispose()
    lines.copy_file(Path(str(db.engine.url.database)), bare)
    ours, theirs = _endless(owners), _endless(owners)
    insert = _bare(stack, bare)
    return {"earn": lambda: earn(next(ours)), "bare": lambda: insert(next(theirs))}


def _endless(owners: Sequence[UUID]) -> Iterator[UUID]:
    while True:
        yield from owners


def _bare(stack: ExitStack, file: Path) -> Callable[[UUID], None]:
    """Return what writes a transfer and an entry and commits: the same tables, keys, guards and durability, no reading."""
    connection = sqlite3.connect(file, isolation_level=None)
    stack.callback(connection.close)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    seqs: dict[UUID, int] = {}
    balances: dict[UUID, int] = {}

    def insert(owner_id: UUID) -> None:
        wallet, issuer, transfer = wallet_of(owner_id).id.hex, ISSUER.id.hex, new_id().hex
        now = clock.now().replace(tzinfo=None).isoformat(" ")
        seqs[owner_id] = seq = seqs.get(owner_id, 1) + 1
        balances[owner_id] = balance = balances.get(owner_id, MINUTES) + MINUTES
        optional = (None,) * 5
        digest = bytes(32)
        sent = (transfer, issuer, wallet, MINUTES, 1, 1, 1, new_id().hex, *optional, now, now, NIL.hex, digest)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TRANSFER, sent)
        connection.execute(_ENTRY, (wallet, seq, transfer, MINUTES, 0, balance, 0, now, digest))
        connection.execute("COMMIT")

    return insert
