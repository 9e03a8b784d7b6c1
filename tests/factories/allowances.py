"""Households, limits, free quotas and proxies."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tests.factories import kept
from tests.factories.organisations import THE_BANK, an_organisation
from tests.factories.policies import a_policy
from tests.factories.shop import BOOK, a_member, a_stocked_shop, seen, wishes
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.identity import households
from timebank.identity.models import Household, Person
from timebank.identity.rules import Actor
from timebank.organisations.models import Site
from timebank.shop.allowance import entitlements, limits, proxies
from timebank.shop.allowance.proxy_tables import Proxy
from timebank.shop.allowance.quota_rules import PayWith
from timebank.shop.allowance.quota_tables import Entitlement
from timebank.shop.counter import sales
from timebank.shop.redemption import reservations
from timebank.shop.redemption.handovers import HandedOver
from timebank.shop.redemption.reservations import Reserved

LOW_INCOME = {"kind": "low_income", "name": "低保", "period": "year", "points": 100}
NEAR_LOW_INCOME = {"kind": "near_low_income", "name": "低保边缘", "period": "year", "points": 50}


def a_limit(
    most: int = 2, *, per: str = "person", of: str = "item", window: Any = "month", unit: str = "pieces", **more: Any
) -> dict[str, Any]:
    """Return a limit as a policy has it."""
    return {"per": per, "of": of, "window": window, unit: most} | more


def limited(site: Site, *wanted: dict[str, Any]) -> None:
    """Let the policy of a shop's organisation have these limits from today on."""
    a_policy("redeem_limits", list(wanted), organisation_id=site.organisation_id)


def goods_limited(goods_id: UUID, *wanted: dict[str, Any]) -> None:
    """Set limits on one goods."""
    in_unit_of_work(lambda: limits.set_limits(actor=THE_BANK, goods_id=goods_id, wanted=wanted))


def a_household(*people: Person, organisation_id: UUID | None = None) -> Household:
    """Enter people as one household."""
    where = organisation_id or an_organisation().id
    numbers = [person.volunteer_no for person in people]
    return kept(
        lambda: households.found(by=THE_BANK.person_id, organisation_id=where, volunteer_nos=numbers, reason="户口簿")
    )


def quotas_of(site: Site, *kinds: dict[str, Any]) -> None:
    """Let the policy of a shop's organisation have these kinds of free quota from today on."""
    a_policy("free_quota", list(kinds or [LOW_INCOME, NEAR_LOW_INCOME]), organisation_id=site.organisation_id)


def entitled(person_id: UUID, site: Site, *, kind: str = "low_income", until_on: date | None = None) -> Entitlement:
    """Enter a free quota for somebody at a shop's organisation, whose policy has the kind."""
    return kept(
        lambda: entitlements.grant(
            actor=THE_BANK,
            person_id=person_id,
            organisation_id=site.organisation_id,
            kind=kind,
            reason="低保证",
            until_on=until_on,
        )
    )


def a_proxy(person: Person, proxy: Person) -> Proxy:
    """Let somebody name another who may collect for them."""
    return kept(
        lambda: proxies.name_oneself(person_id=person.id, volunteer_no=proxy.volunteer_no, name=proxy.display_name)
    )


def reserved_by_quota(person: Person, site: Site, *lines: tuple[UUID, int]) -> Reserved:
    """Reserve goods that a free quota pays."""
    return in_unit_of_work(
        lambda: reservations.reserve(
            person_id=person.id, site_id=site.id, lines=wishes(*lines), pay_with=PayWith.FREE_QUOTA
        )
    )


def sold_by_quota(site: Site, clerk: Actor, person: Person, goods_id: UUID, quantity: int) -> HandedOver:
    """Sell goods at the counter that a free quota pays."""
    token = BOOK.member(member=person.member_ref, at=clock.now())
    lines = [sales.Scanned(quantity, goods_id=goods_id)]
    return in_unit_of_work(
        lambda: sales.sell(
            actor=clerk, site_id=site.id, member_token=token, lines=lines, book=BOOK, pay_with=PayWith.FREE_QUOTA
        )
    )


def left_of_quota(person: Person) -> int:
    """Return what is left of the one free quota that somebody has."""
    [one] = seen(lambda: entitlements.standing(person.id))
    return one.left


def somebody_in_need(price_minutes: int = 15, quantity: int = 20) -> tuple[Site, UUID, Person]:
    """Enrol somebody with 600 minutes and a free quota of 100 points, at a shop with goods of this price."""
    site, goods = a_stocked_shop(quantity, price_minutes=price_minutes)
    quotas_of(site)
    person = a_member(600)
    entitled(person.id, site)
    return site, goods.id, person


def wanting(*lines: tuple[UUID, int]) -> Sequence[dict[str, Any]]:
    """Return lines as a request has them."""
    return [{"goods_id": str(goods_id), "quantity": quantity} for goods_id, quantity in lines]
