"""Activities and their shifts, on both engines."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tests.conftest import Statements
from tests.factories.activities import (
    a_coming_shift,
    an_activity,
)
from tests.factories.identity import a_coordinator, a_person, a_staff_member, a_volunteer_actor, an_admin
from tests.factories.organisations import a_site, an_area, an_organisation
from tests.factories.policies import a_policy
from timebank import clock
from timebank.activities import queries, service
from timebank.activities.errors import (
    ShiftInPast,
)
from timebank.activities.models import Activity, Shift
from timebank.activities.queries import ShiftContext
from timebank.activities.rules import ShiftState
from timebank.codes.alphabet import is_written_in
from timebank.constraints import violated_constraint
from timebank.database import NIL, in_unit_of_work, new_id, session
from timebank.errors import Forbidden, Invalid, NotFound
from timebank.identity.rules import Actor, Role


def context_of(shift_id: UUID) -> ShiftContext:
    """Read a shift's context."""
    context = in_unit_of_work(lambda: queries.shift_context(shift_id), write=False)
    assert context is not None
    return context


def add(actor: Actor, organisation_id: UUID, **given: UUID) -> Activity:
    """Add an activity, in a new area unless told otherwise."""
    area_id = given.pop("area_id", None) or an_area().id
    return in_unit_of_work(
        lambda: service.add_activity(
            actor=actor,
            organisation_id=organisation_id,
            area_id=area_id,
            name="助老理发 💈",
            category="elder_care",
            content="上门理发",
            **given,
        )
    )


def publish(actor: Actor, activity_id: UUID, *, starts_in: timedelta = timedelta(hours=1), **given: UUID) -> Shift:
    """Publish a shift of two hours."""
    starts_at = clock.now() + starts_in
    return in_unit_of_work(
        lambda: service.publish_shift(
            actor=actor,
            activity_id=activity_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            capacity=5,
            **given,
        )
    )


# --- activities -------------------------------------------------------------------------------------------------------


def test_coordinator_adds_an_activity_to_their_own_organisation_only(app: Flask) -> None:
    """What a coordinator of one organisation does to another one does not exist for them."""
    own, other = an_organisation(), an_organisation()
    coordinator = a_coordinator(own.id)
    activity = add(coordinator, own.id)
    assert (activity.version, activity.created_by, activity.name) == (1, coordinator.person_id, "助老理发 💈")
    for organisation_id in (other.id, new_id()):
        with pytest.raises(NotFound):
            add(coordinator, organisation_id)


def test_area_admin_adds_activities_to_organisations_registered_there(app: Flask) -> None:
    """An administrator of a street manages its organisations' activities, wherever they take place."""
    street = an_area()
    admin = an_admin(street.path)
    assert add(admin, an_organisation(area_id=street.id).id).version == 1
    with pytest.raises(NotFound):
        add(admin, an_organisation().id)


@pytest.mark.parametrize("unknown", ["area_id", "leader_id"])
def test_activity_names_existing_things(app: Flask, unknown: str) -> None:
    """An area or a leader that does not exist is refused, pointing at it."""
    organisation = an_organisation()
    with pytest.raises(Invalid) as refused:
        add(an_admin(), organisation.id, **{unknown: new_id()})
    assert refused.value.errors[0]["pointer"] == f"/{unknown}"


@pytest.mark.rule("R12")
def test_database_itself_refuses_a_category_outside_the_whitelist(app: Flask) -> None:
    """Also past the API nothing but volunteering is organised."""
    activity = an_activity()
    with pytest.raises(IntegrityError) as refused:
        in_unit_of_work(lambda: session.execute(update(Activity).values(category="meeting")))
    assert violated_constraint(refused.value) == "ck_activity_category"
    assert activity.category == "elder_care"


# --- shifts -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R10")
def test_shift_is_not_published_after_its_start(app: Flask) -> None:
    """Not even an administrator of the bank publishes a shift that has begun."""
    activity = an_activity()
    with pytest.raises(ShiftInPast):
        publish(an_admin(), activity.id, starts_in=timedelta(seconds=-1))
    assert in_unit_of_work(lambda: session.scalars(select(Shift.id)).all(), write=False) == []


def test_leader_publishes_shifts_without_any_role(app: Flask) -> None:
    """The activity's leader publishes its shifts, and those of no other activity."""
    leader = a_volunteer_actor()
    shift = publish(leader, an_activity(leader_id=leader.person_id).id)
    assert (shift.state, shift.taken, len(shift.point_ref)) == (ShiftState.OPEN, 0, 8)
    assert is_written_in(shift.point_ref)
    with pytest.raises(Forbidden):
        publish(leader, an_activity().id)


def test_coordinator_of_elsewhere_finds_no_activity_to_publish_for(app: Flask) -> None:
    """Another organisation's activity is outside the scope, like one that does not exist."""
    coordinator = a_coordinator(an_organisation().id)
    for activity_id in (an_activity().id, new_id()):
        with pytest.raises(NotFound):
            publish(coordinator, activity_id)


def test_site_of_a_shift_belongs_to_the_organisation(app: Flask) -> None:
    """A shift takes place at a site of its own organisation, or at none."""
    activity = an_activity()
    own = a_site("硖石公益站", organisation_id=activity.organisation_id)
    assert context_of(publish(an_admin(), activity.id, site_id=own.id).id).place == "硖石公益站"
    assert context_of(publish(an_admin(), activity.id).id).place == "硖石街道"
    for site_id in (a_site().id, new_id()):
        with pytest.raises(Invalid) as refused:
            publish(an_admin(), activity.id, site_id=site_id)
        assert refused.value.errors[0]["pointer"] == "/site_id"


def test_context_tells_everything_in_one_statement(app: Flask, statements: Statements) -> None:
    """A scan learns shift, activity, organisation, area, place and the latest policy number from one statement."""
    a_policy("walk_in", False)
    area, leader = an_area(), a_person()
    organisation = an_organisation("三色堇", area_id=area.id)
    activity = an_activity("助浴", organisation_id=organisation.id, leader_id=leader.id)
    shift = a_coming_shift(activity_id=activity.id, capacity=7)
    with statements() as sent:
        context = in_unit_of_work(lambda: queries.shift_by_point(shift.point_ref), write=False)
    assert len([statement for statement in sent if "shift" in statement]) == 1
    assert context == ShiftContext(
        shift_id=shift.id,
        activity_id=activity.id,
        activity_name="助浴",
        category="elder_care",
        content=activity.content,
        organisation_id=organisation.id,
        organisation_name="三色堇",
        organisation_path=area.path,
        area_id=area.id,
        area_path=area.path,
        site_id=None,
        place=area.name,
        leader_id=leader.id,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        capacity=7,
        taken=0,
        state="open",
        point_ref=shift.point_ref,
        policy_number=1,
    )


def test_unknown_shift_has_no_context(app: Flask) -> None:
    """Neither an unknown id nor an unknown point gives a shift."""
    assert in_unit_of_work(lambda: queries.shift_context(new_id()), write=False) is None
    assert in_unit_of_work(lambda: queries.shift_by_point("00000000"), write=False) is None


def test_point_drawn_twice_is_drawn_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clash of check-in points costs another draw and nothing else."""
    drawn = iter(["AAAAAAAA", "AAAAAAAA", "BBBBBBBB"])
    monkeypatch.setattr(service, "random_reference", lambda _length: next(drawn))
    activity = an_activity()
    assert [publish(an_admin(), activity.id).point_ref for _ in range(2)] == ["AAAAAAAA", "BBBBBBBB"]


def test_who_answers_for_a_shift(app: Flask) -> None:
    """Leader, coordinator of the organisation and administrator of its area answer for a shift; nobody else does."""
    area, leader = an_area(), a_volunteer_actor()
    organisation = an_organisation(area_id=area.id)
    context = context_of(
        a_coming_shift(activity_id=an_activity(organisation_id=organisation.id, leader_id=leader.person_id).id).id
    )
    for actor in (leader, a_coordinator(organisation.id), an_admin(), an_admin(area.path)):
        assert service.leads(actor, context)
    strangers = [
        a_volunteer_actor(),
        a_coordinator(an_organisation().id),
        an_admin(an_area().path),
        a_staff_member(Role.COUNTER, organisation_id=organisation.id),
        a_staff_member(Role.AUDITOR, area_path=""),
        Actor(NIL),
    ]
    for actor in strangers:
        assert not service.leads(actor, context)


def test_nobody_leads_where_there_is_no_leader(app: Flask) -> None:
    """An activity without a leader confers nothing on anybody."""
    context = context_of(a_coming_shift().id)
    assert context.leader_id is None
    assert not service.leads(a_volunteer_actor(), context)
