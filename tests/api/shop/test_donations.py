"""Donations from a phone through HTTP: offered, decided, and what became of them."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import Caller, body_of, problem
from tests.factories.documents import pdf_texts
from tests.factories.identity import a_person
from tests.factories.merchants import a_merchant
from tests.factories.organisations import a_shop, a_site
from tests.factories.shop import a_clerk, a_lot, a_member, findings, some_goods
from timebank import clock
from timebank.codes.layouts import utc_text
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.models import Person
from timebank.identity.rules import PersonState
from timebank.organisations.rules import SiteKind


def offered(site_id: Any, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of an offer from a person who gives their name."""
    return {"site_id": str(site_id), "donor": {"kind": "person", "name": "捐赠人乙"}, "lines": [*lines]} | more


def thing(name: str = "旧棉被", quantity: Any = 2, **more: Any) -> dict[str, Any]:
    """Return one line of it."""
    return {"name": name, "quantity": quantity} | more


@pytest.mark.rule("R31")
def test_a_donor_follows_what_became_of_their_goods(client: FlaskClient) -> None:
    """Offered, accepted in part, handed out, brought back: the donor reads pieces and people, and no name."""
    site, quilt = a_shop("梧桐公益仓"), some_goods("棉被", price_minutes=30)
    giver, taker, other = a_person("赵钱孙"), a_member(600), a_member(600)
    donor, clerk = Caller(client, giver), Caller(client, a_clerk(site))
    made = body_of(
        donor.post("/donations", offered(site.id, thing(quantity=5), thing("收音机", 1), note="周六送到")), 201
    )
    assert (made["state"], made["intake_id"], [line["line_no"] for line in made["lines"]]) == ("offered", None, [1, 2])
    waiting = body_of(clerk.get(f"/sites/{site.id}/donations?state=offered"))["items"]
    assert [(one["id"], one["donor"]) for one in waiting] == [(made["id"], "捐**")]
    taken_in = [{"line_no": 1, "quantity": 3, "goods_id": str(quilt.id), "condition": "usable", "fair_value_fen": 5000},
                {"line_no": 1, "quantity": 1, "goods_id": str(quilt.id), "condition": "new"}]  # fmt: skip
    path = f"/donations/{made['id']}"
    done = body_of(clerk.post(f"{path}/accept", {"lines": taken_in, "note": "收音机不响"}, key="a"), 201)
    assert body_of(clerk.post(f"{path}/accept", {"lines": taken_in, "note": "收音机不响"}, key="a"), 201) == done
    assert (done["state"], done["intake"]["source"], len(done["intake"]["lots"])) == ("accepted", "donated", 2)
    for who, pieces in ((taker, 2), (other, 1)):
        wish = {"site_id": str(site.id), "lines": [{"goods_id": str(quilt.id), "quantity": pieces}]}
        held = body_of(Caller(client, who).post("/redemptions", wish), 201)
        body_of(clerk.post(f"/redemptions/{held['id']}/hand-over"))
        back = {"lines": [{"goods_id": str(quilt.id), "quantity": 1, "restock": True}], "reason": "太小"}
        body_of(clerk.post(f"/redemptions/{held['id']}/refunds", back), 201)
    answer = donor.get(f"/me/donations/{made['id']}")
    shown = body_of(answer)
    assert shown["became"] == [
        {
            "line_no": 1,
            "name": "旧棉被",
            "accepted": 4,
            "on_hand": 3,
            "handed_out": 1,
            "written_off": 0,
            "missing": 0,
            "in_transit": 0,
        },
        {
            "line_no": 2,
            "name": "收音机",
            "accepted": 0,
            "on_hand": 0,
            "handed_out": 0,
            "written_off": 0,
            "missing": 0,
            "in_transit": 0,
        },
    ]
    assert shown["people"] == 1
    assert taker.display_name not in answer.text
    (paper,) = pdf_texts(donor.get(f"/intakes/{shown['intake_id']}/receipt.pdf").data)
    assert "捐赠人乙" in paper
    assert "赵钱孙" not in paper
    assert findings() == []


def test_staff_decline_with_a_reason(client: FlaskClient) -> None:
    """The donor reads it; nothing comes in; a second decision is refused."""
    site = a_shop()
    donor, clerk = Caller(client, a_person()), Caller(client, a_clerk(site))
    made = body_of(donor.post("/donations", offered(site.id, thing("过季药品"))), 201)
    path = f"/donations/{made['id']}"
    assert problem(clerk.post(f"{path}/decline", {"reason": " "})) == (422, "INVALID")
    body_of(clerk.post(f"{path}/decline", {"reason": "药品不能接收"}))
    assert body_of(donor.get(f"/me/donations/{made['id']}"))["decline_reason"] == "药品不能接收"
    assert body_of(clerk.get(f"/sites/{site.id}/intakes"))["items"] == []
    for answer in (
        clerk.post(f"{path}/decline", {"reason": "再次"}),
        clerk.post(f"{path}/accept", {"lines": [{"line_no": 1, "quantity": 1}]}),
        donor.post(f"{path}/cancel"),
    ):
        assert problem(answer) == (409, "DONATION_DECIDED")
        assert answer.json["context"]["state"] == "declined"


def test_a_donor_takes_an_offer_back(client: FlaskClient) -> None:
    """Only their own, and only before anybody has decided."""
    site = a_shop()
    giver = a_person()
    donor, clerk, stranger = Caller(client, giver), Caller(client, a_clerk(site)), Caller(client, a_person())
    made = body_of(donor.post("/donations", offered(site.id, thing())), 201)
    path = f"/donations/{made['id']}"
    assert problem(stranger.post(f"{path}/cancel")) == (404, "NOT_FOUND")
    assert problem(clerk.post(f"{path}/cancel")) == (404, "NOT_FOUND")
    assert problem(stranger.get(f"/me{path}")) == (404, "NOT_FOUND")
    assert body_of(donor.post(f"{path}/cancel"))["state"] == "cancelled"
    assert problem(donor.post(f"{path}/cancel")) == (409, "DONATION_DECIDED")
    assert problem(clerk.post(f"{path}/accept", {"lines": [{"line_no": 1, "quantity": 1}]}))[1] == "DONATION_DECIDED"
    assert [one["state"] for one in body_of(donor.get("/me/donations"))["items"]] == ["cancelled"]
    assert body_of(stranger.get("/me/donations"))["items"] == []


def test_bad_offers_are_refused(client: FlaskClient) -> None:
    """Odd quantities and dates, no lines, unknown places and goods, a merchant's counter, a name beside an anonymous donor."""
    site, counter, goods = a_shop(), a_shop(), some_goods()
    a_merchant(site.organisation_id, organisation_id=counter.organisation_id)
    donor = Caller(client, a_person())
    past = utc_text(clock.now() - timedelta(hours=1))
    wrong: list[tuple[dict[str, Any], int, str]] = [
        (offered(site.id, thing(quantity=quantity)), 422, "INVALID") for quantity in (0, -1, 10**12, "2", None)
    ]
    wrong += [
        (offered(site.id), 422, "INVALID"),
        (offered(site.id, *[thing() for _ in range(21)]), 422, "INVALID"),
        (offered(site.id, thing("")), 422, "INVALID"),
        (offered(site.id, thing("被\u0000子")), 422, "INVALID"),
        (offered(site.id, thing(expires_at=past)), 422, "INTAKE_EXPIRED"),
        (offered(site.id, thing(goods_id=str(new_id()))), 422, "UNKNOWN_GOODS"),
        (offered(site.id, thing(), donor={"kind": "anonymous", "name": "乙"}), 422, "INVALID"),
        (offered(new_id(), thing()), 404, "NOT_FOUND"),
        (offered(a_site().id, thing()), 409, "NOT_A_SHOP"),
        (offered(counter.id, thing()), 422, "INVALID"),
    ]
    for body, status, code in wrong:
        assert problem(donor.post("/donations", body)) == (status, code), body
    assert body_of(donor.get("/me/donations"))["items"] == []
    drop_point = a_site(kind=SiteKind.DROP_POINT)
    body_of(donor.post("/donations", offered(drop_point.id, thing(goods_id=str(goods.id)))), 201)


def test_whose_account_is_closed_offers_nothing(client: FlaskClient) -> None:
    """A frozen person is told so."""
    site, person = a_shop(), a_person()

    def freeze() -> None:
        session.get_one(Person, person.id).state = PersonState.FROZEN

    in_unit_of_work(freeze)
    refused = Caller(client, person).post("/donations", offered(site.id, thing()))
    assert problem(refused)[1] == "PERSON_NOT_ACTIVE"


def test_no_more_is_accepted_than_was_offered(client: FlaskClient) -> None:
    """Neither in one line nor in two, nor of a line that was not; goods must be known and not expired. Nothing comes in."""
    site, goods = a_shop(), some_goods()
    donor, clerk = Caller(client, a_person()), Caller(client, a_clerk(site))
    soon = clock.now() + timedelta(days=2)
    given = offered(site.id, thing(quantity=3), thing("牛奶", 4, goods_id=str(goods.id), expires_at=utc_text(soon)))
    made = body_of(donor.post("/donations", given), 201)
    path = f"/donations/{made['id']}/accept"

    def taking(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
        return {"lines": [{"line_no": number, "quantity": pieces} | more for number, pieces in lines]}

    known = {"goods_id": str(goods.id)}
    for body, code in (
        (taking((1, 4), **known), "DONATION_OVER_ACCEPTED"),
        (taking((1, 2), (1, 2), **known), "DONATION_OVER_ACCEPTED"),
        (taking((3, 1), **known), "DONATION_OVER_ACCEPTED"),
        (taking((1, 1)), "UNKNOWN_GOODS"),
        (taking((1, 1), goods_id=str(new_id())), "UNKNOWN_GOODS"),
        (taking((1, 0), **known), "INVALID"),
        (taking(), "INVALID"),
    ):
        assert problem(clerk.post(path, body)) == (422, code), body
    with clock.at(soon):
        assert problem(clerk.post(path, taking((2, 1)))) == (422, "INTAKE_EXPIRED")
    assert body_of(clerk.get(f"/sites/{site.id}/intakes"))["items"] == []
    done = body_of(clerk.post(path, taking((2, 4))), 201)
    lot = done["intake"]["lots"][0]
    assert (lot["goods_id"], lot["quantity"], lot["expires_at"] is None) == (str(goods.id), 4, False)
    assert findings() == []


def test_only_staff_of_the_site_decide(client: FlaskClient) -> None:
    """Elsewhere the donation does not exist; the donor cannot accept their own."""
    site = a_shop()
    giver = a_person()
    made = body_of(Caller(client, giver).post("/donations", offered(site.id, thing())), 201)
    path = f"/donations/{made['id']}"
    body = {"lines": [{"line_no": 1, "quantity": 1}]}
    elsewhere = Caller(client, a_clerk(a_shop()))
    assert problem(elsewhere.post(f"{path}/accept", body)) == (404, "NOT_FOUND")
    assert problem(elsewhere.post(f"{path}/decline", {"reason": "x"})) == (404, "NOT_FOUND")
    assert problem(elsewhere.get(f"/sites/{site.id}/donations")) == (404, "NOT_FOUND")
    assert problem(Caller(client, giver).post(f"{path}/accept", body)) == (403, "FORBIDDEN")
    assert problem(Caller(client, a_clerk(site)).post(f"/donations/{new_id()}/accept", body)) == (404, "NOT_FOUND")


@pytest.mark.rule("R31")
def test_an_anonymous_donor_stays_anonymous(client: FlaskClient) -> None:
    """Staff see nobody, paper names nobody, and the donor still follows their goods."""
    site, goods = a_shop(), some_goods()
    giver = a_person("周吴郑")
    donor, clerk = Caller(client, giver), Caller(client, a_clerk(site))
    given = offered(site.id, thing(goods_id=str(goods.id)), donor={"kind": "anonymous"})
    made = body_of(donor.post("/donations", given), 201)
    listed = clerk.get(f"/sites/{site.id}/donations")
    assert body_of(listed)["items"][0]["donor"] == "匿名"
    done = clerk.post(f"/donations/{made['id']}/accept", {"lines": [{"line_no": 1, "quantity": 2}]})
    intake_id = body_of(done, 201)["intake_id"]
    assert "周" not in listed.text + done.text
    assert "匿名" in pdf_texts(clerk.get(f"/intakes/{intake_id}/receipt.pdf").data)[0]
    assert body_of(donor.get(f"/me/donations/{made['id']}"))["became"][0]["on_hand"] == 2


def test_somebody_who_gives_no_name_is_masked(client: FlaskClient) -> None:
    """Staff see the first character of the name that the person shows."""
    site = a_shop()
    Caller(client, a_person("周吴郑")).post("/donations", offered(site.id, thing(), donor={"kind": "person"}))
    listed = body_of(Caller(client, a_clerk(site)).get(f"/sites/{site.id}/donations"))
    assert listed["items"][0]["donor"] == "周**"


def test_other_lots_are_nobodys_donation(client: FlaskClient) -> None:
    """What came in otherwise is not counted for a donor."""
    site, goods = a_shop(), some_goods()
    a_lot(goods.id, site.id, 9)
    donor, clerk = Caller(client, a_person()), Caller(client, a_clerk(site))
    made = body_of(donor.post("/donations", offered(site.id, thing(goods_id=str(goods.id)))), 201)
    body_of(clerk.post(f"/donations/{made['id']}/accept", {"lines": [{"line_no": 1, "quantity": 1}]}), 201)
    assert body_of(donor.get(f"/me/donations/{made['id']}"))["became"][0]["on_hand"] == 1
