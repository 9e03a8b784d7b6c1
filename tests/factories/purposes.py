"""Goods that were given for a purpose, and their way out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.factories.organisations import a_shop
from tests.factories.shop import BOOK, a_lot, some_goods
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.counter import sales
from timebank.shop.models import Goods, Lot
from timebank.shop.redemption.handovers import HandedOver
from timebank.shop.stock import purposes
from timebank.shop.stock.lot_tables import Basis

FOR_OLD_PEOPLE = "只给独居老人"


def rice_for_old_people(quantity: int = 3, *, days: int | None = None) -> tuple[Site, Goods, Lot]:
    """Open a shop that has nothing but a lot of rice for old people who live alone, that keeps so many days."""
    site, rice = a_shop(), some_goods("大米", price_minutes=30)
    ends = None if days is None else clock.now() + timedelta(days=days)
    return site, rice, a_lot(rice.id, site.id, quantity, expires_at=ends, restricted_purpose=FOR_OLD_PEOPLE)


def giving(
    site: Site,
    actor: Actor,
    person: Person,
    goods_id: UUID,
    quantity: int = 1,
    *,
    purpose: str = FOR_OLD_PEOPLE,
    proxy: Proxy | None = None,
) -> Callable[[], HandedOver]:
    """Return what hands goods out for a purpose to whoever shows their member code now, in a unit of work of the caller's."""
    token = BOOK.member(member=person.member_ref, at=clock.now())
    return lambda: sales.sell(
        actor=actor,
        site_id=site.id,
        member_token=token,
        lines=[sales.Scanned(quantity, goods_id=goods_id)],
        book=BOOK,
        pay_with=PayWith.PURPOSE,
        purpose=purpose,
        proxy_id=proxy.id if proxy else None,
    )


def given(site: Site, actor: Actor, person: Person, goods: Goods, quantity: int = 1, **more: Any) -> HandedOver:
    """Hand goods out for a purpose, in a unit of work of its own."""
    return in_unit_of_work(giving(site, actor, person, goods.id, quantity, **more))


def repurposed(actor: Actor, lot: Lot, purpose: str | None) -> None:
    """Give a lot another purpose with the donor's consent, or open it for everybody."""
    in_unit_of_work(
        lambda: purposes.change_purpose(
            actor=actor, lot_id=lot.id, purpose=purpose, basis=Basis.CONSENT, note="捐赠人来电"
        )
    )
