"""Goods, lots, and members with minutes to spend."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from tests.factories import kept
from tests.factories.identity import a_person, a_staff_member
from tests.factories.organisations import THE_BANK, a_shop
from timebank import clock
from timebank.codes.book import CodeBook
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Role
from timebank.ledger import queries as ledger_queries
from timebank.ledger import service as ledger
from timebank.ledger.rules import AccountState
from timebank.organisations.models import Site
from timebank.shop.audit.whole import Finding, audit
from timebank.shop.catalogue import goods
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.models import Goods, Lot
from timebank.shop.redemption import reservations
from timebank.shop.redemption.reservations import Reserved
from timebank.shop.rules import DonorKind, Lane, Level, Line, Source
from timebank.shop.stock import levels

Seen = TypeVar("Seen")

_count = itertools.count(1)
BOOK = CodeBook((b"k" * 32,))
"""A code book for services; requests use the application's own."""


def some_goods(
    name: str | None = None, *, price_minutes: int = 60, ean13: str | None = None, lane: Lane = Lane.SHELF, **more: Any
) -> Goods:
    """Add goods to the catalogue; names that are not given are all different."""
    return kept(
        lambda: goods.add_goods(
            actor=THE_BANK,
            name=name or f"洗衣液{next(_count)}",
            category="日用",
            unit="瓶",
            price_minutes=price_minutes,
            ean13=ean13,
            lane=lane,
            **more,
        )
    )


def a_lot(
    goods_id: UUID,
    site_id: UUID,
    quantity: int = 1,
    *,
    expires_at: datetime | None = None,
    fair_value_fen: int | None = None,
    restricted_purpose: str | None = None,
) -> Lot:
    """Take a donation of one goods in at a site."""
    line = Delivered(goods_id, quantity, expires_at, fair_value_fen, restricted_purpose=restricted_purpose)
    return kept(
        lambda: intakes.take_in(
            actor=THE_BANK, site_id=site_id, source=Source.DONATED, donor_kind=DonorKind.ANONYMOUS, lines=[line]
        )[1][0]
    )


def minutes_for(person_id: UUID, minutes: int) -> None:
    """Credit a person with minutes, without a service record behind them."""
    in_unit_of_work(
        lambda: ledger.earn(
            transfer_id=new_id(),
            owner_id=person_id,
            minutes=minutes,
            source_id=new_id(),
            occurred_at=clock.now(),
            actor_id=NIL,
        )
    )


def a_member(minutes: int = 600) -> Person:
    """Enrol a volunteer with minutes to spend."""
    person = a_person()
    if minutes:
        minutes_for(person.id, minutes)
    return person


def a_clerk(site: Site) -> Actor:
    """Enrol somebody who works at the counter of the shop's organisation."""
    return a_staff_member(Role.COUNTER, organisation_id=site.organisation_id)


def a_stocked_shop(quantity: int = 10, *, price_minutes: int = 60) -> tuple[Site, Goods]:
    """Open a shop with one lot of one goods that never expires."""
    site = a_shop()
    what = some_goods(price_minutes=price_minutes)
    a_lot(what.id, site.id, quantity)
    return site, what


def reserved(person_id: UUID, site_id: UUID, *lines: tuple[UUID, int]) -> Reserved:
    """Reserve goods for a person, in a unit of work of its own."""
    return in_unit_of_work(lambda: reservations.reserve(person_id=person_id, site_id=site_id, lines=wishes(*lines)))


def wishes(*lines: tuple[UUID, int]) -> Sequence[Line]:
    """Return lines from pairs of goods and pieces."""
    return [Line(goods_id, quantity) for goods_id, quantity in lines]


def seen(look: Callable[[], Seen]) -> Seen:
    """Return what ``look`` finds now, in a reading unit of work that leaves no transaction open."""
    session.expunge_all()
    return in_unit_of_work(look, write=False)


def findings() -> list[Finding]:
    """Return what is wrong with the shop's books now."""
    return seen(audit).findings


def level_of(lot: Lot) -> Level:
    """Return what a lot holds now."""
    return seen(lambda: levels.held_by([lot.id], clock.now()))[lot.id]


def account_of(person_id: UUID) -> AccountState:
    """Return what a person has now."""
    return seen(lambda: ledger_queries.account_state(person_id, clock.now()))
