"""Postings for tests, each in a unit of work of its own."""

from datetime import datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import queries, service
from timebank.ledger.rules import AccountState, Posted

CLERK = UUID("00000000-0000-7000-8000-00000000c1e4")
LIFE = timedelta(hours=48)


def earned(
    owner_id: UUID,
    minutes: int = 120,
    *,
    transfer_id: UUID | None = None,
    source_id: UUID | None = None,
    occurred_at: datetime | None = None,
    actor_id: UUID = CLERK,
) -> Posted:
    """Credit minutes for a service record's revision."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.earn(
            transfer_id=transfer_id,
            owner_id=owner_id,
            minutes=minutes,
            source_id=source_id,
            occurred_at=occurred_at or clock.now(),
            actor_id=actor_id,
        )
    )


def a_volunteer_with(minutes: int) -> UUID:
    """Return the id of someone who has just earned minutes."""
    owner_id = new_id()
    earned(owner_id, minutes)
    return owner_id


def redeemed(owner_id: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Spend minutes at the counter."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.redeem(
            transfer_id=transfer_id, owner_id=owner_id, minutes=minutes, source_id=source_id, actor_id=CLERK
        )
    )


def held(
    owner_id: UUID,
    minutes: int,
    *,
    transfer_id: UUID | None = None,
    source_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Posted:
    """Set minutes aside, for two days unless told; the hold's id is the transfer's."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.hold(
            transfer_id=transfer_id,
            owner_id=owner_id,
            minutes=minutes,
            source_id=source_id,
            expires_at=expires_at or clock.now() + LIFE,
            actor_id=CLERK,
        )
    )


def captured(hold_id: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Take held minutes."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.capture(
            transfer_id=transfer_id, hold_id=hold_id, minutes=minutes, source_id=source_id, actor_id=CLERK
        )
    )


def released(hold_id: UUID, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Give held minutes back."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.release(transfer_id=transfer_id, hold_id=hold_id, source_id=source_id, actor_id=CLERK)
    )


def swept(limit: int = 100) -> int:
    """Release what is due."""
    return in_unit_of_work(lambda: service.sweep(limit=limit))


def state_of(owner_id: UUID, now: datetime | None = None) -> AccountState:
    """Return what someone has, read in a unit of work that may not write."""
    return in_unit_of_work(lambda: queries.account_state(owner_id, now or clock.now()), write=False)
