"""Two accounts of one person, and what staff and phones do about them."""

from uuid import UUID

from flask import current_app

from tests.factories import kept
from tests.factories.identity import a_person
from timebank.database import in_unit_of_work
from timebank.demo.wechat import openid_of
from timebank.identity import phones, service
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.identity.wechat import OpenId
from timebank.mergers import service as mergers


def a_guest(name: str = "zhang", *, app_id: str | None = None) -> Person:
    """Enrol whoever opens the mini-program for the first time."""
    guest = a_person(f"新用户 {name}")
    bound(guest.id, name, app_id=app_id)
    return guest


def bound(person_id: UUID, name: str, *, app_id: str | None = None) -> None:
    """Let an openid sign somebody in."""
    known = OpenId(app_id or current_app.extensions["timebank-settings"].wechat_app_id, openid_of(name))
    in_unit_of_work(lambda: service.bind_openid(person_id=person_id, who=known))


def a_phone(person_id: UUID, number: str, *, by: Actor, organisation_id: UUID) -> None:
    """Keep somebody's number, as staff enter it."""
    keys = current_app.extensions["timebank-settings"].keys("phone")
    in_unit_of_work(
        lambda: phones.note(
            person_id=person_id,
            number=phones.typed_number(number),
            by=by.person_id,
            keys=keys,
            organisation_id=organisation_id,
        )
    )


def merged_by(one: Actor, other: Actor, *, old_id: UUID, person_id: UUID, organisation_id: UUID) -> UUID:
    """Have two staff merge two accounts; return the request."""
    asked = kept(
        lambda: mergers.request(
            actor=one,
            old_id=old_id,
            person_id=person_id,
            organisation_id=organisation_id,
            reason="同一身份证，两次登记",
        )
    )
    in_unit_of_work(lambda: mergers.approve(actor=other, request_id=asked.id))
    return asked.id
