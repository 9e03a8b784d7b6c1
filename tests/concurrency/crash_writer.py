"""A process that posts for ever and says after each commit what it was told, until somebody kills it."""

import os
import struct
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import NamedTuple
from uuid import UUID

from flask import Flask

from tests.factories.ledger import captured, earned, held, redeemed, released
from timebank.application import create_app
from timebank.database import new_id, session
from timebank.errors import Busy
from timebank.ledger.rules import Posted, wallet_of
from timebank.settings import Settings

THREADS = 4
_RECORD = struct.Struct(">16s16sQ32s")


class Acknowledged(NamedTuple):
    """What the caller of a verb was told: the transfer is posted, and this is the wallet's last entry."""

    transfer_id: UUID
    wallet_id: UUID
    seq: int
    head: bytes


def read(said: bytes) -> Iterator[Acknowledged]:
    """Yield what a writer has said; a record is written whole or not at all."""
    for transfer_id, wallet_id, seq, head in _RECORD.iter_unpack(said):
        yield Acknowledged(UUID(bytes=transfer_id), UUID(bytes=wallet_id), seq, head)


def write(settings: Settings, out: Connection) -> None:
    """Post from several threads, each to a wallet of its own."""
    app = create_app(settings)
    threads = [threading.Thread(target=_post_for_ever, args=(app, out)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _post_for_ever(app: Flask, out: Connection) -> None:
    owner_id = new_id()
    wallet_id = wallet_of(owner_id).id
    with app.app_context():
        while True:
            try:
                for posted in _some_postings(owner_id):
                    state = posted.account
                    record = _RECORD.pack(posted.transfer_id.bytes, wallet_id.bytes, state.seq, state.head)
                    os.write(out.fileno(), record)
            except Busy:  # whom the last crash has left a lock
                session.rollback()


def _some_postings(owner_id: UUID) -> Iterator[Posted]:
    yield earned(owner_id, 60)
    for resolve in (lambda hold: captured(hold, 15), released):
        hold = held(owner_id, 20)
        yield hold
        yield resolve(hold.transfer_id)
    yield redeemed(owner_id, 5)
