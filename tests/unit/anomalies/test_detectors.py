"""What looks wrong is found once, and what is honest is not."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import Statements
from tests.factories.activities import an_open_shift
from tests.factories.anomalies import a_scan, looked
from tests.factories.identity import a_coordinator, a_person
from tests.factories.notices import an_organisation_with_notice, policy_at
from tests.factories.organisations import an_area, an_organisation
from tests.factories.records import a_pending_record, a_record
from timebank import clock
from timebank.anomalies import service
from timebank.anomalies.rules import AnomalyKind
from timebank.database import in_unit_of_work, new_id
from timebank.identity.rules import Actor
from timebank.records import service as records
from timebank.records.rules import Flag, Provenance
from timebank.records.rules import State as RecordState

PHONE, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.mark.rule("R13")
def test_one_phone_for_two_people_is_found_once(app: Flask) -> None:
    """Both are named; a phone of one person is nothing, and the next look finds nothing new."""
    shift, (zhang, li, wang) = an_open_shift(), (a_person() for _ in range(3))
    now = clock.now()
    for person, phone in ((zhang, PHONE), (li, PHONE), (wang, OTHER), (wang, OTHER)):
        a_scan(person.id, shift.id, at=now, device=phone)
    (found,) = looked()
    assert found.kind == AnomalyKind.SHARED_DEVICE
    assert found.facts["people"] == sorted([str(zhang.id), str(li.id)])
    assert in_unit_of_work(service.look) == 0


def test_a_leader_scans_for_others_with_one_phone(app: Flask) -> None:
    """Cards scanned by a leader are no shared phone, and one every ten seconds is no bulk."""
    shift, leader = an_open_shift(), a_person()
    now = clock.now()
    for number in range(8):
        a_scan(a_person().id, shift.id, at=now + timedelta(seconds=11 * number), device=PHONE, by=leader.id)
    assert looked() == []


@pytest.mark.parametrize(("people", "seconds", "found"), [(5, 2, True), (4, 2, False), (5, 3, False)])
def test_people_scanned_faster_than_anybody_can_are_bulk(app: Flask, people: int, seconds: int, found: bool) -> None:
    """Five within ten seconds by one leader; four are quick, and a slower five are fine."""
    shift, leader = an_open_shift(), a_person()
    now = clock.now()
    for number in range(people):
        a_scan(a_person().id, shift.id, at=now + timedelta(seconds=seconds * number), by=leader.id)
    kinds = [one.kind for one in looked()]
    assert kinds == ([AnomalyKind.BULK_SCANS] if found else [])


def test_many_phones_at_once_are_a_queue_and_nothing_else(app: Flask) -> None:
    """Two hundred people who arrive in the same second with their own phones are no anomaly."""
    shift, now = an_open_shift(), clock.now()
    for number in range(20):
        a_scan(a_person().id, shift.id, at=now, device=bytes([number]) * 32)
    assert looked() == []


@pytest.mark.parametrize(("gap", "found"), [(-30, True), (4, True), (6, False)])
def test_nobody_is_at_two_organisations_at_once(app: Flask, gap: int, found: bool) -> None:
    """Services that overlap or follow within five minutes are found; the same organisation twice is none."""
    person, area = a_person(), an_area()
    here, there = (an_organisation(name, area_id=area.id) for name in ("甲队", "乙队"))
    start = clock.now() - timedelta(hours=6)
    a_record(volunteer_id=person.id, organisation=here, minutes=60, started_at=start)
    a_record(volunteer_id=person.id, organisation=there, minutes=60, started_at=start + timedelta(minutes=61 + gap))
    a_record(volunteer_id=person.id, organisation=there, minutes=60, started_at=start + timedelta(minutes=122 + gap))
    overlaps = [one for one in looked() if one.kind == AnomalyKind.OVERLAP]
    assert len(overlaps) == (1 if found else 0)


@pytest.mark.rule("R11")
def test_a_day_of_twelve_hours_is_looked_at(app: Flask) -> None:
    """All organisations together; eleven hours are long, and left to the policy."""
    now = clock.now().replace(hour=1)
    busy, busier = a_person(), a_person()
    a_record(volunteer_id=busy.id, minutes=660, started_at=now)
    for hours, minutes in ((0, 400), (8, 320)):
        a_record(volunteer_id=busier.id, minutes=minutes, started_at=now + timedelta(hours=hours))
    (found,) = [one for one in looked() if one.kind == AnomalyKind.OVER_DAILY]
    assert (found.facts["people"], found.facts["minutes"]) == ([str(busier.id)], 720)


def test_coordinators_who_approve_each_other_are_found(app: Flask) -> None:
    """One way is their work, both ways is an anomaly, however many records it was."""
    organisation = an_organisation(area_id=an_area().id)
    one, two = (a_coordinator(organisation.id) for _ in range(2))

    def approves(actor: object, whose: object) -> None:
        record = a_pending_record(volunteer_id=whose.person_id, organisation=organisation)  # type: ignore[attr-defined]
        in_unit_of_work(lambda: records.approve(actor=actor, record_id=record.record_id, reason="核实"))  # type: ignore[arg-type]

    with clock.at(clock.now().replace(year=2026, month=11, day=2, hour=8)):
        approves(one, two)
        assert [found.kind for found in looked()] == []
        approves(two, one)
        (found,) = looked()
    assert found.kind == AnomalyKind.MUTUAL_APPROVAL
    assert (found.facts["count"], len(found.facts["people"])) == (2, 2)


def test_a_public_notice_hides_no_mutual_approval(app: Flask) -> None:
    """Where records go on notice first, it is the approval that counts, not who ends the notice."""
    organisation = an_organisation_with_notice()
    one, two = (a_coordinator(organisation.id) for _ in range(2))

    def approves(actor: Actor, whose: Actor) -> None:
        record = a_record(
            volunteer_id=whose.person_id,
            organisation=organisation,
            flags=frozenset({Flag.LATE}),
            policy=policy_at(organisation),
        )
        made = in_unit_of_work(lambda: records.approve(actor=actor, record_id=record.record_id, reason="核实"))
        assert made.revision.state == RecordState.PENDING_NOTICE

    with clock.at(clock.now().replace(year=2026, month=11, day=2, hour=8)):
        approves(one, two)
        assert looked() == []
        approves(two, one)
        (found,) = looked()
    assert (found.kind, found.facts["count"]) == (AnomalyKind.MUTUAL_APPROVAL, 2)


def test_a_look_costs_the_same_whatever_it_finds(app: Flask, statements: Statements) -> None:
    """What was found before is asked once, not once a finding."""

    def cost(devices: int) -> int:
        shift, now = an_open_shift(), clock.now()
        for number in range(devices):
            phone = new_id().bytes + bytes([number] * 16)
            for _ in range(2):
                a_scan(a_person().id, shift.id, at=now, device=phone)
        with statements() as seen:
            in_unit_of_work(service.look)
        return len(seen)

    assert cost(1) == cost(6)


@pytest.mark.rule("R09")
@pytest.mark.parametrize(("supplements", "scanned", "found"), [(10, 20, True), (9, 0, False), (10, 30, False)])
def test_supplements_that_pile_up_are_found(app: Flask, supplements: int, scanned: int, found: bool) -> None:
    """Ten in a month and three in ten of all records; fewer, or a small share, are the accidents of every office."""
    organisation = an_organisation(area_id=an_area().id)
    now = clock.now()
    for number in range(supplements + scanned):
        provenance = Provenance.SUPPLEMENT if number < supplements else Provenance.SELF_SCAN
        start = now - timedelta(days=1, hours=1)
        a_record(organisation=organisation, volunteer_id=a_person().id, started_at=start, provenance=provenance)
    piling = [one for one in looked() if one.kind == AnomalyKind.SUPPLEMENTS_PILING]
    assert [one.facts["count"] for one in piling] == ([supplements] if found else [])


def test_what_was_refused_or_is_old_is_nobodys_anomaly(app: Flask) -> None:
    """A record of long ago was looked at long ago."""
    a_record(volunteer_id=a_person().id, minutes=780, started_at=clock.now() - timedelta(days=30))
    assert looked() == []
