"""Transfers, stocktakes and write-offs."""

from uuid import UUID

from tests.factories import kept
from tests.factories.identity import a_coordinator, a_staff_member
from tests.factories.shop import a_clerk
from timebank.database import in_unit_of_work
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Site
from timebank.shop.stockkeeping import stocktakes, transfers, write_offs
from timebank.shop.stockkeeping.rules import LotLine, WriteOffReason
from timebank.shop.stockkeeping.stocktake_tables import Stocktake
from timebank.shop.stockkeeping.stocktakes import Counted
from timebank.shop.stockkeeping.transfer_tables import StockTransfer
from timebank.shop.stockkeeping.write_off_tables import WriteOff


def pieces(*of: tuple[UUID, int]) -> list[LotLine]:
    """Return lines from pairs of lot and pieces."""
    return [LotLine(lot_id, quantity) for lot_id, quantity in of]


def sent(site: Site, to: Site, *of: tuple[UUID, int], actor: Actor | None = None) -> StockTransfer:
    """Send pieces of lots to a shop, by a clerk of the sending site."""
    who = actor or a_clerk(site)
    return kept(lambda: transfers.send(actor=who, site_id=site.id, to_site_id=to.id, lines=pieces(*of)))


def received(transfer: StockTransfer, at: Site) -> None:
    """Receive a transfer in full, by a clerk of the receiving shop."""
    who = a_clerk(at)
    in_unit_of_work(lambda: transfers.receive(actor=who, transfer_id=transfer.id))


def a_write_off(
    site: Site, *of: tuple[UUID, int], reason: str = WriteOffReason.DAMAGED, actor: Actor | None = None
) -> WriteOff:
    """Ask that pieces be written off, by a clerk of the site."""
    who = actor or a_clerk(site)
    return kept(lambda: write_offs.request(actor=who, site_id=site.id, reason=reason, lines=pieces(*of)))


def approved(write_off: WriteOff, site: Site) -> None:
    """Approve a write-off, by a coordinator who has touched nothing."""
    who = a_coordinator(site.organisation_id)
    in_unit_of_work(lambda: write_offs.approve(actor=who, write_off_id=write_off.id))


def a_stocktake(site: Site, *, blind: bool = False, lot_ids: tuple[UUID, ...] = ()) -> Stocktake:
    """Open a stocktake at a site."""
    who = a_clerk(site)
    return kept(lambda: stocktakes.start(actor=who, site_id=site.id, blind=blind, lot_ids=lot_ids))


def counted(stocktake: Stocktake, actor: Actor, *of: tuple[UUID, int]) -> None:
    """Enter counts."""
    lines = [Counted(lot_id, found) for lot_id, found in of]
    in_unit_of_work(lambda: stocktakes.count(actor=actor, stocktake_id=stocktake.id, lines=lines))


def a_confirmed_stocktake(site: Site, *of: tuple[UUID, int]) -> Stocktake:
    """Open a stocktake over these lots, count them and confirm it, all by one clerk."""
    clerk, made = a_clerk(site), a_stocktake(site, lot_ids=tuple(lot_id for lot_id, _ in of))
    counted(made, clerk, *of)
    return kept(lambda: stocktakes.confirm(actor=clerk, stocktake_id=made.id))


def posted(stocktake: Stocktake, site: Site) -> None:
    """Post a stocktake, by somebody who has counted nothing."""
    who = a_clerk(site)
    in_unit_of_work(lambda: stocktakes.post(actor=who, stocktake_id=stocktake.id))


def an_auditor(site: Site) -> Actor:
    """Enrol an auditor over a site's organisation."""
    return a_staff_member(Role.AUDITOR, organisation_id=site.organisation_id)
