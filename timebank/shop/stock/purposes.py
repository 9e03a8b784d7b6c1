"""Changing what a lot was given for: the donor agrees, or the public is told 60 days before (rule R32).

捐赠法 art 18 asks for the donor's consent; 浙江省实施慈善法办法 art 18 for a public notice of at least 60 days where the
donor cannot be reached. Each change is a fact; what is in force is a function of time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from uuid import UUID

from sqlalchemy import select

from timebank import clock
from timebank.database import session
from timebank.identity.rules import Actor
from timebank.shop.intake.errors import NoticeTooShort, NotRestricted
from timebank.shop.models import Lot
from timebank.shop.stock.lot_tables import Basis, PurposeChange
from timebank.shop.stock.recalls import locked_lot

NOTICE = timedelta(days=60)


def follow(old: Lot, new: Lot) -> None:
    """Let the changes of purpose of a lot hold for what of it was sent to another site."""
    for change in changes_of([old.id])[old.id]:
        values = {column.key: getattr(change, column.key) for column in PurposeChange.__table__.columns}
        session.add(PurposeChange(**values | {"lot_id": new.id}))


def change_purpose(
    *,
    actor: Actor,
    lot_id: UUID,
    purpose: str | None,
    basis: Basis,
    note: str,
    effective_at: datetime | None = None,
) -> PurposeChange:
    """Give a restricted lot another purpose, or (``purpose`` None) open it for everybody.

    By the donor's consent at once or from ``effective_at`` on, by a notice 60 days from now at the earliest (and by
    default). A change that was still to come gives way to this one. Raises NotFound, NotRestricted, NoticeTooShort.
    """
    lot = locked_lot(actor, lot_id)
    now = clock.now()
    if lot.restricted_purpose is None or (lot.ordinary_from is not None and lot.ordinary_from <= now):
        raise NotRestricted
    earliest = now + NOTICE if basis is Basis.NOTICE else now
    takes_effect = effective_at or earliest
    if takes_effect < earliest:
        if basis is Basis.NOTICE:
            raise NoticeTooShort(days=NOTICE.days, earliest_on=clock.day_of(earliest).isoformat())
        takes_effect = now
    change = PurposeChange(
        lot_id=lot_id,
        number=len(changes_of([lot_id])[lot_id]) + 1,
        purpose=purpose,
        basis=basis,
        note=note,
        changed_by=actor.person_id,
        changed_at=now,
        effective_at=takes_effect,
    )
    session.add(change)
    lot.ordinary_from = takes_effect if purpose is None else None
    session.flush()
    return change


def changes_of(lot_ids: Sequence[UUID]) -> dict[UUID, list[PurposeChange]]:
    """Return the changes of purpose of several lots, in their order."""
    changes: dict[UUID, list[PurposeChange]] = {lot_id: [] for lot_id in lot_ids}
    found = select(PurposeChange).where(PurposeChange.lot_id.in_(lot_ids)).order_by(PurposeChange.number)
    for change in session.scalars(found):
        changes[change.lot_id].append(change)
    return changes


def given_for(purpose: str, lot_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Return which of some lots are for exactly this purpose at ``now``; under their locks, in statements of its own.

    Blanks at the ends say nothing: some were kept with what was taken in.
    """
    changes = changes_of(sorted(lot_ids))
    given = session.execute(select(Lot.id, Lot.restricted_purpose).where(Lot.id.in_(lot_ids)))
    in_force = {lot_id: purpose_at(words, changes[lot_id], now) for lot_id, words in given}
    return {lot_id for lot_id, words in in_force.items() if words is not None and words.strip() == purpose.strip()}


def purpose_at(given: str | None, changes: Sequence[PurposeChange], now: datetime) -> str | None:
    """Return what a lot is for at ``now`` (None: for everybody), given what it was given for."""
    purpose = given
    for change, following in zip_longest(changes, changes[1:]):
        overtaken = following is not None and following.changed_at < change.effective_at
        if change.effective_at <= now and not overtaken:
            purpose = change.purpose
    return purpose
