"""A bank with a past: records at every edge of the calendar, corrections across months, shops, no-shows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories.activities import an_activity
from tests.factories.corrections import a_correction, approved
from tests.factories.identity import a_coordinator, a_person, an_admin, signed_in
from tests.factories.organisations import an_area, an_organisation
from tests.factories.records import a_pending_record, a_service, recorded
from timebank import clock
from timebank.activities.models import Activity
from timebank.activities.rules import Category
from timebank.clock import SHANGHAI
from timebank.database import in_unit_of_work, session
from timebank.identity.rules import Actor
from timebank.organisations.models import Area, Organisation
from timebank.records import service
from timebank.records.rules import Provenance
from timebank.statistics import summary


def shanghai(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """Return an instant by the wall clock in Shanghai."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


REPORT = "/api/v1/statistics/report"
PROVENANCES = ("self_scan", "staff_scan", "supplement", "import")
EDGES = (
    shanghai(2025, 12, 31, 23, 50),
    shanghai(2026, 1, 1, 0),
    shanghai(2026, 1, 31, 23, 59),
    shanghai(2026, 2, 28, 12),
    shanghai(2026, 3, 31, 23, 30),
    shanghai(2026, 4, 1, 0),
    shanghai(2028, 2, 29, 8),
    shanghai(2028, 3, 1, 0),
    shanghai(2026, 11, 30, 7, 59),
    shanghai(2026, 12, 1, 0, 1),
)


@dataclass(frozen=True)
class Bank:
    """What the tests ask about."""

    admin: Actor
    street: Area
    one: Organisation
    other: Organisation
    people: tuple[UUID, ...]


@pytest.fixture
def bank(app: Flask) -> Bank:
    """Two organisations in two communities of one street; some of it folded into the summary, some not."""
    district = an_area("海宁市", code="0573")
    street = an_area("硖石街道", parent_id=district.id, code="01")
    here, there = (an_area(name, parent_id=street.id) for name in ("西山社区", "东山社区"))
    grid = an_area("第一网格", parent_id=here.id)
    one = an_organisation("三色堇志愿服务队", area_id=here.id)
    other = an_organisation("幸福里社工站", area_id=there.id)
    people = tuple(a_person(name).id for name in ("张三", "李四四", "欧阳六六", "王五"))
    activities = [
        an_activity(name, organisation_id=of.id, category=category)
        for name, of, category in (
            ("助老理发", one, Category.ELDER_CARE),
            ("清洁河道", one, Category.ENVIRONMENT),
            ("法律咨询", other, Category.LEGAL_AID),
        )
    ]
    provenances = list(Provenance)
    for index, started_at in enumerate(EDGES):
        for number, person in enumerate(people[: 1 + index % 3]):
            own = number % 3
            organisation, place = (one, grid if own else here) if own < 2 else (other, there)
            served = a_service(
                volunteer_id=person,
                organisation=organisation,
                started_at=started_at + timedelta(hours=3 * number),
                minutes=31 + 7 * index + number,
                provenance=provenances[(index + number) % 3],
            )
            where = {"activity_id": activities[own].id, "area_id": place.id, "area_path": place.path}
            recorded(replace(served, **where, leader_id=people[0]))
        if index == 4:
            in_unit_of_work(summary.fold)
    admin = an_admin()
    _decisions(admin, one, other, people)
    in_unit_of_work(lambda: summary.fold(limit=3))
    return Bank(admin, street, one, other, people)


def _decisions(admin: Actor, one: Organisation, other: Organisation, people: tuple[UUID, ...]) -> None:
    """Have records approved and rejected, one corrected in its minutes, one moved into another month, one annulled."""
    waiting = a_pending_record(volunteer_id=people[0], organisation=one)
    with clock.at(waiting.recorded_at + timedelta(days=3, hours=12)):
        in_unit_of_work(lambda: service.approve(actor=admin, record_id=waiting.record_id, reason="核对过签到表"))
    rejected = a_pending_record(volunteer_id=people[1], organisation=other)
    in_unit_of_work(lambda: service.reject(actor=admin, record_id=rejected.record_id, reason="没有到场"))
    a_pending_record(volunteer_id=people[2], organisation=one)
    first, second = a_coordinator(one.id), a_coordinator(one.id)
    fewer = _final(people[1], one, shanghai(2026, 6, 30, 22))
    approved(second, a_correction(first, fewer, 40))
    moved = _final(people[2], one, shanghai(2026, 6, 30, 23))
    start = shanghai(2026, 7, 1, 0, 5)
    approved(second, a_correction(first, moved, started_at=start, ended_at=start + timedelta(minutes=75)))
    annulled = _final(people[3], one, shanghai(2026, 5, 31, 20))
    approved(second, a_correction(first, annulled, 0))


def _final(person: UUID, organisation: Organisation, started_at: datetime) -> UUID:
    served = a_service(volunteer_id=person, organisation=organisation, started_at=started_at, minutes=180)
    return recorded(served).revision.record_id


def asked(client: FlaskClient, who: Any, **query: str) -> list[dict[str, Any]]:
    """Return the rows of a report."""
    response = client.get(REPORT, query_string=query, headers=signed_in(who))
    assert response.status_code == 200, response.json
    return [keys | item for item, keys in zip(response.json["items"], response.json["keys"], strict=True)]


def names_of_activities() -> dict[UUID, str]:
    """Return the activities that there are."""
    found = in_unit_of_work(lambda: list(session.execute(select(Activity.id, Activity.name))), write=False)
    return {row[0]: row[1] for row in found}
