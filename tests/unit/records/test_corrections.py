"""A correction is asked for by one and approved by another; record and credit change together, and nothing is lost."""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from tests.factories.activities import a_shift
from tests.factories.attendance import NINE, a_served_shift
from tests.factories.corrections import a_correction, approved, corrected, revision_of, transfers_of_kind
from tests.factories.identity import a_coordinator, a_person
from tests.factories.ledger import redeemed
from tests.factories.organisations import an_organisation
from tests.factories.policies import a_policy
from tests.factories.records import NINE_O_CLOCK, a_pending_record, a_record, a_service, recorded
from timebank import clock
from timebank.database import in_unit_of_work
from timebank.errors import Invalid
from timebank.identity.rules import Actor
from timebank.ledger import proof
from timebank.ledger.rules import Kind
from timebank.organisations.models import Organisation
from timebank.policies import service as policies
from timebank.records import corrections, service
from timebank.records.account import account_of
from timebank.records.errors import (
    MoreThanPlanned,
    OwnRecord,
    RecordAnnulled,
    RecordSuperseded,
    RecordUndecided,
    ServiceOverlap,
)
from timebank.records.models import Revision
from timebank.records.rules import Provenance, State


@pytest.fixture
def organisation(app: Flask) -> Organisation:
    """An organisation that answers for its records."""
    return an_organisation()


@pytest.fixture
def two(organisation: Organisation) -> tuple[Actor, Actor]:
    """Two coordinators of it."""
    return a_coordinator(organisation.id), a_coordinator(organisation.id)


def _balance(person_id: UUID) -> tuple[int, int, int]:
    account = in_unit_of_work(lambda: account_of(person_id), write=False)
    return account["service_minutes"], account["balance_minutes"], account["debt_minutes"]


@pytest.mark.rule("R08")
def test_nothing_moves_before_another_person_approves(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """The wish alone changes neither record nor balance; approval changes both."""
    record = a_record(organisation=organisation)
    asked = a_correction(two[0], record.record_id, 90)
    assert _balance(record.volunteer_id) == (120, 120, 0)

    made = approved(two[1], asked).revision

    assert _balance(record.volunteer_id) == (90, 90, 0)
    assert (made.number, made.state, made.service_minutes, made.credited_minutes) == (2, State.FINAL, 90, 90)
    assert (made.raw_minutes, made.provenance, made.policy_number) == (120, Provenance.SELF_SCAN, record.policy_number)
    assert (made.correction_id, made.reason, made.actor_id) == (asked.id, "签退晚了", two[1].person_id)
    assert (asked.requested_by, asked.number) == (two[0].person_id, 1)
    assert transfers_of_kind(Kind.REVERSE) == [120]
    assert proof.verify().ok


def test_minutes_that_are_spent_already_are_owed(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """Of two hours one and a half are spent: what cannot be taken back is a debt, less what is credited anew."""
    record = a_record(organisation=organisation)
    redeemed(record.volunteer_id, 90)

    corrected(*two, record.record_id, 60)

    assert _balance(record.volunteer_id) == (60, 0, 30)
    assert proof.verify().ok


def test_a_second_correction_reverses_the_credit_of_the_first(
    organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Each credit is taken back once, by the correction that follows it."""
    record = a_record(organisation=organisation)
    corrected(*two, record.record_id, 90)
    last = corrected(*two, record.record_id, 100)

    assert (last.number, last.credited_minutes, last.raw_minutes) == (3, 100, 120)
    assert sorted(transfers_of_kind(Kind.REVERSE)) == [90, 120]
    assert _balance(record.volunteer_id) == (100, 100, 0)


def test_a_correction_to_nothing_annuls_the_record_for_good(
    organisation: Organisation, two: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The credit is taken back, whoever wants to know is told, and the record takes no further correction."""
    told: list[Revision] = []
    monkeypatch.setattr(corrections, "_when_annulled", [])
    corrections.when_annulled(told.append)
    record = a_record(organisation=organisation)
    made = approved(two[1], a_correction(two[0], record.record_id, annul=True)).revision

    assert (made.state, made.service_minutes, made.credited_minutes) == (State.REJECTED, 0, 0)
    assert _balance(record.volunteer_id) == (0, 0, 0)
    assert [revision.record_id for revision in told] == [record.record_id]
    with pytest.raises(RecordAnnulled):
        a_correction(two[0], record.record_id, 60)


def test_who_is_told_of_annulled_records_hears_of_no_other(
    organisation: Organisation, two: tuple[Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction of minutes leaves the attendance as it is."""
    told: list[Revision] = []
    monkeypatch.setattr(corrections, "_when_annulled", [])
    corrections.when_annulled(told.append)
    corrected(*two, a_record(organisation=organisation).record_id, 60)
    assert told == []


def test_a_rejected_record_may_turn_out_to_be_right(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """A correction restores it, with the credit that it would have had."""
    pending = a_pending_record(organisation=organisation)
    in_unit_of_work(lambda: service.reject(actor=two[0], record_id=pending.record_id, reason="未到场"))
    made = approved(two[1], a_correction(two[0], pending.record_id, 110)).revision
    assert (made.state, made.credited_minutes) == (State.FINAL, 110)
    assert _balance(pending.volunteer_id) == (110, 110, 0)


def test_a_rejected_record_stays_so_if_the_time_was_recorded_elsewhere(
    organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Nothing is counted twice."""
    pending = a_pending_record(organisation=organisation)
    in_unit_of_work(lambda: service.reject(actor=two[0], record_id=pending.record_id, reason="未到场"))
    a_record(volunteer_id=pending.volunteer_id, started_at=NINE_O_CLOCK + timedelta(hours=1))
    with pytest.raises(ServiceOverlap):
        a_correction(two[0], pending.record_id, 110)


def test_a_pending_record_is_decided_and_not_corrected(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """Its review may approve fewer minutes."""
    pending = a_pending_record(organisation=organisation)
    with pytest.raises(RecordUndecided):
        a_correction(two[0], pending.record_id, 60)


def test_a_correction_of_what_has_changed_meanwhile_is_void(
    organisation: Organisation, two: tuple[Actor, Actor]
) -> None:
    """Two wishes about one revision: the first that is approved makes the other one void."""
    record = a_record(organisation=organisation)
    first, second = a_correction(two[0], record.record_id, 90), a_correction(two[0], record.record_id, 60)
    approved(two[1], first)
    with pytest.raises(RecordSuperseded):
        approved(two[1], second)
    assert _balance(record.volunteer_id) == (90, 90, 0)


@pytest.mark.rule("R01")
@pytest.mark.rule("R20")
def test_the_credit_follows_the_rules_of_the_day(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """Steps and caps are those of the version that made the record, whatever has been set since; the day shares its cap."""
    with clock.at(NINE_O_CLOCK - timedelta(days=1)):
        a_policy("credit_step_minutes", 30, organisation_id=organisation.id)
        a_policy("daily_credit_cap_minutes", 150, organisation_id=organisation.id)
    policy = in_unit_of_work(
        lambda: policies.resolve(organisation_id=organisation.id, area_path="0573.01", at=NINE_O_CLOCK), write=False
    )
    volunteer = a_person()
    first = a_record(volunteer_id=volunteer.id, organisation=organisation, minutes=100, policy=policy)
    afternoon = NINE_O_CLOCK + timedelta(hours=4)
    second = a_record(
        volunteer_id=volunteer.id, organisation=organisation, minutes=100, policy=policy, started_at=afternoon
    )
    assert (first.credited_minutes, second.credited_minutes) == (90, 60)
    with clock.at(NINE_O_CLOCK + timedelta(days=2)):
        a_policy("credit_step_minutes", 1, organisation_id=organisation.id)

    assert corrected(*two, first.record_id, 59).credited_minutes == 30
    assert corrected(*two, second.record_id, 99).credited_minutes == 90
    assert corrected(*two, first.record_id, 100).credited_minutes == 60
    assert _balance(volunteer.id)[1] == 150


def test_times_can_be_corrected_within_the_shift(two: tuple[Actor, Actor]) -> None:
    """Who scanned late is put right up to the shift's beginning; the day follows the times, the raw minutes stay."""
    with clock.at(NINE):
        shift = a_shift(starts_at=NINE + timedelta(hours=1), ends_at=NINE + timedelta(hours=4))
    with clock.at(NINE + timedelta(hours=2)):
        left = a_served_shift(shift=shift, minutes=60).revision
    staff = a_coordinator(left.organisation_id), a_coordinator(left.organisation_id)
    asked = a_correction(staff[0], left.record_id, started_at=shift.starts_at, ended_at=left.ended_at)
    made = approved(staff[1], asked).revision
    assert (made.service_minutes, made.credited_minutes, made.raw_minutes) == (120, 120, 60)
    assert (made.started_at, made.ended_at) == (shift.starts_at, left.ended_at)

    for wanted in (
        {"started_at": shift.starts_at - timedelta(minutes=1), "ended_at": left.ended_at},
        {"started_at": shift.starts_at, "ended_at": shift.ends_at + timedelta(minutes=1)},
        {"service_minutes": 181},
    ):
        with pytest.raises(MoreThanPlanned):
            a_correction(staff[0], left.record_id, **wanted)
    assert a_correction(staff[0], left.record_id, 180).service_minutes == 180


def test_corrected_times_take_nobody_elses(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """Times that reach into another service of the same person are refused, at the latest when they are approved."""
    volunteer = a_person()
    served = a_service(volunteer_id=volunteer.id, organisation=organisation)
    record = recorded(served).revision
    later = served.started_at + timedelta(minutes=30)
    asked = a_correction(two[0], record.record_id, started_at=later, ended_at=served.ended_at)
    a_record(volunteer_id=volunteer.id, started_at=served.started_at + timedelta(minutes=90), minutes=5)
    with pytest.raises(ServiceOverlap):
        approved(two[1], asked)
    assert revision_of(record.record_id).number == 1


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"service_minutes": 60, "annul": True},
        {"service_minutes": 60, "started_at": NINE, "ended_at": NINE + timedelta(hours=1)},
        {"started_at": NINE},
        {"started_at": NINE, "ended_at": NINE},
        {"service_minutes": 120},
    ],
)
def test_a_correction_says_one_thing_and_something_new(
    organisation: Organisation, two: tuple[Actor, Actor], wanted: dict[str, object]
) -> None:
    """Minutes or times or neither of them; what the record says already is no correction."""
    record = a_record(organisation=organisation)
    with pytest.raises(Invalid):
        a_correction(two[0], record.record_id, **wanted)


@pytest.mark.rule("R08")
def test_a_coordinator_corrects_no_record_of_their_own(organisation: Organisation, two: tuple[Actor, Actor]) -> None:
    """Neither the wish nor the approval may come from the person who served."""
    own = a_record(volunteer_id=two[0].person_id, organisation=organisation)
    with pytest.raises(OwnRecord):
        a_correction(two[0], own.record_id, 60)
    asked = a_correction(two[1], own.record_id, 60)
    with pytest.raises(OwnRecord):
        approved(two[0], asked)
