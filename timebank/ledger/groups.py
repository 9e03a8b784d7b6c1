"""Groups of transfers in one go: as many statements as one transfer, all or nothing, each replayed by its own id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from timebank.ledger import posting
from timebank.ledger.rules import ROUTES, Account, Kind, Posted, SourceType
from timebank.ledger.transfers import Posting

__all__ = ["Movement", "post_many"]

_PLAIN = frozenset({Kind.EARN, Kind.REDEEM, Kind.GIFT, Kind.DONATE, Kind.GRANT, Kind.OPENING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A transfer at once, between accounts that its kind may lead between; ValueError for any other."""

    transfer_id: UUID
    kind: Kind
    debit: Account
    credit: Account
    minutes: int
    source_type: SourceType
    source_id: UUID
    occurred_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.kind not in _PLAIN or (self.debit.kind, self.credit.kind) not in ROUTES[self.kind]:
            raise ValueError(f"no {self.kind.name} leads from {self.debit.kind.name} to {self.credit.kind.name}")


def post_many(*, movements: Sequence[Movement], actor_id: UUID, batch_id: UUID | None = None) -> list[Posted]:
    """Post a group in this transaction, in the order given, and return the result of each.

    Raises what any of them is refused for: InsufficientMinutes, DebtOutstanding, AccountClosed, AlreadyPosted,
    PostingConflict; then nothing of the group is posted.
    """
    postings = [
        Posting(
            transfer_id=one.transfer_id,
            kind=one.kind,
            debit_id=one.debit.id,
            credit_id=one.credit.id,
            minutes=one.minutes,
            source_type=one.source_type,
            source_id=one.source_id,
            actor_id=actor_id,
            occurred_at=one.occurred_at,
            batch_id=batch_id,
        )
        for one in movements
    ]
    return posting.post(postings, {side for one in movements for side in (one.debit, one.credit) if side.tracked})
