"""Fifty certificates of one organisation at once: the register has no gap and no number twice."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.concurrency.crowds import all_at_once
from tests.factories.certificates import a_certificate, a_press, some_records
from tests.factories.identity import a_coordinator, a_person
from tests.factories.organisations import an_organisation
from timebank.certificates import service
from timebank.certificates.models import Certificate
from timebank.certificates.service import Wanted
from timebank.database import in_unit_of_work, session
from timebank.errors import Conflict
from timebank.identity.rules import Actor

CROWD = 50


def _issuing(person_id: Any, organisation_id: Any, *, fails: bool = False) -> Callable[[], Any]:
    def issue() -> None:
        wanted = Wanted(organisation_id=organisation_id)
        service.issue_own(actor=Actor(person_id), wanted=wanted, press=a_press())
        if fails:
            raise Conflict

    return issue


@pytest.mark.rule("R15")
def test_fifty_at_once_are_numbered_without_a_gap(app: Flask) -> None:
    """Every fifth fails after it had its number: the number goes back and is somebody else's."""
    organisation = an_organisation()
    people = [a_person() for _ in range(CROWD)]
    for person in people:
        some_records(organisation, person.id, 60)
    works = [_issuing(one.id, organisation.id, fails=index % 5 == 0) for index, one in enumerate(people)]
    outcome = all_at_once(app, works)

    assert outcome == {"done": 40, "CONFLICT": 10}
    found = select(Certificate.sequence).order_by(Certificate.sequence)
    assert list(in_unit_of_work(lambda: session.scalars(found).all(), write=False)) == list(range(1, 41))


@pytest.mark.rule("R16")
def test_a_certificate_is_revoked_once(app: Flask) -> None:
    """Ten coordinators at once: one revokes it, nine are told that it is done."""
    organisation, person = an_organisation(), a_person()
    some_records(organisation, person.id, 60)
    number = a_certificate(person.id, organisation.id).number
    staff = [a_coordinator(organisation.id) for _ in range(10)]
    outcome = all_at_once(
        app, [lambda one=one: service.revoke(actor=one, number=number, reason="冒名") for one in staff]
    )

    assert outcome == {"done": 1, "CERTIFICATE_REVOKED": 9}
