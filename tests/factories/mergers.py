"""Two accounts of one person, and what staff and phones do about them."""

from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import select

from tests.factories import kept
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from timebank.database import Base, in_unit_of_work, session
from timebank.demo.wechat import openid_of
from timebank.identity import phones, service
from timebank.identity.models import Person
from timebank.identity.rules import Actor
from timebank.identity.wechat import OpenId
from timebank.mergers import service as mergers
from timebank.mergers.models import MergeRequest
from timebank.mergers.treatments import RULES, Treatment
from timebank.organisations.models import Organisation
from timebank.records.account import account_of


def a_guest(name: str = "zhang", *, app_id: str | None = None) -> Person:
    """Enrol whoever opens the mini-program for the first time."""
    guest = a_person(f"新用户 {name}")
    bound(guest.id, name, app_id=app_id)
    return guest


def bound(person_id: UUID, name: str, *, app_id: str | None = None) -> None:
    """Let an openid sign somebody in."""
    known = OpenId(app_id or current_app.extensions["timebank-settings"].wechat_app_id, openid_of(name))
    in_unit_of_work(lambda: service.bind_openid(person_id=person_id, who=known))


def phone_keys() -> phones.Keys:
    """Return the keys of the numbers of the application under test."""
    keys: phones.Keys = current_app.extensions["timebank-settings"].keys("phone")
    return keys


def a_phone(person_id: UUID, number: str, *, by: Actor, organisation_id: UUID) -> None:
    """Keep somebody's number, as staff enter it."""
    keys = phone_keys()
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
    in_unit_of_work(lambda: mergers.approve(actor=other, request_id=asked.id, phone_keys=phone_keys()))
    return asked.id


class Office:
    """Two coordinators of an organisation, and two accounts of one person."""

    def __init__(self) -> None:
        self.organisation: Organisation = an_organisation()
        self.one, self.other = a_coordinator(self.organisation.id), a_coordinator(self.organisation.id)
        self.old, self.person = a_person("王秀英"), a_person("王秀英")

    def ask(self, old: Person, person: Person) -> MergeRequest:
        """Ask to merge two, in the caller's unit of work."""
        return mergers.request(
            actor=self.one,
            old_id=old.id,
            person_id=person.id,
            organisation_id=self.organisation.id,
            reason="同一身份证，两次登记",
        )

    def merge(self, old: Person | None = None, person: Person | None = None) -> None:
        """Merge the two, or others."""
        merged_by(
            self.one,
            self.other,
            old_id=(old or self.old).id,
            person_id=(person or self.person).id,
            organisation_id=self.organisation.id,
        )


def look(work: Any) -> Any:
    """Look something up."""
    return in_unit_of_work(work, write=False)


def seen(person_id: UUID) -> Person:
    """Return an account as it is now."""
    person: Person = look(lambda: session.get_one(Person, person_id, populate_existing=True))
    return person


def minutes_of(person_id: UUID) -> tuple[int, int]:
    """Return service minutes and balance."""
    account = look(lambda: account_of(person_id))
    return account["service_minutes"], account["balance_minutes"]


def left_with(person_id: UUID) -> set[str]:
    """Return the ordinary tables whose rows still name somebody."""

    def find() -> set[str]:
        return {
            name
            for (name, column), rule in RULES.items()
            if rule.treatment is Treatment.MOVED
            and session.execute(
                select(Base.metadata.tables[name].c[column])
                .where(Base.metadata.tables[name].c[column] == person_id)
                .limit(1)
            ).first()
        }

    found: set[str] = look(find)
    return found
