"""Policies over HTTP: who may read and set them, and what is refused how."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import an_area, an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.database import NIL, in_unit_of_work, new_id
from timebank.policies import queries
from timebank.policies.rules import KEYS

URL = "/api/v1/policies"


def today(days: int = 0) -> str:
    """Return the business day, some days on."""
    return (clock.day_of(clock.now()) + timedelta(days=days)).isoformat()


def body(**given: Any) -> dict[str, Any]:
    """Return the body of a good request with some fields replaced."""
    return {"key": "walk_in", "value": False, "effective_on": today()} | given


def test_volunteer_reads_the_built_in_set(client: FlaskClient) -> None:
    """Everyone signed in sees every key with its value and its origin."""
    answer = client.get(URL, headers=signed_in(a_person()))
    assert answer.status_code == 200
    assert (answer.json["number"], answer.json["on"], answer.json["next"]) == (0, today(), None)
    items = {item["key"]: item for item in answer.json["items"]}
    assert set(items) == set(KEYS)
    assert items["credit_provenances"]["value"] == ["self_scan", "staff_scan", "supplement"]
    assert items["walk_in"]["value"] is True
    assert (items["walk_in"]["scope"], items["walk_in"]["version"]) == (None, None)


def test_admin_sets_a_value_and_everyone_sees_where_it_comes_from(client: FlaskClient) -> None:
    """A value set for an organisation shows in its policy with scope, version and day, and in no other's."""
    organisation = an_organisation()
    answer = client.post(URL, json=body(organisation_id=str(organisation.id)), headers=signed_in(an_admin()))
    assert answer.status_code == 201
    assert answer.json | {"created_at": ""} == {
        "number": 1,
        "scope": "organisation",
        "scope_ref": str(organisation.id),
        "key": "walk_in",
        "value": False,
        "effective_on": today(),
        "created_at": "",
    }
    volunteer = signed_in(a_person())
    shown = client.get(f"{URL}?organisation={organisation.id}", headers=volunteer).json
    item = next(item for item in shown["items"] if item["key"] == "walk_in")
    assert (shown["number"], item["value"], item["scope"], item["version"], item["effective_on"]) == (
        1,
        False,
        "organisation",
        1,
        today(),
    )
    assert client.get(URL, headers=volunteer).json["number"] == 0


def test_policy_of_a_day_to_come_can_be_read(client: FlaskClient) -> None:
    """``on`` shows what will hold on a later day."""
    a_policy("walk_in", False, effective_on=clock.day_of(clock.now()) + timedelta(days=3))
    volunteer = signed_in(a_person())
    assert client.get(f"{URL}?on={today(2)}", headers=volunteer).json["number"] == 0
    assert client.get(f"{URL}?on={today(3)}", headers=volunteer).json["number"] == 1


def test_policy_of_an_area_reaches_organisations_registered_in_it(client: FlaskClient) -> None:
    """An organisation is under its own area's values, unless another area is asked for."""
    area, elsewhere = an_area(), an_area()
    organisation = an_organisation(area_id=area.id)
    a_policy("min_stay_minutes", 25, area_id=area.id)
    volunteer = signed_in(a_person())
    own = client.get(f"{URL}?organisation={organisation.id}", headers=volunteer).json
    there = client.get(f"{URL}?organisation={organisation.id}&area={elsewhere.id}", headers=volunteer).json
    assert (own["number"], there["number"]) == (1, 0)


@pytest.mark.parametrize("query", ["organisation", "area"])
def test_policy_of_an_unknown_place_is_not_found(client: FlaskClient, query: str) -> None:
    """An id that names nothing is 404."""
    answer = client.get(f"{URL}?{query}={new_id()}", headers=signed_in(a_person()))
    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("query", ["on=yesterday", "organisation=7", "colour=red", "on=2026-02-30", "organisation=%00"])
def test_query_that_makes_no_sense_is_refused(client: FlaskClient, query: str) -> None:
    """A malformed or unknown query parameter is 422 in the one shape."""
    answer = client.get(f"{URL}?{query}", headers=signed_in(a_person()))
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"key": "price_per_hour"}, "/key"),
        ({"key": 7}, "/key"),
        ({"key": "walk_in\x00"}, "/key"),
        ({"key": "长" * 41}, "/key"),
        ({"value": "no"}, "/value"),
        ({"value": {"a": ["\x00", "\ud800"]}}, "/value"),
        ({"key": "credit_step_minutes", "value": 49.7}, "/value"),
        ({"key": "credit_step_minutes", "value": -1}, "/value"),
        ({"key": "group_accounts", "value": "donate_only"}, "/value"),
        ({"key": "geofence", "value": "sometimes"}, "/value"),
        ({"key": "min_age", "value": 13}, "/value"),
        ({"effective_on": "2020-01-01"}, "/effective_on"),
        ({"effective_on": "tomorrow"}, "/effective_on"),
        ({"effective_on": 20260101}, "/effective_on"),
        ({"area_id": "7"}, "/area_id"),
        ({"area_id": str(NIL), "organisation_id": str(NIL)}, "/area_id"),
        ({"organisation_id": None}, "/organisation_id"),
    ],
)
def test_body_that_makes_no_sense_is_refused_and_changes_nothing(
    client: FlaskClient, given: dict[str, Any], pointer: str
) -> None:
    """A bad value is 422, points at what is wrong, and no version is made."""
    sent = json.dumps(body(**given))
    answer = client.post(URL, data=sent, content_type="application/json", headers=signed_in(an_admin()))
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert in_unit_of_work(queries.latest_number, write=False) == 0


@pytest.mark.parametrize("missing", ["key", "value", "effective_on"])
def test_missing_field_is_refused(client: FlaskClient, missing: str) -> None:
    """Key, value and day must be given; null is a value."""
    given = body()
    del given[missing]
    answer = client.post(URL, json=given, headers=signed_in(an_admin()))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == f"/{missing}"


def test_null_is_a_value(client: FlaskClient) -> None:
    """A cap can be lifted with null."""
    answer = client.post(URL, json=body(key="daily_review_minutes", value=None), headers=signed_in(an_admin()))
    assert (answer.status_code, answer.json["value"], answer.json["scope"]) == (201, None, "bank")


def test_admin_who_is_late_again_and_again_is_told_to_retry(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is taken at every attempt ends as a clean, retryable 409, and nothing is stored."""
    a_policy("walk_in", False)
    admin = signed_in(an_admin())
    with monkeypatch.context() as stale:
        stale.setattr(queries, "latest_number", lambda: 0)
        refused = client.post(URL, json=body(value=True), headers=admin)
    assert (refused.status_code, refused.json["code"], refused.json["retryable"]) == (409, "POLICY_RACED", True)
    assert refused.headers["Retry-After"]
    assert in_unit_of_work(queries.latest_number, write=False) == 1


def test_nobody_sets_a_policy_without_token_or_role(client: FlaskClient) -> None:
    """Without a token 401, as volunteer or coordinator 403, before the body is looked at."""
    assert client.post(URL, json={}).status_code == 401
    assert client.get(URL).status_code == 401
    for actor in (a_person(), a_coordinator(an_organisation().id)):
        answer = client.post(URL, data="{", content_type="application/json", headers=signed_in(actor))
        assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")


def test_what_lies_outside_the_scope_is_not_found(client: FlaskClient) -> None:
    """An administrator of a street finds neither the bank nor another street's organisation."""
    admin = signed_in(an_admin(an_area().path))
    for given in ({}, {"organisation_id": str(an_organisation().id)}, {"area_id": str(an_area().id)}):
        answer = client.post(URL, json=body(**given), headers=admin)
        assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("a=b", "application/x-www-form-urlencoded", 415),
        ("[]", "application/json", 422),
    ],
)
def test_body_that_is_no_object_is_refused(
    app: Flask, client: FlaskClient, data: str, content_type: str, status: int
) -> None:
    """What is not a JSON object is a coded problem."""
    answer = client.post(URL, data=data, content_type=content_type, headers=signed_in(an_admin()))
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


@pytest.mark.rule("R25")
def test_what_only_the_bank_can_rule_is_refused_for_a_part_of_it(client: FlaskClient) -> None:
    """A wallet belongs to no organisation: its expiry is set for everybody or for nobody."""
    wanted = body(key="balance_expiry", value={"rolling_months": 36})
    admin = signed_in(an_admin())
    refused = client.post(URL, json=wanted | {"organisation_id": str(an_organisation().id)}, headers=admin)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/key")
    answer = client.post(URL, json=wanted, headers=admin)
    assert (answer.status_code, answer.json["value"]) == (201, {"rolling_months": 36})
