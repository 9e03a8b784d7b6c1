"""What is added up of one organisation or one volunteer is read from indexes alone: no row of a record is fetched."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Select, func, literal, select, text

from tests.factories.identity import a_person
from tests.factories.organisations import an_organisation
from tests.factories.records import a_record
from timebank.database import db, is_sqlite, session
from timebank.identity.rules import Actor, Grant, Role
from timebank.records import queries as records
from timebank.records.models import Revision
from timebank.statistics import queries
from timebank.statistics.queries import Asker
from timebank.statistics.questions import HoursFilter, Question
from timebank.statistics.rules import Cut

DAY = date(2026, 11, 2)


def plan_of(found: Select[Any]) -> str:
    """Return how the database goes about a select, as of a table that is too large to be read whole."""
    sql = found.compile(db.engine, compile_kwargs={"literal_binds": True})
    connection = session.connection()
    if is_sqlite():
        return "\n".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    for way in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
        connection.execute(text(f"SET LOCAL {way} = off"))
    return "\n".join(str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {sql}"))


def reads_of(plan: str) -> list[str]:
    """Return each line of a plan that reads records."""
    return [
        line.strip()
        for line in plan.splitlines()
        if re.search(r"(Scan|SEARCH|SCAN).*(service_record_revision|later)", line)
    ]


def of_organisation(*cuts: Cut) -> Select[Any]:
    """Select people and hours of one organisation in a month."""
    organisation = an_organisation()
    a_record(organisation=organisation)
    wanted = HoursFilter(first_day=DAY, last_day=DAY, organisation_id=organisation.id)
    asker = Asker(actor=Actor(a_person().id, (Grant(Role.COORDINATOR, organisation_id=organisation.id),)))
    measures = {"people": func.count(Revision.volunteer_id.distinct())} | queries.record_sums()
    return queries.grouped(queries.standing(), Question(cuts=cuts, wanted=wanted), asker, measures)


def so_far(person_id: UUID) -> Select[Any]:
    """Select what somebody has served in all and on one day: what every check-out asks."""
    return select(records.so_far_subquery(volunteer_id=literal(person_id), day=literal(DAY)))


@pytest.mark.parametrize("cuts", [(Cut.MONTH,), (Cut.VOLUNTEER, Cut.PROVENANCE)])
def test_one_organisation_is_read_from_its_index_alone(app: Flask, cuts: tuple[Cut, ...]) -> None:
    """People and hours by month, and by volunteer; what is current is looked up in an index as well."""
    plan = plan_of(of_organisation(*cuts))

    first, *rest = reads_of(plan)
    assert "ix_service_record_revision_of_organisation" in first, plan
    assert rest, plan
    assert all(re.search("Index Only Scan|COVERING INDEX", line) for line in [first, *rest]), plan


def test_one_volunteer_is_read_from_their_index_alone(app: Flask) -> None:
    """What they have served so far, in all and on a day."""
    person = a_person()
    a_record(volunteer_id=person.id)

    plan = plan_of(so_far(person.id))

    first, *rest = reads_of(plan)
    assert "ix_service_record_revision_of_volunteer" in first, plan
    assert rest, plan
    assert all(re.search("Index Only Scan|COVERING INDEX", line) for line in [first, *rest]), plan
