"""The places, bodies and people of the demo street."""

from random import Random
from typing import NamedTuple
from uuid import UUID

from timebank.demo import cast
from timebank.demo.names import named
from timebank.demo.wechat import openid_of
from timebank.identity import passwords
from timebank.identity import service as identity
from timebank.identity.rules import Actor, Grant, Role
from timebank.identity.wechat import OpenId
from timebank.organisations import service as organisations

FOUNDER = Actor(named("staff/admin"), (Grant(Role.ADMIN, area_path=""),))
DEMO_PASSWORD = "demo"  # noqa: S105 - the demo's, printed on its first screen


class Places(NamedTuple):
    """Area ids by path, sites by organisation slug."""

    areas: dict[str, UUID]
    venues: dict[str, UUID]
    shop: UUID


def place_everything() -> Places:
    """Add the area tree, the organisations and their sites."""
    areas = _areas()
    venues = {}
    hub = named("organisation/hub")
    for body in cast.ORGANISATIONS:
        organisation_id = named(f"organisation/{body.slug}")
        organisations.add_organisation(
            actor=FOUNDER,
            name=body.name,
            kind=body.kind,
            area_id=areas[body.area],
            hub_id=None if body.slug == "hub" else hub,
            organisation_id=organisation_id,
        )
        venues[body.slug] = _site(organisation_id, "venue", f"{body.name}活动点", f"venue/{body.slug}")
    _site(hub, "drop_point", "老码头共富集捐赠点", "drop-point")
    return Places(areas, venues, _site(hub, "shop", "梧桐公益仓", "shop"))


def _areas() -> dict[str, UUID]:
    areas: dict[str, UUID] = {}

    def add(parent: str | None, code: str, name: str) -> str:
        path = f"{parent}.{code}" if parent else code
        areas[path] = named(f"area/{path}")
        organisations.add_area(
            actor=FOUNDER, name=name, code=code, parent_id=areas[parent] if parent else None, area_id=areas[path]
        )
        return path

    district = add(None, "0573", cast.DISTRICT)
    for street_code, (street_name, communities) in cast.STREETS.items():
        street = add(district, street_code, street_name)
        for index, community_name in enumerate(communities, start=1):
            community = add(street, f"{index:03d}", f"{community_name}社区")
            for grid in range(1, cast.GRIDS_PER_COMMUNITY + 1):
                add(community, f"{grid:02d}", f"{community_name}第{grid}网格")
    return areas


def _site(organisation_id: UUID, kind: str, name: str, slug: str) -> UUID:
    site_id = named(f"site/{slug}")
    organisations.add_site(actor=FOUNDER, organisation_id=organisation_id, kind=kind, name=name, site_id=site_id)
    return site_id


def enrol_staff() -> None:
    """Add one staff member of every role, each with the demo's password."""
    password_hash = passwords.hash_password(DEMO_PASSWORD)
    for username, (name, organisation) in cast.STAFF.items():
        person_id = named(f"staff/{username}")
        identity.enrol(display_name=name, person_id=person_id)
        identity.set_password(person_id=person_id, username=username, password_hash=password_hash)
        scope = named(f"organisation/{organisation}") if organisation else None
        identity.grant(person_id=person_id, granted=Grant(Role(username), scope, None if organisation else ""))


def enrol_volunteers(app_id: str) -> list[UUID]:
    """Add the volunteers; the first is ``demo:zhang``, the last ``demo:li``, who has never served."""
    random = Random(1)  # noqa: S311 - a story, not a secret
    names = ["zhang", *(f"v{number:02d}" for number in range(2, cast.VOLUNTEERS)), "li"]
    people = []
    for index, name in enumerate(names):
        surname = {"zhang": "张", "li": "李"}.get(name, cast.SURNAMES[index % len(cast.SURNAMES)])
        person_id = named(f"volunteer/{name}")
        identity.enrol(display_name=surname + random.choice(cast.GIVEN), person_id=person_id)
        identity.bind_openid(person_id=person_id, who=OpenId(app_id, openid_of(name)))
        people.append(person_id)
    return people
