"""Who collects for whom, through HTTP: named, shown, recorded, revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.factories.allowances import a_limit, a_proxy, limited, wanting
from tests.factories.attendance import member_code_of
from tests.factories.calls import V1, body_of, problem, send
from tests.factories.family import relatives
from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_member, a_stocked_shop, findings, seen
from timebank import clock
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity import service as identity
from timebank.identity.models import Person
from timebank.identity.rules import Actor, Grant, Role, new_volunteer_no
from timebank.shop.allowance.proxy_tables import Collection

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Noon of a Wednesday in Shanghai."""


@pytest.mark.rule("R30")
def test_a_proxy_fetches_what_is_reserved(client: FlaskClient) -> None:
    """The grandson is shown masked at the lookup, fetches, and is on record; without a naming nobody does."""
    site, rice = a_stocked_shop(price_minutes=30)
    grandmother, grandson, clerk = a_member(200), a_person("陈小宇"), a_clerk(site)
    named = body_of(
        send(client, "/me/proxies", grandmother, {"volunteer_no": grandson.volunteer_no, "name": "陈小宇"}), 201
    )
    assert (named["name"], named["volunteer"]) == ("陈**", True)
    body = {"site_id": str(site.id), "lines": wanting((rice.id, 1))}
    held = body_of(send(client, "/redemptions", grandmother, body), 201)
    found = body_of(
        client.post(f"{V1}/counter/lookup", headers=signed_in(clerk), json={"code": held["pickup_code"]}), 200
    )
    assert found["proxies"] == [{"id": named["id"], "name": "陈**", "volunteer": True}]
    path = f"/redemptions/{held['id']}/hand-over"
    assert problem(send(client, path, clerk, {"proxy_id": str(new_id())})) == (409, "PROXY_NOT_VALID")
    done = body_of(send(client, path, clerk, {"proxy_id": named["id"]}), 200)
    assert done["redemption"]["collected_by"] == "陈**"
    shown = body_of(client.get(f"{V1}/redemptions/{held['id']}", headers=signed_in(grandmother)), 200)
    assert shown["collected_by"] == "陈**"
    kept = seen(lambda: session.query(Collection).one())
    assert (str(kept.proxy_id), kept.clerk_id) == (named["id"], clerk.person_id)


@pytest.mark.rule("R30")
def test_a_proxy_buys_at_the_counter_with_the_others_minutes(client: FlaskClient) -> None:
    """His code, her naming: her minutes pay, her limits count; his own stay."""
    site, rice = a_stocked_shop(price_minutes=30)
    limited(site, a_limit(2, window="day"))
    grandmother, grandson, clerk = a_member(200), a_member(100), a_clerk(site)
    named = a_proxy(grandmother, grandson)
    code = member_code_of(grandson)
    looked = {"code": code}
    found = body_of(client.post(f"{V1}/counter/lookup", headers=signed_in(clerk), json=looked), 200)
    assert found["collects_for"] == [{"id": str(named.id), "name": "王**", "volunteer": True}]
    sale = {"site_id": str(site.id), "member_token": code, "lines": wanting((rice.id, 3)), "proxy_id": str(named.id)}
    assert problem(send(client, "/counter/sales", clerk, sale)) == (409, "LIMIT_REACHED")
    done = body_of(send(client, "/counter/sales", clerk, sale | {"lines": wanting((rice.id, 2))}), 201)
    assert (done["receipt"]["minutes_before"], done["receipt"]["minutes_after"]) == (200, 140)
    assert done["redemption"]["collected_by"] == "王**"
    printed = body_of(client.get(f"{V1}/receipts/{done['receipt']['id']}", headers=signed_in(clerk)), 200)
    for text in (done["receipt"]["text"], printed["text"]):  # the paper goes with the proxy: no balance of hers on it
        assert "代领人" in text
        assert "余额" not in text
    with clock.at(clock.now() + timedelta(minutes=1)):
        other = sale | {"member_token": member_code_of(clerk_as_person(clerk))}
        assert problem(send(client, "/counter/sales", clerk, other)) == (409, "PROXY_NOT_VALID")
    assert findings() == []


def clerk_as_person(clerk: Actor) -> Person:
    """Return the clerk as a member with a code."""
    return seen(lambda: session.get_one(Person, clerk.person_id))


@pytest.mark.rule("R35")
def test_a_clerk_is_nobodys_proxy_at_their_own_counter(client: FlaskClient) -> None:
    """Named by the person or not: who hands over is not who collects; staff do not enter themselves either."""
    site, rice = a_stocked_shop(price_minutes=0)
    person, clerk, colleague = a_person(), a_clerk(site), a_clerk(site)
    coordinator = a_coordinator(site.organisation_id)
    as_proxy = clerk_as_person(clerk)
    named = a_proxy(person, as_proxy)
    body = {"site_id": str(site.id), "lines": wanting((rice.id, 1))}
    held = body_of(send(client, "/redemptions", person, body), 201)
    path = f"/redemptions/{held['id']}/hand-over"
    assert problem(send(client, path, clerk, {"proxy_id": str(named.id)})) == (403, "CLERK_IS_PROXY")
    sale = body | {"member_token": member_code_of(as_proxy), "proxy_id": str(named.id)}
    assert problem(send(client, "/counter/sales", clerk, sale)) == (403, "CLERK_IS_PROXY")
    body_of(send(client, path, colleague, {"proxy_id": str(named.id)}), 200)
    own = {
        "organisation_id": str(site.organisation_id),
        "volunteer_no": clerk_as_person(coordinator).volunteer_no,
        "reason": "代领",
    }
    assert problem(send(client, f"/people/{person.id}/proxies", coordinator, own)) == (403, "CLERK_IS_PROXY")


def test_staff_enter_a_proxy_by_name_for_somebody_without_a_phone(client: FlaskClient) -> None:
    """The name is shown masked and never repeated; staff end it; then it is no naming any more."""
    site, rice = a_stocked_shop(price_minutes=0)
    person, coordinator, clerk = a_person(), a_coordinator(site.organisation_id), a_clerk(site)
    path = f"/people/{person.id}/proxies"
    form = {"organisation_id": str(site.organisation_id), "name": "李建国", "reason": "儿子，户口簿"}
    entered = body_of(send(client, path, coordinator, form, key="one"), 201)
    assert body_of(send(client, path, coordinator, form, key="one"), 201) == entered
    assert (entered["name"], entered["volunteer"]) == ("李**", False)
    body = {"site_id": str(site.id), "lines": wanting((rice.id, 1))}
    held = body_of(send(client, "/redemptions", person, body), 201)
    stranger = a_coordinator(a_shop().organisation_id)
    end = f"{path}/{entered['id']}/end"
    assert send(client, path, stranger, form).status_code == 404
    assert send(client, end, stranger).status_code == 404
    assert send(client, path, clerk, form).status_code == 403
    assert problem(send(client, path, coordinator, form | {"volunteer_no": "1"})) == (422, "INVALID")
    assert body_of(send(client, end, coordinator), 200)["ended_at"] is not None
    assert body_of(send(client, end, coordinator), 200)["ended_at"] is not None
    over = send(client, f"/redemptions/{held['id']}/hand-over", clerk, {"proxy_id": entered["id"]})
    assert problem(over) == (409, "PROXY_NOT_VALID")


def test_either_of_two_ends_a_naming_and_a_stranger_does_not(client: FlaskClient) -> None:
    """Revoking twice is once; a second naming of the same person is refused while one is in force."""
    person, proxy, stranger = a_person(), a_person(), a_person()
    number = {"volunteer_no": proxy.volunteer_no, "name": proxy.display_name}
    named = body_of(send(client, "/me/proxies", person, number), 201)
    assert problem(send(client, "/me/proxies", person, number)) == (409, "PROXY_EXISTS")
    path = f"{V1}/me/proxies/{named['id']}"
    assert client.delete(path, headers=signed_in(stranger)).status_code == 404
    assert client.delete(path, headers=signed_in(proxy)).status_code == 204
    assert client.delete(path, headers=signed_in(person)).status_code == 204
    assert client.delete(f"{V1}/me/proxies/{new_id()}", headers=signed_in(person)).status_code == 404
    body_of(send(client, "/me/proxies", person, number), 201)
    mine = body_of(client.get(f"{V1}/me/proxies", headers=signed_in(person)), 200)["items"]
    assert [item["ended_at"] is None for item in mine] == [True, False]


def test_trying_numbers_tells_nobody_whose_they_are(client: FlaskClient) -> None:
    """A number that nobody has and one whose holder is called otherwise are answered alike, to the last word."""
    person, proxy = a_person(), a_person("陈小宇")
    tried = {
        wrong: send(client, "/me/proxies", person, {"volunteer_no": wrong, "name": "陈大宇"})
        for wrong in (proxy.volunteer_no, new_volunteer_no(), person.volunteer_no, "12345")
    }
    assert {problem(answer) for answer in tried.values()} == {(422, "INVALID")}
    assert len({str(answer.json["errors"]) for answer in tried.values()}) == 1
    body_of(send(client, "/me/proxies", person, {"volunteer_no": proxy.volunteer_no, "name": "陈小宇"}), 201)


def test_a_frozen_proxy_buys_and_fetches_nothing(client: FlaskClient) -> None:
    """Whoever may not act for themself does not act for others."""
    site, rice = a_stocked_shop(price_minutes=0)
    person, proxy, clerk = a_person(), a_person(), a_clerk(site)
    named = a_proxy(person, proxy)
    code = member_code_of(proxy)
    wish = {"site_id": str(site.id), "lines": wanting((rice.id, 1))}
    held = body_of(send(client, "/redemptions", person, wish), 201)
    session.query(Person).filter_by(id=proxy.id).update({"state": "frozen"})
    session.commit()
    sale = {"site_id": str(site.id), "member_token": code, "lines": wanting((rice.id, 1)), "proxy_id": str(named.id)}
    assert problem(send(client, "/counter/sales", clerk, sale)) == (403, "PERSON_NOT_ACTIVE")
    fetched = send(client, f"/redemptions/{held['id']}/hand-over", clerk, {"proxy_id": str(named.id)})
    assert problem(fetched) == (403, "PERSON_NOT_ACTIVE")


def test_nobody_enters_a_proxy_of_their_own_family(client: FlaskClient) -> None:
    """A clerk's relative buys with nobody's minutes by the clerk's word, nor is anybody named for the clerk's relative."""
    grandmother, grandson = relatives()
    site, other = a_shop(), a_person()
    clerk = Actor(grandson.id, (Grant(Role.COORDINATOR, site.organisation_id, None),))
    in_unit_of_work(lambda: identity.grant(person_id=grandson.id, granted=clerk.grants[0]))
    form = {"organisation_id": str(site.organisation_id), "reason": "邻居"}
    for person, proxy in ((other, grandmother), (grandmother, other)):
        body = form | {"volunteer_no": proxy.volunteer_no}
        assert problem(send(client, f"/people/{person.id}/proxies", clerk, body)) == (403, "OWN_FAMILY")
