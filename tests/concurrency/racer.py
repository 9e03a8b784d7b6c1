"""A process that takes part in a race: its threads, each with a connection of its own, attempt one thing at one moment."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import text

from tests.factories import ledger
from timebank.application import create_app
from timebank.database import db, session
from timebank.errors import Busy, Refusal
from timebank.ledger.rules import Posted
from timebank.settings import Settings

PATIENCE_SECONDS = 30

VERBS: Mapping[str, Callable[..., Posted]] = {
    "capture": ledger.captured,
    "release": ledger.released,
    "redeem": ledger.redeemed,
    "earn": ledger.earned,
    "refund": ledger.refunded,
    "reverse": ledger.reversed_,
}
"""Each in a unit of work of its own, under a new id unless one is given."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What every thread does at once."""

    verb: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]


def take_part(settings: Settings, threads: int, start: Barrier, pipe: Connection) -> None:
    """Make every attempt that is asked for from all threads, until nobody asks any more.

    Sent back is what each thread was told: the outcome, and the head of the chain.
    """
    app = create_app(settings)
    while True:
        try:
            attempt: Attempt = pipe.recv()
        except EOFError:
            return
        with ThreadPoolExecutor(threads) as racers:
            running = [racers.submit(_outcome, app, start, attempt) for _ in range(threads)]
            told = [one.result() for one in running]
        with app.app_context():
            db.engine.dispose()  # the next race has another database
        pipe.send(told)


def _outcome(app: Flask, start: Barrier, attempt: Attempt) -> tuple[str, str]:
    with app.app_context():
        try:
            session.execute(text("SELECT 1"))  # the connection is there before the race begins
            session.rollback()
            start.wait(PATIENCE_SECONDS)
        except Exception:
            start.abort()  # or everybody else would wait for us
            raise
        while True:
            try:
                posted = VERBS[attempt.verb](*attempt.arguments, **attempt.named)
            except Busy:  # whom the database asks to come again comes again
                session.rollback()
                continue
            except Refusal as refusal:
                return refusal.code, ""
            except Exception as unexpected:  # noqa: BLE001 - whatever it is, the test shows it
                return repr(unexpected), ""
            return "replayed" if posted.replayed else "posted", posted.account.head.hex()
