"""Activities over HTTP: adding, reading, changing, and every refusal on the way."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import an_activity
from tests.factories.calls import keyed
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import an_area, an_organisation
from timebank.database import new_id

URL = "/api/v1/activities"


def body(organisation_id: object, area_id: object, **given: Any) -> dict[str, Any]:
    """Return the body of a good request with some fields replaced."""
    return {
        "organisation_id": str(organisation_id),
        "area_id": str(area_id),
        "name": "助老理发",
        "category": "elder_care",
        "content": "为高龄老人上门理发",
    } | given


def test_coordinator_adds_an_activity_and_everyone_reads_it(client: FlaskClient) -> None:
    """What a coordinator adds comes back with an ETag, under its id, with every character."""
    organisation, leader = an_organisation(), a_person()
    sent = body(organisation.id, organisation.area_id, name="💈 理发 𠮷", leader_id=str(leader.id))
    added = client.post(URL, json=sent, headers=keyed(signed_in(a_coordinator(organisation.id))))
    assert added.status_code == 201
    assert added.headers["ETag"] == '"1"'
    assert {key: added.json[key] for key in sent} == sent
    shown = client.get(f"{URL}/{added.json['id']}", headers=signed_in(a_person()))
    assert (shown.status_code, shown.json, shown.headers["ETag"]) == (200, added.json, '"1"')


def test_list_filters_and_pages(client: FlaskClient) -> None:
    """The list is newest first, by organisation, area subtree or category, page by page."""
    district = an_area()
    street = an_area(parent_id=district.id)
    organisation = an_organisation(area_id=street.id)
    mine = [an_activity(f"活动{index}", organisation_id=organisation.id) for index in range(3)]
    an_activity(category="environment")
    volunteer = signed_in(a_person())
    everything = client.get(URL, headers=volunteer).json
    assert len(everything["items"]) == 4
    assert everything["next"] is None
    for query in (f"organisation={organisation.id}", f"area={district.id}", "category=elder_care"):
        first = client.get(f"{URL}?{query}&limit=2", headers=volunteer).json
        second = client.get(first["next"], headers=volunteer).json
        names = [item["name"] for item in first["items"] + second["items"]]
        assert names == [activity.name for activity in reversed(mine)]
        assert second["next"] is None


def test_change_with_the_current_etag_succeeds_once(client: FlaskClient) -> None:
    """Two coordinators change one activity: the second learns that what she saw is old."""
    activity = an_activity()
    coordinator = signed_in(a_coordinator(activity.organisation_id))
    sent = body(activity.organisation_id, activity.area_id, name="助老理发（改）")
    first = client.put(f"{URL}/{activity.id}", json=sent, headers=coordinator | {"If-Match": '"1"'})
    assert (first.status_code, first.json["name"], first.headers["ETag"]) == (200, "助老理发（改）", '"2"')
    second = client.put(
        f"{URL}/{activity.id}", json=sent | {"name": "另一个"}, headers=coordinator | {"If-Match": '"1"'}
    )
    assert (second.status_code, second.json["code"]) == (412, "PRECONDITION_FAILED")
    assert client.get(f"{URL}/{activity.id}", headers=coordinator).json["name"] == "助老理发（改）"


@pytest.mark.parametrize(
    ("if_match", "status"), [(None, 200), ("*", 200), ('"9", "1"', 200), ('W/"1"', 412), ("", 412)]
)
def test_if_match_is_optional_and_strong(client: FlaskClient, if_match: str | None, status: int) -> None:
    """Without If-Match the last one wins; a star or a list is understood, a weak or empty one matches nothing."""
    activity = an_activity()
    headers = signed_in(a_coordinator(activity.organisation_id))
    if if_match is not None:
        headers["If-Match"] = if_match
    sent = body(activity.organisation_id, activity.area_id)
    assert client.put(f"{URL}/{activity.id}", json=sent, headers=headers).status_code == status


def test_leader_can_be_taken_away(client: FlaskClient) -> None:
    """A change gives all values anew: a leader that is not named is gone."""
    activity = an_activity(leader_id=a_person().id)
    sent = body(activity.organisation_id, activity.area_id)
    changed = client.put(f"{URL}/{activity.id}", json=sent, headers=signed_in(an_admin()))
    assert (changed.status_code, changed.json["leader_id"]) == (200, None)


def test_activity_stays_with_its_organisation(client: FlaskClient) -> None:
    """Who manages two organisations still cannot move an activity between them."""
    activity, other = an_activity(), an_organisation()
    sent = body(other.id, activity.area_id)
    refused = client.put(f"{URL}/{activity.id}", json=sent, headers=signed_in(an_admin()))
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/organisation_id")


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"name": "x" * 121}, "/name"),
        ({"name": "  "}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": "a\ud800b"}, "/name"),
        ({"content": "x" * 2001}, "/content"),
        ({"content": None}, "/content"),
        ({"category": "meeting"}, "/category"),
        ({"category": "training"}, "/category"),
        ({"category": ["elder_care"]}, "/category"),
        ({"organisation_id": "7"}, "/organisation_id"),
        ({"area_id": "00000000-0000-7000-8000-000000000000"}, "/area_id"),
        ({"leader_id": "00000000-0000-7000-8000-000000000000"}, "/leader_id"),
        ({"leader_id": {"id": 1}}, "/leader_id"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bad_values_are_refused_and_change_nothing(
    client: FlaskClient, method: str, given: dict[str, Any], pointer: str
) -> None:
    """A bad value is 422 and points at what is wrong, for a new activity and for a change alike."""
    activity = an_activity()
    admin = signed_in(an_admin())
    url = URL if method == "POST" else f"{URL}/{activity.id}"
    sent = json.dumps(body(activity.organisation_id, activity.area_id) | given)
    refused = client.open(url, method=method, data=sent, content_type="application/json", headers=keyed(admin))
    assert (refused.status_code, refused.json["code"]) == (422, "INVALID")
    assert pointer in [error["pointer"] for error in refused.json["errors"]]
    items = client.get(URL, headers=admin).json["items"]
    assert [(item["id"], item["version"]) for item in items] == [(str(activity.id), 1)]


def test_organisation_outside_the_scope_is_not_found(client: FlaskClient) -> None:
    """Another organisation and one that does not exist look the same to a coordinator."""
    activity = an_activity()
    coordinator = signed_in(a_coordinator(an_organisation().id))
    for organisation_id in (activity.organisation_id, new_id()):
        refused = client.post(URL, json=body(organisation_id, activity.area_id), headers=keyed(coordinator))
        assert (refused.status_code, refused.json["code"]) == (404, "NOT_FOUND")
    refused = client.put(
        f"{URL}/{activity.id}", json=body(activity.organisation_id, activity.area_id), headers=coordinator
    )
    assert (refused.status_code, refused.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["", "/00000000-0000-7000-8000-00000000ffff"])
def test_unknown_activity_and_area_are_not_found(client: FlaskClient, path: str) -> None:
    """An id that names nothing is 404, for reading, changing and filtering."""
    admin = signed_in(an_admin())
    unknown = new_id()
    area = an_area()
    if path:
        assert client.get(URL + path, headers=admin).status_code == 404
        assert client.put(URL + path, json=body(unknown, area.id), headers=admin).status_code == 404
    else:
        assert client.get(f"{URL}?area={unknown}", headers=admin).status_code == 404
        assert client.get(f"{URL}?organisation={unknown}", headers=admin).json["items"] == []


def test_nobody_writes_without_token_or_role(client: FlaskClient) -> None:
    """Without a token 401, as a volunteer 403, before the body is looked at."""
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{new_id()}"), ("PUT", f"/{new_id()}")):
        refused = client.open(URL + path, method=method)
        assert (refused.status_code, refused.json["code"]) == (401, "UNAUTHENTICATED")
    volunteer = signed_in(a_person())
    for method, path in (("POST", ""), ("PUT", f"/{new_id()}")):
        refused = client.open(URL + path, method=method, data="{", content_type="application/json", headers=volunteer)
        assert (refused.status_code, refused.json["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("data", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "MALFORMED_BODY"),
        (b"\xff\xfe", "application/json", 400, "MALFORMED_BODY"),
        (b"{}", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"[1]", "application/json", 422, "INVALID"),
        (b'{"name": "' + b"x" * (1 << 20) + b'"}', "application/json", 413, "BODY_TOO_LARGE"),
    ],
)
def test_body_that_is_no_object_is_a_coded_problem(
    client: FlaskClient, data: bytes, content_type: str, status: int, code: str
) -> None:
    """What is not JSON, not an object or over 1 MiB is refused in the one shape."""
    refused = client.post(URL, data=data, content_type=content_type, headers=keyed(signed_in(an_admin())))
    assert (refused.status_code, refused.json["code"]) == (status, code)
