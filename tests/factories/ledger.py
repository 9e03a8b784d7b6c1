"""Postings for tests, each in a unit of work of its own."""

from datetime import datetime, timedelta
from uuid import UUID

from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import expiry, gifts, merging, queries, refunds, reversals, service
from timebank.ledger.rules import AccountState, Posted, wallet_of

CLERK = UUID("00000000-0000-7000-8000-00000000c1e4")
AREA = UUID("00000000-0000-7000-8000-0000000a4ea0")
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


def extended(
    hold_id: UUID, *, expires_at: datetime, transfer_id: UUID | None = None, source_id: UUID | None = None
) -> Posted:
    """Put a longer hold in the place of another."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: service.extend(
            transfer_id=transfer_id, hold_id=hold_id, source_id=source_id, expires_at=expires_at, actor_id=CLERK
        )
    )


def refunded(
    redemption: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None
) -> Posted:
    """Give minutes of a redemption back."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: refunds.refund(
            transfer_id=transfer_id, refunds=redemption, minutes=minutes, source_id=source_id, actor_id=CLERK
        )
    )


def reversed_(reverses: UUID, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Take a transfer back."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: reversals.reverse(transfer_id=transfer_id, reverses=reverses, source_id=source_id, actor_id=CLERK)
    )


def given(
    giver: UUID, receiver: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None
) -> Posted:
    """Give minutes to somebody else."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: gifts.gift(
            transfer_id=transfer_id,
            from_owner_id=giver,
            to_owner_id=receiver,
            minutes=minutes,
            source_id=source_id,
            actor_id=giver,
        )
    )


def donated(owner_id: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Give minutes to the pool."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: gifts.donate(
            transfer_id=transfer_id,
            owner_id=owner_id,
            area_id=AREA,
            minutes=minutes,
            source_id=source_id,
            actor_id=owner_id,
        )
    )


def granted(owner_id: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Give minutes from the pool to somebody."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: gifts.grant(
            transfer_id=transfer_id,
            area_id=AREA,
            owner_id=owner_id,
            minutes=minutes,
            source_id=source_id,
            actor_id=CLERK,
        )
    )


def opened_with(
    owner_id: UUID, minutes: int, *, transfer_id: UUID | None = None, source_id: UUID | None = None
) -> Posted:
    """Credit what a paper ledger says."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: gifts.open_with(
            transfer_id=transfer_id,
            account=wallet_of(owner_id),
            minutes=minutes,
            source_id=source_id,
            actor_id=CLERK,
        )
    )


def merged(old: UUID, new: UUID, *, transfer_id: UUID | None = None, source_id: UUID | None = None) -> Posted:
    """Make two accounts one."""
    transfer_id, source_id = transfer_id or new_id(), source_id or new_id()
    return in_unit_of_work(
        lambda: merging.merge(
            transfer_id=transfer_id, from_owner_id=old, into_owner_id=new, source_id=source_id, actor_id=CLERK
        )
    )


def expired(cut_off: datetime, *owners: UUID, run_id: UUID | None = None) -> list[Posted]:
    """Run the expiry for some people."""
    run_id = run_id or new_id()
    return in_unit_of_work(lambda: expiry.expire(run_id=run_id, cut_off=cut_off, owner_ids=owners, actor_id=CLERK))


def expiring(cut_off: datetime, limit: int = 100, after: UUID | None = None) -> dict[UUID, int]:
    """Return whose minutes would expire, and how many."""
    page = in_unit_of_work(lambda: expiry.expiring(cut_off=cut_off, limit=limit, after=after), write=False)
    return {one.owner_id: one.minutes for one in page}


def swept(limit: int = 100) -> int:
    """Release what is due."""
    return in_unit_of_work(lambda: service.sweep(limit=limit))


def state_of(owner_id: UUID, now: datetime | None = None) -> AccountState:
    """Return what someone has, read in a unit of work that may not write."""
    return in_unit_of_work(lambda: queries.account_state(owner_id, now or clock.now()), write=False)
