"""A number in the profile, and the one by which somebody is known again, changed at one moment."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from flask import Flask, current_app

from tests.concurrency.crowds import meanwhile
from tests.factories.identity import a_person
from timebank.database import in_unit_of_work, session
from timebank.identity import phones
from timebank.identity.binding_tables import Phone
from timebank.organisations.profile_tables import Profile
from timebank.people import profiles

FIRST, SECOND = "13800000001", "13900000002"


def numbers_of(person_id: UUID) -> tuple[str | None, str | None]:
    """Return the number in a profile, and the end of the one that is known."""

    def look() -> tuple[str | None, str | None]:
        known = session.get(Phone, person_id)
        return session.get_one(Profile, person_id).phone, known.last_four if known else None

    return in_unit_of_work(look, write=False)


def test_whoever_comes_second_sees_what_the_first_has_changed(app: Flask) -> None:
    """WeChat's button while the profile is being saved, and taking the number back: one number is left, or none."""
    keys = current_app.extensions["timebank-settings"].keys("phone")
    seconds: dict[tuple[str | None, str | None], Callable[[UUID], object]] = {
        (SECOND, SECOND[-4:]): lambda me: phones.note(person_id=me, number=f"+86{SECOND}", by=me, keys=keys),
        (None, None): lambda me: phones.forget(me, by=me),
    }
    for left, second in seconds.items():
        me = a_person().id
        said = {"person_id": me, "display_name": "王秀英", "values": {"phone": FIRST}, "phone_keys": keys}
        assert meanwhile(app, partial(profiles.change, **said), partial(second, me)) == "done"
        assert numbers_of(me) == left
