"""A lot expires while somebody who wants it waits for a lock."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from tests.factories.organisations import a_shop
from tests.factories.shop import a_lot, a_member, findings, level_of, reserved, some_goods
from timebank import clock
from timebank.shop.errors import OutOfStock
from timebank.shop.redemption import reservations


@pytest.mark.rule("R33")
@pytest.mark.parametrize("price_minutes", [0, 10])
def test_what_ends_while_a_lock_is_waited_for_is_not_reserved(
    app: Flask, monkeypatch: pytest.MonkeyPatch, price_minutes: int
) -> None:
    """Nothing else is left: OUT_OF_STOCK. Something that lives longer is: that one, and the reservation lives as long."""
    site, milk = a_shop(), some_goods(price_minutes=price_minutes)
    end = clock.now() + timedelta(hours=1)
    lot, member = a_lot(milk.id, site.id, 1, expires_at=end), a_member(60)
    allow = reservations.allow
    moment = {"it": end - timedelta(seconds=1)}

    def waits(*args: Any, **more: Any) -> Any:
        allowed = allow(*args, **more)
        moment["it"] = end + timedelta(seconds=1)
        return allowed

    def now() -> datetime:
        return moment["it"]

    monkeypatch.setattr(reservations, "allow", waits)
    monkeypatch.setattr(clock, "now", now)
    with pytest.raises(OutOfStock):
        reserved(member.id, site.id, (milk.id, 1))
    assert level_of(lot).reserved == 0
    moment["it"] = end - timedelta(seconds=1)
    longer = a_lot(milk.id, site.id, 1, expires_at=end + timedelta(hours=5))
    held = reserved(member.id, site.id, (milk.id, 1)).redemption
    assert (held.expires_at, level_of(longer).reserved) == (end + timedelta(hours=5), 1)
    assert findings() == []
