"""Limits over so many days back from each moment: when something of them is free again."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.factories.allowances import a_limit, limited
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, reserved, some_goods
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.shop.allowance.errors import LimitReached
from timebank.shop.redemption import refunds
from timebank.shop.redemption.handovers import hand_over

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
MONTH = timedelta(days=30)


@pytest.mark.rule("R30")
def test_what_does_not_count_says_nothing_of_when_something_is_free_again(app: Flask) -> None:
    """Neither what was undone, nor what costs no minutes where these are counted; and what nothing holds is not "never"."""
    with clock.at(NOON):
        site, soap = a_stocked_shop(20, price_minutes=1)
        bread = some_goods(price_minutes=0)
        a_lot(bread.id, site.id, 5)
        limited(site, a_limit(2, of="all", window={"days": MONTH.days}, unit="minutes"))
        member, clerk = a_member(10), a_clerk(site)
        with pytest.raises(LimitReached) as untouched:
            reserved(member.id, site.id, (soap.id, 3))
        assert (untouched.value.context["resets_at"], untouched.value.context["left"]) == (None, 2)
        assert "不再重新计算" not in untouched.value.explain()[1]
        slip, free = (reserved(member.id, site.id, (goods.id, 1)).redemption.id for goods in (soap, bread))
        for redemption_id in (slip, free):
            in_unit_of_work(lambda one=redemption_id: hand_over(actor=clerk, redemption_id=one))  # type: ignore[misc]
        in_unit_of_work(lambda: refunds.undo(actor=clerk, redemption_id=slip))
    with clock.at(NOON + timedelta(days=10)):
        reserved(member.id, site.id, (soap.id, 1))
        with pytest.raises(LimitReached) as reached:
            reserved(member.id, site.id, (soap.id, 2))
        assert datetime.fromisoformat(reached.value.context["resets_at"]) == NOON + timedelta(days=10) + MONTH
