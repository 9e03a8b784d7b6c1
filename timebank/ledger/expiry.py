"""Expiry of minutes that nobody has used for long: a matter of policy, always with a warning before.

First in, first out without lots: of what came in until a cut-off, everything that ever went out is taken first. Merged
minutes are as old as they were (``ages``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select

from timebank import clock
from timebank.database import session
from timebank.ledger import posting, queries
from timebank.ledger.accounts import lock_known
from timebank.ledger.ages import ages
from timebank.ledger.batch import Batch
from timebank.ledger.rules import EXPIRED, Kind, Posted, SourceType, run_id_of, wallet_of
from timebank.ledger.transfers import Posting

__all__ = ["Expiring", "expire", "expiring", "expiring_of"]


@dataclass(frozen=True, slots=True)
class Expiring:
    """Somebody who has minutes from before a cut-off, and how many, set aside or not."""

    owner_id: UUID
    minutes: int


def expiring(*, cut_off: datetime, limit: int, after: UUID | None = None) -> list[Expiring]:
    """Return whose minutes would expire if they were cut off there and then: for warnings long before, and for a run.

    In the order of the wallets' ids; ``after`` is the last owner of the page before.
    """
    connection, last, found = session.connection(), after, list[Expiring]()
    while len(found) < limit:
        page = queries.EXPIRING.limit(limit - len(found))
        if last is not None:
            page = page.where(page.selected_columns.id > wallet_of(last).id)
        looked_at = _due(connection, page, cut_off)
        found += [one for one in looked_at if one.minutes > 0]
        if not looked_at:
            break
        last = looked_at[-1].owner_id
    return found


def expiring_of(owner_id: UUID, *, cut_off: datetime) -> int:
    """Return how many of one person's minutes would expire if they were cut off there and then."""
    mine = queries.EXPIRING.where(queries.EXPIRING.selected_columns.id == wallet_of(owner_id).id)
    return sum(one.minutes for one in _due(session.connection(), mine, cut_off))


def expire(*, run_id: UUID, cut_off: datetime, owner_ids: Collection[UUID], actor_id: UUID) -> list[Posted]:
    """Take from some people what they got until the cut-off and have not spent, as far as it is available.

    What is set aside stays for the next run. A run takes from a person once: sent again, it is replayed. The
    transfers' ``occurred_at`` is the cut-off, so that anybody can recompute them. Raises ValueError for a cut-off that
    is still to come.
    """
    if cut_off > clock.now():
        raise ValueError("a cut-off lies in the past")
    connection = session.connection()
    locked = lock_known(connection, [wallet_of(owner_id) for owner_id in owner_ids])
    shares = {run_id_of(run_id, account_id): account_id for account_id in sorted(locked)}
    batch = posting.begin(connection, locked, list(shares))
    asked = queries.EXPIRING.where(queries.EXPIRING.selected_columns.id.in_(list(locked)))
    due = {wallet_of(one.owner_id).id: one.minutes for one in _due(connection, asked, cut_off)}
    postings = []
    for share_id, account_id in shares.items():
        known = batch.stored.get(share_id)
        due_now = due.get(account_id, 0) - _taken_by(batch, account_id)
        minutes = known.minutes if known else min(due_now, batch.available(account_id))
        if minutes > 0:
            postings.append(
                Posting(
                    transfer_id=share_id,
                    kind=Kind.EXPIRE,
                    debit_id=account_id,
                    credit_id=EXPIRED.id,
                    minutes=minutes,
                    source_type=SourceType.EXPIRY_RUN,
                    source_id=share_id,
                    actor_id=actor_id,
                    batch_id=run_id,
                    occurred_at=cut_off,
                )
            )
    posting.add(batch, postings)
    return posting.finish(connection, batch, postings)


def _due(connection: Connection, asked: Select[Any], cut_off: datetime) -> list[Expiring]:
    """Return what is due of the wallets asked for, perhaps nothing of those into which somebody was merged since."""
    rows = connection.execute(asked, {"cut_off": cut_off}).all()
    return [
        Expiring(row.owner_id, ages(connection, row.id, cut_off).old if row.merged else int(row.minutes))
        for row in rows
    ]


def _taken_by(batch: Batch, account_id: UUID) -> int:
    """Return what has left an account in a batch that is not stored yet: a due hold set it free, and a debt took it."""
    return -sum(line.minutes for line in batch.entries if line.account_id == account_id)
