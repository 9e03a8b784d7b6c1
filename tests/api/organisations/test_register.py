"""Areas, organisations and sites: who may add what where, and what comes back."""

import json
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError

from tests.factories.identity import a_coordinator, a_staff_member, a_volunteer_actor, an_admin, signed_in
from tests.factories.organisations import an_area, an_organisation
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.rules import Actor, Role
from timebank.organisations.models import Area, Organisation


class Street:
    """A district of two streets with a community each; an organisation in every community."""

    def __init__(self) -> None:
        self.district = an_area("海昌区", code="0573")
        self.one = an_area("一街道", code="01", parent_id=self.district.id)
        self.two = an_area("二街道", code="02", parent_id=self.district.id)
        self.community = an_area("梧桐社区", code="003", parent_id=self.one.id)
        self.other = an_area("河畔社区", code="003", parent_id=self.two.id)
        self.mine = an_organisation("银龄队", area_id=self.community.id)
        self.theirs = an_organisation("环保社", area_id=self.other.id)


@pytest.fixture
def street(app: Flask) -> Street:
    """The two streets."""
    return Street()


def post(client: FlaskClient, what: str, who: Actor, **body: Any) -> Any:
    """Add one thing."""
    return client.post(
        f"/api/v1/{what}", data=json.dumps(body, default=str), content_type="application/json", headers=signed_in(who)
    )


def get(client: FlaskClient, what: str, **query: Any) -> list[dict[str, Any]]:
    """List things as somebody without any role."""
    answer = client.get(f"/api/v1/{what}", query_string=query, headers=signed_in(new_id()))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def test_the_tree_has_four_levels_and_no_fifth(client: FlaskClient) -> None:
    """District, street, community, grid; paths tell the way down."""
    admin = an_admin()
    parent = None
    for code, kind in (("0573", "district"), ("01", "street"), ("003", "community"), ("12", "grid")):
        answer = post(client, "areas", admin, name=kind, code=code, **({"parent_id": parent} if parent else {}))
        assert answer.status_code == 201
        assert answer.json["kind"] == kind
        assert answer.json["parent_id"] == parent
        parent = answer.json["id"]
    below = post(client, "areas", admin, name="x", code="1", parent_id=parent)

    assert (below.status_code, below.json["code"]) == (409, "AREA_TOO_DEEP")
    assert [area["path"] for area in get(client, "areas")] == ["0573", "0573.01", "0573.01.003", "0573.01.003.12"]
    assert [area["level"] for area in get(client, "areas")] == [1, 2, 3, 4]


def test_a_code_is_used_once_below_one_parent(client: FlaskClient, street: Street) -> None:
    """The same code elsewhere is another area."""
    admin = an_admin()
    again = post(client, "areas", admin, name="x", code="003", parent_id=street.one.id)

    assert (again.status_code, again.json["code"]) == (409, "AREA_EXISTS")
    assert post(client, "areas", admin, name="x", code="0573").json["code"] == "AREA_EXISTS"


@pytest.mark.parametrize("code", ["", "a b", "1.2", "%", "_", "一", "123456789", "../", "a\nb", 5, None, "\ud800"])
def test_a_code_is_letters_and_digits(client: FlaskClient, code: Any) -> None:
    """Nothing that could mean something in a path is a code."""
    answer = post(client, "areas", an_admin(), name="x", code=code)

    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/code")


def test_areas_are_listed_by_level_and_parent(client: FlaskClient, street: Street) -> None:
    """Filters narrow the list; an unknown parent has nothing below it."""
    assert [area["name"] for area in get(client, "areas", level=2)] == ["一街道", "二街道"]
    assert [area["name"] for area in get(client, "areas", parent=street.one.id)] == ["梧桐社区"]
    assert get(client, "areas", parent=new_id()) == []


ADMIN_OF = {
    "the bank": ("", {"district": 201, "one": 201, "two": 201, "community": 201}),
    "the district": ("0573", {"district": 201, "one": 201, "two": 201, "community": 201}),
    "street one": ("0573.01", {"district": 404, "one": 201, "two": 404, "community": 201}),
    "street two": ("0573.02", {"district": 404, "one": 404, "two": 201, "community": 404}),
    "a longer number": ("0573.011", {"district": 404, "one": 404, "two": 404, "community": 404}),
    "a shorter number": ("0573.0", {"district": 404, "one": 404, "two": 404, "community": 404}),
}


@pytest.mark.parametrize("admin_of", ADMIN_OF)
def test_an_administrator_adds_inside_their_subtree_and_sees_nothing_outside(
    client: FlaskClient, street: Street, admin_of: str
) -> None:
    """Areas and organisations may be added where the grant reaches; elsewhere the parent is not found."""
    path, expected = ADMIN_OF[admin_of]
    admin = an_admin(path)
    for place, status in expected.items():
        area: Area = getattr(street, place)
        added = post(client, "areas", admin, name="new", code="77", parent_id=area.id)
        organisation = post(client, "organisations", admin, name=f"{place}队", kind="filed", area_id=area.id)

        assert (place, added.status_code) == (place, status)
        assert (place, organisation.status_code) == (place, status)


@pytest.mark.parametrize(("path", "status"), [("", 201), ("0573", 404), ("0573.01", 404)])
def test_a_district_is_added_by_the_bank(client: FlaskClient, street: Street, path: str, status: int) -> None:
    """Only an administrator of the whole bank adds a new top."""
    assert post(client, "areas", an_admin(path), name="新区", code="0574").status_code == status


def staff(role: Role, street: Street, scope: str) -> Actor:
    """Return somebody with this role over one organisation or area."""
    if scope == "mine":
        return a_staff_member(role, organisation_id=street.mine.id)
    return a_staff_member(role, area_path={"street one": "0573.01", "street two": "0573.02", "bank": ""}[scope])


@pytest.mark.parametrize(
    ("role", "scope", "mine", "theirs"),
    [
        (Role.ADMIN, "bank", 201, 201),
        (Role.ADMIN, "street one", 201, 404),
        (Role.ADMIN, "street two", 404, 201),
        (Role.ADMIN, "mine", 201, 404),
        (Role.COORDINATOR, "mine", 201, 404),
        (Role.COORDINATOR, "street one", 201, 404),
        (Role.COUNTER, "mine", 403, 403),
        (Role.AUDITOR, "bank", 403, 403),
    ],
)
def test_sites_are_added_within_the_scope_of_the_organisation(
    *, client: FlaskClient, street: Street, role: Role, scope: str, mine: int, theirs: int
) -> None:
    """Coordinators and administrators add sites to what they cover; outside it is 404, without the role 403."""
    who = staff(role, street, scope)
    answers = [
        post(client, "sites", who, organisation_id=organisation.id, kind="shop", name="公益仓").status_code
        for organisation in (street.mine, street.theirs)
    ]

    assert answers == [mine, theirs]


def test_an_administrator_of_one_organisation_adds_no_areas(client: FlaskClient, street: Street) -> None:
    """A grant over an organisation covers no area, not even its own."""
    admin = a_staff_member(Role.ADMIN, organisation_id=street.mine.id)

    assert post(client, "areas", admin, name="x", code="9", parent_id=street.community.id).status_code == 404
    assert post(client, "organisations", admin, name="x", kind="filed", area_id=street.community.id).status_code == 404


@pytest.mark.parametrize("what", ["areas", "organisations", "sites"])
def test_volunteers_read_and_do_not_write(client: FlaskClient, street: Street, what: str) -> None:
    """The register is open to everyone who is signed in; writing needs a role."""
    assert post(client, what, a_volunteer_actor()).json["code"] == "FORBIDDEN"
    assert client.get(f"/api/v1/{what}", headers=signed_in(a_volunteer_actor())).status_code == 200


def test_two_areas_that_differ_by_case_are_two_areas(client: FlaskClient, street: Street) -> None:
    """The subtree of A1 does not reach into a1, on either engine."""
    upper = an_area("大写", code="A1", parent_id=street.district.id)
    lower = an_area("小写", code="a1", parent_id=street.district.id)
    below = an_area("下级", code="1", parent_id=lower.id)
    an_organisation("甲", area_id=below.id)

    assert get(client, "organisations", area=upper.id) == []
    assert [found["name"] for found in get(client, "organisations", area=lower.id)] == ["甲"]


def test_organisations_are_listed_by_subtree_and_kind(client: FlaskClient, street: Street) -> None:
    """An area takes all below it; an unknown one is not found."""
    an_organisation("区级", area_id=street.district.id)

    assert {found["name"] for found in get(client, "organisations", area=street.district.id)} == {
        "银龄队",
        "环保社",
        "区级",
    }
    assert [found["name"] for found in get(client, "organisations", area=street.one.id)] == ["银龄队"]
    assert get(client, "organisations", kind="unfiled") == []
    unknown = client.get(f"/api/v1/organisations?area={new_id()}", headers=signed_in(new_id()))
    assert unknown.status_code == 404


def test_names_of_organisations_and_sites_are_unique_where_they_must_be(client: FlaskClient, street: Street) -> None:
    """An organisation's name is unique; a site's within its organisation."""
    admin = an_admin()
    again = post(client, "organisations", admin, name="银龄队", kind="filed", area_id=street.two.id)
    sites = [
        post(client, "sites", admin, organisation_id=of.id, kind="venue", name="活动室")
        for of in (street.mine, street.theirs, street.mine)
    ]

    assert (again.status_code, again.json["code"]) == (409, "ORGANISATION_EXISTS")
    assert [answer.status_code for answer in sites] == [201, 201, 409]
    assert sites[2].json["code"] == "SITE_EXISTS"


def test_a_hub_must_exist(client: FlaskClient, street: Street) -> None:
    """The hub is another organisation, anywhere in the bank."""
    admin = an_admin()
    body = {"name": "新队", "kind": "unfiled", "area_id": street.one.id}
    missing = post(client, "organisations", admin, **body, hub_id=new_id())
    added = post(client, "organisations", admin, **body, hub_id=street.theirs.id)

    assert (missing.status_code, missing.json["errors"][0]["pointer"]) == (422, "/hub_id")
    assert (added.status_code, added.json["hub_id"]) == (201, str(street.theirs.id))


def test_a_site_lies_where_its_organisation_is_unless_it_says_so(client: FlaskClient, street: Street) -> None:
    """Without an area it is the organisation's own; an unknown one is a wrong value."""
    coordinator = a_coordinator(street.mine.id)
    body = {"organisation_id": street.mine.id, "kind": "drop_point"}
    own = post(client, "sites", coordinator, **body, name="a")
    other = post(client, "sites", coordinator, **body, name="b", area_id=street.other.id, address="河畔路 1 号 👵")
    unknown = post(client, "sites", coordinator, **body, name="c", area_id=new_id())

    assert (own.json["area_id"], own.json["address"]) == (str(street.community.id), None)
    assert (other.json["area_id"], other.json["address"]) == (str(street.other.id), "河畔路 1 号 👵")
    assert (unknown.status_code, unknown.json["errors"][0]["pointer"]) == (422, "/area_id")
    assert {found["name"] for found in get(client, "sites", organisation=street.mine.id, kind="drop_point")} == {
        "a",
        "b",
    }
    assert get(client, "sites", organisation=street.theirs.id) == []


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("areas", {"name": "x"}, "/code"),
    ("areas", {"name": "x", "code": "1", "level": 1}, "/level"),
    ("areas", {"name": "x", "code": "1", "parent_id": "no id"}, "/parent_id"),
    ("areas", {"name": "x", "code": "1", "parent_id": 5}, "/parent_id"),
    ("areas", {"name": "x" * 61, "code": "1"}, "/name"),
    ("areas", {"name": "a\x00", "code": "1"}, "/name"),
    ("organisations", {"name": "x", "kind": "secret", "area_id": UUID(int=1)}, "/kind"),
    ("organisations", {"name": "x", "kind": ["filed"], "area_id": UUID(int=1)}, "/kind"),
    ("organisations", {"name": "x", "kind": "filed"}, "/area_id"),
    ("organisations", {"name": {}, "kind": "filed", "area_id": UUID(int=1)}, "/name"),
    ("sites", {"organisation_id": UUID(int=1), "kind": "shop", "name": "x", "address": "x" * 201}, "/address"),
    ("sites", {"organisation_id": None, "kind": "shop", "name": "x"}, "/organisation_id"),
    ("sites", {"organisation_id": UUID(int=1), "kind": 1, "name": "x"}, "/kind"),
]


@pytest.mark.parametrize(("what", "body", "pointer"), WRONG)
def test_a_wrong_value_is_refused_and_pointed_at(client: FlaskClient, what: str, body: Any, pointer: str) -> None:
    """Unknown fields, wrong types and values that are too long are 422, each with its pointer."""
    answer = post(client, what, an_admin(), **body)

    assert (answer.status_code, [error["pointer"] for error in answer.json["errors"]]) == (422, [pointer])


@pytest.mark.parametrize("what", ["areas", "organisations", "sites"])
def test_lists_come_in_pages(client: FlaskClient, street: Street, what: str) -> None:
    """Every list can be walked in steps of one."""
    whole = get(client, what)
    walked: list[Any] = []
    address: str | None = f"/api/v1/{what}?limit=1"
    while address:
        answer = client.get(address, headers=signed_in(new_id())).json
        walked += answer["items"]
        address = answer["next"]

    assert walked == whole


def test_an_unknown_organisation_has_no_sites_to_add_to(client: FlaskClient, street: Street) -> None:
    """It does not exist, for anybody."""
    answer = post(client, "sites", an_admin(), organisation_id=new_id(), kind="shop", name="x")

    assert (answer.status_code, answer.json["code"]) == (404, "NOT_FOUND")


def test_the_database_checks_what_a_service_would_let_through(street: Street) -> None:
    """Kinds are CHECKed, so that no import can invent one."""

    def work() -> None:
        session.add(
            Organisation(
                id=new_id(),
                name="x",
                kind="secret",
                area_id=street.one.id,
                hub_id=None,
                created_at=street.mine.created_at,
            )
        )

    with pytest.raises(IntegrityError, match="ck_organisation_kind"):
        in_unit_of_work(work)
