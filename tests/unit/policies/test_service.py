"""Setting a value and resolving it, on both engines."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.conftest import Statements
from tests.factories.identity import a_coordinator, an_admin
from tests.factories.organisations import an_area, an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.errors import Invalid, NotFound
from timebank.policies import queries, service
from timebank.policies.rules import BUILT_IN, Policy

COLUMNS = "number, scope_kind, scope_ref, key, value, effective_on, created_by, created_at"


def resolved(organisation_id: UUID = NIL, area_path: str = "", *, days: int = 0, known: int | None = None) -> Policy:
    """Resolve as of some days from now."""
    at = clock.now() + timedelta(days=days)
    return in_unit_of_work(
        lambda: service.resolve(organisation_id=organisation_id, area_path=area_path, at=at, known_number=known),
        write=False,
    )


def test_bank_without_versions_has_the_built_in_policy(app: Flask) -> None:
    """Where nothing was set the built-in set holds, under the number 0."""
    assert resolved() == BUILT_IN
    assert resolved(known=0) is BUILT_IN


def test_values_are_resolved_from_organisation_to_area_to_bank(app: Flask) -> None:
    """The organisation's value wins over the street's, the street's over the district's, that over the bank's."""
    district = an_area()
    street = an_area(parent_id=district.id)
    community = an_area(parent_id=street.id)
    organisation = an_organisation(area_id=community.id)
    a_policy("min_stay_minutes", 1)
    assert resolved(organisation.id, community.path).min_stay_minutes == 1
    a_policy("min_stay_minutes", 2, area_id=street.id)
    a_policy("min_stay_minutes", 3, area_id=district.id)
    assert resolved(organisation.id, community.path).min_stay_minutes == 2
    assert resolved(NIL, district.path).min_stay_minutes == 3
    a_policy("min_stay_minutes", 4, organisation_id=organisation.id)
    assert resolved(organisation.id, community.path).min_stay_minutes == 4
    assert resolved(NIL, an_area().path).min_stay_minutes == 1


def test_neighbouring_area_with_a_longer_code_is_not_reached(app: Flask) -> None:
    """A value of area 05 says nothing about area 0573: paths are compared step by step."""
    short = an_area(code="05")
    a_policy("walk_in", False, area_id=short.id)
    assert resolved(NIL, an_area(code="057").path).walk_in is True


def test_value_holds_from_its_day_on(app: Flask) -> None:
    """A value of the day after tomorrow changes nothing today, and decides from then on."""
    a_policy("walk_in", False, effective_on=clock.day_of(clock.now()) + timedelta(days=2))
    assert [resolved(days=day).walk_in for day in range(4)] == [True, True, False, False]
    assert [resolved(days=day).number for day in range(4)] == [0, 0, 1, 1]


def test_day_of_a_policy_is_the_day_in_shanghai(app: Flask) -> None:
    """At 16:00 UTC a new day has begun in Haining, and its values hold."""
    with clock.at(clock.start_of(date(2026, 5, 1)) - timedelta(minutes=1)):
        a_policy("walk_in", False, effective_on=date(2026, 5, 1))
        assert resolved().walk_in is True
    with clock.at(clock.start_of(date(2026, 5, 1))):
        assert resolved().walk_in is False


def test_numbers_run_without_gaps(app: Flask) -> None:
    """Versions are numbered 1, 2, 3 across all scopes, and the largest is the latest number."""
    versions = [
        a_policy("walk_in", False),
        a_policy("walk_in", True, area_id=an_area().id),
        a_policy("min_stay_minutes", 5),
    ]
    assert [version.number for version in versions] == [1, 2, 3]
    assert in_unit_of_work(queries.latest_number, write=False) == 3


def test_number_that_somebody_else_took_meanwhile_is_drawn_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has read the latest number a moment too early gets the next one instead of a refusal."""
    a_policy("walk_in", False)
    read = queries.latest_number
    stale = iter([0])
    monkeypatch.setattr(queries, "latest_number", lambda: next(stale, read()))
    assert a_policy("walk_in", True).number == 2


def test_nothing_is_asked_again_while_nothing_changes(app: Flask, statements: Statements) -> None:
    """With the number from the caller's own select the first answer costs one statement and the second none."""
    a_policy("walk_in", False)
    place = new_id()
    with statements() as sent:
        for _ in range(3):
            assert resolved(place, "0573.01", known=1).walk_in is False
    assert len([statement for statement in sent if "policy_version" in statement]) == 1


def test_new_version_is_seen_at_once_through_its_number(app: Flask) -> None:
    """What was remembered under the old number does not hide the new value."""
    a_policy("walk_in", False)
    assert resolved(known=1).walk_in is False
    a_policy("walk_in", True)
    assert resolved(known=2).walk_in is True


def test_old_number_still_gives_the_policy_of_then(app: Flask) -> None:
    """The number in a record explains it later, whatever has been set meanwhile."""
    a_policy("min_stay_minutes", 5)
    then = resolved()
    a_policy("min_stay_minutes", 7)
    assert resolved(known=then.number) == then
    assert resolved().min_stay_minutes == 7


def test_known_number_comes_from_any_select(app: Flask) -> None:
    """The scalar subquery can be put into a select of something else."""
    a_policy("walk_in", False)
    number = in_unit_of_work(lambda: session.scalar(select(queries.latest_number_subquery())), write=False)
    assert number == 1


def test_memory_is_bounded(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many places ask, what is remembered stays small."""
    monkeypatch.setattr(service, "_REMEMBERED", 3)
    a_policy("walk_in", False)
    for _ in range(10):
        assert resolved(new_id(), known=1).walk_in is False
    assert all(len(remembered) <= 3 for remembered in service._resolved.values())


def test_day_gone_by_is_refused(app: Flask) -> None:
    """Nobody sets a rule for days that have been lived already."""
    admin = an_admin()
    yesterday = clock.day_of(clock.now()) - timedelta(days=1)
    with pytest.raises(Invalid) as refused:
        in_unit_of_work(lambda: service.set_value(actor=admin, key="walk_in", value=False, effective_on=yesterday))
    assert refused.value.errors[0]["pointer"] == "/effective_on"


def test_admin_sets_values_only_within_scope(app: Flask) -> None:
    """An administrator of one street sets neither the bank's values nor the next street's, but their own."""
    street, other = an_area(), an_area()
    admin = an_admin(street.path)
    today = clock.day_of(clock.now())
    outside = [{}, {"area_id": other.id}, {"organisation_id": an_organisation(area_id=other.id).id}, {"area_id": NIL}]
    for scope in outside:
        with pytest.raises(NotFound):
            in_unit_of_work(
                lambda scope=scope: service.set_value(  # type: ignore[misc]
                    actor=admin, key="walk_in", value=False, effective_on=today, **scope
                )
            )
    for scope in [{"area_id": street.id}, {"organisation_id": an_organisation(area_id=street.id).id}]:
        version = in_unit_of_work(
            lambda scope=scope: service.set_value(  # type: ignore[misc]
                actor=admin, key="walk_in", value=False, effective_on=today, **scope
            )
        )
        assert version.scope_ref in {street.path, str(scope.get("organisation_id"))}


def test_coordinator_sets_nothing(app: Flask) -> None:
    """A coordinator manages activities, not rules, even of their own organisation."""
    organisation = an_organisation()
    coordinator = a_coordinator(organisation.id)
    with pytest.raises(NotFound):
        in_unit_of_work(
            lambda: service.set_value(
                actor=coordinator,
                key="walk_in",
                value=False,
                effective_on=clock.day_of(clock.now()),
                organisation_id=organisation.id,
            )
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_version SET value = 'true'",
        "DELETE FROM policy_version",
        f"INSERT OR REPLACE INTO policy_version ({COLUMNS}) SELECT {COLUMNS} FROM policy_version",
        "TRUNCATE policy_version",
    ],
)
def test_versions_cannot_be_changed_in_the_database(app: Flask, engine_name: str, statement: str) -> None:
    """No statement on the application's connection changes or removes a version."""
    a_policy("walk_in", False)
    only_on = {"INSERT OR REPLACE": "sqlite", "TRUNCATE": "postgresql"}
    if any(statement.startswith(verb) and engine_name != engine for verb, engine in only_on.items()):
        statement = "DELETE FROM policy_version WHERE number = 1"
    with pytest.raises(DBAPIError, match=r"append-only|not authorized"):
        in_unit_of_work(lambda: session.execute(text(statement)))
    assert resolved().walk_in is False
