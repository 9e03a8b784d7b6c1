"""Attendances through the services: what the database itself holds, and what a race leaves behind."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from tests.factories.activities import an_open_shift
from tests.factories.attendance import a_served_shift, checked_in, the_reader
from tests.factories.identity import a_person
from timebank import clock
from timebank.activities import service as activities
from timebank.activities.errors import AlreadySignedUp
from timebank.attendance import service
from timebank.attendance.models import Attendance
from timebank.attendance.reading import Presented
from timebank.codes.errors import TokenMalformed
from timebank.database import in_unit_of_work, new_id, session
from timebank.identity.rules import Actor
from timebank.records.account import account_of


def test_the_database_holds_one_open_attendance_a_person(app: Flask) -> None:
    """Whatever a service does: a second open row is refused, a closed one beside it is fine."""
    volunteer = a_person()
    first = a_served_shift(volunteer_id=volunteer.id).attendance
    with clock.at(clock.now() + timedelta(hours=3)):
        again = checked_in(volunteer.id, an_open_shift()).attendance
    assert first.state == "closed"
    values = {column.name: getattr(again, column.name) for column in Attendance.__table__.columns}
    with pytest.raises(IntegrityError):
        in_unit_of_work(lambda: session.execute(insert(Attendance).values(**{**values, "id": new_id()})))


def test_a_sign_up_of_a_moment_ago_is_as_good_as_a_walk_in(app: Flask) -> None:
    """Signed up on another phone between the look and the place: the check-in goes on."""
    volunteer, shift = a_person(), an_open_shift()
    take = activities.take_place

    def taken_meanwhile(**given: Any) -> None:
        take(**given)
        raise AlreadySignedUp

    with patch.object(activities, "take_place", side_effect=taken_meanwhile):
        checked_in(volunteer.id, shift)
    assert session.scalar(select(func.count()).select_from(Attendance)) == 1


def test_nothing_presented_is_no_code(app: Flask) -> None:
    """Neither code nor ticket: the schema refuses it first, and the reader does too."""
    with pytest.raises(TokenMalformed):
        in_unit_of_work(lambda: service.check_in(actor=Actor(new_id()), reader=the_reader(), presented=Presented()))


def test_minutes_served_become_minutes_to_spend(app: Flask) -> None:
    """The whole way through the services, without HTTP."""
    left = a_served_shift(minutes=95)
    assert left.account is not None
    assert account_of(left.attendance.volunteer_id)["balance_minutes"] == left.account.balance_minutes == 95
    assert left.attendance.record_id == left.revision.record_id
