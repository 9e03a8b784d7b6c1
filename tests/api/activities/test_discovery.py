"""Finding activities over HTTP."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.factories.activities import a_full_shift, a_shift, a_shift_with_roles, a_sign_up, a_turn, an_activity
from tests.factories.identity import a_person, signed_in
from tests.factories.organisations import a_site, an_organisation
from timebank import clock
from timebank.activities.models import Shift
from timebank.activities.roles import Wanted
from timebank.database import in_unit_of_work, session
from timebank.organisations.models import Site

API = "/api/v1"


def found(client: FlaskClient, **query: Any) -> list[str]:
    """Return the names of the activities that a query finds, sorted."""
    address = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    answer = client.get(f"{API}/activities?{address}", headers=signed_in(a_person()))
    assert answer.status_code == 200, answer.json
    return sorted(item["name"] for item in answer.json["items"])


def an_activity_at(name: str, *, latitude: float | None = None, longitude: float | None = None, days: int = 2) -> Shift:
    """Publish an activity with one shift, at a site whose place is known or not."""
    activity = an_activity(name)
    site = a_site(organisation_id=activity.organisation_id)
    if latitude is not None and longitude is not None:
        place = {"latitude": round(latitude * 1e6), "longitude": round(longitude * 1e6)}

        def locate() -> None:
            for column, value in place.items():
                setattr(session.get_one(Site, site.id), column, value)

        in_unit_of_work(locate)
    starts_at = clock.now() + timedelta(days=days)
    return a_shift(
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        activity_id=activity.id,
        site_id=site.id,
        capacity=1,
    )


def test_by_day(client: FlaskClient) -> None:
    """Only what has a shift in the span, still to come and not cancelled."""
    an_activity("没有场次")
    an_activity_at("后天")
    an_activity_at("下周", days=7)
    cancelled = an_activity_at("取消")
    in_unit_of_work(lambda: setattr(session.get_one(Shift, cancelled.id), "state", "cancelled"))
    soon = (clock.now() + timedelta(days=4)).isoformat()
    assert found(client, to=soon) == ["后天"]
    assert found(client, **{"from": soon}) == ["下周"]
    assert found(client) == sorted(["没有场次", "后天", "下周", "取消"])


def test_with_a_place_for_somebody_new(client: FlaskClient) -> None:
    """Not the full one, not the one whose free place is kept or waited for; the one whose offer has lapsed is."""
    an_activity_at("有名额")
    full, (holder,) = a_full_shift()
    in_unit_of_work(lambda: None)
    assert found(client, open="places") == ["有名额"]
    a_turn(full.id)
    client.delete(f"{API}/shifts/{full.id}/sign-up", headers=signed_in(holder))
    assert found(client, open="places") == ["有名额"]
    with clock.at(clock.now() + timedelta(hours=13)):
        assert found(client, open="places") == sorted(["助老理发", "有名额"])


def test_by_role(client: FlaskClient) -> None:
    """A role by a part of its name, and with a place in that very role."""
    shift, roles = a_shift_with_roles(
        Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=5), activity_id=an_activity("三送").id
    )
    an_activity_at("其他")
    assert found(client, role="社") == ["三送"]
    assert found(client, role="护士") == []
    body = {"role_id": str(roles["社工"])}
    assert client.post(f"{API}/shifts/{shift.id}/sign-up", json=body, headers=signed_in(a_person())).status_code == 201
    assert found(client, role="社工", open="places") == []
    assert found(client, role="学生", open="places") == ["三送"]
    assert found(client, open="places") == sorted(["三送", "其他"])


def test_by_words(client: FlaskClient) -> None:
    """In the name or in the content; signs that a database takes for wildcards are only signs."""
    an_activity("奶奶的厨房 Lunch 100%")
    an_activity("助浴")
    assert found(client, q="厨房") == ["奶奶的厨房 Lunch 100%"]
    assert found(client, q="lunch") == ["奶奶的厨房 Lunch 100%"]
    assert found(client, q="0%") == ["奶奶的厨房 Lunch 100%"]
    assert found(client, q="_%") == []
    assert len(found(client, q="高龄老人")) == 2


def test_by_distance(client: FlaskClient) -> None:
    """Near, farther, anywhere; what has no place is found by no distance."""
    an_activity_at("门口", latitude=30.5268, longitude=120.6905)
    an_activity_at("市区", latitude=30.58, longitude=120.70)
    an_activity_at("杭州", latitude=30.25, longitude=120.17)
    an_activity_at("不知在哪")
    here = "30.5251,120.6898"
    assert found(client, near=here) == ["门口"]
    assert found(client, near=here, distance="near") == ["门口"]
    assert found(client, near=here, distance="medium") == sorted(["门口", "市区"])
    assert found(client, near=here, distance="far") == sorted(["门口", "市区", "杭州"])


def shifts_found(client: FlaskClient, **query: Any) -> list[str]:
    """Return the ids of the shifts that a query finds, in their order."""
    address = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    answer = client.get(f"{API}/shifts?{address}", headers=signed_in(a_person()))
    assert answer.status_code == 200, answer.json
    return [item["id"] for item in answer.json["items"]]


def test_shifts_of_what_was_found(client: FlaskClient) -> None:
    """Of an activity, an organisation, a category; with a place, a role, near enough; together and by time."""
    near = an_activity_at("门口", latitude=30.5268, longitude=120.6905)
    later, other = a_coming_one(near, days=3), an_activity_at("杭州", latitude=30.25, longitude=120.17)
    both = [str(near.id), str(later.id)]
    activity = client.get(f"{API}/activities/{near.activity_id}", headers=signed_in(a_person())).json
    assert shifts_found(client, activity=activity["id"]) == both
    assert shifts_found(client, organisation=activity["organisation_id"]) == both
    assert shifts_found(client, category="legal_aid") == []
    assert str(other.id) in shifts_found(client, category=activity["category"], to=other.ends_at.isoformat())
    assert shifts_found(client, near="30.5251,120.6898") == [str(near.id)], "the other one is at no site"
    a_sign_up(near.id)
    assert shifts_found(client, activity=activity["id"], open="places") == [str(later.id)]
    with_roles, roles = a_shift_with_roles(Wanted(name="社工", capacity=1), Wanted(name="学生", capacity=5))
    assert shifts_found(client, role="学生") == [str(with_roles.id)]
    body = {"role_id": str(roles["社工"])}
    client.post(f"{API}/shifts/{with_roles.id}/sign-up", json=body, headers=signed_in(a_person()))
    assert shifts_found(client, role="社工", open="places") == []
    with clock.at(later.ends_at):
        assert shifts_found(client, activity=activity["id"], open="places") == []
        assert shifts_found(client, activity=activity["id"]) == both


def a_coming_one(like: Shift, *, days: int) -> Shift:
    """Publish another shift of the activity of one, at no site, with one place."""
    starts_at = clock.now() + timedelta(days=days)
    return a_shift(
        starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), activity_id=like.activity_id, capacity=1
    )


def test_found_in_pages(client: FlaskClient) -> None:
    """The next page goes on with the same wishes; nothing comes twice."""
    organisation = an_organisation()
    for number in range(5):
        an_activity(f"助浴{number}", organisation_id=organisation.id)
    an_activity("理发")
    headers, address, names = signed_in(a_person()), f"{API}/activities?q={quote('助浴')}&limit=2", []
    while address:
        answer = client.get(address, headers=headers).json
        names += [item["name"] for item in answer["items"]]
        address = answer["next"]
    assert sorted(names) == [f"助浴{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        "near=91,0",
        "near=0,181",
        "near=here",
        "near=nan,nan",
        "near=1e999,0",
        "near=30.5",
        "distance=near",
        "near=30,120&distance=walk",
        "open=now",
        "q=",
        "q=%00",
        "role=",
        "from=2026-01-01",
    ],
)
def test_what_cannot_be_understood_is_refused(client: FlaskClient, query: str) -> None:
    """422, and never a 500."""
    for what in ("activities", "shifts"):
        if (what, query.partition("=")[0]) not in {("shifts", "open"), ("shifts", "q")}:
            refused = client.get(f"{API}/{what}?{query}", headers=signed_in(a_person()))
            assert (refused.status_code, refused.json["code"]) == (422, "INVALID"), what
