"""What is asked about donations, their lines, and the lots that these have become."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from timebank.database import session
from timebank.shop.intake.donation_tables import Donation, DonationLine, DonationLot


def donations_of(donor_id: UUID) -> Select[Any]:
    """Select what somebody has offered."""
    return select(Donation).where(Donation.donor_id == donor_id)


def donations_at(site_id: UUID, state: str | None) -> Select[Any]:
    """Select what was offered to a site."""
    found = select(Donation).where(Donation.site_id == site_id)
    return found if state is None else found.where(Donation.state == state)


def lines_of(donation_ids: Collection[UUID]) -> dict[UUID, list[DonationLine]]:
    """Return the lines of several donations, in their order."""
    lines: dict[UUID, list[DonationLine]] = {donation_id: [] for donation_id in donation_ids}
    found = select(DonationLine).where(DonationLine.donation_id.in_(donation_ids)).order_by(DonationLine.line_no)
    for line in session.scalars(found):
        lines[line.donation_id].append(line)
    return lines


def lots_of(donation_id: UUID) -> dict[int, list[UUID]]:
    """Return the lots that the lines of a donation have become, by line number."""
    lots: dict[int, list[UUID]] = {}
    found = select(DonationLot.line_no, DonationLot.lot_id).where(DonationLot.donation_id == donation_id)
    for line_no, lot_id in session.execute(found.order_by(DonationLot.lot_id)):
        lots.setdefault(line_no, []).append(lot_id)
    return lots


def donor_of_intake(intake_id: UUID) -> UUID | None:
    """Return who offered from their phone what came in with an intake."""
    return session.scalar(select(Donation.donor_id).where(Donation.intake_id == intake_id))


def donation(donation_id: UUID) -> Donation | None:
    """Return a donation."""
    return session.scalars(select(Donation).where(Donation.id == donation_id)).one_or_none()
