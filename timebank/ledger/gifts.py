"""Minutes that people give: to each other, to a pool, and from a pool to people in need; and what they begin with."""

from uuid import UUID

from timebank.ledger.groups import Movement, post_many
from timebank.ledger.rules import ISSUER, Account, Kind, Posted, SourceType, pool_of, wallet_of

__all__ = ["donate", "gift", "grant", "open_with"]


def gift(
    *, transfer_id: UUID, from_owner_id: UUID, to_owner_id: UUID, minutes: int, source_id: UUID, actor_id: UUID
) -> Posted:
    """Give minutes to somebody else (``source_id``: the accepted gift); the result is the giver's account.

    Raises InsufficientMinutes, DebtOutstanding; ValueError for a gift to oneself.
    """
    sides = wallet_of(from_owner_id), wallet_of(to_owner_id)
    return _move(transfer_id, Kind.GIFT, sides, minutes=minutes, source=(SourceType.GIFT, source_id), actor_id=actor_id)


def donate(
    *, transfer_id: UUID, owner_id: UUID, area_id: UUID, minutes: int, source_id: UUID, actor_id: UUID
) -> Posted:
    """Give minutes to the pool of an area; the result is the giver's account.

    Raises InsufficientMinutes, DebtOutstanding.
    """
    sides = wallet_of(owner_id), pool_of(area_id)
    return _move(
        transfer_id,
        Kind.DONATE,
        sides,
        minutes=minutes,
        source=(SourceType.POOL_DONATION, source_id),
        actor_id=actor_id,
    )


def grant(*, transfer_id: UUID, area_id: UUID, owner_id: UUID, minutes: int, source_id: UUID, actor_id: UUID) -> Posted:
    """Give minutes from the pool of an area to somebody; the result is the pool's account.

    Raises InsufficientMinutes.
    """
    sides = pool_of(area_id), wallet_of(owner_id)
    return _move(
        transfer_id, Kind.GRANT, sides, minutes=minutes, source=(SourceType.POOL_GRANT, source_id), actor_id=actor_id
    )


def open_with(*, transfer_id: UUID, account: Account, minutes: int, source_id: UUID, actor_id: UUID) -> Posted:
    """Credit a wallet or a pool with what a paper ledger says (``source_id``: the row of the import)."""
    sides = ISSUER, account
    return _move(
        transfer_id, Kind.OPENING, sides, minutes=minutes, source=(SourceType.IMPORT_ROW, source_id), actor_id=actor_id
    )


def _move(
    transfer_id: UUID,
    kind: Kind,
    sides: tuple[Account, Account],
    *,
    minutes: int,
    source: tuple[SourceType, UUID],
    actor_id: UUID,
) -> Posted:
    movement = Movement(
        transfer_id=transfer_id,
        kind=kind,
        debit=sides[0],
        credit=sides[1],
        minutes=minutes,
        source_type=source[0],
        source_id=source[1],
    )
    return post_many(movements=[movement], actor_id=actor_id)[0]
