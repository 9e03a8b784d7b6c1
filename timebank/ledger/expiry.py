"""Expiry of minutes that nobody has used for long: a matter of policy, always with a warning before.

First in, first out without lots: of what came in until a cut-off, everything that ever went out is taken first.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank import clock
from timebank.database import session
from timebank.ledger import posting, queries
from timebank.ledger.accounts import lock_known
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
    page = queries.EXPIRING.limit(limit)
    if after is not None:
        page = page.where(page.selected_columns.id > wallet_of(after).id)
    return [Expiring(row.owner_id, int(row.minutes)) for row in session.execute(page, {"cut_off": cut_off})]


def expiring_of(owner_id: UUID, *, cut_off: datetime) -> int:
    """Return how many of one person's minutes would expire if they were cut off there and then."""
    mine = queries.EXPIRING.where(queries.EXPIRING.selected_columns.id == wallet_of(owner_id).id)
    row = session.execute(mine, {"cut_off": cut_off}).one_or_none()
    return int(row.minutes) if row else 0


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
    due = {
        row.id: int(row.minutes)
        for row in connection.execute(
            queries.EXPIRING.where(queries.EXPIRING.selected_columns.id.in_(list(locked))), {"cut_off": cut_off}
        )
    }
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


def _taken_by(batch: Batch, account_id: UUID) -> int:
    """Return what has left an account in a batch that is not stored yet: a due hold set it free, and a debt took it."""
    return -sum(line.minutes for line in batch.entries if line.account_id == account_id)
