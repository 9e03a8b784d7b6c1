"""Refunds: minutes of a redemption that come back, because goods were returned or a sale was wrong."""

from uuid import UUID

from timebank.database import session
from timebank.ledger import posting, queries
from timebank.ledger.accounts import lock_of_move
from timebank.ledger.errors import RefundTooLarge
from timebank.ledger.heirs import lock_heirs, stage_of
from timebank.ledger.rules import Kind, Posted, SourceType
from timebank.ledger.transfers import Posting

__all__ = ["refund"]


def refund(*, transfer_id: UUID, refunds: UUID, minutes: int, source_id: UUID, actor_id: UUID) -> Posted:
    """Give back minutes of a redemption (``refunds``: what captured it, or the counter sale), all or a part of them.

    Several refunds may name one redemption; together they never exceed it. Refunded minutes keep the age that they
    had, and pay a debt first. They go to the account that paid, or to the one that it was merged into. ``source_id`` is
    the refund as a fact.

    Raises TransferNotFound, RefundTooLarge; AccountClosed if an empty account was merged away.
    """
    connection = session.connection()
    paid, locked = lock_of_move(connection, refunds, {Kind.REDEEM})
    stages = lock_heirs(connection, paid, locked)
    batch = posting.begin(connection, locked, [transfer_id])
    if transfer_id not in batch.replayed:
        paid = stages[-1]
    elif len(stages) > 1:
        paid = stage_of(connection, transfer_id, stages, locked) or paid
    back = Posting(
        transfer_id=transfer_id,
        kind=Kind.REFUND,
        debit_id=paid.credit_id,
        credit_id=paid.debit_id,
        minutes=minutes,
        source_type=SourceType.REFUND,
        source_id=source_id,
        actor_id=actor_id,
        refunds=paid.id,
    )
    if not batch.is_stored(back):
        wallets = {stage.debit_id for stage in stages}
        refunded = [connection.scalar(queries.REFUNDED, {"account": one, "transfer": paid.id}) for one in wallets]
        left = paid.minutes - sum(int(minutes or 0) for minutes in refunded)
        if minutes > left:
            raise RefundTooLarge(needed_minutes=minutes, available_minutes=left)
    posting.add(batch, [back])
    return posting.finish(connection, batch, [back])[0]
