"""Limits and free quotas through HTTP, each refusal in the one shape."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.allowances import a_limit, entitled, limited, quotas_of, wanting
from tests.factories.attendance import member_code_of
from tests.factories.calls import V1, body_of, problem, send
from tests.factories.identity import a_coordinator, a_person, a_staff_member, an_admin, signed_in
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, findings
from timebank import clock
from timebank.database import new_id
from timebank.identity.rules import Role

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


@pytest.mark.rule("R30")
def test_a_limit_says_which_what_is_left_and_when_it_resets(client: FlaskClient) -> None:
    """The refusal is 409 with the limit, the number left and the instant in Shanghai as structured context."""
    with clock.at(NOON):
        site, bread = a_stocked_shop(price_minutes=0)
        limited(site, a_limit(2, of="category", window="day"))
        member = a_person()
        body = {"site_id": str(site.id), "lines": wanting((bread.id, 2))}
        body_of(send(client, "/redemptions", member, body), 201)
        refused = send(client, "/redemptions", member, body)
        assert problem(refused) == (409, "LIMIT_REACHED")
        assert refused.json is not None
        context = refused.json["context"]
        assert {name: context[name] for name in ("per", "of", "category", "window", "left", "wanted", "resets_at")} == {
            "per": "person",
            "of": "category",
            "category": "日用",
            "window": "day",
            "left": 0,
            "wanted": 2,
            "resets_at": "2026-11-19T00:00:00+08:00",
        }
        assert "此类物品每人每天最多 2 件" in refused.json["detail"]
        english = client.post(
            f"{V1}/redemptions",
            headers=signed_in(member) | {"Idempotency-Key": "x", "Accept-Language": "en"},
            json=body,
        )
        assert english.json is not None
        assert english.json["detail"].startswith("at most 2 pieces per person (day)")


def test_staff_set_limits_on_goods_and_everybody_sees_them(client: FlaskClient) -> None:
    """A coordinator sets and lifts them; a clerk and a volunteer do not; goods that are none are 404."""
    site, soap = a_stocked_shop(price_minutes=0)
    coordinator, member = a_coordinator(site.organisation_id), a_person()
    path = f"/goods/{soap.id}/limits"
    assert client.get(V1 + path, headers=signed_in(member)).json == {"goods_id": str(soap.id), "limits": []}
    wanted = {"limits": [{"per": "person", "window": "ever", "pieces": 2}]}
    set_ = body_of(send(client, path, coordinator, wanted, method="PUT"), 200)
    assert set_["limits"] == [{"per": "person", "of": "item", "window": "ever", "pieces": 2}]
    assert client.get(V1 + path, headers=signed_in(member)).json == set_
    three = {"site_id": str(site.id), "lines": wanting((soap.id, 1), (soap.id, 2))}
    assert problem(send(client, "/redemptions", member, three)) == (409, "LIMIT_REACHED")
    for who in (member, a_clerk(site)):
        assert problem(send(client, path, who, wanted, method="PUT")) == (403, "FORBIDDEN")
    nowhere = f"/goods/{new_id()}/limits"
    assert problem(send(client, nowhere, coordinator, wanted, method="PUT")) == (404, "NOT_FOUND")
    assert client.get(V1 + nowhere, headers=signed_in(member)).status_code == 404
    assert body_of(send(client, path, coordinator, {"limits": []}, method="PUT"), 200)["limits"] == []
    body_of(send(client, "/redemptions", member, three), 201)


@pytest.mark.parametrize("amount", [0, -1, 10**12, 1.5, "2", None, True])
@pytest.mark.parametrize("unit", ["pieces", "minutes"])
def test_a_limit_of_nothing_or_without_end_is_refused(client: FlaskClient, amount: Any, unit: str) -> None:
    """0, −1, 10¹², a half and a word are 422 on goods and in a policy, pointing at what is wrong."""
    site, soap = a_stocked_shop()
    admin = an_admin()
    one = {"per": "person", "of": "item", "window": "day", unit: amount}
    on_goods = send(client, f"/goods/{soap.id}/limits", admin, {"limits": [one]}, method="PUT")
    assert problem(on_goods) == (422, "INVALID")
    policy = {
        "organisation_id": str(site.organisation_id),
        "key": "redeem_limits",
        "value": [one],
        "effective_on": clock.day_of(clock.now()).isoformat(),
    }
    in_policy = send(client, "/policies", admin, policy)
    assert problem(in_policy) == (422, "INVALID")
    assert in_policy.json is not None
    assert in_policy.json["errors"][0]["pointer"] == "/value"


def test_a_policy_cannot_limit_goods_that_do_not_exist(client: FlaskClient) -> None:
    """It points at the limit that names them; goods that exist are taken, on goods themselves only they may be named."""
    site, soap = a_stocked_shop()
    admin = an_admin()

    def setting(goods_id: Any) -> TestResponse:
        limits = [a_limit(of="all"), a_limit(goods_id=str(goods_id))]
        body = {
            "organisation_id": str(site.organisation_id),
            "key": "redeem_limits",
            "value": limits,
            "effective_on": clock.day_of(clock.now()).isoformat(),
        }
        return send(client, "/policies", admin, body)

    refused = setting(new_id())
    assert problem(refused) == (422, "UNKNOWN_GOODS")
    assert refused.json is not None
    assert refused.json["errors"][0]["pointer"] == "/value/1/goods_id"
    assert setting(soap.id).status_code == 201
    for odd in (a_limit(of="all"), a_limit(goods_id=str(soap.id))):
        on_goods = send(client, f"/goods/{soap.id}/limits", admin, {"limits": [odd]}, method="PUT")
        assert problem(on_goods) == (422, "INVALID")


@pytest.mark.rule("R30")
def test_a_free_quota_from_the_form_to_the_goods(client: FlaskClient) -> None:
    """Staff enter it, the person sees it and reserves with it, the clerk hands over; minutes stay; it is reported apart."""
    site, jacket = a_stocked_shop(price_minutes=15)
    quotas_of(site)
    person, coordinator, clerk = a_member(300), a_coordinator(site.organisation_id), a_clerk(site)
    form = {"organisation_id": str(site.organisation_id), "kind": "low_income", "reason": "低保证"}
    granted = body_of(send(client, f"/people/{person.id}/free-quota", coordinator, form), 201)
    assert (granted["display_name"], granted["ended_at"]) == ("王**", None)
    assert problem(send(client, f"/people/{person.id}/free-quota", coordinator, form)) == (409, "FREE_QUOTA_EXISTS")

    [mine] = body_of(client.get(f"{V1}/me/free-quota", headers=signed_in(person)), 200)["items"]
    assert (mine["name"], mine["size"], mine["left"], mine["unit"]) == ("低保", 100, 100, "points")
    order = {"site_id": str(site.id), "lines": wanting((jacket.id, 2)), "pay_with": "free_quota"}
    held = body_of(send(client, "/redemptions", person, order, key="one"), 201)
    assert body_of(send(client, "/redemptions", person, order, key="one"), 201) == held
    assert (held["pay_with"], held["total_minutes"], held["account"]["held_minutes"]) == ("free_quota", 0, 0)
    assert held["free_quota"] == {"unit": "points", "total": 30, "charged": None}
    done = body_of(send(client, f"/redemptions/{held['id']}/hand-over", clerk), 200)
    assert done["redemption"]["free_quota"]["charged"] == 30
    assert "免费" not in done["receipt"]["text"]

    sale = {"site_id": str(site.id), "lines": wanting((jacket.id, 5)), "member_token": member_code_of(person)}
    spent = send(client, "/counter/sales", clerk, sale | {"pay_with": "free_quota"})
    assert problem(spent) == (409, "FREE_QUOTA_SPENT")
    assert spent.json is not None
    assert (spent.json["context"]["needed"], spent.json["context"]["left"]) == (75, 70)
    assert problem(send(client, "/counter/sales", clerk, sale | {"pay_with": "cash"})) == (422, "INVALID")
    assert body_of(send(client, "/counter/sales", clerk, sale), 201)["receipt"]["charged_minutes"] == 75

    today = clock.day_of(clock.now()).isoformat()
    asked = f"{V1}/free-quota/use?organisation={site.organisation_id}&from={today}&to={today}"
    used = body_of(client.get(asked, headers=signed_in(coordinator)), 200)["items"]
    assert used == [{"kind": "low_income", "unit": "points", "people": 1, "redemptions": 1, "pieces": 2, "amount": 30}]
    ended = f"/free-quota/{granted['id']}/end"
    assert body_of(send(client, ended, coordinator, {"reason": "收入超过标准"}), 200)["end_reason"] == "收入超过标准"
    assert body_of(send(client, ended, coordinator, {"reason": "再次"}), 200)["end_reason"] == "收入超过标准"
    assert problem(send(client, "/redemptions", person, order)) == (409, "NO_FREE_QUOTA")
    assert findings() == []


def test_who_is_in_need_is_seen_by_few_and_never_logged(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """Clerks, volunteers and other organisations' staff see no list, enter nothing and end nothing; logs say no kind."""
    site = a_shop()
    quotas_of(site)
    person, coordinator = a_person(), a_coordinator(site.organisation_id)
    stranger, clerk = a_coordinator(a_shop().organisation_id), a_clerk(site)
    auditor = a_staff_member(Role.AUDITOR, area_path="")
    one = entitled(person.id, site)
    listed = f"{V1}/free-quota?organisation={site.organisation_id}"
    form = {"organisation_id": str(site.organisation_id), "kind": "low_income", "reason": "低保证号·查无此号"}
    assert [item["id"] for item in body_of(client.get(listed, headers=signed_in(coordinator)), 200)["items"]] == [
        str(one.id)
    ]
    for who in (person, clerk, auditor):
        assert client.get(listed, headers=signed_in(who)).status_code == 403
        assert send(client, f"/people/{person.id}/free-quota", who, form).status_code == 403
    assert client.get(listed, headers=signed_in(stranger)).status_code == 404
    assert send(client, f"/people/{person.id}/free-quota", stranger, form).status_code == 404
    ending = f"/free-quota/{one.id}/end"
    assert send(client, ending, stranger, {"reason": "x"}).status_code == 404
    assert send(client, f"/free-quota/{new_id()}/end", coordinator, {"reason": "x"}).status_code == 404
    assert send(client, f"/people/{person.id}/free-quota", coordinator, form | {"kind": "rich"}).status_code == 422
    said = capsys.readouterr()
    assert '"event": "http.request_answered"' in said.out
    assert "low_income" not in said.out + said.err
    assert "查无此号" not in said.out + said.err


def test_a_quota_of_another_shop_pays_nothing_here(client: FlaskClient) -> None:
    """Entered by one organisation it is none at another's shop, in words of its own."""
    site, soap = a_stocked_shop()
    other = a_shop()
    a_lot(soap.id, other.id, 3)
    for where in (site, other):
        quotas_of(where)
    person = a_member(600)
    entitled(person.id, site)
    body = {"site_id": str(other.id), "lines": wanting((soap.id, 1)), "pay_with": "free_quota"}
    assert problem(send(client, "/redemptions", person, body)) == (409, "NO_FREE_QUOTA")
    body_of(send(client, "/redemptions", person, body | {"site_id": str(site.id)}), 201)
