"""What the ledger can be asked to do. Everything happens in the caller's transaction; nothing here commits.

Each verb takes the id of the transfer that it makes: the same id with the same content again is answered with the
stored result (``replayed``), with other content it is refused. Every verb may raise PostingConflict, AlreadyPosted
and AccountClosed; minutes are whole and at least 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from timebank import clock
from timebank.database import session
from timebank.ledger import posting, queries
from timebank.ledger.accounts import lock, lock_of_hold
from timebank.ledger.batch import is_due
from timebank.ledger.errors import HoldExpired
from timebank.ledger.rules import (
    ISSUER,
    REDEEMED,
    Account,
    AccountKind,
    AccountState,
    Kind,
    Phase,
    Posted,
    SourceType,
    extended_id,
    wallet_of,
)
from timebank.ledger.transfers import Posting

__all__ = [
    "AccountState",
    "Earning",
    "Posted",
    "capture",
    "earn",
    "earn_many",
    "extend",
    "hold",
    "redeem",
    "release",
    "sweep",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """What one person has earned: ``source_id`` is the revision of the service record that says so."""

    transfer_id: UUID
    owner_id: UUID
    minutes: int
    source_id: UUID
    occurred_at: datetime


def earn(
    *, transfer_id: UUID, owner_id: UUID, minutes: int, source_id: UUID, occurred_at: datetime, actor_id: UUID
) -> Posted:
    """Credit minutes for a service record's revision (``source_id``); one revision is credited once."""
    earning = Earning(
        transfer_id=transfer_id, owner_id=owner_id, minutes=minutes, source_id=source_id, occurred_at=occurred_at
    )
    return earn_many(earnings=[earning], actor_id=actor_id)[0]


def earn_many(*, earnings: Sequence[Earning], actor_id: UUID, batch_id: UUID | None = None) -> list[Posted]:
    """Credit a group at once, in as many statements as one: all or nothing, each replayed by its own id."""
    wallets = [wallet_of(earning.owner_id) for earning in earnings]
    postings = [
        Posting(
            transfer_id=earning.transfer_id,
            kind=Kind.EARN,
            debit_id=ISSUER.id,
            credit_id=wallet.id,
            minutes=earning.minutes,
            source_type=SourceType.SERVICE_RECORD_REVISION,
            source_id=earning.source_id,
            actor_id=actor_id,
            occurred_at=earning.occurred_at,
            batch_id=batch_id,
        )
        for earning, wallet in zip(earnings, wallets, strict=True)
    ]
    return posting.post(postings, set(wallets))


def redeem(*, transfer_id: UUID, owner_id: UUID, minutes: int, source_id: UUID, actor_id: UUID) -> Posted:
    """Take minutes for goods at once, as at the counter (``source_id``: the redemption).

    Raises InsufficientMinutes, DebtOutstanding.
    """
    return _spend(transfer_id=transfer_id, owner_id=owner_id, minutes=minutes, source_id=source_id, actor_id=actor_id)


def hold(
    *, transfer_id: UUID, owner_id: UUID, minutes: int, source_id: UUID, expires_at: datetime, actor_id: UUID
) -> Posted:
    """Set minutes aside for a redemption until ``expires_at``; from then on they count as available again.

    Raises InsufficientMinutes, DebtOutstanding, and HoldExpired if ``expires_at`` is not in the future.
    """
    return _spend(
        transfer_id=transfer_id,
        owner_id=owner_id,
        minutes=minutes,
        source_id=source_id,
        actor_id=actor_id,
        phase=Phase.HOLD,
        expires_at=expires_at,
    )


def capture(*, transfer_id: UUID, hold_id: UUID, minutes: int, source_id: UUID, actor_id: UUID) -> Posted:
    """Take held minutes, all or a part; the rest of the hold is released with it.

    Raises HoldNotFound, HoldExpired, AlreadyResolved, DebtOutstanding, and InsufficientMinutes for more than is held.
    """
    return _resolve(transfer_id, hold_id, minutes, source_id, actor_id)


def release(*, transfer_id: UUID, hold_id: UUID, source_id: UUID, actor_id: UUID) -> Posted:
    """Give all held minutes back, also of a due hold that nobody has released yet.

    Raises HoldNotFound, AlreadyResolved, and HoldExpired if its expiry has been written already.
    """
    return _resolve(transfer_id, hold_id, None, source_id, actor_id)


def extend(*, transfer_id: UUID, hold_id: UUID, source_id: UUID, expires_at: datetime, actor_id: UUID) -> Posted:
    """Put a hold of the same minutes in the place of another, so that they stay set aside until ``expires_at``.

    ``transfer_id`` is the new hold, ``source_id`` the extension as a fact.

    Raises HoldNotFound, AlreadyResolved, HoldExpired (also if ``expires_at`` is not in the future), DebtOutstanding.
    """
    connection = session.connection()
    held, locked = lock_of_hold(connection, hold_id)
    batch = posting.begin(connection, locked, [transfer_id, extended_id(transfer_id)], holds=[hold_id])
    if (
        transfer_id not in batch.replayed
        and hold_id not in batch.resolutions
        and is_due(held.expires_at, batch.at[held.debit_id])
    ):
        raise HoldExpired
    renewed = Posting(
        transfer_id=transfer_id,
        kind=Kind(held.kind),
        phase=Phase.HOLD,
        debit_id=held.debit_id,
        credit_id=held.credit_id,
        minutes=held.minutes,
        source_type=SourceType.REDEMPTION_EXTENSION,
        source_id=source_id,
        actor_id=actor_id,
        batch_id=transfer_id,
        expires_at=expires_at,
    )
    ended = replace(renewed, transfer_id=extended_id(transfer_id), phase=Phase.RELEASE, hold=held, expires_at=None)
    postings = [ended, renewed]
    posting.add(batch, postings)
    return posting.finish(connection, batch, postings)[-1]


def sweep(*, limit: int) -> int:
    """Release what is due on the accounts of the ``limit`` oldest due holds; return how many releases were written.

    Readings never depend on it: a due hold counts as gone before. It lets the entries say so too.
    """
    connection = session.connection()
    due = connection.execute(queries.WITH_DUE_HOLDS, {"until": clock.now(), "limit": limit}).all()
    if not due:
        return 0
    accounts = {Account(AccountKind(row.kind), row.owner_id) for row in due}
    return posting.release_due(connection, lock(connection, accounts))


def _spend(
    *,
    transfer_id: UUID,
    owner_id: UUID,
    minutes: int,
    source_id: UUID,
    actor_id: UUID,
    phase: Phase = Phase.SINGLE,
    expires_at: datetime | None = None,
) -> Posted:
    wallet = wallet_of(owner_id)
    spending = Posting(
        transfer_id=transfer_id,
        kind=Kind.REDEEM,
        phase=phase,
        debit_id=wallet.id,
        credit_id=REDEEMED.id,
        minutes=minutes,
        source_type=SourceType.REDEMPTION,
        source_id=source_id,
        actor_id=actor_id,
        expires_at=expires_at,
    )
    return posting.post([spending], [wallet])[0]


def _resolve(transfer_id: UUID, hold_id: UUID, minutes: int | None, source_id: UUID, actor_id: UUID) -> Posted:
    """Capture ``minutes`` of a hold, or release it if they are None."""
    connection = session.connection()
    held, locked = lock_of_hold(connection, hold_id)
    resolution = Posting(
        transfer_id=transfer_id,
        kind=Kind(held.kind),
        phase=Phase.RELEASE if minutes is None else Phase.CAPTURE,
        debit_id=held.debit_id,
        credit_id=held.credit_id,
        minutes=held.minutes if minutes is None else minutes,
        source_type=SourceType.REDEMPTION if held.kind == Kind.REDEEM else SourceType(held.source_type),
        source_id=source_id,
        actor_id=actor_id,
        hold=held,
    )
    return posting.post_under_lock(connection, [resolution], locked)[0]
