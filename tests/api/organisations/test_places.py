"""Where sites are."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories.identity import a_coordinator, a_person, signed_in
from tests.factories.organisations import a_site
from timebank.database import new_id

PLACE = {"latitude": 30.535, "longitude": 120.692}


def _put(client: FlaskClient, site_id: Any, who: Any, place: Any) -> Any:
    return client.put(f"/api/v1/sites/{site_id}/place", json={"place": place}, headers=signed_in(who))


def test_staff_say_where_a_site_is(client: FlaskClient) -> None:
    """It comes back to the millionth of a degree, and can be taken back."""
    site = a_site()
    coordinator = a_coordinator(site.organisation_id)
    assert _put(client, site.id, coordinator, PLACE).json["place"] == PLACE
    assert _put(client, site.id, coordinator, None).json["place"] is None


def test_a_new_site_may_say_where_it_is(client: FlaskClient) -> None:
    """With a place or without."""
    owner = a_site().organisation_id
    body = {"organisation_id": str(owner), "kind": "venue", "name": "新站点", "place": PLACE}
    made = client.post("/api/v1/sites", json=body, headers=signed_in(a_coordinator(owner)))
    assert (made.status_code, made.json["place"]) == (201, PLACE)


def test_others_cannot_move_a_site(client: FlaskClient) -> None:
    """Another organisation's site is not found, a volunteer has no role, and nobody moves what is not there."""
    site, other = a_site(), a_site()
    stranger = a_coordinator(other.organisation_id)
    assert _put(client, site.id, stranger, PLACE).status_code == 404
    assert _put(client, new_id(), stranger, PLACE).status_code == 404
    assert _put(client, site.id, a_person(), PLACE).status_code == 403


@pytest.mark.parametrize(
    "place", [{"latitude": 91, "longitude": 0}, {"latitude": 0, "longitude": 181}, {"latitude": 0}, "x", 5]
)
def test_a_place_that_is_none_is_refused(client: FlaskClient, place: Any) -> None:
    """Half a place, or one beyond the poles."""
    site = a_site()
    answer = _put(client, site.id, a_coordinator(site.organisation_id), place)
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID")
