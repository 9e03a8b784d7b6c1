"""What has been taken goes on when two accounts become one: limits, households, quotas."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.factories.allowances import a_household, a_limit, entitled, limited, quotas_of
from tests.factories.identity import a_person
from tests.factories.mergers import Office, look
from tests.factories.shop import a_clerk, a_lot, a_stocked_shop, findings, minutes_for, reserved, some_goods
from timebank.database import Base, in_unit_of_work, session
from timebank.identity import households
from timebank.ledger import proof
from timebank.shop.allowance.errors import LimitReached
from timebank.shop.redemption import handovers, refunds


def hand_over(redemption_id: UUID, shop: Any) -> None:
    """Hand goods over."""
    clerk = a_clerk(shop)
    in_unit_of_work(lambda: handovers.hand_over(actor=clerk, redemption_id=redemption_id))


def test_what_comes_back_is_told_to_who_goes_on(office: Office) -> None:
    """Whether it had cost minutes or none, the clerk is shown the balance that there is now."""
    shop, soap = a_stocked_shop(price_minutes=10)
    bread, clerk = some_goods(price_minutes=0), a_clerk(shop)
    a_lot(bread.id, shop.id, 5)
    for one in (office.old, office.person):
        minutes_for(one.id, 60)
    taken = reserved(office.old.id, shop.id, (soap.id, 1), (bread.id, 1)).redemption.id
    hand_over(taken, shop)
    office.merge()
    for goods, balance in ((bread, 110), (soap, 120)):
        line = refunds.Returned(goods.id, 1)
        done = in_unit_of_work(
            lambda line=line: refunds.refund(actor=clerk, redemption_id=taken, lines=[line], reason="坏了")  # type: ignore[misc]
        )
        assert done.account.balance_minutes == balance
    assert findings() == []


def test_limits_count_what_both_have_taken(office: Office) -> None:
    """Two a month, one on each account: nothing more this month; the audit finds what each account took in order."""
    shop, goods = a_stocked_shop(price_minutes=10)
    limited(shop, a_limit(2))
    for one in (office.old, office.person):
        minutes_for(one.id, 60)
        taken = reserved(one.id, shop.id, (goods.id, 1)).redemption
        hand_over(taken.id, shop)
    office.merge()
    with pytest.raises(LimitReached):
        reserved(office.person.id, shop.id, (goods.id, 1))
    assert findings() == []
    assert proof.verify().ok


def test_a_household_counts_what_an_old_account_has_taken(office: Office) -> None:
    """Two a month for a household: the old account took one before, its wife another; a third is one too many."""
    shop, goods = a_stocked_shop(price_minutes=10)
    limited(shop, a_limit(2, per="household"))
    wife = a_person()
    for one in (office.old, office.person, wife):
        minutes_for(one.id, 60)
    hand_over(reserved(office.old.id, shop.id, (goods.id, 1)).redemption.id, shop)
    a_household(office.person, wife)
    office.merge()
    hand_over(reserved(wife.id, shop.id, (goods.id, 1)).redemption.id, shop)
    for one in (wife, office.person):
        with pytest.raises(LimitReached):
            reserved(one.id, shop.id, (goods.id, 1))
    assert findings() == []


def test_a_household_goes_on_and_counts_what_was_taken(office: Office) -> None:
    """The old membership ends, the new one begins at that instant; whoever is in another household stays there."""
    wife, third = a_person(), a_person()
    home = a_household(office.old, wife)
    office.merge()
    own = look(lambda: households.household_of(office.person.id))
    assert own is not None
    assert own.household_id == home.id
    assert look(lambda: households.size_of(home.id)) == 2
    other = a_household(third)
    office.merge(third, office.person)
    assert look(lambda: households.household_of(office.person.id)).household_id == home.id
    assert look(lambda: households.size_of(other.id)) == 0
    assert findings() == []


def test_a_quota_stands_once(office: Office) -> None:
    """Of two free quotas at one organisation the old account's ends; the audit agrees."""
    shop, _ = a_stocked_shop()
    quotas_of(shop)
    for one in (office.old, office.person):
        entitled(one.id, shop)
    office.merge()
    table = Base.metadata.tables["free_quota_entitlement"]
    rows = look(lambda: session.execute(select(table.c.person_id, table.c.ended_at, table.c.end_reason)).all())
    assert {row.person_id for row in rows} == {office.person.id}
    assert sorted(row.ended_at is None for row in rows) == [False, True]
    assert findings() == []
