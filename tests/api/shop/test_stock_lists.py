"""Lists of stock through HTTP: filters over lots, goods that run low, a picture under a write-off, a donor's account."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.api.shop.test_stockkeeping import V1, body_of, post, problem, read
from tests.factories.files import a_file
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, reserved, some_goods
from tests.factories.stockkeeping import an_auditor, received, sent
from timebank import clock
from timebank.database import in_unit_of_work, session
from timebank.organisations.rules import SiteKind
from timebank.shop.intake.intakes import Delivered, take_in
from timebank.shop.models import Goods
from timebank.shop.redemption.handovers import hand_over
from timebank.shop.rules import DonorKind, Source


@pytest.mark.rule("R33")
def test_lots_are_filtered(client: FlaskClient) -> None:
    """By how near their expiry is, by whether it is over, and by whether they are for a purpose only."""
    site, soap = a_shop(), some_goods()
    clerk, now = a_clerk(site), clock.now()
    near = a_lot(soap.id, site.id, 2, expires_at=now + timedelta(days=5))
    far = a_lot(soap.id, site.id, 2, expires_at=now + timedelta(days=50))
    never = a_lot(soap.id, site.id, 2)
    line = Delivered(soap.id, 3, restricted_purpose="独居老人")
    _, (closed,) = in_unit_of_work(
        lambda: take_in(
            actor=clerk, site_id=site.id, source=Source.DONATED, donor_kind=DonorKind.ANONYMOUS, lines=[line]
        )
    )

    def listed(query: str) -> set[str]:
        return {item["id"] for item in read(client, f"/sites/{site.id}/lots?{query}", clerk)["items"]}

    def ids(*lots: Any) -> set[str]:
        return {str(lot.id) for lot in lots}

    assert listed("near_expiry_days=15") == ids(near)
    assert listed("near_expiry_days=60") == ids(near, far)
    assert listed("restricted=only") == ids(closed)
    assert listed("restricted=without") == ids(near, far, never)
    with clock.at(now + timedelta(days=6)):
        assert listed("expired=only") == ids(near)
        assert listed("expired=without&restricted=without") == ids(far, never)
        assert listed("near_expiry_days=15") == set()
    read(client, f"/sites/{site.id}/lots?expired=yes", clerk, 422)


def _threshold(goods_id: UUID, pieces: int | None) -> None:
    in_unit_of_work(lambda: setattr(session.get_one(Goods, goods_id), "low_stock_below", pieces))


def test_goods_that_run_low(client: FlaskClient) -> None:
    """What can be promised counts, not what lies there: reserved, expired and restricted pieces do not help."""
    site, other = a_shop(), a_shop()
    soap, rice, salt, tea = (some_goods(name) for name in ("肥皂", "大米", "盐", "茶"))
    clerk, now = a_clerk(site), clock.now()
    a_lot(soap.id, site.id, 5), a_lot(rice.id, site.id, 5), a_lot(salt.id, site.id, 5), a_lot(tea.id, other.id, 1)
    for goods in (soap, rice, tea):
        _threshold(goods.id, 4)
    path = f"/sites/{site.id}/low-stock"
    assert read(client, path, clerk)["items"] == []
    order = reserved(a_member().id, site.id, (soap.id, 2)).redemption
    (item,) = read(client, path, an_auditor(site))["items"]
    assert (item["name"], item["available"], item["low_stock_below"], item["missing"]) == ("肥皂", 3, 4, 1)
    with clock.at(order.expires_at):
        assert read(client, path, clerk)["items"] == []
    _threshold(rice.id, 9)
    a_lot(rice.id, site.id, 9, expires_at=now + timedelta(hours=1))
    with clock.at(now + timedelta(hours=2)):
        found = {item["name"]: item["available"] for item in read(client, path, clerk)["items"]}
        assert found == {"肥皂": 3, "大米": 5}
        first = read(client, path + "?limit=1", clerk)
        assert len(first["items"]) == len(read(client, first["next"], clerk)["items"]) == 1
    read(client, path, a_clerk(other), 404)


@pytest.mark.rule("R35")
def test_a_picture_under_a_write_off(client: FlaskClient) -> None:
    """Whoever decides sees the proof; people who do not keep these books do not, and somebody else's file is no proof."""
    site = a_shop()
    lot, clerk, coordinator = a_lot(some_goods().id, site.id, 5), a_clerk(site), a_coordinator(site.organisation_id)
    proof, foreign = a_file(clerk), a_file(coordinator)
    asked = {"reason": "damaged", "lines": [{"lot_id": str(lot.id), "quantity": 2}], "picture_id": str(foreign.id)}
    path = f"/sites/{site.id}/write-offs"
    assert problem(post(client, path, clerk, asked))[1] == "UNKNOWN_FILE"
    made = body_of(post(client, path, clerk, asked | {"picture_id": str(proof.id)}), 201)
    assert made["pictures"] == [str(proof.id)]
    session.remove()
    for who, status in ((coordinator, 200), (an_auditor(site), 200), (a_clerk(a_shop()), 404), (a_member(), 404)):
        assert client.get(f"{V1}/files/{proof.id}", headers=signed_in(who)).status_code == status
    assert findings() == []


@pytest.mark.rule("R31")
def test_a_donor_sees_what_became_of_goods_at_other_shops(client: FlaskClient) -> None:
    """What was sent on from the drop point and handed out there is part of what became of the donation."""
    point, shop, soap = a_site(kind=SiteKind.DROP_POINT), a_shop(), some_goods()
    donor, clerk = a_person(), a_clerk(point)
    offer = {
        "site_id": str(point.id),
        "donor": {"kind": "anonymous"},
        "lines": [{"name": "肥皂", "goods_id": str(soap.id), "quantity": 10}],
    }
    donation = body_of(post(client, "/donations", donor, offer), 201)
    accepted = {"lines": [{"line_no": 1, "goods_id": str(soap.id), "quantity": 10}]}
    taken = body_of(post(client, f"/donations/{donation['id']}/accept", clerk, accepted), 201)
    lot_id = UUID(taken["intake"]["lots"][0]["id"])
    received(sent(point, shop, (lot_id, 6)), shop)
    order = reserved(a_member().id, shop.id, (soap.id, 2)).redemption
    seller = a_clerk(shop)
    in_unit_of_work(lambda: hand_over(actor=seller, redemption_id=order.id))
    shown = read(client, f"/me/donations/{donation['id']}", donor)
    (line,) = shown["became"]
    assert (line["accepted"], line["handed_out"], line["on_hand"]) == (10, 2, 8)
    assert (line["missing"], line["in_transit"], line["written_off"]) == (0, 0, 0)
    assert shown["people"] == 1
