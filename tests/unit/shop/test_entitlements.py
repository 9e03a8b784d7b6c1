"""Who has a free quota, for how long, and what quotas have given."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.allowances import (
    LOW_INCOME,
    entitled,
    left_of_quota,
    quotas_of,
    reserved_by_quota,
    sold_by_quota,
    somebody_in_need,
)
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import THE_BANK, a_shop
from tests.factories.shop import (
    a_clerk,
    a_lot,
    a_member,
    a_stocked_shop,
    findings,
    seen,
    some_goods,
    wishes,
)
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.errors import Invalid, NotFound, Refusal
from timebank.identity.errors import OwnFamily
from timebank.identity.rules import Actor
from timebank.shop.allowance import entitlements, quota_reports
from timebank.shop.allowance.errors import FreeQuotaSpent, NoFreeQuota
from timebank.shop.redemption import refunds, reservations

pytestmark = pytest.mark.rule("R30")

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


def test_staff_enter_quotas_within_their_scope_and_not_for_their_own(app: Flask) -> None:
    """Another organisation's person is 404, oneself is not one's own client, an unknown kind points at it."""
    site = a_shop()
    quotas_of(site)
    person, coordinator, stranger = (
        a_person(),
        a_coordinator(site.organisation_id),
        a_coordinator(a_shop().organisation_id),
    )

    def grant(actor: Actor, who: UUID = person.id, **more: Any) -> Refusal | None:
        values = {"kind": "low_income", "reason": "低保证"} | more
        try:
            in_unit_of_work(
                lambda: entitlements.grant(actor=actor, person_id=who, organisation_id=site.organisation_id, **values)
            )
        except Refusal as refusal:
            return refusal
        return None

    assert isinstance(grant(stranger), NotFound)
    assert isinstance(grant(coordinator, new_id()), NotFound)
    assert isinstance(grant(coordinator, coordinator.person_id), OwnFamily)
    wrong = grant(coordinator, kind="rich")
    assert isinstance(wrong, Invalid)
    assert wrong.errors[0]["pointer"] == "/kind"
    assert isinstance(grant(coordinator, until_on=date(2020, 1, 1)), Invalid)
    assert grant(coordinator) is None


def test_use_is_reported_by_kind_without_names_and_without_minutes(app: Flask) -> None:
    """How many people, times, pieces and points; what came back is not in it, nor what minutes bought."""
    with clock.at(NOON):
        site, jacket, first = somebody_in_need()
        second, clerk = a_member(600), a_clerk(site)
        entitled(second.id, site, kind="near_low_income")
        oil = some_goods(price_minutes=38)
        a_lot(oil.id, site.id, 9)
        sold_by_quota(site, clerk, first, jacket, 2)
        bought = sold_by_quota(site, clerk, second, oil.id, 1).redemption
        back = [refunds.Returned(oil.id, 1)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=bought.id, lines=back, reason="漏油"))
        in_unit_of_work(lambda: reservations.reserve(person_id=first.id, site_id=site.id, lines=wishes((jacket, 1))))
        coordinator = a_coordinator(site.organisation_id)
        today = clock.day_of(NOON)

        def report(actor: Actor, since: date, until: date) -> list[tuple[str, int, int, int, int]]:
            found = seen(
                lambda: quota_reports.use(actor=actor, organisation_id=site.organisation_id, since=since, until=until)
            )
            return [(one.kind, one.people, one.redemptions, one.pieces, one.amount) for one in found]

        assert report(coordinator, today, today) == [("low_income", 1, 1, 2, 30)]
        assert report(coordinator, date(2026, 1, 1), date(2026, 11, 17)) == []
        with pytest.raises(Invalid):
            report(coordinator, today, date(2026, 11, 17))
        with pytest.raises(NotFound):
            report(a_coordinator(a_shop().organisation_id), today, today)


def test_a_lapsed_quota_makes_room_for_the_next(app: Flask) -> None:
    """After its last day another can be entered; the old one is ended with it."""
    site, jacket, person = somebody_in_need()
    old = in_unit_of_work(lambda: entitlements.standing(person.id), write=False)[0].entitlement
    in_unit_of_work(lambda: entitlements.end(actor=THE_BANK, entitlement_id=old.id, reason="换证"))
    entitled(person.id, site, until_on=clock.day_of(clock.now()))
    with clock.at(clock.now() + timedelta(days=1)):
        entitled(person.id, site, kind="near_low_income")
        assert left_of_quota(person) == 50
        reserved_by_quota(person, site, (jacket, 3))
        assert findings() == []


def test_a_quota_that_is_ended_and_granted_again_begins_nothing_anew(app: Flask) -> None:
    """What was used, held and refunded in the period counts on; another kind, or the next period, has its own."""
    with clock.at(NOON):
        site, jacket, person = somebody_in_need(price_minutes=20)
        clerk = a_clerk(site)
        bought = sold_by_quota(site, clerk, person, jacket, 2).redemption
        held = reserved_by_quota(person, site, (jacket, 1)).redemption

        def again(kind: str = "low_income") -> None:
            [old] = seen(lambda: entitlements.standing(person.id))
            in_unit_of_work(lambda: entitlements.end(actor=THE_BANK, entitlement_id=old.entitlement.id, reason="换证"))
            entitled(person.id, site, kind=kind)

        again()
        assert left_of_quota(person) == 100 - 40 - 20
        with pytest.raises(FreeQuotaSpent):
            reserved_by_quota(person, site, (jacket, 3))
        reserved_by_quota(person, site, (jacket, 1))
        again("near_low_income")
        assert left_of_quota(person) == 50
        again()
        back = [refunds.Returned(jacket, 1)]
        in_unit_of_work(lambda: refunds.refund(actor=clerk, redemption_id=bought.id, lines=back, reason="破了"))
        in_unit_of_work(lambda: reservations.cancel(actor=Actor(person.id), redemption_id=held.id))
        assert left_of_quota(person) == 100 - 40 - 20 + 20
        assert findings() == []
    with clock.at(NOON + timedelta(days=60)):
        assert left_of_quota(person) == 100


@pytest.mark.parametrize("case", ["nobody", "other shop", "ended", "lapsed", "no such kind any more"])
def test_without_a_quota_in_force_nothing_is_free(app: Flask, case: str) -> None:
    """Nobody entered it, or another organisation did, or it has ended, or the policy has dropped the kind."""
    site, soap = a_stocked_shop()
    quotas_of(site)
    other = a_shop()
    person = a_person()
    now = clock.now()
    match case:
        case "other shop":
            quotas_of(other)
            entitled(person.id, other)
        case "ended":
            one = entitled(person.id, site)
            in_unit_of_work(lambda: entitlements.end(actor=THE_BANK, entitlement_id=one.id, reason="收入超过标准"))
        case "lapsed":
            entitled(person.id, site, until_on=clock.day_of(now))
            now += timedelta(days=1)
        case "no such kind any more":
            entitled(person.id, site)
            quotas_of(site, LOW_INCOME | {"kind": "extreme_poverty"})
    with clock.at(now):
        with pytest.raises(NoFreeQuota):
            reserved_by_quota(person, site, (soap.id, 1))
        assert [one for one in seen(lambda: entitlements.standing(person.id)) if case != "other shop"] == []


def test_a_changed_size_holds_from_the_next_period(app: Flask) -> None:
    """Who has taken something keeps the size and the unit of the period; who has not, and the next year, has the new ones."""
    with clock.at(NOON):
        site, jacket, person = somebody_in_need()
        other = a_member(0)
        entitled(other.id, site)
        reserved_by_quota(person, site, (jacket, 2))
        quotas_of(site, {"kind": "low_income", "name": "低保", "period": "year", "pieces": 8})
        [kept] = seen(lambda: entitlements.standing(person.id))
        [new] = seen(lambda: entitlements.standing(other.id))
        assert (kept.unit, kept.size, kept.left) == ("points", 100, 70)
        assert (new.unit, new.size, new.left) == ("pieces", 8, 8)
        reserved_by_quota(person, site, (jacket, 4))
        assert left_of_quota(person) == 10
    with clock.at(NOON + timedelta(days=44)):
        reserved_by_quota(person, site, (jacket, 8))
        assert left_of_quota(person) == 0
        assert findings() == []
