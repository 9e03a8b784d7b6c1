"""The catalogue and taking goods in."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import inspect

from tests.factories.identity import a_coordinator
from tests.factories.organisations import THE_BANK, a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, level_of, reserved, seen, some_goods
from timebank import clock
from timebank.database import Base, db, in_unit_of_work, new_id, session
from timebank.errors import Invalid, NotFound
from timebank.identity.rules import Actor
from timebank.organisations.rules import SiteKind
from timebank.shop.catalogue import goods
from timebank.shop.errors import Ean13Invalid, IntakeExpired, NotAShop, UnknownGoods
from timebank.shop.intake import intakes
from timebank.shop.intake.intakes import Delivered
from timebank.shop.models import Intake, Lot
from timebank.shop.rules import DonorKind, Source


def _taken_in(
    actor: Actor, site_id: UUID, *lines: Delivered, kind: str = DonorKind.PERSON, name: str | None = None
) -> tuple[Intake, list[Lot]]:
    return in_unit_of_work(
        lambda: intakes.take_in(
            actor=actor, site_id=site_id, source=Source.DONATED, donor_kind=kind, donor_name=name, lines=lines
        )
    )


@pytest.mark.rule("R31")
def test_every_line_of_an_intake_becomes_a_lot(app: Flask) -> None:
    """Two lines of the same goods with different expiry are two lots, in the order of the lines."""
    site, what = a_shop(), some_goods()
    soon = clock.now() + timedelta(days=3)
    intake, lots = _taken_in(
        a_clerk(site), site.id, Delivered(what.id, 4, soon, 1500), Delivered(what.id, 6), name="海宁某面包房"
    )
    assert [(level_of(lot).on_hand, lot.expires_at, lot.fair_value_fen) for lot in lots] == [
        (4, soon, 1500),
        (6, None, None),
    ]
    assert (intake.number, intake.donor_name) == (1, "海宁某面包房")
    assert findings() == []


def test_intakes_are_numbered_per_site_and_day(app: Flask) -> None:
    """Numbers begin at 1 at each site every Shanghai day; a refused intake takes none."""
    site, what = a_shop(), some_goods()
    clerk = a_clerk(site)
    assert _taken_in(clerk, site.id, Delivered(what.id, 1))[0].number == 1
    with pytest.raises(IntakeExpired):
        _taken_in(clerk, site.id, Delivered(what.id, 1, clock.now() - timedelta(days=1)))
    assert _taken_in(clerk, site.id, Delivered(what.id, 1))[0].number == 2
    with clock.at(clock.now() + timedelta(days=1)):
        assert _taken_in(clerk, site.id, Delivered(what.id, 1))[0].number == 1
    other = a_shop(organisation_id=site.organisation_id)
    assert _taken_in(clerk, other.id, Delivered(what.id, 1))[0].number == 1


@pytest.mark.rule("R33")
def test_expired_goods_are_not_taken_in(app: Flask) -> None:
    """What expires at this very instant is expired; the refusal points at the line."""
    site, what = a_shop(), some_goods()
    clerk = a_clerk(site)
    now = clock.now()
    with clock.at(now), pytest.raises(IntakeExpired) as refused:
        _taken_in(clerk, site.id, Delivered(what.id, 1), Delivered(what.id, 1, now))
    assert [error["pointer"] for error in refused.value.errors] == ["/lines/1/expires_at"]


def test_who_gives_without_a_name_has_none(app: Flask) -> None:
    """A name beside an anonymous donor is refused; a firm may leave its name out."""
    site, what = a_shop(), some_goods()
    clerk = a_clerk(site)
    with pytest.raises(Invalid):
        _taken_in(clerk, site.id, Delivered(what.id, 1), kind=DonorKind.ANONYMOUS, name="张三")
    assert _taken_in(clerk, site.id, Delivered(what.id, 1), kind=DonorKind.FIRM)[0].donor_name is None


@pytest.mark.rule("R36")
def test_a_donors_name_stands_in_one_place(app: Flask) -> None:
    """After an intake and a redemption the donor's name is found in the table of intakes and in no other."""
    site, what = a_shop(), some_goods()
    _taken_in(a_clerk(site), site.id, Delivered(what.id, 1), name="独一无二的捐赠人")
    reserved(a_member().id, site.id, (what.id, 1))

    def tables() -> set[str]:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if inspect(db.engine).has_table(table.name)
            for row in session.execute(table.select())
            if "独一无二" in repr(tuple(row))
        }

    assert seen(tables) == {"shop_intake"}


def test_goods_come_in_at_shops_and_drop_points(app: Flask) -> None:
    """A venue takes nothing in; sites of others do not exist for a clerk, nor does an unknown one."""
    what = some_goods()
    drop_point, venue = a_site(kind=SiteKind.DROP_POINT), a_site()
    assert _taken_in(THE_BANK, drop_point.id, Delivered(what.id, 1))[0].site_id == drop_point.id
    with pytest.raises(NotAShop):
        _taken_in(THE_BANK, venue.id, Delivered(what.id, 1))
    for site_id in (drop_point.id, new_id()):
        with pytest.raises(NotFound):
            _taken_in(a_coordinator(venue.organisation_id), site_id, Delivered(what.id, 1))


def test_only_known_goods_are_taken_in(app: Flask) -> None:
    """The refusal points at the line with unknown goods."""
    site, what = a_shop(), some_goods()
    with pytest.raises(UnknownGoods) as refused:
        _taken_in(a_clerk(site), site.id, Delivered(what.id, 1), Delivered(new_id(), 1))
    assert [error["pointer"] for error in refused.value.errors] == ["/lines/1"]


def test_a_barcode_with_a_wrong_check_digit_is_no_barcode(app: Flask) -> None:
    """Goods with a mistyped barcode are refused."""
    with pytest.raises(Ean13Invalid):
        some_goods(ean13="6901234567893")


def test_a_price_holds_from_its_instant_on_and_what_is_held_keeps_its_own(app: Flask) -> None:
    """A planned price is not asked before its time; a reservation made before keeps what it was told."""
    site, what = a_shop(), some_goods(price_minutes=30)
    a_lot(what.id, site.id, 5)
    member = a_member()
    tomorrow = clock.now() + timedelta(days=1)
    in_unit_of_work(lambda: goods.set_price(actor=THE_BANK, goods_id=what.id, price_minutes=50, from_at=tomorrow))
    before = reserved(member.id, site.id, (what.id, 1)).redemption
    with clock.at(tomorrow):
        assert reserved(member.id, site.id, (what.id, 1)).redemption.total_minutes == 50
    assert before.total_minutes == 30
    with pytest.raises(NotFound):
        in_unit_of_work(lambda: goods.set_price(actor=THE_BANK, goods_id=new_id(), price_minutes=1))
