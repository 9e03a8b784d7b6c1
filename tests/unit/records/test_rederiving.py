"""What other rules would make of records: nothing is changed, and a decision that a person took stays."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.factories.identity import a_coordinator, a_person
from tests.factories.notices import policy_at
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record, a_service
from timebank import clock
from timebank.database import NIL, in_unit_of_work, session
from timebank.errors import NotFound
from timebank.policies.rules import BUILT_IN, Policy
from timebank.records import rederiving, service, what_if
from timebank.records.models import Revision
from timebank.records.rules import Flag, Provenance, SoFar, State
from timebank.records.what_if import Seen, Wanted


def _altered(**wanted: object) -> list[tuple[object, str, str, int, int]]:
    found = what_if.altered(Wanted(**wanted), Seen())  # type: ignore[arg-type]
    return [(one.record_id, one.old_state, one.new_state, one.old_minutes, one.new_minutes) for one in found]


def _count() -> int:
    return in_unit_of_work(lambda: session.scalars(select(func.count()).select_from(Revision)).one(), write=False)


def test_a_changed_step_alters_what_does_not_fill_it(app: Flask) -> None:
    """Under whole hours two hours stay two hours, and ninety minutes earn sixty; nothing is written."""
    organisation = an_organisation()
    a_record(organisation=organisation)
    short = a_record(organisation=organisation, minutes=90)
    assert _altered() == []
    version = a_policy("credit_step_minutes", 60, organisation_id=organisation.id)
    before = _count()
    expected = [(short.record_id, "final", "final", 90, 60)]
    assert _altered() == _altered(policy_number=version.number) == expected
    assert _altered(policy_number=0) == []
    assert _count() == before


def test_a_version_is_tried_as_of_the_day_on_which_it_takes_effect(app: Flask) -> None:
    """Rules that are announced for later are no rules of today, and can be tried out by their number."""
    organisation = an_organisation()
    a_record(organisation=organisation, minutes=90)
    later = clock.day_of(clock.now()) + timedelta(days=30)
    version = a_policy("credit_step_minutes", 60, organisation_id=organisation.id, effective_on=later)
    assert _altered() == []
    assert len(_altered(policy_number=version.number)) == 1
    with pytest.raises(NotFound):
        _altered(policy_number=version.number + 1)


def test_stricter_reviews_touch_only_what_nobody_has_reviewed(app: Flask) -> None:
    """What was final by itself would wait; what a coordinator has approved stays approved."""
    organisation = an_organisation()
    clean, reviewed = a_record(organisation=organisation), a_pending_record(organisation=organisation)
    coordinator = a_coordinator(organisation.id)
    in_unit_of_work(lambda: service.approve(actor=coordinator, record_id=reviewed.record_id, reason="属实"))
    a_policy("approval", "always", organisation_id=organisation.id)
    assert _altered() == [(clean.record_id, "final", "pending_review", 120, 120)]


def test_a_daily_cap_counts_the_whole_day_also_elsewhere(app: Flask) -> None:
    """Filtered by one organisation, its record still shares the day with what another has recorded before it."""
    one, other = an_organisation(), an_organisation()
    volunteer = a_person()
    a_record(organisation=other, volunteer_id=volunteer.id)
    later = a_record(organisation=one, volunteer_id=volunteer.id, started_at=NINE_O_CLOCK + timedelta(hours=3))
    a_policy("daily_credit_cap_minutes", 150)
    assert _altered(organisation_id=one.id) == [(later.record_id, "final", "final", 120, 30)]
    assert _altered(organisation_id=other.id) == []


def test_days_and_pages_lose_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read two at a time, every record of the wanted days is looked at once."""
    monkeypatch.setattr(what_if, "AT_ONCE", 2)
    organisation, volunteer = an_organisation(), a_person()
    made = [
        a_record(organisation=organisation, volunteer_id=volunteer.id, started_at=NINE_O_CLOCK + timedelta(days=day))
        for day in range(5)
    ]
    a_policy("min_credit_minutes", 121, organisation_id=organisation.id)
    assert [row[0] for row in _altered()] == [revision.record_id for revision in made]
    wanted = {"first_day": date(2026, 11, 3), "last_day": date(2026, 11, 5)}
    assert [row[0] for row in _altered(**wanted)] == [revision.record_id for revision in made[1:4]]


def test_rejected_records_earn_nothing_under_any_rules(app: Flask) -> None:
    """They are looked at and left alone, and take nothing of their day's cap."""
    organisation, volunteer = an_organisation(), a_person()
    gone = a_pending_record(organisation=organisation, volunteer_id=volunteer.id)
    coordinator = a_coordinator(organisation.id)
    in_unit_of_work(lambda: service.reject(actor=coordinator, record_id=gone.record_id, reason="未到场"))
    a_record(organisation=organisation, volunteer_id=volunteer.id, started_at=NINE_O_CLOCK + timedelta(hours=3))
    a_policy("daily_credit_cap_minutes", 120)
    assert _altered() == []


def test_every_value_of_a_record_is_compared(app: Flask) -> None:
    """Other times, another provenance, another flag: each shows by its name."""
    organisation = an_organisation()
    first = a_record(organisation=organisation)
    evidence = rederiving.as_recorded(first)
    policy = policy_at(organisation)

    def names(**changed: object) -> list[str]:
        seen = replace(evidence, **changed)  # type: ignore[arg-type]
        derived = rederiving.derive(first, seen, policy, SoFar())
        return [one.name for one in rederiving.differences(first, seen, derived)]

    assert names() == []
    later = evidence.ended_at + timedelta(minutes=10)
    assert names(ended_at=later) == ["ended_at", "service_minutes", "expected_minutes", "credited_minutes"]
    assert names(provenance=Provenance.STAFF_SCAN) == ["provenance"]
    assert names(flags=frozenset({Flag.LATE})) == ["flags", "credited_minutes", "state"]


def test_minutes_that_were_put_right_by_hand_are_worked_out_as_they_stand(app: Flask) -> None:
    """A corrected record is not measured by its times, but by the minutes that it says."""
    revision = a_record()
    revision.service_minutes, revision.expected_minutes, revision.credited_minutes, revision.number = 90, 90, 90, 2
    found, after = rederiving.under(revision, Policy(credit_step_minutes=60), SoFar())
    assert found is not None
    assert (found.old_minutes, found.new_minutes, found.new_state) == (90, 60, State.FINAL)
    assert (after.day_service_minutes, after.day_expected_minutes) == (90, 60)
    session.rollback()


def test_what_was_posted_is_what_was_credited(app: Flask) -> None:
    """A revision that says another number than the ledger shows."""
    revision = a_record()
    assert list(in_unit_of_work(lambda: list(rederiving.unpaid([revision])), write=False)) == []
    revision.credited_minutes = 121
    (found,) = in_unit_of_work(lambda: list(rederiving.unpaid([revision])), write=False)
    assert (found.name, found.recorded, found.derived) == ("posted_minutes", "121", "120")


@pytest.mark.rule("R11")
def test_of_one_instant_the_record_that_was_made_first_was_there_before(app: Flask) -> None:
    """One sweep may end two stays of somebody in the same instant: the second knows of the first, and not the other way."""
    volunteer, now = a_person(), NINE_O_CLOCK + timedelta(days=1)

    def ended_at_once(minutes: int, started_at: datetime) -> Revision:
        served = a_service(volunteer_id=volunteer.id, minutes=minutes, started_at=started_at)
        return service.record_service(served=served, policy=BUILT_IN, actor_id=NIL, now=now).revision

    morning = in_unit_of_work(lambda: ended_at_once(300, NINE_O_CLOCK))
    evening = in_unit_of_work(lambda: ended_at_once(181, NINE_O_CLOCK + timedelta(hours=6)))
    before = [
        in_unit_of_work(lambda first=first: rederiving.that_day_before(first), write=False)
        for first in (morning, evening)
    ]
    assert [one.day_service_minutes for one in before] == [0, 300]
