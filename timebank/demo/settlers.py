"""The places, bodies and people of the demo street."""

from random import Random
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


def place_everything() -> None:
    """Add the area tree, the organisations and their sites."""
    _add_areas()
    hub = named("organisation/hub")
    for body in cast.ORGANISATIONS:
        organisation_id = named(f"organisation/{body.slug}")
        organisations.add_organisation(
            actor=FOUNDER,
            name=body.name,
            kind=body.kind,
            area_id=named(f"area/{body.area}"),
            hub_id=None if body.slug == "hub" else hub,
            organisation_id=organisation_id,
        )
        _add_site(organisation_id, "venue", f"{body.name}活动点", f"venue/{body.slug}")
    _add_site(hub, "drop_point", "老码头共富集捐赠点", "drop-point")
    _add_site(hub, "shop", "梧桐公益仓", "shop")


def _add_areas() -> None:
    def add(parent: str | None, code: str, name: str) -> str:
        path = f"{parent}.{code}" if parent else code
        parent_id = named(f"area/{parent}") if parent else None
        organisations.add_area(actor=FOUNDER, name=name, code=code, parent_id=parent_id, area_id=named(f"area/{path}"))
        return path

    district = add(None, "0573", cast.DISTRICT)
    for street_code, (street_name, communities) in cast.STREETS.items():
        street = add(district, street_code, street_name)
        for index, community_name in enumerate(communities, start=1):
            community = add(street, f"{index:03d}", f"{community_name}社区")
            for grid in range(1, cast.GRIDS_PER_COMMUNITY + 1):
                add(community, f"{grid:02d}", f"{community_name}第{grid}网格")


def _add_site(organisation_id: UUID, kind: str, name: str, slug: str) -> None:
    organisations.add_site(
        actor=FOUNDER, organisation_id=organisation_id, kind=kind, name=name, site_id=named(f"site/{slug}")
    )


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
