"""Clerks who are bound to some of their organisation's shops."""

import pytest
from flask.testing import FlaskClient

from tests.factories.calls import V1, body_of, get, headers_of, post, problem
from tests.factories.identity import a_coordinator, a_person, a_staff_member
from tests.factories.organisations import a_shop
from tests.factories.shop import a_clerk, a_lot, a_member, a_stocked_shop, reserved
from timebank.database import in_unit_of_work, new_id
from timebank.identity import service
from timebank.identity.rules import Actor, Grant, Role
from timebank.organisations.models import Site
from timebank.shop.models import Redemption


class Street:
    """An organisation with two shops, a clerk, and a redemption at each shop."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.here, goods = a_stocked_shop()
        self.there = a_shop(organisation_id=self.here.organisation_id)
        a_lot(goods.id, self.there.id, 10)
        self.clerk = a_clerk(self.here)
        self.coordinator = a_coordinator(self.here.organisation_id)
        member = a_member()
        self.held_here: Redemption = reserved(member.id, self.here.id, (goods.id, 1)).redemption
        self.held_there: Redemption = reserved(member.id, self.there.id, (goods.id, 1)).redemption

    def bind(self, site: Site, who: Actor | None = None, by: Actor | None = None) -> int:
        """Bind a clerk to a shop; return the status."""
        path = f"{V1}/sites/{site.id}/clerks/{(who or self.clerk).person_id}"
        return self.client.put(path, headers=headers_of(by or self.coordinator)).status_code

    def release(self, site: Site) -> int:
        """Take the clerk's post away; return the status."""
        path = f"{V1}/sites/{site.id}/clerks/{self.clerk.person_id}"
        return self.client.delete(path, headers=headers_of(self.coordinator)).status_code

    def finds(self, held: Redemption, who: Actor | None = None) -> int:
        """Look a pickup code up; return the status."""
        return post(self.client, "/counter/lookup", who or self.clerk, {"code": held.pickup_code}).status_code


@pytest.fixture
def street(client: FlaskClient) -> Street:
    """Two shops of one organisation."""
    return Street(client)


def test_a_clerk_works_at_every_shop_until_they_are_bound(street: Street) -> None:
    """Bound to one, the other does not exist for them; bound to both or to none, both do. It holds from the next request."""
    assert (street.finds(street.held_here), street.finds(street.held_there)) == (200, 200)
    assert street.bind(street.here) == street.bind(street.here) == 204
    assert (street.finds(street.held_here), street.finds(street.held_there)) == (200, 404)
    hand_over = post(street.client, f"/redemptions/{street.held_there.id}/hand-over", street.clerk)
    assert problem(hand_over) == (404, "NOT_FOUND")
    assert problem(post(street.client, f"/sites/{street.there.id}/closings", street.clerk)) == (404, "NOT_FOUND")
    assert street.bind(street.there) == 204
    assert street.finds(street.held_there) == 200
    assert street.release(street.here) == street.release(street.there) == street.release(street.there) == 204
    assert (street.finds(street.held_here), street.finds(street.held_there)) == (200, 200)


def test_who_is_bound_is_listed(street: Street) -> None:
    """By name, at each shop, for those who answer for it."""
    street.bind(street.here)
    [one] = body_of(get(street.client, f"/sites/{street.here.id}/clerks", street.coordinator), 200)["items"]
    assert (one["person_id"], one["name"]) == (str(street.clerk.person_id), "工作人员")
    assert body_of(get(street.client, f"/sites/{street.there.id}/clerks", street.coordinator), 200)["items"] == []
    assert problem(get(street.client, f"/sites/{street.here.id}/clerks", street.clerk)) == (403, "FORBIDDEN")


def test_only_the_organisations_own_clerks_are_bound(street: Street) -> None:
    """Not somebody without a counter, not a stranger's clerk, not by a stranger, and ids of nothing are 404."""
    stranger = a_coordinator(a_shop().organisation_id)
    assert street.bind(street.here, Actor(a_person().id)) == 404
    assert street.bind(street.here, a_clerk(a_shop())) == 404
    assert street.bind(street.here, Actor(new_id())) == 404
    assert street.bind(street.here, by=stranger) == 404
    assert street.bind(street.here, by=street.clerk) == 403


def test_a_post_binds_the_counter_and_nothing_else(street: Street) -> None:
    """A coordinator who also has a counter keeps their shops; a post in one organisation leaves the others alone."""
    elsewhere, goods = a_stocked_shop()
    held = reserved(a_member().id, elsewhere.id, (goods.id, 1)).redemption
    everywhere = a_staff_member(Role.COUNTER, area_path="")
    assert street.bind(street.here, everywhere) == 204
    assert [street.finds(one, everywhere) for one in (street.held_here, street.held_there, held)] == [200, 404, 200]
    assert post(street.client, f"/redemptions/{held.id}/hand-over", everywhere).status_code == 200
    in_unit_of_work(
        lambda: service.grant(
            person_id=street.coordinator.person_id,
            granted=Grant(Role.COUNTER, organisation_id=street.here.organisation_id),
        )
    )
    assert street.bind(street.here, street.coordinator) == 204
    assert street.finds(street.held_there, street.coordinator) == 200
    assert post(street.client, f"/sites/{street.there.id}/closings", street.coordinator).status_code == 201
