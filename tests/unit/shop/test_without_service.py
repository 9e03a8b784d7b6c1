"""People in need and people who pass by have served nobody yet: what costs them no minutes is theirs all the same."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.factories.allowances import entitled, left_of_quota, quotas_of, reserved_by_quota, sold_by_quota
from tests.factories.identity import a_person
from tests.factories.policies import a_policy
from tests.factories.shop import a_clerk, a_lot, a_stocked_shop, findings, reserved, some_goods
from timebank import clock
from timebank.errors import Refusal
from timebank.shop.errors import HistoryTooShort, ServicesOnly
from timebank.shop.rules import Lane


@pytest.mark.rule("R29")
@pytest.mark.rule("R30")
@pytest.mark.parametrize(
    ("key", "value", "refusal"),
    [("redeem_min_history_minutes", 300, HistoryTooShort), ("goods_redemption", False, ServicesOnly)],
)
def test_a_free_quota_and_bread_ask_for_no_service(app: Flask, key: str, value: int, refusal: type[Refusal]) -> None:
    """A minimum of service, or that minutes buy services only, concerns minutes; with minutes it is refused as ever."""
    site, rice = a_stocked_shop(20, price_minutes=10)
    bread = some_goods("面包", price_minutes=0, lane=Lane.SAME_DAY)
    a_lot(bread.id, site.id, 5, expires_at=clock.now() + timedelta(hours=5))
    quotas_of(site)
    grandmother, clerk = a_person(), a_clerk(site)
    entitled(grandmother.id, site)
    a_policy(key, value, organisation_id=site.organisation_id)
    reserved_by_quota(grandmother, site, (rice.id, 1))
    sold_by_quota(site, clerk, grandmother, rice.id, 1)
    assert left_of_quota(grandmother) == 80
    reserved(grandmother.id, site.id, (bread.id, 1))
    with pytest.raises(refusal):
        reserved(grandmother.id, site.id, (rice.id, 1))
    assert findings() == []
